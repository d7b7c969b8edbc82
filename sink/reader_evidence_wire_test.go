//go:build wire

package sink

import (
	"strings"
	"testing"
	"time"

	"github.com/spikeline/spikeline/processor/incident"
)

func TestEvidenceCountsWhatWasWrittenWithStatementsThatRunAgain(t *testing.T) {
	e := startEngine(t)
	const hostile = `o'br\ien {x:String} ? \' --`
	batch := fullBatch()
	batch.Windows = append(batch.Windows[:0], result(-6, 2, row("api", "FRA", 40, 1)), result(0, 5, row("api", "FRA", 100, 10), row("api", "IAD", 50, 0), row(hostile, "FRA", 20, 20), row("www", "FRA", 30, 0)))
	in := &batch.Incidents[0]
	in.ID, in.FirstService = "20251118-120000-"+hostile, hostile
	in.Services = append([]incident.Member{{Service: hostile, StartedAt: noon, Failed: 20, Requests: 20, PeakRate: 1}}, in.Services...)
	for i := range batch.Events {
		batch.Events[i].IncidentID = in.ID
	}
	finding := batch.Signals[0]
	finding.Scope.Service = hostile
	batch.Signals = append(batch.Signals, finding)
	writeAll(t, configFor(e.DSN()), batch)

	r, err := OpenReader(configFor(e.ReaderDSN()))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	got, err := r.Evidence(t.Context(), *in, 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	want := Totals{WidthSeconds: 10, Windows: 1, FleetRequests: 200, FleetErrors: 30, MemberRequests: 170, MemberErrors: 30, FleetServices: 3}
	if got.Totals != want {
		t.Errorf("totals %+v, want %+v", got.Totals, want)
	}
	if len(got.Fleet) != 2 || got.Fleet[1].Requests != 200 || got.Fleet[1].WorstRate != 0.15 {
		t.Errorf("the fleet's curve is %+v", got.Fleet)
	}
	if len(got.First) != 1 || got.First[0].Errors != 20 {
		t.Errorf("the first service's curve is %+v", got.First)
	}
	if len(got.Heat) != 3 || len(got.Pops) != 2 || got.Pops[0] != (PopTotal{Pop: "FRA", Requests: 120, Errors: 30, RequestsBefore: 40, ErrorsBefore: 1}) {
		t.Errorf("heat %+v, pops %+v", got.Heat, got.Pops)
	}
	if len(got.Verdicts) != 2 || len(got.Bands) != 1 || got.Verdicts[0].Score != 31 || got.Quality.Windows != 2 || got.Quality.Fewer != 2 || got.Ledger.Consumed != 100 || len(got.Rejects) != 1 {
		t.Errorf("verdicts %+v, quality %+v, ledger %+v, rejects %+v", got.Verdicts, got.Quality, got.Ledger, got.Rejects)
	}
	if want := (Usual{Windows: 1, Requests: 40, Errors: 1, Low: 40, High: 40, Worst: 0.025}); got.Usual != want {
		t.Errorf("the hour before %+v, want %+v", got.Usual, want)
	}
	if len(got.Statements) != 14 {
		t.Errorf("%d statements, want 14", len(got.Statements))
	}
	for _, s := range got.Statements {
		var rows uint64
		if err := r.conn.QueryRow(t.Context(), "SELECT count() FROM ("+s.SQL+")").Scan(&rows); err != nil || rows == 0 {
			t.Errorf("%s gives %d rows, %v:\n%s", s.Name, rows, err, s.SQL)
		}
	}
}

func TestEvidenceOfLostWindowsIsEmptyAndOfLongIncidentsBounded(t *testing.T) {
	e := startEngine(t)
	batch := fullBatch()
	in := &batch.Incidents[0]
	in.Open, in.EndedAt = false, noon+30*24*3600*second
	for i := range 500 {
		in.Services = append(in.Services, incident.Member{Service: strings.Repeat("s", i%30+1), StartedAt: noon, Failed: uint64(i)})
	}
	writeAll(t, configFor(e.DSN()), batch)
	r, err := OpenReader(configFor(e.ReaderDSN()))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	got, err := r.Evidence(t.Context(), *in, 10*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if n := (got.To - got.From + got.Step - 1) / got.Step; n > mostBuckets || got.Step%got.Width != 0 {
		t.Errorf("a month is cut into %d steps of %d windows", n, got.Step/got.Width)
	}
	in.StartedAt, in.EndedAt = noon-1000*3600*second, noon-999*3600*second
	if got, err = r.Evidence(t.Context(), *in, 10*time.Second); err != nil || got.Totals.Windows != 0 || len(got.Fleet) != 0 || got.Width != 10*second {
		t.Errorf("a time without windows gives %+v, %v", got, err)
	}
}
