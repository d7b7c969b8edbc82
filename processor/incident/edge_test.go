package incident

import (
	"fmt"
	"strings"
	"testing"

	"github.com/spikeline/spikeline/processor/detect"
	"github.com/spikeline/spikeline/processor/window"
)

func TestInALargeFleetTimeAloneJoinsNothing(t *testing.T) {
	for _, services := range []int{20, 600} {
		w := newWorld(t, "AMS", "FRA")
		for i := range services {
			w.service(fmt.Sprintf("s%03d.example", i), 20)
		}
		w.fails("s001.example", "11:20", "11:30", flat(0.5), 503, false)
		w.fails("s002.example", "11:20:20", "11:30", flat(0.5), 500, false)
		p := w.play(Default(), "11:00", "11:25")
		want := map[int]int{20: 1, 600: 2}[services]
		if len(p.incidents) != want {
			t.Errorf("%d services: %d incidents, want %d\n%s", services, len(p.incidents), want, p.text())
		}
	}
}

func TestInALargeFleetASharedCauseStillJoins(t *testing.T) {
	w := newWorld(t, "AMS", "FRA")
	for i := range 600 {
		w.service(fmt.Sprintf("s%03d.example", i), 20)
	}
	for i := range 30 {
		w.fails(fmt.Sprintf("s%03d.example", i*3), "11:20", "11:30", flat(0.5), 500, true)
	}
	if p := w.play(Default(), "11:00", "11:25"); len(p.incidents) != 1 {
		t.Errorf("%d incidents\n%s", len(p.incidents), p.text())
	}
}

func TestTwoOutagesInTheSameWindowStayTwo(t *testing.T) {
	w := tenServices(t, "AMS", "FRA", "SIN")
	w.fails("cdn.example", "11:20", "11:30", flat(0.5), 500, true)
	w.fails("shop1.example", "11:20", "11:30", flat(0.5), 500, true)
	w.fails("login.example", "11:20", "11:30", flat(0.5), 503, false)
	w.fails("dash.example", "11:20", "11:30", flat(0.5), 503, false)
	p := w.play(Default(), "11:00", "11:25")
	if len(p.incidents) != 2 {
		t.Errorf("%d incidents\n%s", len(p.incidents), p.text())
	}
}

func TestANewSignalThatFitsTwoIncidentsMergesThem(t *testing.T) {
	w := newWorld(t, "AMS", "FRA")
	for _, s := range []string{"a.example", "b.example", "c.example", "d.example"} {
		w.service(s, 100)
	}
	w.fails("a.example", "11:20", "11:50", flat(0.5), 500, false)    // the origin's at first
	w.fails("b.example", "11:20:30", "11:50", flat(0.5), 500, true)  // made by the edge
	w.fails("a.example", "11:21:30", "11:50", flat(0.51), 500, true) // now by the edge too
	w.fails("c.example", "11:23", "11:50", flat(0.5), 500, true)
	p := w.play(Default(), "11:00", "12:30")
	p.check(t)
	var merged, stands []Incident
	for _, i := range p.incidents {
		if i.MergedInto != "" {
			merged = append(merged, i)
		} else {
			stands = append(stands, i)
		}
	}
	if len(merged) != 1 || len(stands) != 1 || merged[0].MergedInto != stands[0].ID || len(stands[0].Services) != 3 {
		t.Errorf("got %d merged and %d that stand\n%s", len(merged), len(stands), p.text())
	}
}

func TestErrorsThatNeverEndBecomeTheNewNormal(t *testing.T) {
	w := tenServices(t, "AMS", "FRA")
	w.fails("cdn.example", "01:00", "01:20", flat(0.4), 500, false)
	w.fails("cdn.example", "01:20", "23:00", flat(0.003), 500, false)
	p := w.play(Default(), "00:30", "12:00")
	p.check(t)
	text := p.text()
	if len(p.incidents) != 1 || !strings.Contains(text, "taken as the new normal") {
		t.Errorf("%s", text)
	}
}

func TestAServiceSwitchedOffClosesAfterADay(t *testing.T) {
	cfg := Default()
	cfg.Silence /= 12
	w := tenServices(t, "AMS", "FRA")
	w.fails("shop1.example", "01:00", "01:20", flat(0.4), 500, false)
	w.traffic("shop1.example", "01:20", "23:00", 0)
	w.watcher.blind = detect.TrafficDrop
	p := w.play(cfg, "00:30", "06:00")
	p.check(t)
	if text := p.text(); len(p.incidents) != 1 || !strings.Contains(text, "no request came any more") {
		t.Errorf("%s", text)
	}
}

func TestALongIncidentKeepsABoundedCurveAndItsStory(t *testing.T) {
	cfg := Default()
	cfg.MaxPoints = 200
	w := tenServices(t, "AMS", "FRA")
	w.fails("cdn.example", "01:00", "05:00", flat(0.6), 500, false)
	w.fails("cdn.example", "05:00", "08:00", flat(0.03), 500, false)
	p := w.play(cfg, "00:30", "07:59")
	if n := len(p.tracker.open[0].curve.points); n > 200 {
		t.Errorf("the curve has %d points", n)
	}
	p = w.play(cfg, "00:30", "09:00")
	p.check(t)
	var names []string
	for id := range p.incidents {
		for _, e := range p.timeline(id) {
			names = append(names, e.Event)
		}
	}
	if got := strings.Join(names, " "); got != "first_spike peak residual recovered" {
		t.Errorf("got %s\n%s", got, p.text())
	}
}

func TestASurgeLongBeforeTheErrorsIsForgotten(t *testing.T) {
	w := tenServices(t, "AMS", "FRA")
	w.traffic("login.example", "11:00", "11:05", 2.5)
	w.fails("login.example", "11:20", "11:30", flat(0.4), 503, false)
	p := w.play(Default(), "10:30", "12:00")
	for _, i := range p.incidents {
		if i.StartedAt != w.at("11:20") {
			t.Errorf("started %s", clock(i.StartedAt))
		}
	}
}

func TestEverythingIsBounded(t *testing.T) {
	cfg := Default()
	cfg.MaxOpen, cfg.MaxMembers, cfg.MaxServices = 3, 4, 30
	tr := New(cfg)
	for n := range 120 {
		r := &window.Result{Start: int64(n) * step, End: int64(n+1) * step}
		var signals []detect.Signal
		for i := range 60 {
			service, code := fmt.Sprintf("s%02d-%d", i, n/20), uint16(500+i)
			c := window.Counts{Requests: 100, Errors: 50, OriginErrors: 50, Status: []window.StatusCount{{Code: code, Count: 50}}}
			r.Rows = append(r.Rows, window.Row{Service: service, Pop: "AMS", Counts: c})
			signals = append(signals, detect.Signal{Window: r.Start, Scope: detect.Scope{Service: service}, Kind: detect.ErrorSurge, Onset: int64(max(0, n-i)) * step,
				Observed: 0.5, Expected: 0.001, Requests: 100, Excess: 50, Elevated: true, Severity: detect.Critical})
		}
		tr.Step(r, signals)
	}
	if len(tr.open) > 3 || len(tr.fleet.byName) > 30 {
		t.Errorf("%d open incidents, %d services", len(tr.open), len(tr.fleet.byName))
	}
	more := 0
	for _, i := range tr.Open() {
		more += int(i.MoreServices)
		if len(i.Services) > 4 {
			t.Errorf("%d members", len(i.Services))
		}
	}
	if more == 0 {
		t.Error("services beyond the limit are not counted")
	}
}

func TestAnIDIsSafeInAURLAndFixed(t *testing.T) {
	long := strings.Repeat("x", 300)
	for name, want := range map[string]string{
		"challenges.cloudflare.com": "20251118-112010-challenges.cloudflare.com",
		"a b/ü":                     "20251118-112010-a-b---fa698730",
	} {
		if got := identify(1763464810e9, detect.Scope{Service: name}); got != want {
			t.Errorf("%q: got %s, want %s", name, got, want)
		}
	}
	if got := identify(0, detect.Scope{Service: long}); len(got) > 110 {
		t.Errorf("an ID of %d bytes", len(got))
	}
	if got := identify(0, detect.Scope{Pop: "AMS"}); got != "19700101-000000-pop-AMS" {
		t.Errorf("got %s", got)
	}
}

func TestLogsThatComeBackAreNoSurge(t *testing.T) {
	for _, lost := range []bool{false, true} {
		w := tenServices(t, "AMS", "FRA")
		if lost {
			w.logsMissing("11:00", "11:30", 0.5)
		}
		w.traffic("", "12:30", "13:10", 2.2) // against a level that was learned while logs were missing
		p := w.play(Default(), "10:00", "14:00")
		if want := map[bool]int{false: 1, true: 0}[lost]; len(p.incidents) != want {
			t.Errorf("logs lost before: %v: %d incidents, want %d\n%s", lost, len(p.incidents), want, p.text())
		}
	}
}

func TestServicesThatShowAFallBeforeTheFleetDoesAreOfIt(t *testing.T) {
	w := tenServices(t, "AMS", "FRA")
	for i := range 4 {
		w.traffic(fmt.Sprintf("shop%d.example", i), "11:37", "11:40", 0.4)
	}
	w.logsMissing("11:40", "12:40", 0.7)
	p := w.play(Default(), "11:00", "13:30")
	for _, i := range p.incidents {
		if !i.Withdrawn {
			t.Errorf("%s\n%s", i.Title, p.text())
		}
	}
	if len(p.incidents) != 1 {
		t.Errorf("%d incidents, want the one of the four services, withdrawn", len(p.incidents))
	}
}

func TestASurgeAtOneOfManyThatFailAtOnceIsACoincidence(t *testing.T) {
	w := tenServices(t, "AMS", "FRA")
	w.traffic("shop1.example", "11:24", "11:50", 2)
	w.fails("", "11:30", "11:40", flat(0.5), 503, true)
	p := w.play(Default(), "10:30", "12:30")
	for _, i := range p.incidents {
		if i.StartedAt != w.at("11:30") {
			t.Errorf("started %s\n%s", clock(i.StartedAt), p.text())
		}
	}
}
