package ingest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

// feed keeps the next fetch in flight while the owner uses the last one. It
// ends when the partition is sought elsewhere, when its owner returns, or when a
// batch cannot be read.
type feed struct {
	p      *Partition
	ready  chan *exchange // fetched, in order
	free   chan *exchange // used up
	cancel context.CancelFunc
	done   chan struct{}
}

// startFeed begins reading at offset, after a pause.
func startFeed(ctx context.Context, p *Partition, offset int64, pause time.Duration) *feed {
	ctx, cancel := context.WithCancel(ctx)
	f := &feed{p: p, ready: make(chan *exchange), free: make(chan *exchange, 2), cancel: cancel, done: make(chan struct{})}
	for range cap(f.free) {
		f.free <- p.newExchange()
	}
	go func() {
		defer close(f.done)
		sleep(ctx, pause)
		f.run(ctx, offset)
	}()
	return f
}

// stop ends the feed and waits for it.
func (f *feed) stop() {
	f.cancel()
	<-f.done
}

func (f *feed) run(ctx context.Context, offset int64) {
	for ctx.Err() == nil {
		var x *exchange
		select {
		case x = <-f.free:
		case <-ctx.Done():
			return
		}
		x.setOffset(offset)
		x, ok := f.fetch(ctx, x)
		if !ok {
			return
		}
		var sound bool
		x.next, sound = scan(x.records, x.offset())
		select {
		case f.ready <- x:
		case <-ctx.Done():
			return
		}
		if !sound || x.dead != nil {
			return
		}
		offset = x.next
	}
}

// Pauses between failed fetches double from the first to the last.
const firstPause, lastPause = 50 * time.Millisecond, 2 * time.Second

// fetch repeats the exchange until it succeeds, the partition is dead (x.dead
// says why), or ctx ends (then it returns false).
func (f *feed) fetch(ctx context.Context, x *exchange) (*exchange, bool) {
	for failures := 0; ; failures++ {
		err := f.exchange(ctx, x)
		if ctx.Err() != nil {
			return nil, false
		}
		if err == nil || x.dead != nil {
			f.p.recovered(x)
			return x, true
		}
		f.p.stalled(x.offset(), err, failures)
		if kind := kindOf(err); kind == ErrorLeader || kind == ErrorTopic {
			f.p.cluster.FindLeaders(ctx)
		}
		if x.failure == 0 { // the exchange itself failed: its buffer may still be written to
			fresh := f.p.newExchange()
			fresh.setOffset(x.offset())
			x = fresh
		}
		sleep(ctx, min(firstPause<<min(failures, 10), lastPause))
	}
}

// exchange asks once.
func (f *feed) exchange(ctx context.Context, x *exchange) error {
	c := f.p.cluster
	bound, cancel := context.WithTimeout(ctx, c.cfg.Fetch.MaxWait+c.cfg.RequestTimeout)
	defer cancel()
	x.stop, x.failure = ctx, 0
	x.setMost(c.share())
	_, err := c.transport.RoundTrip(bound, c.client.Addr, x)
	switch {
	case errors.Is(err, errCut):
		return nil // the beginning is here; the cursor will say what is wrong with it
	case err != nil:
		return err
	case x.failure == kafka.OffsetOutOfRange:
		return f.p.relocate(ctx, x)
	case x.failure != 0:
		return x.failure
	}
	return nil
}

// relocate decides what follows when the log does not hold the wanted offset.
func (p *Partition) relocate(ctx context.Context, x *exchange) error {
	earliest, latest, err := p.cluster.extent(ctx, p.Topic, p.ID)
	if err != nil {
		return fmt.Errorf("offset %d is out of range, and the range is unknown: %w", x.offset(), err)
	}
	wanted := x.offset()
	switch {
	case wanted < earliest:
		p.cluster.Counters.Missing.Add(uint64(earliest - wanted))
		p.log.Warn("Kafka no longer has the records to be read next: retention ran ahead of this worker",
			"missing_from", wanted, "missing_to", earliest-1, "resume_at", earliest)
		x.setOffset(earliest)
	case wanted > latest:
		p.beyond++
		if p.beyond >= maxBeyond {
			x.dead = fmt.Errorf("%s/%d: the offset to be read next, %d, is beyond the log's end, %d: the topic was made anew or lost records; "+
				"delete the consumer group's offsets to start over", p.Topic, p.ID, wanted, latest)
		}
	}
	return x.failure // asked again, there
}

// maxBeyond is how often an offset is found beyond the end of the log before
// that is believed: a new leader may know less for a moment.
const maxBeyond = 5

// kindOf sorts a failed fetch into the counters.
func kindOf(err error) FetchErrorKind {
	var code kafka.Error
	if errors.As(err, &code) {
		switch code {
		case kafka.NotLeaderForPartition, kafka.LeaderNotAvailable, kafka.FencedLeaderEpoch, kafka.UnknownLeaderEpoch, kafka.ReplicaNotAvailable, kafka.OffsetNotAvailable:
			return ErrorLeader
		case kafka.UnknownTopicOrPartition, kafka.UnknownTopicID:
			return ErrorTopic
		case kafka.OffsetOutOfRange:
			return ErrorOffset
		case kafka.TopicAuthorizationFailed, kafka.SASLAuthenticationFailed, kafka.ClusterAuthorizationFailed:
			return ErrorAccess
		case kafka.InvalidMessage, kafka.KafkaStorageError:
			return ErrorCorrupt
		case kafka.BrokerNotAvailable:
			return ErrorNetwork // kafka-go's own: it has no connection
		}
		return ErrorBroker
	}
	switch {
	case errors.Is(err, protocol.ErrNoTopic), errors.Is(err, protocol.ErrNoPartition):
		return ErrorTopic
	case errors.Is(err, protocol.ErrNoLeader):
		return ErrorLeader
	}
	return ErrorNetwork
}

func sleep(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
