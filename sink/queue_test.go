package sink

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spikeline/spikeline/processor"
	"github.com/spikeline/spikeline/processor/window"
)

func testQueue(batches, rows int) *queue {
	c := Default()
	c.QueueBatches, c.QueueRows = batches, rows
	return newQueue(c, &Metrics{})
}

func rejectsBatch(n int) processor.Batch { return processor.Batch{Rejects: make([]window.Reject, n)} }

func fill(t *testing.T, q *queue, sizes ...int) {
	t.Helper()
	for _, n := range sizes {
		if err := q.put(t.Context(), rejectsBatch(n)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPutBlocksWhileTheQueueIsFull(t *testing.T) {
	for name, limits := range map[string][2]int{"by batches": {2, 1000}, "by rows": {1000, 10}} {
		synctest.Test(t, func(t *testing.T) {
			q := testQueue(limits[0], limits[1])
			fill(t, q, 5, 5)
			var through atomic.Bool
			go func() {
				if err := q.put(t.Context(), rejectsBatch(5)); err != nil {
					t.Error(err)
				}
				through.Store(true)
			}()
			synctest.Wait()
			if through.Load() {
				t.Errorf("%s: put went through a full queue", name)
			}
			q.done(1)
			synctest.Wait()
			if !through.Load() {
				t.Errorf("%s: put still blocks although there is room", name)
			}
		})
	}
}

func TestABatchLargerThanTheQueueGoesInAlone(t *testing.T) {
	q := testQueue(10, 10)
	fill(t, q, 50)
	if got, _ := q.take(10, time.Time{}); len(got) != 1 {
		t.Errorf("took %d batches, want the large one", len(got))
	}
}

func TestTakeJoinsNeighboursUpToTheLimitInOrder(t *testing.T) {
	q := testQueue(10, 1000)
	fill(t, q, 1, 2, 3, 4)
	if got, _ := q.take(6, time.Time{}); len(got) != 3 || len(got[0].Rejects) != 1 || len(got[2].Rejects) != 3 {
		t.Errorf("took %d batches, want the first three in order", len(got))
	}
	q.done(3)
	if got, _ := q.take(6, time.Time{}); len(got) != 1 || len(got[0].Rejects) != 4 {
		t.Errorf("then took %d batches, want the fourth", len(got))
	}
	if n := q.metrics.QueueRows.Load(); n != 4 {
		t.Errorf("gauge shows %d rows, want 4", n)
	}
}

func TestAFailedQueueGivesItsFirstErrorToEveryPut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := testQueue(1, 1000)
		fill(t, q, 1)
		blocked := make(chan error, 1)
		go func() { blocked <- q.put(t.Context(), rejectsBatch(1)) }()
		synctest.Wait()
		first := errors.New("first")
		q.fail(first)
		q.fail(errors.New("second"))
		if err := <-blocked; err != first {
			t.Errorf("the blocked put got %v, want the first error", err)
		}
		if err := q.put(t.Context(), rejectsBatch(1)); err != first {
			t.Errorf("a later put got %v, want the first error", err)
		}
	})
}

func TestAClosedQueueTakesNoMoreAndGivesOutTheRest(t *testing.T) {
	q := testQueue(10, 1000)
	fill(t, q, 1)
	q.close()
	if err := q.put(t.Context(), rejectsBatch(1)); err != ErrClosed {
		t.Errorf("put into a closed queue gave %v, want ErrClosed", err)
	}
	if got, _ := q.take(10, time.Time{}); len(got) != 1 {
		t.Fatalf("took %d batches, want the one that waited", len(got))
	}
	q.done(1)
	if got, ended := q.take(10, time.Time{}); got != nil || !ended {
		t.Errorf("took %d batches from an empty closed queue, ended %v; want none, and the end", len(got), ended)
	}
}

func TestWhatIsOwedKeepsTheQueueFromItsEndAndWakesTheTaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := testQueue(10, 1000)
		q.owe(true)
		q.close()
		begun := time.Now()
		if got, ended := q.take(10, begun.Add(time.Minute)); got != nil || ended || time.Since(begun) != time.Minute {
			t.Errorf("took %d batches after %v, ended %v; want none after a minute, and no end", len(got), time.Since(begun), ended)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := q.drained(ctx); err == nil {
			t.Error("the queue calls itself drained while something is owed")
		}
		q.owe(false)
		if err := q.drained(t.Context()); err != nil {
			t.Errorf("nothing is owed any more, but: %v", err)
		}
	})
}
