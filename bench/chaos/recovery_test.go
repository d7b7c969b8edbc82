//go:build wire

package chaos

import (
	"context"
	"strconv"
	"sync"
	"time"
)

// recovery measures, for each fault, how long after its end ClickHouse
// accounted for every record that had been produced by then. What other faults add meanwhile is in it.
type recovery struct {
	db      database
	source  *feed
	mu      sync.Mutex
	waiting []*strike
}

// strike is one fault that was injected.
type strike struct {
	kind      string
	alone     bool // with no other
	detail    string
	began     time.Time
	lasted    time.Duration
	recovered time.Duration // after its end; 0 while not
	produced  [partitions]int64
}

func (r *recovery) over(s *strike) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s.lasted, s.produced = time.Since(s.began), r.source.produced()
	r.waiting = append(r.waiting, s)
}

func (r *recovery) run(ctx context.Context) {
	for ctx.Err() == nil {
		seen, err := r.seen(ctx)
		if err == nil {
			r.settle(seen)
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// seen gives the offset up to which ClickHouse accounts for each partition.
func (r *recovery) seen(ctx context.Context) (through [partitions]int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	for i := range through {
		through[i] = -1
	}
	rows, err := r.db.rows(ctx, "SELECT partition, max(through) FROM spikeline.ledger_rev GROUP BY partition")
	for _, row := range rows {
		p, _ := strconv.Atoi(row[0])
		through[p], _ = strconv.ParseInt(row[1], 10, 64)
	}
	return through, err
}

func (r *recovery) settle(seen [partitions]int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var left []*strike
	for _, s := range r.waiting {
		if all(seen, s.produced) {
			s.recovered = time.Since(s.began) - s.lasted
		} else {
			left = append(left, s)
		}
	}
	r.waiting = left
}

func all(seen, wanted [partitions]int64) bool {
	for p := range seen {
		if seen[p] < wanted[p] {
			return false
		}
	}
	return true
}

// pending is how many faults have not healed.
func (r *recovery) pending() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.waiting)
}
