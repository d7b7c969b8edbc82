package sink

import (
	"time"

	"github.com/spikeline/spikeline/ingest/accesslog"
	"github.com/spikeline/spikeline/processor"
	"github.com/spikeline/spikeline/processor/detect"
	"github.com/spikeline/spikeline/processor/incident"
	"github.com/spikeline/spikeline/processor/window"
)

const second = int64(time.Second)

// noon is the first window of these tests.
var noon = time.Date(2025, 11, 18, 12, 0, 0, 0, time.UTC).UnixNano()

func row(service, pop string, requests, errors uint64) window.Row {
	c := window.Counts{Requests: requests, Errors: errors, EdgeErrors: errors, Bytes: 100 * requests, CacheHits: 3,
		Status:  []window.StatusCount{{Code: 200, Count: requests - errors}, {Code: 503, Count: errors}},
		Latency: window.Latency{{Bucket: window.BucketOf(20_000), Count: requests - 1}, {Bucket: window.BucketOf(900_000), Count: 1}}}
	c.CacheErrors[accesslog.CacheMiss] = errors
	return window.Row{Service: service, Pop: pop, Counts: c}
}

func result(n int64, revision uint64, rows ...window.Row) window.Result {
	start := noon + n*10*second
	return window.Result{Start: start, End: start + 10*second, Revision: revision, Seen: 3, Live: 4, Rows: rows}
}

// fullBatch has something for every table.
func fullBatch() processor.Batch {
	return processor.Batch{
		Windows: []window.Result{result(0, 5, row("api", "FRA", 100, 10), row("api", "IAD", 50, 0), row("www", "FRA", 10, 0))},
		Signals: []detect.Signal{{Window: noon, Scope: detect.Scope{Service: "api"}, Kind: detect.ErrorSurge, Opened: true, Onset: noon,
			Observed: 0.07, Expected: 0.001, Band: 0.01, Score: 31, Impact: 1, Requests: 150, Excess: 9, Elevated: true, Severity: detect.Critical, Reason: "errors at 7 %"}},
		Incidents: []incident.Incident{{ID: "20251118-120000-api", Version: noon, Open: true, Phase: incident.FirstSpike, StartedAt: noon, DetectedAt: noon + 10*second,
			FirstService: "api", Services: []incident.Member{{Service: "api", StartedAt: noon, Failed: 9, Requests: 150, PeakRate: 0.07}},
			Pops: []string{"FRA"}, Kinds: []string{"error_surge"}, Requests: 150, RequestsFailed: 9, PeakErrorRate: 0.07, Severity: "major",
			Shares: []incident.Share{{By: "pop", Value: "FRA", Share: 1}}, Title: "api fails"}},
		Events:    []incident.Event{{IncidentID: "20251118-120000-api", Seq: 0, Version: noon, At: noon, Event: "first_spike", Service: "api", Value: 0.07, Summary: "api: errors at 7 %"}},
		Rejects:   []window.Reject{{At: noon + 123_000_000, Source: window.Source{Topic: "edge", Partition: 1}, Offset: 42, Reason: accesslog.BadStatus, Service: "api", Sample: `{"a":1}`}},
		Ledger:    []processor.LedgerEntry{{Source: window.Source{Topic: "edge", Partition: 1}, Block: window.Block{Index: 0, Through: 99, Consumed: 100, Counted: 98, TooLate: 1, Rejected: [accesslog.Reasons]uint64{accesslog.BadStatus: 1}}}},
		Released:  []window.LatePartial{{Source: window.Source{Topic: "edge", Partition: 1}, Start: noon - 7200*second, Through: 98, Requests: 3, New: 3}},
		ClosedTo:  noon + 10*second,
		RetiredTo: window.NoTime,
		Snapshot:  &processor.Snapshot{Offset: 7, State: []byte("x")},
	}
}
