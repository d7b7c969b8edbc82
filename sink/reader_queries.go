package sink

import (
	"context"
	"strings"

	"golang.org/x/sync/errgroup"
)

// queriesAtOnce of one report run side by side.
const queriesAtOnce = 4

// queries runs the statements of a report, and records them in the order in which they are asked for.
type queries struct {
	*errgroup.Group
	ctx context.Context
	r   *Reader
	e   *Evidence
	id  string
}

func newQueries(ctx context.Context, r *Reader, e *Evidence, id string) *queries {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(queriesAtOnce)
	return &queries{group, ctx, r, e, id}
}

// read fills rows by the time that Wait returns.
func read[T any](q *queries, name string, rows *[]T, sql string) {
	q.e.record(name, sql)
	q.Go(func() error { return q.r.ask(q.ctx, q.id, name, rows, sql) })
}

func readOne[T any](q *queries, name string, row *T, sql string) {
	q.e.record(name, sql)
	q.Go(func() error {
		var rows []T
		err := q.r.ask(q.ctx, q.id, name, &rows, sql)
		if len(rows) > 0 {
			*row = rows[0]
		}
		return err
	})
}

// ask gives the rows of one statement of a report about an incident.
func (r *Reader) ask(ctx context.Context, id, name string, rows any, sql string) error {
	if err := r.conn.Select(ctx, rows, strings.TrimSpace(sql)); err != nil {
		return failedTo("read "+name+" of "+id, err)
	}
	return nil
}
