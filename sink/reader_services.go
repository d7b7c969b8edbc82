package sink

import (
	"context"
	"fmt"
)

// Services gives the names of the services stored, in order, at most so many.
func (r *Reader) Services(ctx context.Context, limit int) ([]string, error) {
	rows, err := r.conn.Query(ctx, `SELECT DISTINCT service FROM (SELECT service FROM spikeline.windows_rev UNION ALL SELECT service FROM spikeline.windows_1h_rev)
ORDER BY service LIMIT {limit:UInt32}`, number("limit", int64(limit)))
	if err != nil {
		return nil, fmt.Errorf("read services: %w", err)
	}
	defer rows.Close()
	var list []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, fmt.Errorf("read services: %w", err)
		}
		list = append(list, name)
	}
	return list, rows.Err()
}
