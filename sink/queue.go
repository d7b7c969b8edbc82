package sink

import (
	"context"
	"sync"

	"github.com/spikeline/spikeline/processor"
)

// queue holds the batches that are not written yet, those in hand included, bounded by batches and rows.
type queue struct {
	mu      sync.Mutex
	changed *sync.Cond
	batches []processor.Batch
	rows    int
	closed  bool  // no more come
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

// take waits for batches and gives as many as fit into limit rows, at least
// one. They stay in the queue until done. Nothing more comes when it gives none.
func (q *queue) take(limit int) []processor.Batch {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.batches) == 0 && !q.closed && q.fault == nil {
		q.changed.Wait()
	}
	if q.fault != nil {
		return nil
	}
	n, rows := 0, 0
	for n < len(q.batches) {
		more := q.batches[n].Rows()
		if n > 0 && rows+more > limit {
			break
		}
		n, rows = n+1, rows+more
	}
	return q.batches[:n:n]
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
	for len(q.batches) > 0 && q.fault == nil && ctx.Err() == nil {
		q.changed.Wait()
	}
	if q.fault != nil {
		return q.fault
	}
	return ctx.Err()
}

// waiting is how many batches are not written.
func (q *queue) waiting() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.batches)
}
