package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/segmentio/kafka-go"
)

// Partition is one assigned partition for the time of one generation of its
// group. It belongs to one goroutine, its owner's; only Commit may be called
// from others, and after the owner has returned.
type Partition struct {
	Topic         string
	ID            int32
	Of            int32  // how many partitions the topic has
	StartOffset   int64  // committed, or else the earliest; where reading begins
	StartMetadata string // committed with it, "" when there is none

	cluster *Cluster
	group   membership
	log     *slog.Logger
	ctx     context.Context // ends when the owner returns
	status  status

	feed   *feed
	inUse  *exchange
	batch  Batch
	next   int64 // where the feed must begin
	timer  *time.Timer
	beyond int // how often the offset was found beyond the log's end
}

// membership is what a commit needs to be accepted.
type membership struct {
	id, member string
	generation int32
}

// ErrFenced says that the partition may belong to another member by now. The owner returns; it is given what is its own in the next generation.
var ErrFenced = errors.New("the generation of the consumer group is over")

// open prepares the partition for its owner; close ends what open and Next began.
func (p *Partition) open(ctx context.Context) {
	p.ctx = ctx
	p.log = p.cluster.log.With("topic", p.Topic, "partition", p.ID)
	p.next = p.StartOffset
	p.batch.topic, p.batch.partition = p.Topic, p.ID
	p.batch.unpack.limit = p.cluster.cfg.Fetch.MaxBatchBytes
	p.timer = time.NewTimer(0)
	p.status.next.Store(p.next)
	p.status.highWatermark.Store(-1)
	p.cluster.enter(p)
}

func (p *Partition) close() {
	p.stopFeed()
	p.batch.unpack.close()
	p.timer.Stop()
	p.cluster.leave(p)
}

func (p *Partition) newExchange() *exchange { return newExchange(p.cluster.cfg, p.Topic, p.ID) }

// Next returns the next records. It waits for at most about twice
// fetch.max_wait, also while the broker is away; then the batch is empty. Records of
// the last batch that were not read are handed out again. An error is ctx's,
// or says that the partition cannot be read on.
func (p *Partition) Next(ctx context.Context) (*Batch, error) {
	p.settle()
	if p.feed == nil {
		pause := time.Duration(0)
		if p.batch.bad != nil {
			pause = firstPause
		}
		p.feed = startFeed(p.ctx, p, p.next, pause)
	}
	p.timer.Reset(2 * p.cluster.cfg.Fetch.MaxWait)
	select {
	case x := <-p.feed.ready:
		if x.dead != nil {
			p.stopFeed()
			return nil, x.dead
		}
		p.inUse = x
		p.batch.reset(&x.answer, x.offset())
		p.status.highWatermark.Store(x.highWatermark)
	case <-p.timer.C:
		p.batch.clear(p.next)
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-p.ctx.Done():
		return nil, p.ctx.Err()
	}
	return &p.batch, nil
}

// settle gives the last batch's buffer back. Where its cursor stopped short
// of what the feed has read, the feed is started again from there.
func (p *Partition) settle() {
	x := p.inUse
	if x == nil {
		return
	}
	p.inUse = nil
	p.batch.unpack.release()
	p.next = p.batch.NextOffset
	p.status.next.Store(p.next)
	p.cluster.Counters.Records.Add(p.batch.count)
	if p.next == x.next && p.batch.bad == nil {
		p.batch.tries = 0
		p.feed.free <- x
		return
	}
	if err := p.batch.bad; err != nil {
		p.cluster.Counters.FetchErrors[ErrorCorrupt].Add(1)
		p.log.Warn("a batch cannot be read; fetching it again", "offset", p.next, "attempt", p.batch.tries, "error", err)
	}
	p.stopFeed()
}

// SeekTo makes offset the next to be read.
func (p *Partition) SeekTo(offset int64) {
	if offset < 0 {
		panic(fmt.Sprintf("BUG: SeekTo(%d) in %s/%d", offset, p.Topic, p.ID))
	}
	p.settle()
	p.stopFeed()
	p.next = offset
	p.batch.bad = nil
	p.status.next.Store(offset)
}

func (p *Partition) stopFeed() {
	if p.feed != nil {
		p.feed.stop()
		p.feed = nil
	}
}

// stalled records a failed fetch. The first failure of a row is logged, and then every 30th: about once a minute.
func (p *Partition) stalled(offset int64, err error, failures int) {
	p.cluster.Counters.FetchErrors[kindOf(err)].Add(1)
	if failures == 0 {
		p.status.stalledSince.CompareAndSwap(0, time.Now().UnixNano())
	}
	if failures%30 == 0 && !errors.Is(err, kafka.OffsetOutOfRange) {
		p.log.Warn("cannot fetch; trying on", "offset", offset, "kind", kindOf(err).String(), "failures", failures+1, "error", err)
	}
}

// recovered records an answer.
func (p *Partition) recovered(x *exchange) {
	p.cluster.Counters.Fetches.Add(1)
	p.cluster.Counters.Bytes.Add(uint64(len(x.records)))
	if x.dead != nil {
		return
	}
	p.beyond = 0
	if since := p.status.stalledSince.Swap(0); since != 0 {
		p.log.Info("fetching again", "offset", x.offset(), "stalled_for", time.Since(time.Unix(0, since)).Round(time.Millisecond))
	}
}
