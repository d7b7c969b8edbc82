package sink

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/spikeline/spikeline/processor"
)

// progress is how far a run has come, Unix seconds: each only grows in the table.
type progress struct {
	closedTo, retiredTo      int64
	rolledMinute, rolledHour int64
}

// loadProgress reads what an earlier writer of this run has told.
func (w *Writer) loadProgress(ctx context.Context) error {
	var closed, retired, minute, hour time.Time
	row := w.conn.QueryRow(ctx, `SELECT max(closed_to), max(retired_to), max(rolled_1m_to), max(rolled_1h_to)
FROM spikeline.progress_rev WHERE run = {run:String}`, clickhouse.Named("run", w.config.Run))
	if err := row.Scan(&closed, &retired, &minute, &hour); err != nil {
		return err
	}
	w.told = progress{closed.Unix(), retired.Unix(), minute.Unix(), hour.Unix()}
	return nil
}

// progress is how far the judge has come with these batches.
func (w *Writer) progress(batches []processor.Batch) progress {
	now := w.told
	for i := range batches {
		now.closedTo = max(now.closedTo, at(batches[i].ClosedTo).Unix())
		now.retiredTo = max(now.retiredTo, at(batches[i].RetiredTo).Unix())
		now.reopen(&batches[i])
	}
	return now
}

// tell writes progress if it is news.
func (w *Writer) tell(ctx context.Context, p progress) error {
	if p == w.told {
		return nil
	}
	err := w.retry(ctx, "insert into progress_rev", func(ctx context.Context) error {
		return w.conn.Exec(clickhouse.Context(ctx, clickhouse.WithSettings(w.settings())),
			`INSERT INTO spikeline.progress_rev (run, closed_to, retired_to, rolled_1m_to, rolled_1h_to, written_at)
SELECT {run:String}, toDateTime({closed:UInt32}, 'UTC'), toDateTime({retired:UInt32}, 'UTC'), toDateTime({minute:UInt32}, 'UTC'), toDateTime({hour:UInt32}, 'UTC'), now('UTC')`,
			clickhouse.Named("run", w.config.Run), number("closed", p.closedTo), number("retired", p.retiredTo),
			number("minute", p.rolledMinute), number("hour", p.rolledHour))
	})
	if err == nil {
		w.told = p
	}
	return err
}

// number is a query parameter.
func number(name string, n int64) any { return clickhouse.Named(name, fmt.Sprint(n)) }
