package detect

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/spikeline/spikeline/processor/window"
)

// troubled is a small fleet to which everything happens.
func troubled(seed uint64) *generator {
	rng := rand.New(rand.NewPCG(seed, 9))
	var services []simulated
	for i := range 6 {
		s := natural(rng, i, 0.3, 300)
		s.pops = []string{"AMS", "FRA", "LHR"}[:1+rng.IntN(3)]
		services = append(services, s)
	}
	services[0].effects = []effect{{from: at("11:20:00"), to: at("11:55:00"), errors: 0.5, traffic: 1.3}}
	services[1].effects = []effect{{from: at("11:25:00"), to: at("11:45:00"), traffic: 5}, {from: at("11:45:00"), to: at("12:10:00"), traffic: 0}}
	services[2].effects = []effect{{from: at("11:30:00"), to: at("11:50:00"), slow: 0.5, traffic: 1}}
	services[3].effects = []effect{{from: at("11:30:00"), to: at("11:50:00"), refused: 0.7, code: 403, traffic: 1}}
	services[4].effects = flapping(at("11:20:00"), at("12:20:00"))
	return newGenerator(seed, "2025-11-18 10:30:00", services...)
}

func TestAStateTakenAtAnyMomentGivesTheSameSignalsAsNoInterruption(t *testing.T) {
	for seed := range uint64(6) {
		g, rng := troubled(seed), rand.New(rand.NewPCG(seed, 2))
		whole, broken, signals := New(Default()), New(Default()), 0
		for i := range 1000 {
			r := g.next()
			if i%97 == 50 {
				r.Start += int64(time.Hour) // a gap
				r.End += int64(time.Hour)
				g.start = g.start.Add(time.Hour)
			}
			if rng.IntN(20) == 0 {
				state := broken.AppendState(nil)
				broken = New(Default())
				if err := broken.LoadState(state); err != nil {
					t.Fatal(err)
				}
				if again := broken.AppendState(nil); !bytes.Equal(state, again) {
					t.Fatalf("seed %d, window %d: a loaded state is written differently", seed, i)
				}
			}
			a, b := whole.Step(r), broken.Step(r)
			if !reflect.DeepEqual(a, b) {
				t.Fatalf("seed %d, window %d:\nwithout interruption %+v\nwith %+v", seed, i, a, b)
			}
			signals += len(a)
		}
		if signals == 0 {
			t.Errorf("seed %d: nothing was signalled, so nothing was shown", seed)
		}
	}
}

func TestAStateOfDaysKeepsSeasonAndPeaks(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	s := natural(rng, 0, 20, 20.1)
	s.cronMinute, s.cronTimes = 30, 4
	g := newGenerator(4, "2025-11-14 10:30:00", s)
	a := New(Default())
	run(a, g, g.start.Add(60*time.Hour))
	state := a.AppendState(nil)
	b := New(Default())
	if err := b.LoadState(state); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(a.services[0].rate.profile, b.services[0].rate.profile) || !reflect.DeepEqual(a.services[0].rate.peaks, b.services[0].rate.peaks) {
		t.Error("season or peaks differ after loading")
	}
	for range 20_000 {
		r := g.next()
		if x, y := a.Step(r), b.Step(r); !reflect.DeepEqual(x, y) {
			t.Fatalf("signals differ: %+v and %+v", x, y)
		}
	}
	t.Logf("a state of one service, its pop and the fleet after 60 hours: %d bytes", len(state))
}

func TestAStateThatDoesNotFitIsRefusedWithTheNextStep(t *testing.T) {
	d := New(Default())
	run(d, troubled(1), at("11:40:00"))
	state := d.AppendState(nil)
	minute := Default()
	minute.Width = time.Minute
	for _, c := range []struct {
		name   string
		config Config
		state  []byte
		want   string
	}{
		{"empty", Default(), nil, "no state of a detector"},
		{"another version", Default(), append([]byte("SLD\x09"), state[4:]...), "another version"},
		{"cut", Default(), state[:len(state)/2], "ends too early"},
		{"longer", Default(), append(bytes.Clone(state), 0), "1 bytes follow"},
		{"another width", minute, state, "windows of 10000000000 ns, these are of 60000000000 ns"},
	} {
		d := New(c.config)
		before := d.AppendState(nil)
		err := d.LoadState(c.state)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "start without it") {
			t.Errorf("%s: %v", c.name, err)
		}
		if !bytes.Equal(before, d.AppendState(nil)) {
			t.Errorf("%s: a refused state has changed the detector", c.name)
		}
	}
}

func FuzzLoadState(f *testing.F) {
	d, g := New(Default()), troubled(1)
	f.Add(d.AppendState(nil))
	run(d, g, at("11:32:00"))
	f.Add(d.AppendState(nil))
	run(d, g, at("12:00:00"))
	f.Add(d.AppendState(nil))
	f.Fuzz(func(t *testing.T, state []byte) {
		d := New(Default())
		if d.LoadState(state) != nil {
			return
		}
		if again := d.AppendState(nil); len(again) > 4*len(state)+4096 {
			t.Errorf("a state of %d bytes became one of %d", len(state), len(again))
		}
		for i := range int64(20) {
			start := max(d.end, 0) + i*1e10
			if start > 1<<62 {
				return
			}
			d.Step(&window.Result{Start: start, End: start + 1e10, Rows: []window.Row{{Service: "s", Pop: "p", Counts: window.Counts{Requests: 9, Errors: 5}}}})
		}
	})
}
