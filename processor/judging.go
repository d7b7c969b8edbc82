package processor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/spikeline/spikeline/ingest"
	"github.com/spikeline/spikeline/processor/exchange"
	"github.com/spikeline/spikeline/processor/window"
)

// Judging is how a worker becomes the judge: Kafka's consumer group on the
// partials topic, which has one partition, chooses one worker at a time.
type Judging struct {
	Config        JudgeConfig
	Exchange      exchange.Config
	Cluster       *ingest.Cluster
	Sink          Sink
	PutEvery      time.Duration // between two batches while rows are only provisional
	SnapshotEvery time.Duration
	Counters      *JudgeCounters
	Log           *slog.Logger
}

const (
	maxRows       = 20_000          // in a batch before it is handed to the sink; and between two snapshots
	rowsPerSeries = 10              // between two snapshots, so that writing a large state costs less than the rows do
	firstSnapshot = 2 * time.Second // after a take-over, at the latest; each later one may take twice as long
	earlier       = 4               // times that the rows between two snapshots are halved at first
)

// Own judges until ctx ends. It is the ingest.Owner of the partials topic.
func (j *Judging) Own(ctx context.Context, p *ingest.Partition) error {
	t, err := j.takeOver(ctx, p)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return err
	}
	j.Counters.Active.Store(true)
	defer j.Counters.Active.Store(false)
	err = t.run(ctx)
	if errors.Is(err, exchange.ErrFenced) {
		return ingest.ErrFenced
	}
	return err
}

// term is one time of being the judge.
type term struct {
	*Judging
	judge        *Judge
	store        *exchange.Store
	partition    *ingest.Partition
	decoder      *exchange.Decoder
	next         int64 // place after the last message applied
	nextPut      time.Time
	nextSnapshot time.Time
	snapshotAt   int64 // place of the last snapshot
	snapshots    int   // taken in this term
	unsaved      int   // rows after the last one
}

func (j *Judging) takeOver(ctx context.Context, p *ingest.Partition) (*term, error) {
	store := exchange.NewStore(j.Cluster, j.Exchange.StateTopic)
	saved, found, err := store.Own(ctx, 0)
	if err != nil {
		return nil, fmt.Errorf("the judge cannot read its states: %w", err)
	}
	t := &term{Judging: j, judge: NewJudge(j.Config, j.Counters), store: store, partition: p, decoder: exchange.NewDecoder(j.Exchange.MaxPendingBytes),
		nextSnapshot: time.Now().Add(min(firstSnapshot, j.SnapshotEvery))}
	if found {
		if err := t.judge.Restore(Snapshot{Offset: saved.Offset, State: saved.State}); err != nil {
			return nil, err
		}
		t.next = saved.Offset
	}
	p.SeekTo(t.next)
	j.Log.Info("this worker is the judge now", "from_offset", t.next, "with_states", found)
	return t, nil
}

// Save keeps a snapshot, then commits: the last two of rows, states, commit.
// The sink calls it once the rows before the snapshot are written, which may be
// after the snapshot's term: then it counts for the next judge, or is refused if there is one.
func (j *Judging) Save(ctx context.Context, s Snapshot) error {
	if err := s.term.store.Save(ctx, s.Offset, s.State); err != nil {
		if errors.Is(err, exchange.ErrFenced) {
			return nil
		}
		return err
	}
	j.Counters.Snapshots.Add(1)
	j.Counters.SnapshotBytes.Store(int64(len(s.State)))
	if err := s.term.partition.Commit(ctx, s.Offset, ""); err != nil && !errors.Is(err, ingest.ErrFenced) {
		j.Log.Warn("the judge's commit failed; its snapshot is safe, and counts", "error", err)
	}
	if s.kept != nil {
		close(s.kept)
	}
	return nil
}

func (t *term) run(ctx context.Context) error {
	for {
		b, err := t.partition.Next(ctx)
		if err != nil {
			if ctx.Err() != nil {
				t.handOver(ctx)
			}
			return err
		}
		begun := time.Now()
		if err := t.read(ctx, b); err != nil {
			return err
		}
		t.Counters.StepNanos.Add(int64(time.Since(begun)))
		if err := t.hand(ctx, begun); err != nil {
			return err
		}
	}
}

// handOver gives the sink what has been learned, and waits a little for the
// snapshot after it to be safe. Where that fails, the next judge reads more again.
func (t *term) handOver(ctx context.Context) {
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
	defer cancel()
	kept := make(chan struct{})
	if t.put(last) != nil || t.snapshot(last, kept) != nil {
		return
	}
	select {
	case <-kept:
	case <-last.Done():
		t.Log.Warn("the last snapshot of this judge is not safe yet; the next one may read more again", "offset", t.next)
	}
}

// read applies the messages of one fetch.
func (t *term) read(ctx context.Context, b *ingest.Batch) error {
	for b.Next() {
		t.Counters.LastMessageNanos.Store(time.Now().UnixNano())
		a, whole, err := t.decoder.Decode(b.Offset, b.Value)
		switch {
		case err != nil:
			t.Counters.Unreadable.Add(1)
			t.Log.Error("a message of the exchange cannot be read; it is left out", "topic", t.partition.Topic, "offset", b.Offset, "error", err)
		case whole:
			t.judge.Apply(a.First, a.Message)
		}
		t.next = b.Offset + 1
		if t.judge.Pending() >= t.mostPending() {
			if err := t.hand(ctx, time.Now()); err != nil {
				return err
			}
		}
	}
	var bad *ingest.BatchError
	if errors.As(b.Err(), &bad) {
		t.Log.Error("a batch of the exchange is lost: it cannot be read", "error", bad)
		t.next = bad.Last + 1
		t.partition.SeekTo(t.next)
		return nil
	}
	t.next = max(t.next, b.NextOffset)
	return b.Err()
}

// hand gives the sink what is due. A snapshot is due by time, and by rows: a
// judge that catches up may bring more in a second than the sink writes in its whole term.
// A new judge takes them often at first, so that even where terms are short, as when
// workers die one after the other, each of them comes further than the one before.
func (t *term) hand(ctx context.Context, now time.Time) error {
	due := now.After(t.nextSnapshot)
	if !due && t.judge.Pending() < t.mostPending() && now.Before(t.nextPut) {
		return nil
	}
	t.nextPut = now.Add(t.PutEvery)
	if err := t.put(ctx); err != nil {
		return err
	}
	if !due && t.unsaved < t.mostUnsaved() || t.next == t.snapshotAt {
		return nil
	}
	t.snapshots++
	t.nextSnapshot, t.snapshotAt, t.unsaved = now.Add(t.untilSnapshot()), t.next, 0
	return t.snapshot(ctx, nil)
}

func (t *term) untilSnapshot() time.Duration {
	return min(firstSnapshot<<min(t.snapshots, 10), t.SnapshotEvery)
}

func (t *term) mostUnsaved() int {
	return max(maxRows, rowsPerSeries*int(t.Counters.Series.Load())) >> max(0, earlier-t.snapshots)
}

func (t *term) mostPending() int { return min(maxRows, t.mostUnsaved()) }

func (t *term) put(ctx context.Context) error {
	b := t.judge.Take()
	if t.judge.merger.RetiredTo != window.NoTime {
		t.decoder.Retire(t.judge.merger.RetiredTo - int64(t.Config.Window.Width) + 1)
	}
	if b.Empty() {
		return nil
	}
	t.unsaved += b.Rows()
	return t.Sink.Put(ctx, b)
}

// snapshot follows a put. kept, if any, is closed once the snapshot is safe.
func (t *term) snapshot(ctx context.Context, kept chan struct{}) error {
	pending := t.next
	if first, some := t.decoder.Oldest(); some {
		pending = first
	}
	s := t.judge.Snapshot(t.next, pending)
	s.term, s.kept = t, kept
	return t.Sink.Put(ctx, Batch{Snapshot: &s, ClosedTo: t.judge.merger.ClosedTo, RetiredTo: t.judge.merger.RetiredTo})
}
