package incident

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/spikeline/spikeline/processor/detect"
)

// judged runs the world through the real detector.
func (w *world) judged(cfg Config, from, to string) *tape {
	tape := &tape{tracker: New(cfg), incidents: map[string]Incident{}, events: map[string]Event{}}
	d := detect.New(detect.Default())
	for at := w.at(from); at < w.at(to); at += step {
		r, _ := w.window(at)
		tape.take(tape.tracker.Step(r, d.Step(r)))
	}
	return tape
}

// expect compares a story with what befell the world: each event, whom it names,
// and when, give or take half a minute. Wording and counts are held by the golden
// timelines; here the detector may be tuned without rewriting them.
func (w *world) expect(p *tape, want ...string) {
	w.t.Helper()
	p.check(w.t)
	var got []string
	for _, id := range sorted(p.incidents) {
		for _, e := range p.timeline(id) {
			got = append(got, strings.TrimSpace(clock(e.At)+" "+e.Event+" "+e.Service))
		}
	}
	same := len(got) == len(want)
	for i := 0; same && i < len(got); i++ {
		at, what, _ := strings.Cut(want[i], " ")
		seen, said, _ := strings.Cut(got[i], " ")
		same = said == what && abs(w.at(seen)-w.at(at)) <= int64(30*time.Second)
	}
	if !same {
		w.t.Errorf("got\n%s\nwant\n%s\n\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"), p.text())
	}
}

func within(a, b int64) bool { return abs(a-b) <= int64(time.Minute) }

// oscillates is the first part of the outage of 18 November 2025: files good and bad by turns of five minutes.
func (w *world) oscillates(from, turns int, services ...string) {
	for i := range turns {
		m := from + 10*i
		for _, s := range services {
			w.fails(s, fmt.Sprintf("%02d:%02d", m/60, m%60), fmt.Sprintf("%02d:%02d", (m+5)/60, (m+5)%60), flat(0.65), 500, true)
			w.fails(s, fmt.Sprintf("%02d:%02d", (m+5)/60, (m+5)%60), fmt.Sprintf("%02d:%02d", (m+10)/60, (m+10)%60), flat(0.02), 500, true)
		}
	}
}

func TestTheDetectorAndTheTrackerTellTheOutageOf18November2025(t *testing.T) {
	w := tenServices(t, "AMS", "FRA", "SIN")
	w.service("kv.example", 100)
	w.service("oldproxy.example", 200)
	w.oscillates(11*60+28, 10, "cdn.example", "kv.example", "login.example")
	w.refuses("oldproxy.example", "11:28", "14:30", 0.6)
	w.fails("cdn.example", "13:08", "14:24", flat(0.75), 500, true)
	w.fails("login.example", "13:08", "14:24", flat(0.6), 500, true)
	w.fails("kv.example", "13:08", "14:24", flat(0.1), 500, true)
	w.fails("cdn.example", "14:24", "14:30", ramp(0.75, 0.05), 500, true)
	w.fails("cdn.example", "14:30", "17:06", ramp(0.03, 0.0005), 500, true)
	w.fails("dash.example", "11:30", "13:10", flat(0.3), 500, true)
	w.fails("dash.example", "14:40", "15:30", flat(0.35), 503, false)
	w.traffic("cdn.example", "14:30", "15:00", 1.3)
	w.expect(w.judged(Default(), "10:30", "18:00"),
		"11:28:00 first_spike cdn.example",
		"11:28:00 cascade kv.example",
		"11:28:00 cascade login.example",
		"11:28:00 cascade oldproxy.example",
		"11:30:00 cascade dash.example",
		"11:33:20 fluctuating",
		"13:08:20 peak",
		"14:26:40 partial_recovery",
		"14:29:40 residual",
		"14:40:00 relapse dash.example",
		"16:57:30 recovered")
}

func TestTheDetectorAndTheTrackerKeepTwoOutagesApart(t *testing.T) {
	w := tenServices(t, "AMS", "FRA", "SIN", "IAD")
	w.fails("login.example", "11:30", "11:50", flat(0.5), 503, false)
	w.fails("cdn.example", "11:30:30", "12:10", flat(0.6), 500, true, "SIN")
	w.fails("shop3.example", "11:30:50", "12:10", flat(0.6), 500, true, "SIN")
	w.expect(w.judged(Default(), "10:30", "13:00"),
		"11:30:00 first_spike login.example",
		"11:30:00 peak",
		"11:50:00 recovered",
		"11:30:30 first_spike cdn.example",
		"11:30:50 cascade shop3.example",
		"11:30:50 peak",
		"12:10:00 recovered")
}

func TestTheDetectorAndTheTrackerFollowASurgeIntoErrors(t *testing.T) {
	w := tenServices(t, "AMS", "FRA")
	w.traffic("login.example", "11:20", "11:50", 2.5)
	w.fails("login.example", "11:26", "11:50", flat(0.4), 503, false)
	w.fails("dash.example", "11:26:40", "11:50", flat(0.2), 503, false)
	w.expect(w.judged(Default(), "09:30", "12:30"),
		"11:20:00 first_spike login.example",
		"11:26:40 cascade dash.example",
		"11:26:50 peak",
		"11:50:00 recovered")
}

func TestTheDetectorAndTheTrackerKnowMissingLogs(t *testing.T) {
	w := tenServices(t, "AMS", "FRA")
	w.fails("cdn.example", "12:00", "12:30", flat(0.5), 500, true)
	w.logsMissing("11:00", "11:30", 0.55)
	w.logsMissing("12:10", "12:20", 0.6)
	w.expect(w.judged(Default(), "09:30", "13:30"),
		"12:00:00 first_spike cdn.example",
		"12:00:00 peak",
		"12:30:00 recovered")
}

func TestTheDetectorAndTheTrackerSeeAPopFail(t *testing.T) {
	w := newWorld(t, "AMS", "FRA", "SIN")
	w.service("cdn.example", 1000)
	w.service("video.example", 300)
	w.service("failover.example", 20)
	w.fails("cdn.example", "15:41", "16:20", flat(0.6), 502, true, "AMS")
	w.fails("video.example", "15:41:20", "16:20", flat(0.6), 502, true, "AMS")
	w.fails("cdn.example", "15:46", "16:20", flat(0.4), 502, true, "FRA")
	w.traffic("cdn.example", "15:43", "16:20", 1.7, "SIN")
	w.traffic("failover.example", "15:42", "16:30", 5)
	w.expect(w.judged(Default(), "13:00", "17:30"),
		"15:41:00 first_spike cdn.example",
		"15:41:20 cascade video.example",
		"15:46:10 peak",
		"16:20:00 recovered")
}

func TestTheDetectorAndTheTrackerSeeAServiceGoSilent(t *testing.T) {
	w := tenServices(t, "AMS", "FRA")
	w.fails("login.example", "11:30", "11:35", flat(0.8), 503, false)
	w.traffic("login.example", "11:35", "12:35", 0)
	w.traffic("shop2.example", "14:00", "14:20", 0)
	w.expect(w.judged(Default(), "09:30", "15:00"),
		"11:30:00 first_spike login.example",
		"11:30:00 peak",
		"11:35:00 note",
		"12:35:00 recovered",
		"14:00:00 first_spike shop2.example",
		"14:01:10 peak",
		"14:20:00 recovered")
}

func TestTheDetectorAndTheTrackerPoolWhatNoServiceShows(t *testing.T) {
	w := newWorld(t, "AMS")
	for i := range 120 {
		w.service(fmt.Sprintf("s%03d.example", i), 3)
	}
	w.fails("", "11:30", "11:40", flat(0.04), 500, true)
	p := w.judged(Default(), "10:00", "12:30")
	p.check(t)
	for _, i := range p.incidents {
		if len(i.Services) > 0 || !within(i.StartedAt, w.at("11:30")) || !within(i.EndedAt, w.at("11:40")) {
			t.Errorf("%s", p.text())
		}
	}
	if len(p.incidents) != 1 {
		t.Errorf("%d incidents", len(p.incidents))
	}
}
