//go:build wire

package exchange

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spikeline/spikeline/ingest/accesslog"
	"github.com/spikeline/spikeline/internal/testkit"
	"github.com/spikeline/spikeline/processor/window"
)

const reader = `
import sys, pyarrow as pa
for path in sys.argv[1:]:
    table = pa.ipc.open_stream(path).read_all()
    table.validate(full=True)
    print({k.decode(): v.decode() for k, v in table.schema.metadata.items()})
    for row in table.to_pylist():
        print(row)
`

func TestAnotherArrowReadsMessagesAsTheyAre(t *testing.T) {
	m := window.Message{
		Source: window.Source{Topic: "edge", Partition: 3}, Sources: 8, Watermark: 1_763_460_015_000_000_000, Position: 78,
		Partial: &window.Partial{Start: 1_763_460_000_000_000_000, Through: 77, Rows: []window.Row{
			{Service: "api.example.com", Pop: "FRA", Counts: window.Counts{
				Requests: 9, Errors: 2, OriginErrors: 2, Bytes: 1234, Late: 1,
				CacheErrors: [accesslog.CacheStates]uint64{accesslog.CacheMiss: 2},
				Status:      []window.StatusCount{{Code: 200, Count: 7}, {Code: 503, Count: 2}},
				Latency:     window.Latency{{Bucket: 100, Count: 9}},
			}},
			{Service: "www.example.com", Pop: "LHR", Counts: window.Counts{Requests: 1}},
		}},
		Blocks:  []window.Block{{Index: 0, Through: 77, Consumed: 78, Counted: 77, Rejected: [accesslog.Reasons]uint64{accesslog.Malformed: 1}}},
		Rejects: []window.Reject{{At: 1_763_460_001_000_005_000, Offset: 13, Reason: accesslog.Malformed, Sample: "\xff{"}},
	}
	var args []string
	for i, v := range mustEncode(t, NewEncoder(Default().MaxMessageBytes), &m) {
		path := filepath.Join(t.TempDir(), "message"+string(rune('0'+i))+".arrow")
		if err := os.WriteFile(path, v, 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, path)
	}
	got := testkit.Python(t, reader, args...)
	const want = `{'format': '1', 'kind': 'partial', 'topic': 'edge', 'partition': '3', 'partitions': '8', 'position': '78', 'window_start': '1763460000000000000', 'through': '77'}
{'service': 'api.example.com', 'pop': 'FRA', 'requests': 9, 'errors': 2, 'edge_errors': 0, 'origin_errors': 2, 'client_errors': 0, 'aborts': 0, 'bytes': 1234, 'cache_hits': 0, 'late': 1, 'cache_errors': [('miss', 2)], 'status': [(200, 7), (503, 2)], 'latency': [(100, 9)]}
{'service': 'www.example.com', 'pop': 'LHR', 'requests': 1, 'errors': 0, 'edge_errors': 0, 'origin_errors': 0, 'client_errors': 0, 'aborts': 0, 'bytes': 0, 'cache_hits': 0, 'late': 0, 'cache_errors': [], 'status': [], 'latency': []}
{'format': '1', 'kind': 'ledger', 'topic': 'edge', 'partition': '3', 'partitions': '8', 'position': '78'}
{'block': 0, 'through': 77, 'consumed': 78, 'counted': 77, 'too_late': 0, 'missing': 0, 'rejected': [('malformed', 1)]}
{'format': '1', 'kind': 'rejects', 'topic': 'edge', 'partition': '3', 'partitions': '8', 'position': '78', 'watermark': '1763460015000000000'}
`
	if head, _, _ := strings.Cut(got, "{'at'"); head != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if !strings.Contains(got, `'offset': 13, 'reason': 'malformed', 'service': '', 'sample': b'\xff{'}`) {
		t.Errorf("the reject came out as\n%s", got)
	}
}
