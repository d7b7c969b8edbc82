package window

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// BenchmarkMergeWindow brings one window from eight sources, and gives its result.
func BenchmarkMergeWindow(b *testing.B) {
	const sources, cells = 8, 5000
	var messages []Message
	r := rand.New(rand.NewPCG(1, 2))
	for s := range int32(sources) {
		p := Partial{Through: 100}
		for i := range cells {
			if r.IntN(2) == 0 {
				continue
			}
			row := Row{Service: fmt.Sprint("service-", i/50), Pop: fmt.Sprint("P", i%50), Counts: Counts{Requests: 9}}
			row.Status = []StatusCount{{200, 8}, {304, 1}}
			for k := range 9 {
				row.Latency = row.Latency.add(LatencyBucket{uint16(100 + 3*k + r.IntN(20)), 1})
			}
			p.Rows = append(p.Rows, row)
		}
		messages = append(messages, Message{Source: Source{"t", s}, Sources: sources, Watermark: NoTime, Partial: &p})
	}
	b.ReportAllocs()
	rows := 0
	for b.Loop() {
		m := NewMerger(Default(), NewControl())
		for place, msg := range messages {
			m.Apply(int64(place), msg)
		}
		rows += len(m.Changes()[0].Rows)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(rows), "ns/row")
}
