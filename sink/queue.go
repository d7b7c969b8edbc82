package sink

import (
	"context"
	"sync"
	"time"

	"github.com/spikeline/spikeline/processor"
)

// queue holds the batches that are not written yet, those in hand included, bounded by batches and rows.
type queue struct {
	mu      sync.Mutex
	changed *sync.Cond
	batches []processor.Batch
	rows    int
	closed  bool  // no more come
	owed    bool  // rollups failed, and are tried again
	fault   error // none more will be written

	maxBatches, maxRows int
	metrics             *Metrics
}

func newQueue(c Config, m *Metrics) *queue {
	q := &queue{maxBatches: c.QueueBatches, maxRows: c.QueueRows, metrics: m}
	q.changed = sync.NewCond(&q.mu)
	return q
}

// put waits for room, until ctx ends. A batch larger than the queue goes in alone.
func (q *queue) put(ctx context.Context, b processor.Batch) error {
	defer context.AfterFunc(ctx, q.wake)()
	q.mu.Lock()
	defer q.mu.Unlock()
	rows := b.Rows()
	full := func() bool {
		return len(q.batches) > 0 && (len(q.batches) >= q.maxBatches || q.rows+rows > q.maxRows)
	}
	for q.fault == nil && !q.closed && ctx.Err() == nil && full() {
		q.changed.Wait()
	}
	if q.fault == nil && !q.closed && full() {
		return ctx.Err()
	}
	if q.fault != nil {
		return q.fault
	}
	if q.closed {
		return ErrClosed
	}
	q.batches = append(q.batches, b)
	q.grow(1, rows)
	return nil
}

// take waits for batches and gives as many as fit into limit rows. They stay in
// the queue until done. It gives none once it is time to roll up again, which
// also keeps the queue from its end; zero is never.
func (q *queue) take(limit int, again time.Time) (batches []processor.Batch, ended bool) {
	owed := !again.IsZero()
	if owed {
		defer time.AfterFunc(time.Until(again), q.wake).Stop()
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.batches) == 0 && q.fault == nil && (owed && time.Now().Before(again) || !owed && !q.closed) {
		q.changed.Wait()
	}
	if q.fault != nil {
		return nil, true
	}
	n, rows := 0, 0
	for n < len(q.batches) {
		more := q.batches[n].Rows()
		if n > 0 && rows+more > limit {
			break
		}
		n, rows = n+1, rows+more
	}
	return q.batches[:n:n], n == 0 && !owed
}

// owe says whether something that follows from the batches is still to be written.
func (q *queue) owe(something bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.owed = something
	q.changed.Broadcast()
}

// done drops the n oldest batches.
func (q *queue) done(n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	rows := 0
	for i := range n {
		rows += q.batches[i].Rows()
		q.batches[i] = processor.Batch{}
	}
	q.batches = q.batches[n:]
	if len(q.batches) == 0 {
		q.batches = nil
	}
	q.grow(-n, -rows)
}

func (q *queue) grow(batches, rows int) {
	q.rows += rows
	q.metrics.QueueBatches.Add(int64(batches))
	q.metrics.QueueRows.Add(int64(rows))
	q.changed.Broadcast()
}

// fail ends the queue: every put gives err from now on. The first error stays.
func (q *queue) fail(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.fault == nil {
		q.fault = err
	}
	q.changed.Broadcast()
}

// wake has those who wait look at their contexts.
func (q *queue) wake() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.changed.Broadcast()
}

func (q *queue) failure() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.fault
}

// close lets no more in; what is in is still given out.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.changed.Broadcast()
}

// drained waits until all is written, the queue has failed, or ctx ends.
func (q *queue) drained(ctx context.Context) error {
	defer context.AfterFunc(ctx, q.wake)()
	q.mu.Lock()
	defer q.mu.Unlock()
	for (len(q.batches) > 0 || q.owed) && q.fault == nil && ctx.Err() == nil {
		q.changed.Wait()
	}
	if q.fault != nil {
		return q.fault
	}
	return ctx.Err()
}

// left is how many batches are not written, and whether rollups are still owed.
func (q *queue) left() (batches int, owed bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.batches), q.owed
}
