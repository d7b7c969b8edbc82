package incident

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"reflect"
	"runtime"
	"testing"

	"github.com/spikeline/spikeline/processor/detect"
	"github.com/spikeline/spikeline/processor/window"
)

// storm is a random world with random faults.
func storm(t *testing.T, seed uint64) (*world, *rand.Rand) {
	rng := rand.New(rand.NewPCG(seed, 7))
	w := newWorld(t, "AMS", "FRA", "SIN", "IAD")
	for i := range 12 {
		w.service(fmt.Sprintf("s%02d.example", i), float64(1+rng.IntN(200)))
	}
	for range 10 {
		from := 10*60 + rng.IntN(3*60*60)
		to := from + 30 + rng.IntN(40*60)
		at := func(s int) string { return fmt.Sprintf("%02d:%02d:%02d", 9+s/3600, s/60%60, s%60/10*10) }
		name := fmt.Sprintf("s%02d.example", rng.IntN(12))
		var pops []string
		if rng.IntN(3) == 0 {
			pops = []string{w.pops[rng.IntN(4)]}
		}
		switch rng.IntN(6) {
		case 0:
			w.traffic(name, at(from), at(to), rng.Float64()*5, pops...)
		case 1:
			w.slow(name, at(from), at(to), rng.Float64())
		case 2:
			w.refuses(name, at(from), at(to), rng.Float64())
		case 3:
			w.logsMissing(at(from), at(to), rng.Float64())
		default:
			w.fails(name, at(from), at(to), ramp(rng.Float64(), rng.Float64()), uint16(500+rng.IntN(5)), rng.IntN(2) == 0, pops...)
		}
	}
	return w, rng
}

func TestATrackerGoesOnFromItsStateAsIfItHadNeverStopped(t *testing.T) {
	for seed := range uint64(5) {
		w, rng := storm(t, seed)
		whole, resumed := New(Default()), New(Default())
		for at := w.at("09:00"); at < w.at("14:00"); at += step {
			r, slow := w.window(at)
			signals := w.watcher.step(w, r, slow)
			i1, e1 := whole.Step(r, signals)
			i2, e2 := resumed.Step(r, signals)
			if !reflect.DeepEqual(i1, i2) || !reflect.DeepEqual(e1, e2) {
				t.Fatalf("seed %d at %s: a resumed tracker says\n%+v\n%+v\nnot\n%+v\n%+v", seed, clock(at), i2, e2, i1, e1)
			}
			if rng.IntN(40) == 0 {
				resumed = reloaded(t, resumed)
			}
		}
	}
}

// reloaded gives a tracker that knows only the state of another.
func reloaded(t *testing.T, old *Tracker) *Tracker {
	t.Helper()
	state := old.AppendState(nil)
	fresh := New(old.cfg)
	if err := fresh.LoadState(state); err != nil {
		t.Fatal(err)
	}
	if again := fresh.AppendState(nil); !bytes.Equal(again, state) {
		t.Fatal("a state that was loaded is written differently")
	}
	return fresh
}

func TestEveryStoryInAStormIsWhole(t *testing.T) {
	for seed := range uint64(8) {
		w, _ := storm(t, seed)
		p := w.play(Default(), "09:00", "15:00")
		p.check(t)
		p.checkGrowth(t)
		if t.Failed() {
			t.Fatalf("seed %d\n%s", seed, p.text())
		}
	}
}

// checkGrowth holds the events to their promise: a Seq is given once, and what is amended has a later version.
func (p *tape) checkGrowth(t *testing.T) {
	t.Helper()
	last := map[string]Event{}
	next := map[string]int32{}
	for _, e := range p.all {
		key := fmt.Sprint(e.IncidentID, e.Seq)
		old, known := last[key]
		switch {
		case !known && e.Seq != next[e.IncidentID]+1:
			t.Errorf("%s: event %d after %d", e.IncidentID, e.Seq, next[e.IncidentID])
		case known && e.Version <= old.Version:
			t.Errorf("%s: event %d amended with version %d after %d", e.IncidentID, e.Seq, e.Version, old.Version)
		case known && e == old:
			t.Errorf("%s: event %d amended to the same", e.IncidentID, e.Seq)
		case e.Summary == "" || e.At == 0:
			t.Errorf("%s: event %d is empty: %+v", e.IncidentID, e.Seq, e)
		}
		if !known {
			next[e.IncidentID]++
		}
		last[key] = e
	}
}

func TestAWindowGivenTwiceChangesNothing(t *testing.T) {
	w := tenServices(t, "AMS")
	w.fails("cdn.example", "11:05", "11:10", flat(0.5), 500, true)
	tr := New(Default())
	for at := w.at("11:00"); at < w.at("11:08"); at += step {
		r, slow := w.window(at)
		signals := w.watcher.step(w, r, slow)
		tr.Step(r, signals)
		before := tr.AppendState(nil)
		if i, e := tr.Step(r, signals); i != nil || e != nil || !bytes.Equal(before, tr.AppendState(nil)) {
			t.Fatalf("at %s the same window again gave %v %v", clock(at), i, e)
		}
	}
}

func TestNothingIsAllocatedWhileNothingIsOpen(t *testing.T) {
	w := tenServices(t, "AMS", "FRA")
	w.refuses("login.example", "11:00", "12:00", 0.5)
	w.traffic("shop1.example", "11:00", "12:00", 2)
	tr := New(Default())
	at := w.at("11:00")
	r, slow := w.window(at)
	var signals []detect.Signal
	for range 80 {
		r.Start, r.End = at, at+step
		signals = w.watcher.step(w, r, slow)
		tr.Step(r, signals)
		at += step
	}
	if len(signals) == 0 {
		t.Fatal("the test needs signals that open nothing")
	}
	if n := testing.AllocsPerRun(500, func() {
		at += step
		r.Start, r.End = at, at+step
		tr.Step(r, signals)
	}); n > 0 {
		t.Errorf("%v allocations a step", n)
	}
}

func FuzzLoadState(f *testing.F) {
	w := tenServices(&testing.T{}, "AMS", "FRA")
	w.fails("cdn.example", "11:05", "11:20", flat(0.5), 500, true)
	w.slow("login.example", "11:05", "11:30", 0.5)
	p := w.play(Default(), "11:00", "11:10")
	f.Add(p.tracker.AppendState(nil)[1:])
	f.Add(New(Default()).AppendState(nil)[1:])
	r, slow := w.window(w.at("11:10"))
	signals := w.watcher.step(w, r, slow)
	f.Fuzz(func(t *testing.T, body []byte) {
		state := append([]byte{stateVersion}, body...)
		state = binary.LittleEndian.AppendUint32(state, crc32.ChecksumIEEE(state))
		tr := New(Default())
		if err := tr.LoadState(state); err != nil {
			if len(tr.fleet.byName) > 0 || len(tr.open) > 0 {
				t.Error("a state that was refused has left traces")
			}
			return
		}
		tr.Step(r, signals)
		tr.Step(&window.Result{Start: r.End, End: r.End + step}, nil)
		tr.AppendState(nil)
	})
}

func TestAStateOfAnotherVersionIsRefusedInPlainWords(t *testing.T) {
	state := New(Default()).AppendState(nil)
	for want, bad := range map[string][]byte{
		"incident state of 0 bytes: too short, at least 5 are needed; start without a state": nil,
		"incident state of version 9: only 2 and 3 can be read; start without a state":       append([]byte{9}, state[1:]...),
	} {
		if err := New(Default()).LoadState(bad); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	state[3] ^= 1
	if err := New(Default()).LoadState(state); err == nil {
		t.Error("a damaged state was loaded")
	}
}

func BenchmarkStepQuiet(b *testing.B) {
	for _, size := range [][2]int{{2000, 10}, {20_000, 1}} {
		b.Run(fmt.Sprintf("services=%d/pops=%d", size[0], size[1]), func(b *testing.B) {
			r := &window.Result{Start: 0, End: step}
			for s := range size[0] {
				for p := range size[1] {
					r.Rows = append(r.Rows, window.Row{Service: fmt.Sprintf("s%05d", s), Pop: fmt.Sprintf("p%d", p), Counts: window.Counts{Requests: 100}})
				}
			}
			before := heap()
			tr := New(Default())
			tr.Step(r, nil)
			bytes := float64(heap()-before) / float64(size[0])
			b.ReportAllocs()
			for b.Loop() {
				r.Start, r.End = r.Start+step, r.End+step
				tr.Step(r, nil)
			}
			b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(size[0]), "ns/service-window")
			b.ReportMetric(bytes, "B/service")
		})
	}
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func BenchmarkStepOpen(b *testing.B) {
	w := newWorld(&testing.T{}, "AMS", "FRA", "SIN")
	for i := range 300 {
		w.service(fmt.Sprintf("s%03d.example", i), 100)
		w.fails(fmt.Sprintf("s%03d.example", i), "11:05", "16:00", flat(0.5), 500, true)
	}
	tr := w.play(Default(), "11:00", "13:00").tracker
	r, slow := w.window(w.at("13:00"))
	signals := w.watcher.step(w, r, slow)
	b.ReportAllocs()
	for b.Loop() {
		r.Start, r.End = r.Start+step, r.End+step
		for i := range signals {
			signals[i].Window = r.Start
		}
		tr.Step(r, signals)
	}
}
