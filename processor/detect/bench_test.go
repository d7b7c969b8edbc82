package detect

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/spikeline/spikeline/processor/window"
)

// fleetWindows makes a few windows of many healthy services in one pop each,
// with latencies in a dozen buckets, to be judged again and again at later times.
func fleetWindows(services, pops int) []window.Result {
	rng := rand.New(rand.NewPCG(1, 1))
	results := make([]window.Result, 6)
	for i := range results {
		for s := range services {
			mean := 5 + float64(s%100)*4
			for p := range pops {
				n := poisson(rng, mean/float64(pops))
				if n == 0 {
					continue
				}
				c := window.Counts{Requests: n, Errors: binomial(rng, n, 0.001), ClientErrors: binomial(rng, n, 0.03)}
				c.Status = []window.StatusCount{{Code: 200, Count: n}, {Code: 404, Count: c.ClientErrors}}
				for b := range uint16(12) {
					c.Latency = append(c.Latency, window.LatencyBucket{Bucket: 180 + 3*b, Count: n/12 + 1})
				}
				results[i].Rows = append(results[i].Rows, window.Row{Service: fmt.Sprintf("service%06d", s), Pop: fmt.Sprintf("P%02d", p), Counts: c})
			}
		}
	}
	return results
}

type repeater struct {
	results []window.Result
	width   int64 // 10 s when 0
	n       int64
}

func (r *repeater) next() *window.Result {
	w := &r.results[r.n%int64(len(r.results))]
	width := cmp.Or(r.width, 1e10)
	w.Start = r.n * width
	w.End = w.Start + width
	r.n++
	return w
}

func large() Config {
	c := Default()
	c.Services, c.ServicePops = 200_000, 400_000
	return c
}

func BenchmarkStep(b *testing.B) {
	for _, size := range [][2]int{{10_000, 1}, {10_000, 4}, {100_000, 1}} {
		b.Run(fmt.Sprintf("services=%d/pops=%d", size[0], size[1]), func(b *testing.B) {
			before := heap()
			w := repeater{results: fleetWindows(size[0], size[1])}
			rows := heap() - before
			d := New(large())
			for range 400 {
				d.Step(w.next())
			}
			perService := float64(heap()-before-rows) / float64(size[0])
			b.ReportAllocs()
			for b.Loop() {
				d.Step(w.next())
			}
			b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(size[0]), "ns/service-window")
			b.ReportMetric(perService, "B/service")
		})
	}
}

// BenchmarkSeries is 100,000 series: 20,000 services, each judged for errors, traffic, latency and client errors, and in its pop
// for errors. new: an hour after the start; known: two days after it, with a season and the peaks of a day (in windows of 5 minutes, to get there).
func BenchmarkSeries(b *testing.B) {
	const services, each = 20_000, 5
	for _, c := range []struct {
		name   string
		width  time.Duration
		warmUp int
	}{{"new", 10 * time.Second, 360}, {"known", 5 * time.Minute, 2 * 288}} {
		b.Run(c.name, func(b *testing.B) {
			w := repeater{results: fleetWindows(services, 1), width: int64(c.width)}
			before := heap()
			config := large()
			config.Width = c.width
			d := New(config)
			for range c.warmUp {
				d.Step(w.next())
			}
			bytes := float64(heap()-before) / services / each
			if got := d.Size(); got.Services != services || got.ServicePops != services {
				b.Fatalf("%+v is not %d services in one pop each", got, services)
			}
			for b.Loop() {
				d.Step(w.next())
			}
			b.ReportMetric(float64(b.Elapsed())/float64(b.N)/services/each, "ns/series-window")
			b.ReportMetric(bytes, "B/series")
		})
	}
}

func BenchmarkAppendState(b *testing.B) {
	w := repeater{results: fleetWindows(10_000, 1)}
	d := New(large())
	for range 400 {
		d.Step(w.next())
	}
	var state []byte
	b.ReportAllocs()
	for b.Loop() {
		state = d.AppendState(state[:0])
	}
	b.ReportMetric(float64(len(state))/10_000, "B/service")
}

func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestAWindowOfHealthyServicesAllocatesNothing(t *testing.T) {
	w := repeater{results: fleetWindows(20, 3)}
	d := New(Default())
	for range 8700 { // past a midnight, so that profiles exist
		d.Step(w.next())
	}
	if n := testing.AllocsPerRun(500, func() { d.Step(w.next()) }); n > 0 {
		t.Errorf("%v allocations a window", n)
	}
}

// Memory of one service that has seen two days: profile and peaks included.
func TestBytesOfAServiceAfterDays(t *testing.T) {
	const services = 30
	w := repeater{results: fleetWindows(services, 1)}
	before := heap()
	d := New(Default())
	for range int(50 * time.Hour / (10 * time.Second)) {
		d.Step(w.next())
	}
	per := float64(int64(heap())-int64(before)) / services
	t.Logf("%.0f bytes a service with its pop series after 50 hours; %d bytes of state", per, len(d.AppendState(nil))/services)
	if per > 8_000 {
		t.Errorf("%.0f bytes a service; at most 8000 were promised", per)
	}
	runtime.KeepAlive(d)
	runtime.KeepAlive(w)
}
