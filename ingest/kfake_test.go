package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/spikeline/spikeline/internal/testkit"
)

const topic = "edge"

// fake starts an embedded broker with one topic, and connects to it.
func fake(t *testing.T, partitions int32, opts ...kfake.Opt) (*Cluster, *kfake.Cluster) {
	t.Helper()
	broker, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(1), kfake.SeedTopics(partitions, topic)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(broker.Close)
	return connect(t, quick(broker.ListenAddrs()...)), broker
}

// quick is a configuration with short waits.
func quick(brokers ...string) Config {
	cfg := Default()
	cfg.Brokers = brokers
	cfg.Heartbeat = 100 * time.Millisecond
	cfg.SessionTimeout = 6 * time.Second
	cfg.Fetch.MaxWait = 50 * time.Millisecond
	cfg.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	return cfg
}

func connect(t *testing.T, cfg Config) *Cluster {
	t.Helper()
	c, err := Connect(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// consume runs Consume in the background; stop ends it and fails the test on an error.
func consume(t *testing.T, c *Cluster, own Owner) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.Consume(ctx, GroupConfig{ID: "g", Topics: []string{topic}}, own) }()
	stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("Consume: %v", err)
			}
		case <-time.After(20 * time.Second):
			t.Error("Consume did not return after its context was cancelled")
		}
	})
	t.Cleanup(stop)
	return stop
}

// seen is what owners read, by partition.
type seen struct {
	mu      sync.Mutex
	records map[int32][]record
	changed chan struct{}
}

type record struct {
	offset int64
	value  string
}

func newSeen() *seen {
	return &seen{records: map[int32][]record{}, changed: make(chan struct{}, 1)}
}

func (s *seen) add(partition int32, r record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records[partition] = append(s.records[partition], r)
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

func (s *seen) count() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, list := range s.records {
		n += len(list)
	}
	return n
}

func (s *seen) of(partition int32) []record {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.records[partition])
}

// wait waits until n records were read.
func (s *seen) wait(t *testing.T, n int) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	for s.count() < n {
		select {
		case <-s.changed:
		case <-deadline:
			t.Fatalf("%d of %d records after 30 s", s.count(), n)
		}
	}
}

// reader is an owner that reads everything and commits after each batch.
func (s *seen) reader(ctx context.Context, p *Partition) error {
	for {
		b, err := p.Next(ctx)
		if err != nil {
			return err
		}
		n := 0
		for ; b.Next(); n++ {
			s.add(p.ID, record{b.Offset, string(b.Value)})
		}
		if err := b.Err(); err != nil {
			return err
		}
		if n > 0 {
			if err := p.Commit(ctx, b.NextOffset, fmt.Sprint("at ", b.NextOffset)); err != nil {
				return err
			}
		}
	}
}

func values(prefix string, n int) [][]byte {
	list := make([][]byte, n)
	for i := range list {
		list[i] = fmt.Appendf(nil, "%s %d %0*d", prefix, i, i%200, 0)
	}
	return list
}

func TestEveryCodecIsReadInOrderFromTheStart(t *testing.T) {
	c, _ := fake(t, 1)
	var want []record
	for _, codec := range []kafka.Compression{0, kafka.Gzip, kafka.Snappy, kafka.Lz4, kafka.Zstd} {
		list := values(codec.String(), 300)
		first := testkit.Produce(t, c.Client(), topic, 0, codec, list...)
		for i, v := range list {
			want = append(want, record{first + int64(i), string(v)})
		}
	}
	s := newSeen()
	stop := consume(t, c, s.reader)
	s.wait(t, len(want))
	stop()
	if got := s.of(0); !slices.Equal(got, want) {
		t.Errorf("read %d records, not the %d written, or in another order", len(got), len(want))
	}
}

func TestACommitIsWhereTheNextOwnerBegins(t *testing.T) {
	c, _ := fake(t, 1)
	testkit.Produce(t, c.Client(), topic, 0, kafka.Lz4, values("a", 10)...)
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
	stop := consume(t, c, once)
	if got := <-starts; got != (start{0, "", 1}) {
		t.Errorf("first owner begins at %+v", got)
	}
	stop()
	stop = consume(t, c, once)
	if got := <-starts; got != (start{7, "largest time 1234", 1}) {
		t.Errorf("second owner begins at %+v", got)
	}
	stop()

	s := newSeen()
	stop = consume(t, c, s.reader)
	s.wait(t, 3)
	stop()
	if got := s.of(0); got[0].offset != 7 {
		t.Errorf("reading began at offset %d, not at the committed 7", got[0].offset)
	}
}

func TestASecondMemberTakesItsShareAndEveryRecordIsReadOnce(t *testing.T) {
	c, broker := fake(t, 4)
	for p := range 4 {
		testkit.Produce(t, c.Client(), topic, p, kafka.Lz4, values("x", 100)...)
	}
	one, two := newSeen(), newSeen()
	stopOne := consume(t, c, one.reader)
	one.wait(t, 400)
	stopTwo := consume(t, connect(t, quick(broker.ListenAddrs()...)), two.reader)
	deadline := time.Now().Add(20 * time.Second)
	for n := 0; two.count() == 0 && time.Now().Before(deadline); n++ {
		for p := range 4 {
			testkit.Produce(t, c.Client(), topic, p, kafka.Lz4, fmt.Appendf(nil, "y %d", n))
		}
		time.Sleep(20 * time.Millisecond)
	}
	stopOne()
	for p := range 4 {
		testkit.Produce(t, c.Client(), topic, p, kafka.Lz4, []byte("end"))
	}
	total := 0
	for p := range 4 {
		_, latest, err := c.extent(t.Context(), topic, int32(p))
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

func TestACommitOfAnOldGenerationIsRefused(t *testing.T) {
	c, _ := fake(t, 1)
	testkit.Produce(t, c.Client(), topic, 0, kafka.Lz4, values("a", 10)...)
	refused := make(chan error, 1)
	stop := consume(t, c, func(ctx context.Context, p *Partition) error {
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

func TestSeekToReadsAgainFromThere(t *testing.T) {
	c, _ := fake(t, 1)
	testkit.Produce(t, c.Client(), topic, 0, kafka.Lz4, values("a", 50)...)
	testkit.Produce(t, c.Client(), topic, 0, kafka.Lz4, values("b", 50)...)
	s := newSeen()
	again := false
	stop := consume(t, c, func(ctx context.Context, p *Partition) error {
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

func TestRecordsLeftUnreadAreHandedOutAgain(t *testing.T) {
	c, _ := fake(t, 1)
	testkit.Produce(t, c.Client(), topic, 0, kafka.Lz4, values("a", 10)...)
	s := newSeen()
	stop := consume(t, c, func(ctx context.Context, p *Partition) error {
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
