package processor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
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

	mu        sync.Mutex
	store     *exchange.Store
	partition *ingest.Partition
}

// maxRows bounds what a batch holds before it is handed to the sink.
const maxRows = 50_000

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
	defer j.release()
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
	partition    *ingest.Partition
	decoder      *exchange.Decoder
	next         int64 // place after the last message applied
	nextPut      time.Time
	nextSnapshot time.Time
	snapshotAt   int64 // place of the last snapshot
}

func (j *Judging) takeOver(ctx context.Context, p *ingest.Partition) (*term, error) {
	store := exchange.NewStore(j.Cluster, j.Exchange.StateTopic)
	saved, found, err := store.Own(ctx, 0)
	if err != nil {
		return nil, fmt.Errorf("the judge cannot read its states: %w", err)
	}
	t := &term{Judging: j, judge: NewJudge(j.Config, j.Counters), partition: p, decoder: exchange.NewDecoder(j.Exchange.MaxPendingBytes),
		next: p.StartOffset, nextSnapshot: time.Now().Add(j.SnapshotEvery)}
	if found {
		if err := t.judge.Restore(Snapshot{saved.Offset, saved.State}); err != nil {
			return nil, err
		}
		t.next = saved.Offset
	} else {
		t.next = 0
	}
	p.SeekTo(t.next)
	j.mu.Lock()
	j.store, j.partition = store, p
	j.mu.Unlock()
	j.Log.Info("this worker is the judge now", "from_offset", t.next, "with_states", found)
	return t, nil
}

func (j *Judging) release() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.partition = nil
}

// Save keeps a snapshot, then commits: the last two of rows, states, commit.
// The sink calls it once the rows before the snapshot are written.
func (j *Judging) Save(ctx context.Context, s Snapshot) error {
	j.mu.Lock()
	store, p := j.store, j.partition
	j.mu.Unlock()
	if store == nil || p == nil {
		return nil // no longer the judge: the next one goes on from an older snapshot, and writes the same
	}
	if err := store.Save(ctx, s.Offset, s.State); err != nil {
		if errors.Is(err, exchange.ErrFenced) {
			return nil
		}
		return err
	}
	j.Counters.Snapshots.Add(1)
	j.Counters.SnapshotBytes.Store(int64(len(s.State)))
	if err := p.Commit(ctx, s.Offset, ""); err != nil && !errors.Is(err, ingest.ErrFenced) {
		j.Log.Warn("the judge's commit failed; its snapshot is safe, and counts", "error", err)
	}
	return nil
}

func (t *term) run(ctx context.Context) error {
	for {
		b, err := t.partition.Next(ctx)
		if err != nil {
			return err
		}
		begun := time.Now()
		if err := t.read(b); err != nil {
			return err
		}
		t.Counters.StepNanos.Add(int64(time.Since(begun)))
		if err := t.hand(begun); err != nil {
			return err
		}
	}
}

// read applies the messages of one fetch.
func (t *term) read(b *ingest.Batch) error {
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
		if t.judge.Pending() >= maxRows {
			if err := t.put(); err != nil {
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

// hand gives the sink what is due.
func (t *term) hand(now time.Time) error {
	snapshot := now.After(t.nextSnapshot) && t.next > t.snapshotAt
	if !snapshot && now.Before(t.nextPut) {
		return nil
	}
	t.nextPut = now.Add(t.PutEvery)
	if err := t.put(); err != nil || !snapshot {
		return err
	}
	t.nextSnapshot, t.snapshotAt = now.Add(t.SnapshotEvery), t.next
	pending := t.next
	if first, some := t.decoder.Oldest(); some {
		pending = first
	}
	s := t.judge.Snapshot(t.next, pending)
	return t.Sink.Put(Batch{Snapshot: &s, ClosedTo: t.judge.merger.ClosedTo, RetiredTo: t.judge.merger.RetiredTo})
}

func (t *term) put() error {
	b := t.judge.Take()
	if t.judge.merger.RetiredTo != window.NoTime {
		t.decoder.Retire(t.judge.merger.RetiredTo - int64(t.Config.Window.Width) + 1)
	}
	if b.Empty() {
		return nil
	}
	return t.Sink.Put(b)
}
