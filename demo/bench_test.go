package demo

import "testing"

func BenchmarkNext(b *testing.B) {
	for _, format := range []Format{Cloudflare, NginxJSON, Combined} {
		b.Run(string(format), func(b *testing.B) {
			o := Default()
			o.Format, o.Total, o.Partitions = format, 50_000, 8
			g, err := New(find(b, "steady"), o)
			if err != nil {
				b.Fatal(err)
			}
			line := make([]byte, 0, 1024)
			for range 300_000 { // past the first seconds, in which the buckets grow
				line, _, _ = g.Next(line[:0])
			}
			b.ReportAllocs()
			size := 0
			for b.Loop() {
				line, _, _ = g.Next(line[:0])
				size += len(line)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "lines/s")
			b.ReportMetric(float64(size)/float64(b.N), "B/line")
		})
	}
}

func TestALineCostsNoAllocation(t *testing.T) {
	for _, format := range []Format{Cloudflare, NginxJSON, Combined} {
		o := Default()
		o.Format, o.Total = format, 2_000
		g, err := New(find(t, "steady"), o)
		if err != nil {
			t.Fatal(err)
		}
		line := make([]byte, 0, 1024)
		next := func() {
			for range 10_000 {
				line, _, _ = g.Next(line[:0])
			}
		}
		for range 30 {
			next()
		}
		if n := testing.AllocsPerRun(5, next); n > 2 { // a bucket may still grow, once in a while
			t.Errorf("%s: %v allocations for 10,000 lines", format, n)
		}
	}
}
