package incident

import (
	"testing"

	"github.com/spikeline/spikeline/processor/detect"
)

func TestWhatJoinsInTheWindowInWhichItOpensWasNeverAnIncidentOfItsOwn(t *testing.T) {
	for name, begin := range map[string]func(*world){
		"a strong service of the same cause shows that a weaker one belongs to the incident": func(w *world) {
			w.fails("a.example", "11:20", "11:50", flat(0.5), 500, true)
			w.fails("b.example", "11:28", "11:50", flat(0.5), 503, true) // comes first, and alone looks like another trouble
			w.fails("c.example", "11:28", "11:50", flat(0.5), 500, true)
		},
		"two pops look apart until the services that fail in both come": func(w *world) {
			w.fails("a.example", "11:28", "11:50", flat(0.5), 500, true, "FRA")
			w.fails("b.example", "11:28", "11:50", flat(0.5), 502, true, "AMS")
			w.fails("c.example", "11:28", "11:50", flat(0.2), 500, true, "AMS", "FRA")
			w.fails("d.example", "11:28", "11:50", flat(0.2), 500, true, "AMS", "FRA")
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "AMS", "FRA", "SIN")
			for i, s := range []string{"a.example", "b.example", "c.example", "d.example"} {
				w.service(s, 400/float64(1+i))
			}
			begin(w)
			p := w.play(Default(), "11:00", "11:40")
			p.check(t)
			if len(p.incidents) != 1 {
				t.Errorf("%d incidents were told\n%s", len(p.incidents), p.text())
			}
		})
	}
}

func TestNoIncidentIsFirstHeardOfWhenItIsTakenBack(t *testing.T) {
	for seed := range uint64(30) {
		w, _ := storm(t, seed)
		heard := map[string]bool{}
		tracker := New(Default())
		for at := w.at("09:00"); at < w.at("14:00"); at += step {
			r, slow := w.window(at)
			incidents, events := tracker.Step(r, w.watcher.step(w, r, slow))
			for _, i := range incidents {
				if i.Withdrawn && !heard[i.ID] {
					t.Errorf("seed %d at %s: %s is withdrawn and nobody has heard of it", seed, clock(at), i.ID)
				}
				heard[i.ID] = true
			}
			for _, e := range events {
				if !heard[e.IncidentID] {
					t.Errorf("seed %d at %s: an event of %s, which nobody has heard of", seed, clock(at), e.IncidentID)
				}
			}
		}
	}
}

func TestStrayErrorsOfAPopBesideAnIncidentOpenNothing(t *testing.T) {
	for excess, want := range map[float64]int{2: 1, 30: 2} { // stray, or plainly trouble of the pop
		w := newWorld(t, "ARN", "FRA")
		w.service("a.example", 400)
		w.service("b.example", 400)
		w.fails("a.example", "11:20", "11:50", flat(0.5), 500, true, "FRA")
		heard := map[string]bool{}
		tracker := New(Default())
		for at := w.at("11:00"); at < w.at("11:40"); at += step {
			r, slow := w.window(at)
			signals := w.watcher.step(w, r, slow)
			if at == w.at("11:28") {
				signals = append(signals, detect.Signal{Window: at, Scope: detect.Scope{Pop: "ARN"}, Kind: detect.ErrorSurge, Opened: true, Elevated: true,
					Onset: w.at("11:24"), Observed: 0.1, Excess: excess, Requests: 20, Severity: detect.Critical})
			}
			incidents, _ := tracker.Step(r, signals)
			for _, i := range incidents {
				heard[i.ID] = true
			}
		}
		if len(heard) != want {
			t.Errorf("with %v requests failed in excess %d incidents were told, want %d: %v", excess, len(heard), want, heard)
		}
	}
}

func TestAPopWhoseServiceIsBeyondTheLimitIsJudgedWithoutItsPast(t *testing.T) {
	w := newWorld(t, "ARN", "FRA")
	w.service("a.example", 400)
	w.service("b.example", 400)
	w.fails("a.example", "11:20", "11:50", flat(0.5), 500, true, "FRA")
	w.fails("b.example", "11:28", "11:50", flat(0.5), 502, true, "ARN")
	cfg := Default()
	cfg.MaxServices = 1
	tracker := New(cfg)
	heard := map[string]bool{}
	for at := w.at("11:00"); at < w.at("11:40"); at += step {
		r, slow := w.window(at)
		signals := w.watcher.step(w, r, slow)
		if at == w.at("11:28") { // before the service itself is named
			signals = []detect.Signal{{Window: at, Scope: detect.Scope{Pop: "ARN"}, Kind: detect.ErrorSurge, Opened: true, Elevated: true,
				Onset: at, Observed: 0.3, Excess: 60, Requests: 200, Severity: detect.Critical}}
		}
		incidents, _ := tracker.Step(r, signals)
		for _, i := range incidents {
			heard[i.ID] = true
		}
	}
	if len(heard) != 2 {
		t.Errorf("%d incidents were told, want that of FRA and that of ARN: %v", len(heard), heard)
	}
}
