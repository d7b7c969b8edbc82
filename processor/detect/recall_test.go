package detect

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

var (
	recallTrials = flag.Int("recall.trials", 2, "trials of every kind of outage in every class of rates")
	recallSeed   = flag.Uint64("recall.seed", 5, "seed of the test for recall")
)

// outageKind is one kind of trouble, put on a natural service after a day and a half.
type outageKind struct {
	name    string
	kinds   []Kind
	last    time.Duration
	effects func(from, to time.Time) []effect
	must    [3]float64 // least recall for rates of 0.1 to 1, 1 to 10, above 10 requests a second
}

func during(e effect) func(from, to time.Time) []effect {
	return func(from, to time.Time) []effect { e.from, e.to = from, to; return []effect{e} }
}

func flapping(from, to time.Time) (all []effect) {
	for at := from; at.Before(to); at = at.Add(10 * time.Minute) {
		all = append(all, effect{from: at, to: at.Add(5 * time.Minute), errors: 0.7, traffic: 1})
	}
	return all
}

var outageKinds = []outageKind{
	{"outage 60 %", []Kind{ErrorSurge}, 20 * time.Minute, during(effect{errors: 0.6, traffic: 1}), [3]float64{1, 1, 1}},
	{"ramp to 40 %", []Kind{ErrorSurge}, 20 * time.Minute, during(effect{errors: 0.4, traffic: 1, shape: func(p float64) float64 { return p }}), [3]float64{0.5, 1, 1}},
	{"partial 5 %", []Kind{ErrorSurge}, 30 * time.Minute, during(effect{errors: 0.05, traffic: 1}), [3]float64{0, 0.5, 1}},
	{"+1 % for 1 h", []Kind{ErrorSurge}, time.Hour, during(effect{errors: 0.01, traffic: 1}), [3]float64{0, 0, 0.5}},
	{"flapping", []Kind{ErrorSurge}, 75 * time.Minute, flapping, [3]float64{1, 1, 1}},
	{"retry storm", []Kind{ErrorSurge}, 20 * time.Minute, during(effect{errors: 0.5, traffic: 3}), [3]float64{1, 1, 1}},
	{"surge x3", []Kind{TrafficSurge}, 20 * time.Minute, during(effect{traffic: 3}), [3]float64{0, 0.5, 0.9}},
	{"surge x5", []Kind{TrafficSurge}, 20 * time.Minute, during(effect{traffic: 5}), [3]float64{0, 0.9, 1}},
	{"no traffic", []Kind{TrafficDrop}, 40 * time.Minute, during(effect{traffic: 0}), [3]float64{0, 0.9, 1}},
	{"slow 40 %", []Kind{LatencySurge}, 20 * time.Minute, during(effect{slow: 0.4, traffic: 1}), [3]float64{0, 0.9, 1}},
	{"refused 60 %", []Kind{ClientErrorSurge}, 20 * time.Minute, during(effect{refused: 0.6, code: 403, traffic: 1}), [3]float64{0.5, 1, 1}},
}

type outcome struct {
	found     int
	all       int
	fragments int
	delay     []int // windows after the onset's
	onset     []int // error of the onset in windows
	end       []int // error of the end in windows
}

func (o *outcome) String() string {
	return fmt.Sprintf("%3d/%-3d delay %3d (p90 %3d)  onset %+3d (p90 of size %2d)  end %+4d (p90 of size %3d)  fragments %.2f", o.found, o.all,
		quantile(o.delay, 0.5), quantile(o.delay, 0.9), quantile(o.onset, 0.5), quantile(sizes(o.onset), 0.9), quantile(o.end, 0.5), quantile(sizes(o.end), 0.9), float64(o.fragments)/max(1, float64(o.found)))
}

func sizes(v []int) (out []int) {
	for _, x := range v {
		out = append(out, max(x, -x))
	}
	return out
}

func quantile(v []int, q float64) int {
	if len(v) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(v))
	return s[min(len(s)-1, int(q*float64(len(s))))]
}

func TestOutagesOfEveryKindAreFound(t *testing.T) {
	rng := rand.New(rand.NewPCG(*recallSeed, 3))
	for _, kind := range outageKinds {
		for class, bounds := range [3][2]float64{{0.1, 1}, {1, 10}, {10, 10_000}} {
			var o outcome
			for trial := range *recallTrials {
				try(&o, kind, natural(rng, trial, bounds[0], bounds[1]), rng)
			}
			t.Logf("%-13s %5.4g to %6.5g/s %s", kind.name, bounds[0], bounds[1], &o)
			if float64(o.found) < kind.must[class]*float64(o.all) {
				t.Errorf("%s at %v requests a second: %d of %d found", kind.name, bounds, o.found, o.all)
			}
			if kind.name == "flapping" && o.fragments > o.found {
				t.Errorf("flapping came in %d pieces for %d", o.fragments, o.found)
			}
		}
	}
}

// try runs one outage on one service; its time of day is drawn from working hours.
func try(o *outcome, kind outageKind, s simulated, rng *rand.Rand) {
	s.office, s.deploys = false, 0
	from := time.Date(2025, 11, 13, 9+rng.IntN(8), rng.IntN(60), 10*rng.IntN(6), 0, time.UTC)
	to := from.Add(kind.last)
	s.effects = kind.effects(from, to)
	g := newGenerator(rng.Uint64(), "2025-11-12 00:00:00", s)
	d := New(Default())
	run(d, g, from)
	o.all++
	opened := false
	for _, f := range run(d, g, to.Add(time.Hour)) {
		if f.Scope.Service == "" || !slices.Contains(kind.kinds, f.Kind) {
			continue
		}
		if f.Opened && !opened && f.Window < to.UnixNano() {
			opened = true
			o.found++
			o.delay = append(o.delay, int((f.Window-from.UnixNano())/int64(g.width)))
			o.onset = append(o.onset, int((f.Onset-from.UnixNano())/int64(g.width)))
		}
		if f.Opened && opened {
			o.fragments++
		}
		if f.Ended && opened {
			o.end = append(o.end, int(math.Round(float64(f.EndedAt-to.UnixNano())/float64(g.width))))
		}
	}
}
