package sink

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// lookForDamage is how often a writer asks which parts ClickHouse took out.
const lookForDamage = time.Minute

// ClickHouse takes a part that it cannot read out of its table when it starts,
// with rows that it had acknowledged, and goes on as if nothing were missing.
// That leaves a trace in system.detached_parts alone.
const partsTakenOut = `SELECT concat(table, ' ', name, ' (', reason, ')') FROM system.detached_parts
WHERE database = 'spikeline' AND startsWith(reason, 'broken') ORDER BY table, name`

// watchParts tells of parts taken out, until ctx ends. It holds nothing back.
func (w *Writer) watchParts(ctx context.Context) {
	var blind bool
	for ; ; sleep(ctx, lookForDamage) {
		parts, err := w.partsTakenOut(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil && permanent(err) != nil && !blind:
			blind = true
			w.log.Warn("this user may not read system.detached_parts, so it will not be told when ClickHouse loses a damaged part: spikeline schema print --users has the grant", "err", brief(err))
		case err == nil:
			w.tellParts(parts)
		}
	}
}

func (w *Writer) partsTakenOut(ctx context.Context) (parts []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, w.config.InsertTimeout)
	defer cancel()
	rows, err := w.conn.Query(ctx, partsTakenOut)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var part string
		if err := rows.Scan(&part); err != nil {
			return nil, err
		}
		parts = append(parts, part)
	}
	return parts, rows.Err()
}

// tellParts notes how many parts are out, and logs them where there are more than before.
func (w *Writer) tellParts(parts []string) {
	before := w.metrics.PartsTakenOut.Swap(int64(len(parts)))
	if int64(len(parts)) <= before {
		return
	}
	const named = 5
	text := strings.Join(parts[:min(named, len(parts))], ", ")
	if more := len(parts) - named; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	w.log.Error("ClickHouse took parts out that it could not read, maybe with rows that are nowhere else; docs/operations.md says how they are brought back", "parts", text)
}
