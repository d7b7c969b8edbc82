//go:build wire

package sink

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/spikeline/spikeline/processor/incident"
)

func TestTheReaderGivesBackWhatWasWritten(t *testing.T) {
	e := startEngine(t)
	written := fullBatch()
	second := written.Incidents[0]
	second.ID, second.Open, second.EndedAt, second.StartedAt = "20251118-130000-www", false, noon+4000*1e9, noon+3600*1e9
	written.Incidents = append(written.Incidents, second)
	withdrawn := second
	withdrawn.ID, withdrawn.Withdrawn = "20251118-140000-x", true
	written.Incidents = append(written.Incidents, withdrawn)
	writeAll(t, configFor(e.DSN()), written)

	r, err := OpenReader(configFor(e.ReaderDSN()))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	list, err := r.ListIncidents(t.Context(), Filter{})
	if err != nil {
		t.Fatal(err)
	}
	if want := []incident.Incident{written.Incidents[1], written.Incidents[0]}; !reflect.DeepEqual(list, want) {
		t.Errorf("list gives\n%+v\nwant, newest first and without the withdrawn one,\n%+v", list, want)
	}
	for name, c := range map[string]struct {
		filter Filter
		want   int
	}{
		"open":                 {Filter{OpenOnly: true}, 1},
		"of a service":         {Filter{Service: "api"}, 2},
		"of a hostile service": {Filter{Service: `'] OR 1 --\`}, 0},
		"after all":            {Filter{From: noon + 5000*1e9}, 1},
		"before all":           {Filter{To: noon - 1e9}, 0},
		"the newest":           {Filter{Limit: 1}, 1},
	} {
		if got, err := r.ListIncidents(t.Context(), c.filter); err != nil || len(got) != c.want {
			t.Errorf("%s: %d incidents, %v; want %d", name, len(got), err, c.want)
		}
	}
	if in, err := r.FindIncident(t.Context(), "20251118-12"); err != nil || in.ID != "20251118-120000-api" {
		t.Errorf("find by beginning gives %q, %v", in.ID, err)
	}
	if _, err := r.FindIncident(t.Context(), "2025"); err == nil || !strings.Contains(err.Error(), "give more of it") {
		t.Errorf("find by a shared beginning gives %v, want an error that asks for more", err)
	}
	if _, err := r.FindIncident(t.Context(), `x' OR '1`); !errors.Is(err, ErrNotFound) {
		t.Errorf("find of none gives %v, want ErrNotFound", err)
	}
	points, err := r.Series(t.Context(), []string{"api", `o'br\ien`}, noon, noon+10*1e9)
	if err != nil || len(points) != 1 || points[0].Requests != 150 || points[0].State != "closed" {
		t.Errorf("series gives %+v, %v; want one closed window of api with 150 requests", points, err)
	}
	if points, err = r.Series(t.Context(), nil, noon, noon+10*1e9); err != nil || len(points) != 2 {
		t.Errorf("series of all services gives %d windows, %v; want 2", len(points), err)
	}
}

func TestARangeBetweenTwoSecondsHoldsWhatLiesInIt(t *testing.T) {
	e := startEngine(t)
	writeAll(t, configFor(e.DSN()), fullBatch()) // a reject 123 ms after noon, windows from noon
	export := func(table string, from, to time.Duration) int {
		t.Helper()
		var out bytes.Buffer
		start := time.Unix(0, noon)
		err := Export(t.Context(), configFor(e.ReaderDSN()), table, "csv", start.Add(from), start.Add(to), &out)
		if err != nil && !errors.Is(err, ErrNothing) {
			t.Fatal(err)
		}
		return max(strings.Count(out.String(), "\n")-1, 0)
	}
	for _, c := range []struct {
		table    string
		from, to time.Duration
		want     int
	}{
		{"rejects", 0, time.Second, 1}, {"rejects", 0, 124 * time.Millisecond, 1}, {"rejects", 0, 123 * time.Millisecond, 0},
		{"rejects", 123 * time.Millisecond, time.Second, 1}, {"rejects", 124 * time.Millisecond, time.Second, 0},
		{"service_windows", -time.Second, time.Millisecond, 2}, {"service_windows", time.Millisecond, time.Second, 0}, {"service_windows", -time.Second, 0, 0},
	} {
		if got := export(c.table, c.from, c.to); got != c.want {
			t.Errorf("%s from %v to %v after noon: %d rows, want %d", c.table, c.from, c.to, got, c.want)
		}
	}
	r, err := OpenReader(configFor(e.ReaderDSN()))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if points, err := r.Series(t.Context(), nil, noon-1, noon+1); err != nil || len(points) != 2 {
		t.Errorf("a series up to a nanosecond after noon has %d points, %v; want 2", len(points), err)
	}
}

func TestANoteJoinsTheTimeline(t *testing.T) {
	e := startEngine(t)
	writeAll(t, configFor(e.DSN()), fullBatch())
	w, err := OpenReader(configFor(e.DSN()))
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	id := fullBatch().Incidents[0].ID
	const text = "it's the \"bot\" file;\n-- really \\ {x:String}"
	for range 2 {
		if err := w.Annotate(t.Context(), id, Note{Event: KindAnnounced, At: noon + 60*1e9, Written: noon + 90*1e9, Author: `o'brien`, Text: text}); err != nil {
			t.Fatal(err)
		}
	}
	events, err := w.Events(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if len(events) != 2 || events[0] != (Event{Event: fullBatch().Events[0]}) || events[1].Event.Event != "announced" || events[1].Summary != text || events[1].At != noon+60*1e9 || events[1].Author != `o'brien` {
		t.Errorf("timeline is %+v, want the first spike and one announcement", events)
	}
	if err := w.Annotate(t.Context(), "nothing", Note{Event: KindNote, At: noon, Written: noon, Text: "x"}); !errors.Is(err, ErrNotFound) {
		t.Errorf("a note on nothing gives %v, want ErrNotFound", err)
	}
}
