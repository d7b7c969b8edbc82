package sink

import (
	"fmt"
	"testing"

	chproto "github.com/ClickHouse/ch-go/proto"
	"github.com/ClickHouse/clickhouse-go/v2/lib/column"
	"github.com/ClickHouse/clickhouse-go/v2/lib/proto"

	"github.com/spikeline/spikeline/processor"
	"github.com/spikeline/spikeline/processor/window"
)

// BenchmarkRows makes the block of an insert: 200 services × 100 pops of seven requests each.
func BenchmarkRows(b *testing.B) {
	batch := processor.Batch{Windows: []window.Result{{End: 10, Revision: 1 << 30, Rows: manyRows(200, 100)}}}
	for _, t := range []*table{&windows, &serviceWindows} {
		b.Run(t.name, func(b *testing.B) {
			b.ReportAllocs()
			rows := 0
			for b.Loop() {
				block := proto.NewBlock()
				for _, c := range t.columns {
					if err := block.AddColumn(c.Name, column.Type(c.Type)); err != nil {
						b.Fatal(err)
					}
				}
				t.fill(&batch, "main", func(values ...any) {
					if err := block.Append(values...); err != nil {
						b.Fatal(err)
					}
				})
				rows = block.Rows()
				if err := block.Encode(&chproto.Buffer{}, 0); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(rows), "ns/row")
		})
	}
}

func manyRows(services, pops int) (rows []window.Row) {
	for s := range services {
		for p := range pops {
			c := window.Counts{Requests: 7, Bytes: 140_000, CacheHits: 2, Status: []window.StatusCount{{Code: 200, Count: 6}, {Code: 404, Count: 1}}}
			for i := range 7 {
				c.Latency = append(c.Latency, window.LatencyBucket{Bucket: uint16(150 + s%16 + i*9), Count: 1})
			}
			rows = append(rows, window.Row{Service: fmt.Sprintf("shop-%03d.example.com", s), Pop: fmt.Sprintf("P%02d", p), Counts: c})
		}
	}
	return rows
}
