package detect

import (
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/spikeline/spikeline/processor/window"
)

func TestTheSameWindowsGiveTheSameSignals(t *testing.T) {
	a := run(New(Default()), troubled(3), at("13:00:00"))
	b := run(New(Default()), troubled(3), at("13:00:00"))
	if len(a) == 0 || !reflect.DeepEqual(a, b) {
		t.Errorf("%d and %d signals, which differ", len(a), len(b))
	}
}

func TestSignalsComeByScopeThenKindAndEveryFindingOpensAndEndsOnce(t *testing.T) {
	type series struct {
		Scope
		Kind
	}
	for seed := range uint64(8) {
		open := map[series]Signal{}
		for window, signals := range byWindow(run(New(Default()), troubled(seed), at("14:00:00"))) {
			if !slices.IsSortedFunc(signals, func(a, b Signal) int {
				if a.Scope != b.Scope && (a.Scope.Service > b.Scope.Service || a.Scope.Service == b.Scope.Service && a.Scope.Pop > b.Scope.Pop) || a.Scope == b.Scope && a.Kind > b.Kind {
					return 1
				}
				return -1
			}) {
				t.Fatalf("seed %d, window %d: signals out of order: %+v", seed, window, signals)
			}
			for _, s := range signals {
				key := series{s.Scope, s.Kind}
				last, was := open[key]
				if s.Opened == was {
					t.Fatalf("seed %d: opened %v while open %v: %+v", seed, s.Opened, was, s)
				}
				if was && (last.Onset != s.Onset || s.Severity < last.Severity) {
					t.Fatalf("seed %d: onset or severity moved from %+v to %+v", seed, last, s)
				}
				open[key] = s
				if s.Ended {
					delete(open, key)
					if s.EndedAt < s.Onset || s.EndedAt > s.Window+1e10 {
						t.Fatalf("seed %d: ended at %d: %+v", seed, s.EndedAt, s)
					}
				}
			}
		}
	}
}

// byWindow groups signals, in order.
func byWindow(signals []Signal) (groups [][]Signal) {
	for _, s := range signals {
		if n := len(groups); n == 0 || groups[n-1][0].Window != s.Window {
			groups = append(groups, nil)
		}
		groups[len(groups)-1] = append(groups[len(groups)-1], s)
	}
	return groups
}

// split spreads the rows of a window over more pops.
func split(r *window.Result, pops int, rng *rand.Rand) *window.Result {
	out := *r
	out.Rows = nil
	for _, row := range r.Rows {
		left := row.Counts
		for p := range pops {
			part := left
			if p < pops-1 {
				part = share(&left, rng)
			}
			if part.Requests > 0 {
				out.Rows = append(out.Rows, window.Row{Service: row.Service, Pop: string(rune('A' + p)), Counts: part})
			}
		}
	}
	return &out
}

// share takes a random part out of counts.
func share(left *window.Counts, rng *rand.Rand) window.Counts {
	take := func(n *uint64) uint64 {
		k := binomial(rng, *n, 0.4)
		*n -= k
		return k
	}
	part := window.Counts{Errors: take(&left.Errors), ClientErrors: take(&left.ClientErrors)}
	rest := left.Requests - left.Errors - left.ClientErrors - part.Errors - part.ClientErrors
	part.Requests = part.Errors + part.ClientErrors + take(&rest)
	left.Requests -= part.Requests
	latency := slices.Clone(left.Latency)
	for i := range latency {
		part.Latency = append(part.Latency, window.LatencyBucket{Bucket: latency[i].Bucket, Count: take(&latency[i].Count)})
	}
	left.Latency = latency
	return part
}

func TestSplittingAServiceOverPopsChangesNothingForTheService(t *testing.T) {
	whole, parted, rng := New(Default()), New(Default()), rand.New(rand.NewPCG(1, 1))
	s := flat("s", 20, effect{from: at("11:20:00"), to: at("11:40:00"), errors: 0.3, slow: 0.3, refused: 0.5, code: 403, traffic: 3})
	g, signals := newGenerator(1, morning, s), 0
	strip := func(all []Signal) (out []Signal) {
		for _, s := range all {
			if s.Scope == (Scope{Service: "s"}) {
				s.Reason = "" // it names the most frequent status, which this test drops
				out = append(out, s)
			}
		}
		return out
	}
	for range 700 {
		r := g.next()
		for i := range r.Rows {
			r.Rows[i].Status = nil
		}
		a, b := strip(whole.Step(r)), strip(parted.Step(split(r, 4, rng)))
		if !reflect.DeepEqual(a, b) {
			t.Fatalf("in one pop %+v\nin four %+v", a, b)
		}
		signals += len(a)
	}
	if signals == 0 {
		t.Error("nothing was signalled, so nothing was shown")
	}
}

// A service ten times larger, with the same shares, is seen no later. The
// counts are expectations without chance, so that nothing but size differs.
func TestALargerServiceIsJudgedNoLater(t *testing.T) {
	for _, kind := range []Kind{ErrorSurge, LatencySurge, ClientErrorSurge, TrafficSurge, TrafficDrop} {
		last := math.MaxInt
		for _, size := range []uint64{100, 1000, 10_000, 100_000} {
			d, first := New(Default()), math.MaxInt
			for i := range int64(600) {
				n, bad := size, size/100
				if i >= 300 {
					switch kind {
					case TrafficSurge:
						n = size * 3
					case TrafficDrop:
						n = size / 4
					default:
						bad = size * 35 / 100
					}
				}
				c := window.Counts{Requests: n, Latency: window.Latency{{Bucket: fast, Count: n}}}
				switch kind {
				case ErrorSurge:
					c.Errors = bad
				case ClientErrorSurge:
					c.ClientErrors = bad
				case LatencySurge:
					c.Latency = window.Latency{{Bucket: fast, Count: n - bad}, {Bucket: slowBucket, Count: bad}}
				}
				for _, s := range d.Step(&window.Result{Start: i * 1e10, End: (i + 1) * 1e10, Rows: []window.Row{{Service: "s", Counts: c}}}) {
					if s.Kind == kind && s.Opened && s.Scope.Service == "s" {
						first = min(first, int(i))
					}
				}
			}
			if first > last || first < 300 || first == math.MaxInt {
				t.Errorf("%v: %d requests a window are seen in window %d, the smaller service in %d", kind, size, first, last)
			}
			last = first
		}
	}
}

func TestAnotherWidthOfWindowsFindsTheSameTroubles(t *testing.T) {
	for _, width := range []time.Duration{5 * time.Second, 10 * time.Second, 30 * time.Second, time.Minute} {
		c := Default()
		c.Width = width
		g := newGenerator(2, morning,
			flat("api", 50, effect{from: at("11:28:00"), to: at("11:40:00"), errors: .4, traffic: 1}),
			flat("shop", 5, effect{from: at("11:20:00"), to: at("11:30:00"), traffic: 4}),
		)
		g.width = width
		found := map[Kind]Signal{}
		for _, s := range run(New(c), g, at("12:30:00")) {
			if s.Scope.Service == "api" && s.Kind == ErrorSurge || s.Scope.Service == "shop" && s.Kind == TrafficSurge {
				found[s.Kind] = s
			}
		}
		for kind, bounds := range map[Kind][2]time.Time{ErrorSurge: {at("11:28:00"), at("11:40:00")}, TrafficSurge: {at("11:20:00"), at("11:30:00")}} {
			s := found[kind]
			if !s.Ended || time.Unix(0, s.Onset).Sub(bounds[0]).Abs() > width || time.Unix(0, s.EndedAt).Sub(bounds[1]).Abs() > 2*width {
				t.Errorf("width %v: %v from %v to %v, ended %v; wanted %v", width, kind, time.Unix(0, s.Onset).UTC(), time.Unix(0, s.EndedAt).UTC(), s.Ended, bounds)
			}
		}
	}
}

func TestHostileWindowsGiveNoPanicAndOnlyFiniteNumbers(t *testing.T) {
	for seed := range uint64(40) {
		rng := rand.New(rand.NewPCG(seed, 8))
		d, now := New(Default()), int64(rng.Uint64()>>2)
		count := func() uint64 {
			switch rng.IntN(5) {
			case 0:
				return 0
			case 1:
				return rng.Uint64()
			case 2:
				return math.MaxUint64
			}
			return rng.Uint64N(1000)
		}
		for range 800 {
			if rng.IntN(50) == 0 {
				now += rng.Int64N(1e16) - 1e14
			}
			r := window.Result{Start: now, End: now + 1e10}
			now = r.End
			if rng.IntN(100) == 0 {
				r.End = r.Start - rng.Int64N(2)
			}
			for s := range 3 {
				for p := range 2 {
					if rng.IntN(3) > 0 {
						c := window.Counts{Requests: count(), Errors: count(), ClientErrors: count(), Aborts: count()}
						c.Status = []window.StatusCount{{Code: 0, Count: count()}, {Code: 499, Count: count()}, {Code: 65535, Count: count()}}
						c.Latency = window.Latency{{Bucket: uint16(rng.Uint32()), Count: count()}, {Bucket: 3, Count: count()}}
						r.Rows = append(r.Rows, window.Row{Service: string(rune('a' + s)), Pop: string(rune('a' + p)), Counts: c})
					}
				}
			}
			for _, s := range d.Step(&r) {
				for _, v := range []float64{s.Observed, s.Expected, s.Band, s.Score, s.Impact, s.Excess} {
					if math.IsNaN(v) || math.IsInf(v, 0) || v < 0 {
						t.Fatalf("seed %d: %v in %+v", seed, v, s)
					}
				}
				if s.Onset > s.Window || s.Ended && (s.EndedAt < s.Onset || s.EndedAt > r.End) || s.Reason == "" {
					t.Fatalf("seed %d: times or reason of %+v", seed, s)
				}
			}
		}
		if err := New(Default()).LoadState(d.AppendState(nil)); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
}

func TestTheExactNameWinsThenTheLongestPatternAndAStarGoesOverSlashes(t *testing.T) {
	rules := map[string]int{"*": 1, "api*": 2, "api/v1": 3, "a[": 4}
	for name, want := range map[string]int{"api/v1": 3, "api/v2": 2, "shop/cart": 1, "a[": 4} {
		if got, _ := RuleFor(rules, name); got != want {
			t.Errorf("the rule for %s is %d, want %d", name, got, want)
		}
	}
}
