package incident

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// fiveServices is a small fleet in two pops.
func fiveServices(t *testing.T) *world {
	w := newWorld(t, "AMS", "FRA")
	for i := range 5 {
		w.service(fmt.Sprintf("s%d.example", i), 50)
	}
	return w
}

func TestAnOutageThatTheStreamBeginsWithIsFoundOnceErrorsAreJudged(t *testing.T) {
	w := fiveServices(t)
	w.fails("s1.example", "10:00", "11:40", flat(0.5), 500, true)
	w.fails("s2.example", "10:00", "11:40", flat(0.5), 500, true)
	w.expect(w.judged(Default(), "11:00", "12:30"),
		"11:00:10 first_spike s1.example",
		"11:00:10 cascade s2.example",
		"11:00:10 peak",
		"11:40:00 recovered")
}

func TestAServiceThatIsBrokenFromItsFirstRequestIsNamed(t *testing.T) {
	w := fiveServices(t)
	w.service("new.example", 40)
	w.traffic("new.example", "00:00", "11:05", 0)
	w.fails("new.example", "11:00", "11:30", flat(0.5), 500, true)
	w.expect(w.judged(Default(), "10:00", "12:30"),
		"11:05:00 first_spike new.example",
		"11:05:00 peak",
		"11:30:00 recovered")
}

func TestAServiceFirstSeenInAnIncidentJoinsIt(t *testing.T) {
	w := fiveServices(t)
	w.service("new.example", 40)
	w.traffic("new.example", "00:00", "11:05", 0)
	w.fails("s1.example", "11:00", "11:30", flat(0.5), 500, true)
	w.fails("new.example", "11:00", "11:30", flat(0.5), 500, true)
	w.expect(w.judged(Default(), "10:00", "12:30"),
		"11:00:00 first_spike s1.example",
		"11:05:00 cascade new.example",
		"11:05:10 peak",
		"11:30:00 recovered")
}

func TestAFleetOfOneTinyServiceTellsHowMuchFailed(t *testing.T) {
	w := newWorld(t, "AMS", "FRA")
	w.service("only.example", 0.5) // one request in 10 s
	w.fails("only.example", "11:00", "11:40", flat(0.9), 500, true)
	p := w.judged(Default(), "06:30", "13:30")
	p.check(t)
	for _, i := range p.incidents {
		if peak := i.Services[0].PeakRate; peak < 0.8 || peak > 1 || !within(i.StartedAt, w.at("11:00")) || !within(i.EndedAt, w.at("11:40")) {
			t.Errorf("peak rate %v\n%s", peak, p.text())
		}
	}
	if len(p.incidents) != 1 {
		t.Errorf("%d incidents", len(p.incidents))
	}
}

func TestAStaircaseOfRecoveryIsOneIncidentThatEndsWithItsLastStep(t *testing.T) {
	w := fiveServices(t)
	clocks := []string{"11:00", "11:20", "11:40", "12:00", "12:20", "12:40", "13:00", "13:20"}
	for i, rate := range []float64{0.8, 0.6, 0.4, 0.2, 0.1, 0.05, 0.02} {
		w.fails("s1.example", clocks[i], clocks[i+1], flat(rate), 500, true)
	}
	w.expect(w.judged(Default(), "10:00", "14:00"),
		"11:00:00 first_spike s1.example",
		"11:00:00 peak",
		"11:59:50 partial_recovery",
		"12:40:00 residual",
		"13:20:00 recovered")
}

func TestStrayErrorsOfOthersInAPopDoNotMakeAnIncidentLonger(t *testing.T) {
	w := newWorld(t, "ARN", "FRA")
	for _, s := range []string{"a.example", "b.example", "c.example"} {
		w.service(s, 400)
	}
	w.fails("a.example", "11:20", "11:30", flat(0.5), 500, true)
	for _, s := range []string{"b.example", "c.example"} { // no finding of their own, but seen in the pop that still recovers
		w.fails(s, "11:34", "11:34:10", flat(0.03), 500, true, "FRA")
	}
	p := w.judged(Default(), "09:30", "12:10")
	if len(p.incidents) != 1 {
		t.Fatalf("%d incidents\n%s", len(p.incidents), p.text())
	}
	for _, in := range p.incidents {
		if in.EndedAt != w.at("11:30") {
			t.Errorf("it ended at %s, the errors of its member at 11:30:00\n%s", clock(in.EndedAt), p.text())
		}
	}
}

func TestAServiceThatFailsByNatureIsAnIncidentOfAnHourThatSaysSo(t *testing.T) {
	for name, first := range map[string]string{"with the stream": "00:00", "in a fleet long known": "12:00"} {
		w := fiveServices(t)
		w.service("auth.example", 40)
		w.traffic("auth.example", "00:00", first, 0)
		w.fails("auth.example", "00:00", "23:59", flat(0.3), 500, true)
		p := w.judged(Default(), "10:00", "20:00")
		if len(p.incidents) != 1 {
			t.Fatalf("%s: %d incidents\n%s", name, len(p.incidents), p.text())
		}
		for _, in := range p.incidents {
			if lasted := in.EndedAt - in.StartedAt; in.Open || in.Withdrawn || lasted < int64(50*time.Minute) || lasted > int64(80*time.Minute) {
				t.Errorf("%s: it lasted %v\n%s", name, time.Duration(lasted), p.text())
			}
		}
		if text := p.text(); !strings.Contains(text, "taken as the new normal") {
			t.Errorf("%s: %s", name, text)
		}
	}
}

// A service that is first seen while others are down fails for their reason: what it
// began with may be taken for its nature, but the outage is not.
func TestANewcomerInALongOutageDoesNotMakeItTheNewNormal(t *testing.T) {
	w := fiveServices(t)
	for _, s := range []string{"s1.example", "s2.example"} {
		w.fails(s, "11:00", "14:00", flat(0.5), 500, true)
	}
	w.service("late.example", 40)
	w.traffic("late.example", "00:00", "11:10", 0)
	w.fails("late.example", "11:10", "14:00", flat(0.3), 500, true)
	p := w.judged(Default(), "10:00", "16:00")
	for _, in := range p.incidents {
		if in.FirstService == "s1.example" && (in.Open || !within(in.EndedAt, w.at("14:00"))) {
			t.Errorf("it ended at %s, its errors at 14:00:00\n%s", clock(in.EndedAt), p.text())
		}
		for _, mem := range in.Services {
			if !within(mem.EndedAt, w.at("14:00")) {
				t.Errorf("%s ended at %s, its errors at 14:00:00\n%s", mem.Service, clock(mem.EndedAt), p.text())
			}
		}
	}
	if text := p.text(); len(p.incidents) != 1 || strings.Contains(text, "taken as the new normal") {
		t.Errorf("%d incidents\n%s", len(p.incidents), text)
	}
}

// Here the newcomer does fail by nature: it goes on when the others are well. The outage
// ends with theirs, and nothing opens anew.
func TestANewcomersNatureDoesNotMakeTheOutageOfOthersLonger(t *testing.T) {
	w := fiveServices(t)
	w.fails("s1.example", "11:00", "14:00", flat(0.5), 500, true)
	w.service("late.example", 40)
	w.traffic("late.example", "00:00", "11:10", 0)
	w.fails("late.example", "11:10", "23:00", flat(0.3), 500, true)
	p := w.judged(Default(), "10:00", "17:00")
	for _, in := range p.incidents {
		if in.Open || !within(in.EndedAt, w.at("14:00")) || len(in.Services) != 2 {
			t.Errorf("it ended at %s, the others' errors at 14:00:00\n%s", clock(in.EndedAt), p.text())
		}
	}
	if len(p.incidents) != 1 {
		t.Errorf("%d incidents\n%s", len(p.incidents), p.text())
	}
}

func TestRefusalsBeforeAnOutageElsewhereDoNotDateIt(t *testing.T) {
	w := fiveServices(t)
	w.refuses("s4.example", "11:19:20", "11:40", 0.4)
	w.fails("s1.example", "11:20", "11:40", flat(0.5), 500, true)
	p := w.judged(Default(), "10:00", "12:30")
	if len(p.incidents) != 1 {
		t.Fatalf("%d incidents\n%s", len(p.incidents), p.text())
	}
	for _, in := range p.incidents {
		if in.FirstService != "s1.example" || in.StartedAt < w.at("11:19:50") || len(in.Services) != 2 {
			t.Errorf("%s", p.text())
		}
	}
}
