package exchange

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/spikeline/spikeline/processor/window"
)

// busyPartial is a window of 200 services in 30 pops, about 180 requests a row,
// their latencies spread over about 50 buckets.
func busyPartial() *window.Partial {
	r := rand.New(rand.NewPCG(1, 2))
	p := &window.Partial{Start: 1_763_460_000_000_000_000, Through: 1 << 40, Rows: make([]window.Row, 6000)}
	for i := range p.Rows {
		row := &p.Rows[i]
		row.Service, row.Pop = fmt.Sprintf("service-%03d.example.com", i%200), fmt.Sprintf("P%02d", i/200)
		var latency [window.LatencyBuckets]uint64
		for range int(50 * (1 + 3*r.ExpFloat64())) {
			row.Requests++
			row.Bytes += uint64(20_000 * r.ExpFloat64())
			row.CacheHits += uint64(r.IntN(2))
			latency[window.BucketOf(int64(20_000*(0.2+r.ExpFloat64())))]++
		}
		row.Errors = row.Requests / 50
		row.OriginErrors, row.CacheErrors[2] = row.Errors, row.Errors
		row.Status = []window.StatusCount{{Code: 200, Count: row.Requests - row.Errors}, {Code: 503, Count: row.Errors}}
		for b, n := range latency {
			if n > 0 {
				row.Latency = append(row.Latency, window.LatencyBucket{Bucket: uint16(b), Count: n})
			}
		}
	}
	return p
}

func perRow(b *testing.B, rows int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(rows), "ns/row")
}

func BenchmarkEncode(b *testing.B) {
	m := window.Message{Source: window.Source{Topic: "edge"}, Sources: 8, Watermark: 1, Partial: busyPartial()}
	for _, limit := range []int{Default().MaxMessageBytes, 8 << 20} {
		b.Run(fmt.Sprintf("limit=%d", limit), func(b *testing.B) {
			encoder := NewEncoder(limit)
			b.ReportAllocs()
			var values [][]byte
			for b.Loop() {
				values = mustEncode(b, encoder, &m)
			}
			size := 0
			for _, v := range values {
				size += len(v)
			}
			perRow(b, len(m.Partial.Rows))
			b.ReportMetric(float64(size)/float64(len(m.Partial.Rows)), "B/row")
			b.ReportMetric(float64(len(values)), "messages")
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	m := window.Message{Source: window.Source{Topic: "edge"}, Sources: 8, Watermark: 1, Partial: busyPartial()}
	for _, limit := range []int{Default().MaxMessageBytes, 8 << 20} {
		b.Run(fmt.Sprintf("limit=%d", limit), func(b *testing.B) {
			values := mustEncode(b, NewEncoder(limit), &m)
			decoder := NewDecoder(Default().MaxPendingBytes)
			b.ReportAllocs()
			for b.Loop() {
				decoder.windows = map[windowKey]*joining{}
				if got := decodeAll(b, decoder, values); len(got) != 1 || got[0].Partial == nil {
					b.Fatal("the partial did not arrive")
				}
			}
			perRow(b, len(m.Partial.Rows))
		})
	}
}

func BenchmarkProgress(b *testing.B) {
	m := window.Message{Source: window.Source{Topic: "edge"}, Sources: 8, Watermark: 1, Idle: true}
	encoder, decoder := NewEncoder(Default().MaxMessageBytes), NewDecoder(Default().MaxPendingBytes)
	size := 0
	b.ReportAllocs()
	for b.Loop() {
		values := mustEncode(b, encoder, &m)
		decodeAll(b, decoder, values)
		size = len(values[0])
	}
	b.ReportMetric(float64(size), "B")
}
