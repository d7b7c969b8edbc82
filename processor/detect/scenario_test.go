package detect

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/spikeline/spikeline/processor/window"
)

// openings counts the findings that open, of services alone.
func openings(signals []Signal, kinds ...Kind) (n int) {
	for _, s := range signals {
		for _, k := range kinds {
			if s.Opened && s.Kind == k && s.Scope.Service != "" {
				n++
			}
		}
	}
	return n
}

func calmFleet(n int, rate func(i int) float64, pops ...string) (all []simulated) {
	for i := range n {
		s := flat(fmt.Sprintf("s%02d", i), rate(i))
		s.pops = pops
		all = append(all, s)
	}
	return all
}

func TestAPartialFirstWindowGivesNoSurge(t *testing.T) {
	g := newGenerator(1, morning, calmFleet(5, func(i int) float64 { return 20 })...)
	d := New(Default())
	first := g.next()
	for i := range first.Rows {
		first.Rows[i].Requests /= 10
	}
	if got := d.Step(first); got != nil {
		t.Errorf("the first window gave %v", got)
	}
	if got := run(d, g, at("12:30:00")); len(got) > 0 {
		t.Errorf("%s", timeline(got))
	}
}

func TestARecurrenceMemoryDoesNotHideTheSurgeItself(t *testing.T) {
	s := flat("s", 20)
	from := time.Date(2025, 11, 19, 14, 0, 0, 0, time.UTC)
	s.effects = []effect{{from: from, to: from.Add(50 * time.Minute), traffic: 4}}
	got := run(New(Default()), newGenerator(1, morning, s), from.Add(2*time.Hour))
	if n := openings(got, TrafficSurge); n != 1 {
		t.Fatalf("%d surges, wanted one:\n%s", n, timeline(got))
	}
	for _, s := range got {
		if s.Ended && s.Kind == TrafficSurge && s.Scope.Service == "s" && time.Unix(0, s.EndedAt).Sub(from.Add(50*time.Minute)).Abs() > 20*time.Second {
			t.Errorf("the surge ended at %v, wanted about %v", time.Unix(0, s.EndedAt).UTC(), from.Add(50*time.Minute))
		}
	}
}

func TestMorningRampsAndEveningsOfAnOfficeAreNormalFromTheSecondDay(t *testing.T) {
	var services []simulated
	for i, rate := range []float64{1, 10, 100, 1000} {
		s := flat(fmt.Sprint("office", i), rate)
		s.office, s.quiet, s.wander, s.grain = true, false, 0.03, 0.03
		services = append(services, s)
	}
	g := newGenerator(1, "2025-11-17 00:00:00", services...) // a Monday
	d := New(Default())
	run(d, g, time.Date(2025, 11, 18, 0, 0, 0, 0, time.UTC))
	if got := run(d, g, time.Date(2025, 11, 25, 12, 0, 0, 0, time.UTC)); openings(got, TrafficDrop, TrafficSurge) > 0 {
		t.Errorf("%s", timeline(got))
	}
}

func TestAWeeklyPatternDoesNotAlarmForEver(t *testing.T) {
	s := flat("weekly", 20)
	for week := range 6 {
		from := time.Date(2025, 11, 16, 3, 0, 0, 0, time.UTC).AddDate(0, 0, 7*week) // Sundays
		s.effects = append(s.effects, effect{from: from, to: from.Add(2 * time.Hour), traffic: 4})
	}
	var weeks []int
	d, g := New(Default()), newGenerator(1, "2025-11-12 00:00:00", s)
	for week := range 6 {
		weeks = append(weeks, openings(run(d, g, time.Date(2025, 11, 19, 0, 0, 0, 0, time.UTC).AddDate(0, 0, 7*week)), TrafficSurge, TrafficDrop))
	}
	t.Logf("traffic findings by week: %v", weeks)
	if weeks[4]+weeks[5] > 0 {
		t.Errorf("still alarms in the fifth and sixth week: %v", weeks)
	}
}

func TestFlappingIsOneFinding(t *testing.T) {
	s := flat("api", 50)
	s.effects = flapping(at("11:28:00"), at("13:00:00"))
	golden(t, "flapping", timeline(run(New(Default()), newGenerator(1, morning, s), at("13:40:00"))))
}

func TestLogsThatHalveEverywhereAreAnIncompleteSourceAndNothingElse(t *testing.T) {
	services := calmFleet(12, func(i int) float64 { return []float64{1, 3, 10, 40}[i%4] }, "AMS", "FRA", "LHR")
	for i := range services {
		services[i].effects = []effect{{from: at("11:30:00"), to: at("12:00:00"), traffic: 0.45}}
	}
	golden(t, "incomplete", timeline(run(New(Default()), newGenerator(1, morning, services...), at("12:30:00"))))
}

func TestNaturalLogsThatHalveEverywhereAreAnIncompleteSource(t *testing.T) {
	for seed := range uint64(10) {
		rng, services := rand.New(rand.NewPCG(seed, 6)), []simulated{}
		for i := range 20 {
			s := natural(rng, i, 0.5, 200)
			s.office, s.bots, s.cronTimes, s.pops = false, 0, 0, []string{"AMS", "FRA", "LHR"}
			s.effects = []effect{{from: at("11:30:00"), to: at("12:00:00"), traffic: 0.45}}
			services = append(services, s)
		}
		got := run(New(Default()), newGenerator(seed, morning, services...), at("12:30:00"))
		if n := openings(got, TrafficDrop, TrafficSurge); n > 0 || !hasFleet(got, SourceIncomplete) {
			t.Errorf("seed %d: %d traffic findings of services:\n%s", seed, n, timeline(got))
		}
	}
}

func hasFleet(signals []Signal, kind Kind) bool {
	for _, s := range signals {
		if s.Scope == (Scope{}) && s.Kind == kind {
			return true
		}
	}
	return false
}

func TestAFleetThatLosesItsLargestServiceIsADropAndNoIncompleteSource(t *testing.T) {
	services := calmFleet(8, func(i int) float64 { return 10 }, "AMS", "FRA")
	services[0].rate = 200
	services[0].effects = []effect{{from: at("11:30:00"), to: at("11:50:00"), traffic: 0}}
	golden(t, "largest", timeline(run(New(Default()), newGenerator(1, morning, services...), at("12:10:00"))))
}

func TestAFailingPopIsSeenAsThePop(t *testing.T) {
	services := calmFleet(6, func(i int) float64 { return 15 }, "AMS", "CDG", "FRA", "IAD", "LHR", "MAD", "NRT", "SIN")
	for i := range services {
		services[i].effects = []effect{{from: at("11:30:00"), to: at("11:45:00"), errors: 0.5, traffic: 1, pop: "FRA"}}
	}
	var pop, pair, first Signal
	for _, s := range run(New(Default()), newGenerator(1, morning, services...), at("11:40:00")) {
		switch {
		case s.Kind != ErrorSurge || !s.Opened:
			continue
		case s.Scope == Scope{Pop: "FRA"}:
			pop = s
		case s.Scope.Pop == "FRA":
			pair = s
		case s.Scope.Pop != "":
			t.Errorf("a healthy pop: %+v", s)
		}
		if first.Window == 0 {
			first = s
		}
	}
	if pop.Window != at("11:30:00").UnixNano() || pop.Severity != Critical || pair.Severity != Warning {
		t.Errorf("pop %+v\npair %+v", pop, pair)
	}
}

// A replay begins 50 minutes before the outage: no season, little history.
func TestAfterFiftyMinutesASurgeIsSeenWithinTwoMinutesAndItsOnsetWithinThirtySeconds(t *testing.T) {
	for seed := range uint64(20) {
		for _, rate := range []float64{3, 8, 30, 300, 3000} {
			for _, times := range []float64{3, 4, 5} {
				s := flat("s", rate, effect{from: at("11:20:00"), to: at("11:40:00"), traffic: times})
				s.quiet, s.swing, s.peakHour, s.wander, s.grain, s.failing = false, 2.5, 15, 0.05, 0.04, 0.0005
				var got Signal
				for _, f := range run(New(Default()), newGenerator(seed, morning, s), at("11:26:00")) {
					if f.Scope.Service != "" && f.Kind == TrafficSurge {
						if f.Opened {
							got = f
						}
						got.Severity = f.Severity
					}
				}
				delay, onset := time.Duration(got.Window-at("11:20:00").UnixNano()), time.Duration(got.Onset-at("11:20:00").UnixNano())
				if got.Window == 0 || delay > 2*time.Minute || onset.Abs() > 30*time.Second || times > 4 && got.Severity != Critical {
					t.Errorf("seed %d, %v/s x%v: seen after %v, onset off by %v, %v", seed, rate, times, delay, onset, got.Severity)
				}
			}
		}
	}
}

func TestQuietServicesInDiurnalTrafficGiveNothingFromAColdStart(t *testing.T) {
	n := 0
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 5))
		s := flat("tiny", 0.1+0.9*rng.Float64())
		s.swing, s.peakHour, s.wander, s.grain, s.quiet = 1.5+3*rng.Float64(), 24*rng.Float64(), 0.05, 0.05, false
		g := newGenerator(seed, morning, s)
		for _, f := range run(New(Default()), g, g.start.Add(30*time.Hour)) {
			if f.Opened && f.Scope.Service != "" {
				n++
				t.Logf("seed %d, %.2f/s: %v", seed, s.rate, f)
			}
		}
	}
	if n > 0 {
		t.Errorf("%d signals in 60 days and nights", n)
	}
}

func TestAFindingThatLastsADayBecomesTheNewNormal(t *testing.T) {
	s := flat("s", 5)
	from := at("11:30:00")
	s.effects = []effect{{from: from, to: from.Add(100 * time.Hour), errors: 0.03, traffic: 1}}
	golden(t, "shift", timeline(run(New(Default()), newGenerator(1, morning, s), from.Add(40*time.Hour))))
}

func TestATrafficLevelThatStaysIsTheNewNormalAfterNinetyMinutes(t *testing.T) {
	s := flat("s", 50)
	s.effects = []effect{{from: at("11:30:00"), to: at("11:30:00").Add(100 * time.Hour), traffic: 4}}
	golden(t, "level", timeline(run(New(Default()), newGenerator(1, morning, s), at("16:30:00"))))
}

func TestAGapInTheWindowsIsNoDropAndNoRecovery(t *testing.T) {
	s := flat("s", 50, effect{from: at("11:28:00"), to: at("12:10:00"), errors: 0.5, traffic: 1})
	g, d := newGenerator(1, morning, s), New(Default())
	got := run(d, g, at("11:35:00"))
	g.n += 60 * 6 / 6 * 2 // twenty minutes are missing
	golden(t, "gap", timeline(append(got, run(d, g, at("12:40:00"))...)))
}

func TestRulesByServiceAreKept(t *testing.T) {
	c := Default()
	c.Quiet = map[string][]string{"batch.*": {"traffic_surge"}, "batch.loud": {"client_error_surge"}}
	c.Sensitivity = map[string]string{"wild*": "low"}
	storm := effect{from: at("11:28:00"), to: at("11:40:00"), errors: 0.015, traffic: 5}
	g := newGenerator(1, morning, flat("batch.loud", 50, storm), flat("batch.one", 50, storm), flat("plain", 50, storm), flat("wild.one", 50, storm))
	seen := map[string][]string{}
	for _, s := range run(New(c), g, at("11:38:00")) {
		if s.Opened && s.Scope.Service != "" {
			seen[s.Scope.Service] = append(seen[s.Scope.Service], s.Kind.String())
		}
	}
	if got := fmt.Sprint(seen); got != "map[batch.loud:[traffic_surge error_surge] batch.one:[error_surge] plain:[traffic_surge error_surge] wild.one:[traffic_surge]]" {
		t.Error(got)
	}
}

func TestLimitsAreKeptAndCounted(t *testing.T) {
	c := Default()
	c.Services, c.ServicePops, c.Pops, c.ForgetAfter = 3, 4, 2, time.Hour
	g := newGenerator(1, morning, calmFleet(6, func(i int) float64 { return 10 }, "AMS", "FRA", "LHR")...)
	d := New(c)
	run(d, g, at("11:00:00"))
	if got := d.Size(); got != (Size{Services: 3, ServicePops: 4, Pops: 2}) {
		t.Errorf("%+v", got)
	}
	if u := d.Unjudged(); u.Services == 0 || u.ServicePops == 0 || u.Pops == 0 {
		t.Errorf("%+v", u)
	}
	if r, ok := d.Look(Scope{}, TrafficSurge); !ok || r.Expected < 500 {
		t.Errorf("the fleet is to count all services, its expectation is %v", r.Expected)
	}
	for i := range int64(400) {
		start := at("11:00:00").UnixNano() + i*1e10
		d.Step(&window.Result{Start: start, End: start + 1e10})
	}
	if got := d.Size(); got != (Size{}) {
		t.Errorf("after an hour without any: %+v", got)
	}
}

func TestWhatIsBeyondTheLimitsNeverOpensAnIncident(t *testing.T) {
	g := newGenerator(1, morning, flat(window.Other, 50, effect{from: at("11:28:00"), to: at("11:40:00"), errors: 0.5, traffic: 1}))
	n := 0
	for _, s := range run(New(Default()), g, at("11:40:00")) {
		if s.Scope.Service == window.Other {
			n++
			if s.Severity > Warning {
				t.Fatalf("%+v", s)
			}
		}
	}
	if n == 0 {
		t.Error("it was not judged at all")
	}
}

func TestAnOutageOfThirtyHoursEndsWhenItsErrorsEnd(t *testing.T) {
	from := at("13:00:00")
	s := flat("auth", 20, effect{from: from, to: from.Add(30 * time.Hour), errors: 0.2, traffic: 1})
	got := errorsOf(run(New(Default()), newGenerator(1, morning, s), from.Add(32*time.Hour)))
	if len(got) != 2 || got[1].EndedAt != from.Add(30*time.Hour).UnixNano() || got[1].Adopted != 0 {
		t.Errorf("%s", timeline(got))
	}
}
