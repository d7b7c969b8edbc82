package alert

import (
	"sync"
	"time"
)

// queue holds what waits for one target.
type queue struct {
	limit int

	mu      sync.Mutex
	changed *sync.Cond
	waiting []entry
	inHand  []entry
	closed  bool
}

type entry struct {
	*Message
	since time.Time
}

func newQueue(limit int) *queue {
	q := &queue{limit: limit}
	q.changed = sync.NewCond(&q.mu)
	return q
}

// put never waits. When the queue is full it gives back the oldest message, which is dropped.
func (q *queue) put(m *Message, now time.Time) (dropped *Message) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return m
	}
	if len(q.waiting) >= q.limit {
		dropped, q.waiting = q.waiting[0].Message, q.waiting[1:]
	}
	q.waiting = append(q.waiting, entry{m, now})
	q.changed.Signal()
	return dropped
}

// take waits for messages and gives at most so many; they are in hand until done. It gives none once the queue is closed and empty.
func (q *queue) take(most int) (messages []*Message) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.waiting) == 0 && !q.closed {
		q.changed.Wait()
	}
	n := min(most, len(q.waiting))
	q.inHand = append(q.inHand[:0], q.waiting[:n]...)
	if q.waiting = q.waiting[n:]; len(q.waiting) == 0 {
		q.waiting = nil
	}
	for _, e := range q.inHand {
		messages = append(messages, e.Message)
	}
	return messages
}

// done puts down what take gave.
func (q *queue) done() {
	q.mu.Lock()
	defer q.mu.Unlock()
	clear(q.inHand)
	q.inHand = q.inHand[:0]
}

// close lets no more in; what waits is still given out.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.changed.Broadcast()
}

// empty takes out everything that waits.
func (q *queue) empty() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := len(q.waiting)
	q.waiting = nil
	return n
}

// size counts what waits and what is in hand.
func (q *queue) size() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting) + len(q.inHand)
}

// oldest is since when the oldest has waited; none when the queue is empty.
func (q *queue) oldest() (since time.Time, some bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case len(q.inHand) > 0:
		return q.inHand[0].since, true
	case len(q.waiting) > 0:
		return q.waiting[0].since, true
	}
	return time.Time{}, false
}
