package demo

import (
	"bufio"
	"fmt"
	"io"
	"time"
)

// Overview writes a table of a scenario: request rate and share of 5xx of the
// whole fleet, every so often, with the phase of the script. It draws counts, not lines.
func Overview(w io.Writer, script *Scenario, options Options, every time.Duration) error {
	m, err := NewMeter(script, options)
	if err != nil {
		return err
	}
	if m.end == 0 {
		return fmt.Errorf("scenario %s has no end: give one", script.Name)
	}
	every = max(every.Truncate(step*time.Second), step*time.Second)
	out := bufio.NewWriter(w)
	fmt.Fprintf(out, "%-16s  %9s  %7s  %s\n", "UTC", "req/s", "5xx", "phase")
	var requests, errors uint64
	for r := m.Next(); r != nil; r = m.Next() {
		for i := range r.Rows {
			requests += r.Rows[i].Requests
			errors += r.Rows[i].Errors
		}
		if r.End%int64(every) == 0 {
			from := time.Unix(0, r.End-int64(every)).UTC()
			share := 100 * float64(errors) / float64(max(requests, 1))
			fmt.Fprintf(out, "%-16s  %9.1f  %6.2f%%  %s\n", from.Format("2006-01-02 15:04"), float64(requests)/every.Seconds(), share, script.PhaseAt(from.Add(-options.Shift)))
			requests, errors = 0, 0
		}
	}
	return out.Flush()
}
