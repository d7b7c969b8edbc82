//go:build wire

package cli

import (
	"context"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/spikeline/spikeline/demo"
	"github.com/spikeline/spikeline/processor"
	"github.com/spikeline/spikeline/processor/detect"
	"github.com/spikeline/spikeline/processor/incident"
	"github.com/spikeline/spikeline/processor/window"
	"github.com/spikeline/spikeline/sink"
)

// record stores the windows of a scenario up to some time after its outage began, and gives what was found while it went on.
func record(t *testing.T, dsn, name string, until time.Duration) (from, to string, found []string) {
	t.Helper()
	script, err := demo.Find(name)
	if err != nil {
		t.Fatal(err)
	}
	meter, err := demo.NewMeter(script, demo.Default())
	if err != nil {
		t.Fatal(err)
	}
	c := sink.Default()
	c.DSN = dsn
	w, err := sink.Open(context.Background(), c, func(context.Context, processor.Snapshot) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	d, tracker, story := detect.New(detect.Default()), incident.New(incident.Default()), newTimeline(nil, false)
	end := script.Truth.Incidents[0].StartedAt.Add(until).UnixNano()
	var batch processor.Batch
	for r := meter.Next(); r != nil && r.End <= end; r = meter.Next() {
		if from == "" {
			from = rowTime(r.Start)
		}
		to = rowTime(r.End)
		incidents, events := tracker.Step(r, d.Step(r))
		story.learn(processor.Batch{Incidents: incidents, Events: events}, false)
		kept := *r
		kept.Rows = nil
		for _, row := range r.Rows {
			kept.Rows = append(kept.Rows, window.Row{Service: row.Service, Pop: row.Pop, Counts: window.Sum([]window.Row{row})})
		}
		batch.Windows, batch.ClosedTo, batch.RetiredTo = append(batch.Windows, kept), r.End, window.NoTime
		if len(batch.Windows) == 60 {
			if err := w.Put(t.Context(), batch); err != nil {
				t.Fatal(err)
			}
			batch = processor.Batch{}
		}
	}
	if err := w.Put(t.Context(), batch); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	for _, in := range story.found() {
		found = append(found, in.ID+" "+in.Title)
	}
	return from, to, found
}

func TestABacktestOfStoredWindowsFindsWhatWasFoundLiveAndOtherSettingsFindOther(t *testing.T) {
	dsn := stored(t)
	from, to, want := record(t, dsn, "cloudflare-2025-12-05", 40*time.Minute)
	if len(want) != 1 {
		t.Fatalf("live there were %q, want one incident", want)
	}
	run := func(args ...string) (string, int) {
		return command(t, append([]string{"backtest", "--from", from, "--to", to, "--clickhouse", dsn}, args...)...)
	}
	out, status := run("--json")
	var d rejudgedJSON
	if err := json.Unmarshal([]byte(out), &d); err != nil || status != done {
		t.Fatalf("exit status %d, %v\n%s", status, err, out)
	}
	var got []string
	for _, in := range d.Incidents {
		got = append(got, in.ID+" "+in.Title)
	}
	if !reflect.DeepEqual(got, want) || d.From != from || d.To != to || d.Gaps != 0 || len(d.Signals) == 0 {
		t.Errorf("anew: %q, %s to %s, %d gaps, %d signals\nlive: %q, %s to %s", got, d.From, d.To, d.Gaps, len(d.Signals), want, from, to)
	}
	out, status = run()
	if status != done || !strings.Contains(out, "1 incident, ") || !strings.Contains(out, want[0][:strings.IndexByte(want[0], ' ')]) || !strings.Contains(out, "error_surge: ") {
		t.Errorf("exit status %d\n%s", status, out)
	}
	if low, _ := run("--sensitivity", "low"); low == out {
		t.Error("the lowest sensitivity finds the very same")
	}
	if out, status := command(t, "backtest", "--from", "2024-01-01T00:00:00Z", "--to", "2024-01-02T00:00:00Z", "--clickhouse", dsn); status != failed || !strings.Contains(out, "no closed window from 2024-01-01T00:00:00Z to 2024-01-02T00:00:00Z") {
		t.Errorf("a range without data: exit status %d, %s", status, out)
	}
}
