package sink

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/spikeline/spikeline/processor"
)

// rollup sums final rows of one table into longer spans in another. It is
// repeated without harm: same key, and a revision that is the sum of its parts.
type rollup struct {
	target, source string
	starts         string // start of the span that a window_start falls into
	span           int64  // seconds
	chunk          int64  // most seconds in one insert, which bounds its memory
	windows        string // how many windows a source row stands for, summed
	rolled         func(*progress) *int64
	limit          func(*progress) int64 // source rows are final up to here
}

var minutes = rollup{
	target: "windows_1m_rev", source: "windows_rev", starts: "toStartOfMinute", span: 60, chunk: 3600, windows: "count()",
	rolled: func(p *progress) *int64 { return &p.rolledMinute },
	limit:  func(p *progress) int64 { return p.retiredTo },
}

var hours = rollup{
	target: "windows_1h_rev", source: "windows_1m_rev", starts: "toStartOfHour", span: 3600, chunk: 86400, windows: "sum(part.windows)",
	rolled: func(p *progress) *int64 { return &p.rolledHour },
	limit:  func(p *progress) int64 { return p.rolledMinute },
}

// reopen notes rows before what was rolled up, as a second replay of older
// logs brings: their spans are rolled up again.
func (p *progress) reopen(b *processor.Batch) {
	for i := range b.Windows {
		start := at(b.Windows[i].Start).Unix()
		p.rolledMinute = min(p.rolledMinute, start-start%60)
		p.rolledHour = min(p.rolledHour, start-start%3600)
	}
}

// rollUpAll rolls up what became final. What ClickHouse does not bring itself
// to sum (a damaged part, too little memory or time) holds no window back: it
// is told, and tried again in smaller pieces after a pause that grows. Where
// more batches than those in hand wait, they come first, for a while.
func (w *Writer) rollUpAll(ctx context.Context, now progress, inHand int) error {
	begun := time.Now()
	if begun.Before(w.rollAgain) {
		return nil
	}
	if waiting, _ := w.queue.left(); waiting > inHand && begun.Sub(w.rolledAt) < rollupsWait {
		w.rollAgain = begun
		w.queue.owe(true)
		return nil
	}
	w.rolledAt = begun
	for _, span := range []rollup{minutes, hours} {
		err := w.rollUp(ctx, span, &now)
		if err == nil {
			continue
		}
		if fatal := permanent(err); ctx.Err() != nil || fatal != nil {
			return errors.Join(ctx.Err(), fatal)
		}
		if w.metrics.rollupsStalled() {
			w.log.Warn("rollups wait, windows go on"+damage(err), "err", brief(err))
		}
		w.rollAgain = time.Now().Add(min(w.config.RetryMin<<w.rollFailed, w.config.RetryMax))
		w.rollFailed = min(w.rollFailed+1, mostHalvings)
		w.queue.owe(true)
		return w.tell(ctx, now)
	}
	w.rollAgain, w.rollFailed = time.Time{}, 0
	w.queue.owe(false)
	w.metrics.RollupsStalledSince.Store(0)
	return w.tell(ctx, now)
}

// rollupsWait is how long rollups may be put off by batches that wait.
const rollupsWait = 30 * time.Second

// mostHalvings brings the longest chunk down to its span.
const mostHalvings = 6

// rollUp brings the target up to the last span that is final as a whole.
func (w *Writer) rollUp(ctx context.Context, r rollup, p *progress) error {
	rolled := r.rolled(p)
	to := r.limit(p) / r.span * r.span
	chunk := max(1, r.chunk>>w.rollFailed/r.span) * r.span
	for *rolled < to {
		from, err := w.firstRow(ctx, r, *rolled, to)
		if err != nil {
			return err
		}
		end := min(to, from/chunk*chunk+chunk)
		if from < to {
			if err := w.rollChunk(ctx, r, from, end); err != nil {
				return err
			}
		}
		*rolled = end
	}
	return nil
}

// firstRow skips spans without rows: the start of the first with one, or to.
func (w *Writer) firstRow(ctx context.Context, r rollup, from, to int64) (int64, error) {
	if to-from <= r.chunk {
		return from, nil
	}
	ctx, cancel := context.WithTimeout(ctx, w.config.InsertTimeout)
	defer cancel()
	var first time.Time
	row := w.conn.QueryRow(ctx, "SELECT if(count() = 0, toDateTime({to:UInt32}, 'UTC'), min(window_start)) FROM spikeline."+r.source+
		" WHERE window_start >= toDateTime({from:UInt32}, 'UTC') AND window_start < toDateTime({to:UInt32}, 'UTC')", number("from", from), number("to", to))
	if err := row.Scan(&first); err != nil {
		return 0, fmt.Errorf("look for rows of %s: %w", r.source, err)
	}
	return first.Unix() / r.span * r.span, nil
}

func (w *Writer) rollChunk(ctx context.Context, r rollup, from, to int64) error {
	ctx, cancel := context.WithTimeout(ctx, w.config.InsertTimeout)
	defer cancel()
	settings := clickhouse.Context(ctx, clickhouse.WithSettings(w.settings()))
	if err := w.conn.Exec(settings, r.query(), number("from", from), number("to", to)); err != nil {
		return fmt.Errorf("insert into %s: %w", r.target, err)
	}
	w.metrics.Rollups.Add(1)
	return nil
}

const rollupQuery = `INSERT INTO spikeline.{target}
(window_start, window_end, service, pop, windows, requests, errors, edge_errors, origin_errors, client_errors, aborts, bytes, cache_hits,
 cache_errors, status, latency, p50, p95, p99, late, sources_seen, sources_live, revised, revision)
SELECT
    {starts}(part.window_start) AS span, span + {span}, part.service, part.pop, {windows},
    sum(part.requests), sum(part.errors), sum(part.edge_errors), sum(part.origin_errors), sum(part.client_errors), sum(part.aborts), sum(part.bytes), sum(part.cache_hits),
    sumMap(part.cache_errors), sumMap(part.status), sumMap(part.latency),
    (quantilesExactWeightedArray(0.5, 0.95, 0.99)(mapKeys(part.latency), mapValues(part.latency)) AS micros)[1] / 1000,
    micros[2] / 1000, micros[3] / 1000,
    sum(part.late), min(part.sources_seen), max(part.sources_live), max(part.revised), sum(part.revision)
FROM spikeline.{source} AS part FINAL
WHERE part.window_start >= toDateTime({from:UInt32}, 'UTC') AND part.window_start < toDateTime({to:UInt32}, 'UTC')
GROUP BY span, part.service, part.pop`

func (r *rollup) query() string {
	return strings.NewReplacer("{target}", r.target, "{source}", r.source, "{starts}", r.starts,
		"{span}", strconv.FormatInt(r.span, 10), "{windows}", r.windows).Replace(rollupQuery)
}
