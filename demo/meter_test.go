package demo

import (
	"math"
	"testing"
	"time"

	"github.com/spikeline/spikeline/processor/window"
)

// span sums the windows of a meter over ten minutes and all pops.
type span struct {
	from    int64
	service string
}

func metered(t testing.TB, script *Scenario, o Options) map[span]*window.Counts {
	t.Helper()
	m, err := NewMeter(script, o)
	if err != nil {
		t.Fatal(err)
	}
	sums := map[span]*window.Counts{}
	for w := m.Next(); w != nil; w = m.Next() {
		for i := range w.Rows {
			k := span{w.Start / int64(10*time.Minute), w.Rows[i].Service}
			if sums[k] == nil {
				sums[k] = &window.Counts{}
			}
			sums[k].Add(&w.Rows[i].Counts)
		}
	}
	return sums
}

func TestTheMeterCountsAsTheLinesDo(t *testing.T) {
	o := Default()
	d := onDay(2025, time.November, 18)
	o.Start, o.End, o.Rate = d.at("11:20"), d.at("11:50"), 4 // the large services are drawn by class
	script := find(t, "cloudflare-2025-11-18")
	sums := metered(t, script, o)
	lines := map[span]*Count{}
	g, err := New(script, o)
	if err != nil {
		t.Fatal(err)
	}
	g.Tally().Window = func(w WindowTruth) error {
		w.Each(func(service, _ string, c Count) {
			k := span{w.Start / int64(10*time.Minute), service}
			if lines[k] == nil {
				lines[k] = &Count{}
			}
			lines[k].Requests += c.Requests
			lines[k].Errors += c.Errors
			lines[k].EdgeErrors += c.EdgeErrors
			lines[k].ClientErrors += c.ClientErrors
		})
		return nil
	}
	all(g, func([]byte, Meta) {})
	near := func(what string, k span, a, b uint64) {
		if math.Abs(float64(a)-float64(b)) > 6*math.Sqrt(float64(a+b)+4) {
			t.Errorf("%s of %s: %d metered, %d in the lines", what, k.service, a, b)
		}
	}
	for k, c := range lines {
		m := sums[k]
		if m == nil {
			t.Fatalf("no window of %v", k)
		}
		near("requests", k, m.Requests, c.Requests)
		near("errors", k, m.Errors, c.Errors)
		near("edge errors", k, m.EdgeErrors, c.EdgeErrors)
		near("client errors", k, m.ClientErrors, c.ClientErrors)
	}
}

func TestAWindowAddsUp(t *testing.T) {
	script, err := Population(3, 40, 2, onDay(2025, 3, 3).at("12:00"), onDay(2025, 3, 3).at("12:30"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := NewMeter(script, Options{Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	windows := 0
	for w := m.Next(); w != nil; w = m.Next() {
		windows++
		if w.End-w.Start != width || w.Start%width != 0 {
			t.Fatalf("window from %d to %d", w.Start, w.End)
		}
		for i, r := range w.Rows {
			status := uint64(0)
			for _, s := range r.Status {
				status += s.Count
			}
			if status != r.Requests || r.Latency.Total() != r.Requests || r.Errors != r.EdgeErrors+r.OriginErrors {
				t.Fatalf("%s: %d requests, %d by status, %d by latency; %d errors", r.Service, r.Requests, status, r.Latency.Total(), r.Errors)
			}
			if i > 0 && (w.Rows[i-1].Service > r.Service || w.Rows[i-1].Service == r.Service && w.Rows[i-1].Pop >= r.Pop) {
				t.Fatalf("%s %s after %s %s", r.Service, r.Pop, w.Rows[i-1].Service, w.Rows[i-1].Pop)
			}
		}
	}
	if windows != 180 {
		t.Errorf("%d windows in half an hour", windows)
	}
}

func TestAPopulationHasAllSizes(t *testing.T) {
	script, err := Population(7, 300, 1, onDay(2025, 3, 3).at("00:00"), onDay(2025, 3, 4).at("00:00"))
	if err != nil {
		t.Fatal(err)
	}
	var sizes [6]int
	for _, s := range script.Services {
		sizes[int(math.Floor(math.Log10(s.Rate)))+1]++
	}
	for d, n := range sizes {
		if n != 50 {
			t.Errorf("%d services from 10^%d requests per second", n, d-1)
		}
	}
}

func TestEveryTroubleShowsInItsServiceAlone(t *testing.T) {
	for _, trouble := range Troubles() {
		d := onDay(2025, 3, 5)
		script, err := Population(11, 2, 1, d.at("10:00"), d.at("13:00"))
		if err != nil {
			t.Fatal(err)
		}
		for i := range script.Services {
			script.Services[i].Rate, script.Services[i].ErrorRate = 500, 1e-4
		}
		script.Habits = 0
		script.Afflict(script.Services[0].Name, trouble, d.at("11:00"))
		sums := metered(t, script, Options{Seed: 5})
		ten := d.at("11:00").UnixNano() / int64(10*time.Minute)
		hit, calm := sums[span{ten, script.Services[0].Name}], sums[span{ten, script.Services[1].Name}]
		before := sums[span{ten - 1, script.Services[0].Name}]
		if hit == nil {
			hit = &window.Counts{}
		}
		traffic := float64(hit.Requests) / float64(before.Requests)
		errors := float64(hit.Errors) / max(1, float64(hit.Requests))
		slow := float64(hit.Latency.Quantile(0.5)) / float64(before.Latency.Quantile(0.5))
		if calmErrors := float64(calm.Errors) / float64(calm.Requests); calmErrors > 0.001 {
			t.Errorf("%s: the other service fails %.4f", trouble, calmErrors)
		}
		if traffic > 0.7 && traffic < 1.5 && errors < 0.005 && slow < 2 {
			t.Errorf("%s: traffic x%.2f, errors %.4f, latency x%.2f", trouble, traffic, errors, slow)
		}
	}
}

func BenchmarkMeter(b *testing.B) {
	script, err := Population(1, 100, 1, onDay(2025, 3, 3).at("00:00"), time.Time{})
	if err != nil {
		b.Fatal(err)
	}
	m, err := NewMeter(script, Options{Seed: 1})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		m.Next()
	}
	perService := b.Elapsed().Seconds() / float64(b.N) / 100
	b.ReportMetric(perService*60480, "s/service-week")
}
