//go:build wire && bench

package throughput

import (
	"testing"

	"github.com/spikeline/spikeline/ingest/accesslog"
)

// BenchmarkDecodeTopic decodes lines of the topic, without Kafka and folding.
func BenchmarkDecodeTopic(b *testing.B) {
	g := newGenerator()
	lines := make([][]byte, 1<<14)
	for i := range lines {
		lines[i], _ = g.line()
	}
	decoder, err := accesslog.New("cloudflare")
	if err != nil {
		b.Fatal(err)
	}
	var r accesslog.Record
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		if reason := decoder.Decode(lines[n%len(lines)], &r); reason != accesslog.OK {
			b.Fatalf("%v: %s", reason, lines[n%len(lines)])
		}
	}
}
