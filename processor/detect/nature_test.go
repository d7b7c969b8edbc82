package detect

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

// wild is a service that by nature fails so often.
func wild(rate, failing float64, effects ...effect) simulated {
	s := flat("auth", rate, effects...)
	s.failing = failing
	return s
}

// errorsOf gives the error signals of the service auth that open or end.
func errorsOf(signals []Signal) (turns []Signal) {
	for _, s := range signals {
		if s.Kind == ErrorSurge && s.Scope == (Scope{Service: "auth"}) && (s.Opened || s.Ended) {
			turns = append(turns, s)
		}
	}
	return turns
}

func TestAServiceThatFailsByNatureIsToldOnceAndTakenAsNormalAfterAnHour(t *testing.T) {
	for _, rate := range []float64{0.5, 3, 40, 900} {
		for _, failing := range []float64{0.2, 0.3, 0.45} {
			t.Run(fmt.Sprintf("%v a second, %v", rate, failing), func(t *testing.T) {
				services := append(calmFleet(4, func(int) float64 { return 50 }, "AMS", "FRA"), wild(rate, failing))
				services[4].pops = []string{"AMS", "FRA"}
				d, g := New(Default()), newGenerator(7, morning, services...)
				got := errorsOf(run(d, g, at("23:00:00")))
				if len(got) != 2 || !got[0].Opened || got[0].Severity != Critical || !got[1].Ended {
					t.Fatalf("%s", timeline(got))
				}
				if !strings.Contains(got[0].Reason, "an outage that began before, or its nature") || !strings.Contains(got[1].Reason, "now taken as its normal") {
					t.Errorf("%s", timeline(got))
				}
				if got[1].Window > at("11:45:00").UnixNano() {
					t.Errorf("it lasted too long:\n%s", timeline(got))
				}
				if a := got[1].Adopted; a < failing*0.6 || a > failing*1.5 {
					t.Errorf("%v was taken as normal", a)
				}
				for scope := range map[Scope]bool{{}: true, {Pop: "AMS"}: true, {Pop: "FRA"}: true, {Service: "auth", Pop: "AMS"}: true} {
					if f := findingOf(d, scope); f != nil {
						t.Errorf("%+v is still open", scope)
					}
				}
			})
		}
	}
}

func TestAServiceJustAboveWhatIsBelievedAlarmsShortlyIfAtAll(t *testing.T) {
	for _, rate := range []float64{0.5, 3, 40, 900} {
		got := errorsOf(run(New(Default()), newGenerator(7, morning, wild(rate, 0.12)), at("23:00:00")))
		if len(got) > 4 {
			t.Errorf("at %v requests a second:\n%s", rate, timeline(got))
		}
		for i := 1; i < len(got); i += 2 {
			if lasted := time.Duration(got[i].Window - got[i-1].Window); lasted > 75*time.Minute {
				t.Errorf("at %v requests a second it lasted %v", rate, lasted)
			}
		}
	}
}

// findingOf gives what is open of the errors of a scope.
func findingOf(d *Detector, scope Scope) *finding {
	if scope == (Scope{}) {
		return d.fleet.errors.open
	}
	for _, p := range d.pops {
		if scope.Service == "" && p.name == scope.Pop {
			return p.errors.open
		}
	}
	for _, s := range d.services {
		for i := range s.pops {
			if s.name == scope.Service && s.pops[i].name == scope.Pop {
				return s.pops[i].errors.open
			}
		}
	}
	return nil
}

func TestAnOutageThatBeganBeforeIsFollowedToItsEndIfItChanges(t *testing.T) {
	start := at("10:30:00")
	for name, c := range map[string]struct {
		effects []effect
		end     time.Time
	}{
		"it ends within the hour": {[]effect{{from: start, to: at("11:10:00"), errors: 0.3, traffic: 1}}, at("11:10:00")},
		"it is total":             {[]effect{{from: start, to: at("14:00:00"), errors: 0.95, traffic: 1}}, at("14:00:00")},
		"it swings": {[]effect{{from: start, to: at("10:50:00"), errors: 0.4, traffic: 1}, {from: at("10:50:00"), to: at("11:05:00"), errors: 0.1, traffic: 1},
			{from: at("11:05:00"), to: at("13:00:00"), errors: 0.4, traffic: 1}}, at("13:00:00")},
		"it grows": {[]effect{{from: start, to: at("10:45:00"), errors: 0.15, traffic: 1}, {from: at("10:45:00"), to: at("13:00:00"), errors: 0.4, traffic: 1}}, at("13:00:00")},
	} {
		t.Run(name, func(t *testing.T) {
			got := errorsOf(run(New(Default()), newGenerator(3, morning, wild(60, 0.001, c.effects...)), at("16:00:00")))
			if len(got) != 2 || time.Duration(got[1].EndedAt-c.end.UnixNano()).Abs() > 20*time.Second {
				t.Errorf("its end is %v:\n%s", c.end, timeline(got))
			}
		})
	}
}

func TestErrorsThatBeganAfterTheServiceWasSeenAreNoNature(t *testing.T) {
	broken := effect{from: at("10:31:00"), to: at("14:00:00"), errors: 0.3, traffic: 1} // a minute later than the first request
	got := errorsOf(run(New(Default()), newGenerator(3, morning, wild(60, 0.001, broken)), at("16:00:00")))
	if len(got) != 2 || time.Duration(got[1].EndedAt-broken.to.UnixNano()).Abs() > 20*time.Second || strings.Contains(got[0].Reason, "nature") {
		t.Errorf("%s", timeline(got))
	}
}

func TestWhatIsTakenAsNatureIsJudgedByItAfterwards(t *testing.T) {
	worse := effect{from: at("13:00:00"), to: at("13:20:00"), errors: 0.85, traffic: 1}
	got := errorsOf(run(New(Default()), newGenerator(3, morning, wild(60, 0.3, worse)), at("15:00:00")))
	if len(got) != 4 || time.Duration(got[2].Onset-worse.from.UnixNano()).Abs() > 20*time.Second || time.Duration(got[3].EndedAt-worse.to.UnixNano()).Abs() > time.Minute {
		t.Errorf("%s", timeline(got))
	}
}

func TestAnOutageTakenForNatureDoesNotHideTheNextOne(t *testing.T) {
	first := effect{from: at("10:30:00"), to: at("12:30:00"), errors: 0.3, traffic: 1}
	next := effect{from: at("15:30:00"), to: at("16:00:00"), errors: 0.3, traffic: 1}
	got := errorsOf(run(New(Default()), newGenerator(3, morning, wild(60, 0.001, first, next)), at("17:00:00")))
	if len(got) != 4 || time.Duration(got[2].Onset-next.from.UnixNano()).Abs() > 20*time.Second {
		t.Errorf("%s", timeline(got))
	}
}

func TestAServiceThatFailsByNatureAndComesToAKnownFleetIsNoLastingTroubleOfTheFleet(t *testing.T) {
	services := calmFleet(4, func(int) float64 { return 50 }, "AMS", "FRA")
	auth := wild(40, 0.3, effect{from: at("10:00:00"), to: at("14:00:00"), traffic: 0})
	auth.pops = []string{"AMS", "FRA"}
	d := New(Default())
	got := run(d, newGenerator(5, morning, append(services, auth)...), at("16:30:00"))
	if turns := errorsOf(got); len(turns) != 2 {
		t.Fatalf("%s", timeline(turns))
	}
	for _, scope := range []Scope{{}, {Pop: "AMS"}, {Pop: "FRA"}, {Service: "auth", Pop: "AMS"}} {
		if findingOf(d, scope) != nil {
			t.Errorf("%+v is still open:\n%s", scope, timeline(got))
		}
	}
}

func TestAStateFromBeforeNatureWasKnownIsRead(t *testing.T) {
	d, g := New(Default()), newGenerator(7, morning, wild(40, 0.3))
	run(d, g, at("10:50:00"))
	old := coder{b: []byte(stateMagic + "\x01"), version: 1}
	d.code(&old)
	e := New(Default())
	if err := e.LoadState(old.b); err != nil {
		t.Fatal(err)
	}
	if f := e.services[0].errors.open; f == nil || f.native || bytes.Equal(e.AppendState(nil), old.b) {
		t.Errorf("the finding of the older state came as %+v", f)
	}
}

func TestAStateTakenWhileNatureIsInDoubtGivesTheSameSignals(t *testing.T) {
	services := func() []simulated {
		return []simulated{wild(40, 0.3), flat("other", 20, effect{from: at("11:10:00"), to: at("11:20:00"), errors: 0.4, traffic: 1})}
	}
	whole := run(New(Default()), newGenerator(7, morning, services()...), at("12:30:00"))
	var parts []Signal
	g, d := newGenerator(7, morning, services()...), New(Default())
	for until := at("10:31:00"); !until.After(at("12:30:00")); until = until.Add(7 * time.Minute) {
		parts = append(parts, run(d, g, until)...)
		fresh := New(Default())
		if err := fresh.LoadState(d.AppendState(nil)); err != nil {
			t.Fatal(err)
		}
		d = fresh
	}
	if parts = append(parts, run(d, g, at("12:30:00"))...); !reflect.DeepEqual(whole, parts) {
		t.Errorf("%d signals became %d", len(whole), len(parts))
	}
}

func TestErrorsThatManyServicesBeginWithAreNotTheNatureOfEach(t *testing.T) {
	end := at("13:30:00")
	for struck, wanted := range map[int]time.Time{1: at("11:30:10"), 4: end} {
		services := calmFleet(12, func(int) float64 { return 40 }, "AMS", "FRA")
		for i := range struck {
			services[i].effects = []effect{{from: at("10:30:00"), to: end, errors: 0.3, traffic: 1}}
		}
		n := 0
		for _, s := range run(New(Default()), newGenerator(5, morning, services...), at("14:30:00")) {
			if s.Kind != ErrorSurge || !s.Ended || s.Scope.Service == "" || s.Scope.Pop != "" {
				continue
			}
			n++
			if off := time.Duration(s.EndedAt - wanted.UnixNano()); off.Abs() > time.Minute {
				t.Errorf("of %d, %s ended %v from %v: %s", struck, s.Scope.Service, off, wanted, s.Reason)
			}
		}
		if n != struck {
			t.Errorf("%d of %d services were found", n, struck)
		}
	}
}

// A batch job grows where one in ten requests always fails: the fleet's share of errors
// rises with it, and nothing is wrong with the fleet.
func TestAFleetWhoseServicesFailAsTheyAlwaysDoIsNotAbnormalWhenOneOfThemGrows(t *testing.T) {
	services := calmFleet(4, func(int) float64 { return 50 }, "AMS", "FRA")
	auth := wild(5, 0.04)
	auth.pops = []string{"AMS", "FRA"}
	auth.effects = []effect{{from: at("13:00:00"), to: at("14:00:00"), traffic: 30}}
	d, g := New(Default()), newGenerator(7, morning, append(services, auth)...)
	for _, s := range run(d, g, at("15:00:00")) {
		if s.Kind == ErrorSurge {
			t.Fatalf("%s", timeline([]Signal{s}))
		}
	}
}
