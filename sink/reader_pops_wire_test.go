//go:build wire

package sink

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestPopsOfALongIncidentAreReadFromSumsThatAccountForEveryRequest(t *testing.T) {
	e := startEngine(t)
	batch := fullBatch()
	batch.Windows = nil
	for n := int64(-12); n < 3*360; n += 3 { // two windows a minute: two minutes before, then three hours
		batch.Windows = append(batch.Windows, result(n, 2, row("api", "FRA", 10, 1), row("api", "IAD", 5, 0), row("www", "FRA", 7, 7)))
	}
	batch.ClosedTo, batch.RetiredTo = noon+3*3600*second, noon+3*3600*second
	writeAll(t, configFor(e.DSN()), batch)
	in := batch.Incidents[0]
	in.StartedAt, in.EndedAt, in.Open = noon+30*second, noon+10000*second, false

	r, err := OpenReader(configFor(e.ReaderDSN()))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	pops := func() ([]PopTotal, string) {
		t.Helper()
		got, err := r.Evidence(t.Context(), in, 10*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		return got.Pops, got.Statements[len(got.Statements)-1].SQL
	}
	// 333 windows from 30 s to 9990 s; 5 in the hour before, from -120 s to 0 s
	want := []PopTotal{{Pop: "FRA", Requests: 3330, Errors: 333, RequestsBefore: 50, ErrorsBefore: 5}, {Pop: "IAD", Requests: 1665, RequestsBefore: 25}}
	got, sql := pops()
	if !reflect.DeepEqual(got, want) || !strings.Contains(sql, "spikeline.windows_1m") {
		t.Errorf("pops %+v, want %+v from the sums of minutes:\n%s", got, want, sql)
	}

	conn := connect(t, e.DSN()) // sums that lag behind: logs were replayed again, and are not summed up yet
	if err := conn.Exec(t.Context(), `INSERT INTO spikeline.windows_1m_rev (window_start, window_end, service, pop, windows, requests, errors, revision)
SELECT window_start, window_end, service, pop, windows, requests - 1, errors, revision + 1 FROM spikeline.windows_1m WHERE pop = 'IAD' AND window_start = '2025-11-18 13:00:00'`); err != nil {
		t.Fatal(err)
	}
	got, sql = pops()
	if !reflect.DeepEqual(got, want) || strings.Contains(sql, "spikeline.windows_1m") {
		t.Errorf("pops %+v, want %+v from the windows:\n%s", got, want, sql)
	}
}
