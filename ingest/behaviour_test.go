package ingest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/spikeline/spikeline/internal/testkit"
)

// behaviours hold on every broker.
var behaviours = []struct {
	name string
	test func(*testing.T, makeWorld)
}{
	{"every codec is read in order from the start", everyCodec},
	{"a commit is where the next owner begins", commitIsWhereTheNextBegins},
	{"a second member takes its share and every record is read once", secondMember},
	{"a commit of an old generation is refused", oldGeneration},
	{"SeekTo reads again from there", seekTo},
	{"records left unread are handed out again", leftUnread},
	{"aborted transactions and markers are not handed out", abortedTransactions},
	{"offsets that were deleted are a gap", deletedOffsets},
	{"an owner's error ends Consume", ownersError},
	{"a zombie's commit is refused", zombie},
	{"a topic that does not exist is waited for", topicToCome},
}

func everyCodec(t *testing.T, on makeWorld) {
	w := on(t, 1)
	c := w.connect(t)
	var want []record
	for _, codec := range []kafka.Compression{0, kafka.Gzip, kafka.Snappy, kafka.Lz4, kafka.Zstd} {
		list := values(codec.String(), 300)
		first := testkit.Produce(t, c.Client(), w.topic, 0, codec, list...)
		for i, v := range list {
			want = append(want, record{first + int64(i), string(v)})
		}
	}
	s := newSeen()
	stop := w.consume(t, c, s.reader)
	s.wait(t, len(want))
	stop()
	if got := s.of(0); !slices.Equal(got, want) {
		t.Errorf("read %d records, not the %d written, or in another order", len(got), len(want))
	}
}

func commitIsWhereTheNextBegins(t *testing.T, on makeWorld) {
	w := on(t, 1)
	c := w.connect(t)
	testkit.Produce(t, c.Client(), w.topic, 0, kafka.Lz4, values("a", 10)...)
	type start struct {
		offset   int64
		metadata string
		of       int32
	}
	starts := make(chan start, 1)
	once := func(ctx context.Context, p *Partition) error {
		starts <- start{p.StartOffset, p.StartMetadata, p.Of}
		<-ctx.Done()
		return p.Commit(ctx, 7, "largest time 1234") // after the context has ended
	}
	stop := w.consume(t, c, once)
	if got := <-starts; got != (start{0, "", 1}) {
		t.Errorf("first owner begins at %+v", got)
	}
	stop()
	stop = w.consume(t, c, once)
	if got := <-starts; got != (start{7, "largest time 1234", 1}) {
		t.Errorf("second owner begins at %+v", got)
	}
	stop()

	s := newSeen()
	stop = w.consume(t, c, s.reader)
	s.wait(t, 3)
	stop()
	if got := s.of(0); got[0].offset != 7 {
		t.Errorf("reading began at offset %d, not at the committed 7", got[0].offset)
	}
}

func secondMember(t *testing.T, on makeWorld) {
	w := on(t, 4)
	c := w.connect(t)
	for p := range 4 {
		testkit.Produce(t, c.Client(), w.topic, p, kafka.Lz4, values("x", 100)...)
	}
	one, two := newSeen(), newSeen()
	stopOne := w.consume(t, c, one.reader)
	one.wait(t, 400)
	stopTwo := w.consume(t, w.connect(t), two.reader)
	deadline := time.Now().Add(20 * time.Second)
	for n := 0; two.count() == 0 && time.Now().Before(deadline); n++ {
		for p := range 4 {
			testkit.Produce(t, c.Client(), w.topic, p, kafka.Lz4, fmt.Appendf(nil, "y %d", n))
		}
		time.Sleep(20 * time.Millisecond)
	}
	stopOne()
	for p := range 4 {
		testkit.Produce(t, c.Client(), w.topic, p, kafka.Lz4, []byte("end"))
	}
	total := 0
	for p := range 4 {
		_, latest, err := c.extent(t.Context(), w.topic, int32(p))
		if err != nil {
			t.Fatal(err)
		}
		total += int(latest)
	}
	two.wait(t, total-one.count())
	stopTwo()
	for p := range int32(4) {
		all := append(one.of(p), two.of(p)...)
		slices.SortFunc(all, func(a, b record) int { return int(a.offset - b.offset) })
		for i, r := range all {
			if r.offset != int64(i) {
				t.Fatalf("partition %d: offset %d read where %d was due", p, r.offset, i)
			}
		}
	}
}

func oldGeneration(t *testing.T, on makeWorld) {
	w := on(t, 1)
	c := w.connect(t)
	testkit.Produce(t, c.Client(), w.topic, 0, kafka.Lz4, values("a", 10)...)
	refused := make(chan error, 1)
	stop := w.consume(t, c, func(ctx context.Context, p *Partition) error {
		stale := &Partition{Topic: p.Topic, ID: p.ID, cluster: c, group: p.group} // what a zombie holds
		stale.group.generation--
		select {
		case refused <- stale.Commit(ctx, 3, ""):
		default:
		}
		<-ctx.Done()
		return nil
	})
	if err := <-refused; !errors.Is(err, ErrFenced) {
		t.Errorf("stale commit: %v, not ErrFenced", err)
	}
	stop()
}

func seekTo(t *testing.T, on makeWorld) {
	w := on(t, 1)
	c := w.connect(t)
	testkit.Produce(t, c.Client(), w.topic, 0, kafka.Lz4, values("a", 50)...)
	testkit.Produce(t, c.Client(), w.topic, 0, kafka.Lz4, values("b", 50)...)
	s := newSeen()
	again := false
	stop := w.consume(t, c, func(ctx context.Context, p *Partition) error {
		for {
			b, err := p.Next(ctx)
			if err != nil {
				return err
			}
			for b.Next() {
				s.add(0, record{b.Offset, ""})
			}
			if b.CaughtUp() && !again {
				again = true
				p.SeekTo(70)
			}
		}
	})
	s.wait(t, 130)
	stop()
	if got := s.of(0); got[100].offset != 70 || got[129].offset != 99 {
		t.Errorf("after SeekTo(70): %v", got[100:])
	}
}

func leftUnread(t *testing.T, on makeWorld) {
	w := on(t, 1)
	c := w.connect(t)
	testkit.Produce(t, c.Client(), w.topic, 0, kafka.Lz4, values("a", 10)...)
	s := newSeen()
	stop := w.consume(t, c, func(ctx context.Context, p *Partition) error {
		for {
			b, err := p.Next(ctx)
			if err != nil {
				return err
			}
			if b.Next() { // one of each batch
				s.add(0, record{b.Offset, ""})
			}
		}
	})
	s.wait(t, 10)
	stop()
	for i, r := range s.of(0) {
		if r.offset != int64(i) {
			t.Fatalf("offset %d where %d was due", r.offset, i)
		}
	}
}

func largeMetadata(t *testing.T, on makeWorld) {
	w := on(t, 1)
	c := w.connect(t)
	failed := make(chan error, 1)
	stop := w.consume(t, c, func(ctx context.Context, p *Partition) error {
		failed <- p.Commit(ctx, 0, string(make([]byte, 30_000)))
		<-ctx.Done()
		return nil
	})
	if err := <-failed; !errors.Is(err, kafka.OffsetMetadataTooLarge) {
		t.Errorf("commit with 30,000 bytes of metadata: %v", err)
	}
	stop()
}

func ownersError(t *testing.T, on makeWorld) {
	w := on(t, 3)
	broken := errors.New("no room on the sink")
	err := w.connect(t).Consume(t.Context(), GroupConfig{ID: w.group, Topics: []string{w.topic}}, func(ctx context.Context, p *Partition) error {
		if p.ID == 1 {
			return broken
		}
		<-ctx.Done()
		return ctx.Err()
	})
	if !errors.Is(err, broken) {
		t.Errorf("Consume: %v, not the owner's %v", err, broken)
	}
}

// zombie: an owner that does not return when its generation ends is put out
// of the group; what it commits then must not touch the next owner's commit.
func zombie(t *testing.T, on makeWorld) {
	w := on(t, 1)
	cfg := quick(w.brokers...)
	cfg.SessionTimeout = w.session
	sleepy, next := connect(t, cfg), w.connect(t)
	owned, taken, refused := make(chan int, 9), make(chan int, 9), make(chan error, 1)
	once := sync.OnceFunc(func() { close(owned) })
	stopSleepy := w.consume(t, sleepy, func(ctx context.Context, p *Partition) error {
		once()
		<-ctx.Done()
		<-taken
		err := p.Commit(ctx, 1, "zombie")
		select {
		case refused <- err:
		default:
		}
		return err
	})
	<-owned
	got := make(chan string, 9)
	stopNext := w.consume(t, next, func(ctx context.Context, p *Partition) error {
		got <- p.StartMetadata
		if err := p.Commit(ctx, 5, "next"); err != nil {
			return err
		}
		close(taken)
		<-ctx.Done()
		return nil
	})
	if err := <-refused; !errors.Is(err, ErrFenced) {
		t.Errorf("a zombie's commit: %v, not ErrFenced", err)
	}
	stopNext()
	stopSleepy()
	answer, err := next.Client().OffsetFetch(t.Context(), &kafka.OffsetFetchRequest{GroupID: w.group, Topics: map[string][]int{w.topic: {0}}})
	if err != nil || answer.Topics[w.topic][0].CommittedOffset != 5 || answer.Topics[w.topic][0].Metadata != "next" {
		t.Errorf("committed: %+v, %v", answer, err)
	}
}

func topicToCome(t *testing.T, on makeWorld) {
	w := on(t, 1)
	w.topic += "-to-come"
	c := w.connect(t)
	s := newSeen()
	stop := w.consume(t, c, s.reader)
	time.Sleep(500 * time.Millisecond)
	if n := c.Counters.Generations.Load(); n > 4 {
		t.Errorf("%d generations in half a second", n)
	}
	_, err := c.Client().CreateTopics(t.Context(), &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{{Topic: w.topic, NumPartitions: 1, ReplicationFactor: 1}}})
	if err != nil {
		t.Fatal(err)
	}
	testkit.Produce(t, c.Client(), w.topic, 0, kafka.Lz4, values("x", 3)...)
	s.wait(t, 3)
	stop()
}
