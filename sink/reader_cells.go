package sink

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/spikeline/spikeline/ingest/accesslog"
	"github.com/spikeline/spikeline/processor/window"
)

// readAtOnce bounds the memory that sorting takes in ClickHouse.
const readAtOnce = int64(6 * time.Hour)

// Windows gives the stored windows that start from from to before to (Unix
// nanoseconds), in order of time, each with its rows by service and pop, until
// take returns an error. Provisional windows are left out, and so are moments without a row.
func (r *Reader) Windows(ctx context.Context, from, to int64, take func(*window.Result) error) error {
	for ; from < to; from += readAtOnce {
		if err := r.someWindows(ctx, from, min(from+readAtOnce, to), take); err != nil {
			return failedTo("read windows", err)
		}
	}
	return nil
}

func (r *Reader) someWindows(ctx context.Context, from, to int64, take func(*window.Result) error) error {
	rows, err := r.conn.Query(ctx, `SELECT window_start, window_end, service, pop, requests, errors, edge_errors, origin_errors, client_errors, aborts,
bytes, cache_hits, late, cache_errors, status, latency, state = 'final'
FROM spikeline.windows
WHERE window_start >= toDateTime({from:UInt32}, 'UTC') AND window_start < toDateTime({to:UInt32}, 'UTC') AND state != 'provisional'
ORDER BY window_start, service, pop`, number("from", ceilSecond(from)), number("to", ceilSecond(to)))
	if err != nil {
		return err
	}
	defer rows.Close()
	var now window.Result
	for rows.Next() {
		row, start, end, final, err := scanCell(rows)
		if err != nil {
			return err
		}
		if start != now.Start && len(now.Rows) > 0 {
			if err := take(&now); err != nil {
				return err
			}
			now.Rows = now.Rows[:0]
		}
		now.Start, now.End, now.State = start, end, window.Closed
		if final {
			now.State = window.Final
		}
		now.Rows = append(now.Rows, row)
	}
	if len(now.Rows) > 0 && rows.Err() == nil {
		return take(&now)
	}
	return rows.Err()
}

// ceilSecond gives the first second that is not before a time, as windows start on whole seconds.
func ceilSecond(nanos int64) int64 { return (nanos + int64(time.Second) - 1) / int64(time.Second) }

func scanCell(rows driver.Rows) (row window.Row, start, end int64, final bool, err error) {
	var from, to time.Time
	var cache map[string]uint64
	var status map[uint16]uint64
	var latency map[uint64]uint64
	c := &row.Counts
	err = rows.Scan(&from, &to, &row.Service, &row.Pop, &c.Requests, &c.Errors, &c.EdgeErrors, &c.OriginErrors, &c.ClientErrors, &c.Aborts,
		&c.Bytes, &c.CacheHits, &c.Late, &cache, &status, &latency, &final)
	for state := range c.CacheErrors {
		c.CacheErrors[state] = cache[accesslog.Cache(state).String()]
	}
	for code, n := range status {
		c.Status = append(c.Status, window.StatusCount{Code: code, Count: n})
	}
	slices.SortFunc(c.Status, func(a, b window.StatusCount) int { return cmp.Compare(a.Code, b.Code) })
	for micros, n := range latency {
		c.Latency = append(c.Latency, window.LatencyBucket{Bucket: window.BucketOf(int64(micros)), Count: n})
	}
	slices.SortFunc(c.Latency, func(a, b window.LatencyBucket) int { return cmp.Compare(a.Bucket, b.Bucket) })
	return row, from.UnixNano(), to.UnixNano(), final, err
}
