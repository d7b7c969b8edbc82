package sink

import (
	"math"
	"slices"

	"github.com/spikeline/spikeline/ingest/accesslog"
	"github.com/spikeline/spikeline/processor"
	"github.com/spikeline/spikeline/processor/window"
)

var countColumns = columns(
	"requests", "UInt64", "errors", "UInt64", "edge_errors", "UInt64", "origin_errors", "UInt64",
	"client_errors", "UInt64", "aborts", "UInt64", "bytes", "UInt64", "cache_hits", "UInt64",
	"cache_errors", lowCounts, "status", codes, "latency", numCounts,
	"p50", "Float32", "p95", "Float32", "p99", "Float32", "late", "UInt64",
	"sources_seen", "Int32", "sources_live", "Int32", "revised", "Bool", "revision", "UInt64", "run", lowString)

var windows = table{
	name:    "windows_rev",
	columns: append(columns("window_start", seconds, "window_end", seconds, "service", lowString, "pop", lowString), countColumns...),
	fill: func(b *processor.Batch, run string, add func(...any)) {
		cell := countRow{run: run}
		for i := range b.Windows {
			result := &b.Windows[i]
			cell.begin(result)
			for j := range result.Rows {
				row := &result.Rows[j]
				add(cell.of(&row.Counts, row.Service, row.Pop)...)
			}
		}
	},
}

var serviceWindows = table{
	name:    "service_windows_rev",
	columns: append(columns("window_start", seconds, "window_end", seconds, "service", lowString, "pop_count", "UInt32"), countColumns...),
	fill: func(b *processor.Batch, run string, add func(...any)) {
		service := countRow{run: run}
		for i := range b.Windows {
			result := &b.Windows[i]
			service.begin(result)
			for rows := result.Rows; len(rows) > 0; {
				pops := samePrefix(rows)
				sum := window.Sum(rows[:pops])
				add(service.of(&sum, rows[0].Service, uint32(pops))...)
				rows = rows[pops:]
			}
		}
	},
}

// samePrefix is how many rows at the front are of one service.
func samePrefix(rows []window.Row) int {
	n := slices.IndexFunc(rows, func(r window.Row) bool { return r.Service != rows[0].Service })
	if n < 0 {
		return len(rows)
	}
	return n
}

// countRow makes rows of windows, each in the memory of the one before. What
// all rows of a result share is made a value once.
type countRow struct {
	run, start, end, seen, live, revised, revision any

	values                       []any
	cacheErrors, status, latency pairs
}

func (r *countRow) begin(result *window.Result) {
	r.start, r.end = at(result.Start), at(result.End)
	r.seen, r.live, r.revised, r.revision = result.Seen, result.Live, result.Revised, result.Revision
}

// of gives the values of window_start, window_end, two columns of the table, and countColumns.
func (r *countRow) of(c *window.Counts, service, pop any) []any {
	r.fillMaps(c)
	r.values = append(r.values[:0], r.start, r.end, service, pop,
		c.Requests, c.Errors, c.EdgeErrors, c.OriginErrors, c.ClientErrors, c.Aborts, c.Bytes, c.CacheHits,
		&r.cacheErrors, &r.status, &r.latency,
		millisOf(c.Latency, 0.5), millisOf(c.Latency, 0.95), millisOf(c.Latency, 0.99), c.Late,
		r.seen, r.live, r.revised, r.revision, r.run)
	return r.values
}

func (r *countRow) fillMaps(c *window.Counts) {
	r.cacheErrors.clear()
	for state, n := range c.CacheErrors {
		if n > 0 {
			r.cacheErrors.put(accesslog.Cache(state).String(), n)
		}
	}
	r.status.clear()
	for _, s := range c.Status {
		r.status.put(s.Code, s.Count)
	}
	r.latency.clear()
	for _, b := range c.Latency {
		r.latency.put(bucketKeys[b.Bucket], b.Count)
	}
}

// bucketKeys are the keys of the latency map as values, made once: a row has many of them.
var bucketKeys = func() (keys [window.LatencyBuckets]any) {
	for i := range keys {
		keys[i] = window.LatencyBucket{Bucket: uint16(i)}.Micros()
	}
	return keys
}()

// millisOf gives a quantile in milliseconds, NaN when no latency is known: 0 would be a lie.
func millisOf(l window.Latency, q float64) float32 {
	if len(l) == 0 {
		return float32(math.NaN())
	}
	return float32(float64(l.Quantile(q)) / 1000)
}

var ledger = table{
	name: "ledger_rev",
	columns: columns("topic", lowString, "partition", "Int32", "block", "UInt64", "through", "UInt64", "consumed", "UInt64",
		"counted", "UInt64", "too_late", "UInt64", "rejected", lowCounts, "missing", "UInt64", "run", lowString),
	fill: func(b *processor.Batch, run string, add func(...any)) {
		for i := range b.Ledger {
			l := &b.Ledger[i]
			rejected := &pairs{}
			for reason, n := range l.Rejected {
				if n > 0 {
					rejected.put(accesslog.Reason(reason).String(), n)
				}
			}
			add(l.Source.Topic, l.Source.Partition, uint64(max(l.Index, 0)), uint64(max(l.Through, 0)), l.Consumed,
				l.Counted, l.TooLate, rejected, l.Missing, run)
		}
	},
}

var released = table{
	name:    "released_rev",
	columns: columns("topic", lowString, "partition", "Int32", "window_start", seconds, "through", "UInt64", "requests", "UInt64", "run", lowString),
	fill: func(b *processor.Batch, run string, add func(...any)) {
		for i := range b.Released {
			r := &b.Released[i]
			add(r.Source.Topic, r.Source.Partition, at(r.Start), uint64(max(r.Through, 0)), r.Requests, run)
		}
	},
}

var rejects = table{
	name: "rejects_rev",
	columns: columns("at", millis, "topic", lowString, "partition", "Int32", "offset", "Int64", "reason", lowString,
		"service", "String", "sample", "String", "run", lowString),
	fill: func(b *processor.Batch, run string, add func(...any)) {
		for i := range b.Rejects {
			r := &b.Rejects[i]
			add(atMillis(r.At), r.Source.Topic, r.Source.Partition, r.Offset, r.Reason.String(), r.Service, r.Sample, run)
		}
	},
}
