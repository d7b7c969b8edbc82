package sink

import (
	"context"
	"time"
)

// popSums are the sums of windows that are read in place of them, over whole spans.
type popSums struct {
	table    string
	span     time.Duration
	progress string        // the column that says how far they reach
	from     time.Duration // how long an incident is for which it is worth while
}

// The sums, from the coarsest to the windows themselves. A fleet has a row for each service in each pop,
// by far the most of what a report reads: a month of windows is read by the hour.
var popReadings = []popSums{
	{"windows_1h", time.Hour, "rolled_1h_to", 2 * 24 * time.Hour},
	{"windows_1m", time.Minute, "rolled_1m_to", time.Hour},
	{},
}

// readPops reads the totals of pops, from the coarsest sums that account for every request
// that the windows of services have: sums of logs that are replayed again may lag behind.
func (r *Reader) readPops(ctx context.Context, e *Evidence, id string) error {
	for _, sums := range popReadings {
		if e.End-e.Start < int64(sums.from) {
			continue
		}
		from, to, err := r.covered(ctx, e, sums)
		if err != nil {
			return err
		}
		e.Pops = nil
		sql := e.popsSQL(id, sums.table, from, to)
		if err := r.ask(ctx, id, "pops", &e.Pops, sql); err != nil {
			return err
		}
		if sums.table == "" || e.accountedByPops() {
			e.record("pops", sql)
			return nil
		}
	}
	panic("BUG: no way to read pops accounts for itself")
}

// covered is the part of an incident's time that sums reach over.
func (r *Reader) covered(ctx context.Context, e *Evidence, sums popSums) (from, to int64, err error) {
	if sums.table == "" {
		return e.Start, e.Start, nil
	}
	var rolled time.Time
	if err := r.conn.QueryRow(ctx, "SELECT max("+sums.progress+") FROM spikeline.progress").Scan(&rolled); err != nil {
		return 0, 0, failedTo("read progress", err)
	}
	span := int64(sums.span)
	from = (e.Start + span - 1) / span * span
	return from, max(from, min(rolled.UnixNano(), e.End)/span*span), nil
}

func (e *Evidence) accountedByPops() bool {
	var requests, errors uint64
	for _, p := range e.Pops {
		requests += p.Requests
		errors += p.Errors
	}
	return requests == e.Totals.MemberRequests && errors == e.Totals.MemberErrors
}

// popsSQL sums pops during the incident and in the hour before: from table between from and to, and else from single windows.
func (e *Evidence) popsSQL(id, table string, from, to int64) string {
	hour, rows := e.Start-int64(time.Hour), ""
	if from < to {
		rows = `
  SELECT pop, requests, errors, true AS now
  FROM spikeline.` + table + `
  WHERE ` + during("window_start", from, to) + ` AND ` + membersOf(id) + `
  UNION ALL`
	}
	windows := "(" + during("window_start", hour, from) + " OR " + during("window_start", to, e.End) + ")"
	return `
SELECT toString(pop) AS pop, sumIf(requests, now) AS during, sumIf(errors, now) AS during_errors,
  sumIf(requests, NOT now) AS before, sumIf(errors, NOT now) AS before_errors
FROM (` + rows + `
  SELECT pop, requests, errors, window_start >= ` + moment(e.Start) + ` AS now
  FROM spikeline.windows
  WHERE ` + windows + ` AND ` + membersOf(id) + `)
GROUP BY pop HAVING during > 0 ORDER BY during_errors DESC, pop`
}
