package ingest

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/spikeline/spikeline/internal/testkit"
)

// world is a broker with one topic: the embedded one, or (wire_test.go) a real one.
type world struct {
	topic, group string
	brokers      []string
	session      time.Duration // the shortest session timeout that the broker allows
}

// makeWorld makes a topic with so many partitions on a broker.
type makeWorld func(t *testing.T, partitions int32) world

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

func (w world) connect(t *testing.T) *Cluster { return connect(t, quick(w.brokers...)) }

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
func (w world) consume(t *testing.T, c *Cluster, own Owner) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.Consume(ctx, GroupConfig{ID: w.group, Topics: []string{w.topic}}, own) }()
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

// resume forgets what an earlier owner read but did not commit, as a folder does.
func (s *seen) resume(partition int32, offset int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.records[partition]
	for len(list) > 0 && list[len(list)-1].offset >= offset {
		list = list[:len(list)-1]
	}
	s.records[partition] = list
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
	s.resume(p.ID, p.StartOffset)
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

func abortedTransactions(t *testing.T, on makeWorld) {
	w := on(t, 1)
	c := w.connect(t)
	var want []record
	for i, commit := range []bool{true, false, true, false, false, true} {
		kept := testkit.Produce(t, c.Client(), w.topic, 0, kafka.Lz4, fmt.Appendf(nil, "plain %d", i))
		want = append(want, record{kept, fmt.Sprint("plain ", i)})
		first := transaction(t, c, w.topic, commit, fmt.Sprint("in transaction ", i), 3)
		for n := range int64(3) {
			if commit {
				want = append(want, record{first + n, fmt.Sprint("in transaction ", i)})
			}
		}
	}
	s := newSeen()
	end := make(chan int64, 1)
	stop := w.consume(t, c, func(ctx context.Context, p *Partition) error {
		for {
			b, err := p.Next(ctx)
			if err != nil {
				return err
			}
			for b.Next() {
				s.add(0, record{b.Offset, string(b.Value)})
			}
			if b.CaughtUp() && b.NextOffset > 0 {
				select {
				case end <- b.NextOffset:
				default:
				}
			}
		}
	})
	s.wait(t, len(want))
	if got := <-end; got != 30 { // 6 plain, 18 in transactions, 6 markers
		t.Errorf("caught up at offset %d, not behind the last marker at 30", got)
	}
	stop()
	if got := s.of(0); !slices.Equal(got, want) {
		t.Errorf("read %v\nwant %v", got, want)
	}
}

// transaction writes n records in one transaction, and commits or aborts it.
// It returns the offset of the first. (kafka-go's producers cannot: the batch is encoded here.)
func transaction(t *testing.T, c *Cluster, topic string, commit bool, value string, n int) int64 {
	t.Helper()
	id := fmt.Sprint("t-", topic, "-", value)
	ctx, client := t.Context(), c.Client()
	var producer *kafka.InitProducerIDResponse
	retry(t, "InitProducerID", func() (err error) {
		producer, err = client.InitProducerID(ctx, &kafka.InitProducerIDRequest{TransactionalID: id, TransactionTimeoutMs: 10_000, ProducerID: -1, ProducerEpoch: -1})
		return errors.Join(err, errorOf(producer))
	})
	epoch, pid := producer.Producer.ProducerEpoch, producer.Producer.ProducerID
	retry(t, "AddPartitionsToTxn", func() error {
		r, err := client.AddPartitionsToTxn(ctx, &kafka.AddPartitionsToTxnRequest{TransactionalID: id, ProducerID: pid, ProducerEpoch: epoch,
			Topics: map[string][]kafka.AddPartitionToTxn{topic: {{Partition: 0}}}})
		if err != nil {
			return err
		}
		return r.Topics[topic][0].Error
	})
	list := make([]string, n)
	for i := range list {
		list[i] = value
	}
	b := encode(batchOf(list...), func(e *encoding) {
		e.producer, e.epoch, e.attributes = int64(pid), int16(epoch), transactional
	})
	r, err := client.RawProduce(ctx, &kafka.RawProduceRequest{Topic: topic, RequiredAcks: kafka.RequireAll, TransactionalID: id,
		RawRecords: protocol.RawRecordSet{Reader: bytes.NewReader(append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...))}})
	if err = errors.Join(err, errorOfProduce(r)); err != nil {
		t.Fatalf("produce in a transaction: %v", err)
	}
	retry(t, "EndTxn", func() error {
		r, err := client.EndTxn(ctx, &kafka.EndTxnRequest{TransactionalID: id, ProducerID: pid, ProducerEpoch: epoch, Committed: commit})
		if err != nil {
			return err
		}
		return r.Error
	})
	return r.BaseOffset
}

func errorOf(r *kafka.InitProducerIDResponse) error {
	if r == nil {
		return nil
	}
	return r.Error
}

func errorOfProduce(r *kafka.ProduceResponse) error {
	if r == nil {
		return nil
	}
	return r.Error
}

// retry repeats f while the broker is not ready for it.
func retry(t *testing.T, what string, f func() error) {
	t.Helper()
	var err error
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if err = f(); err == nil {
			return
		}
	}
	t.Fatalf("%s: %v", what, err)
}

func deletedOffsets(t *testing.T, on makeWorld) {
	w := on(t, 1)
	c := w.connect(t)
	testkit.Produce(t, c.Client(), w.topic, 0, kafka.Lz4, values("a", 10)...)
	testkit.Produce(t, c.Client(), w.topic, 0, kafka.Lz4, values("b", 10)...)
	stop := w.consume(t, c, func(ctx context.Context, p *Partition) error {
		err := p.Commit(ctx, 2, "two")
		<-ctx.Done()
		return err
	})
	for c.Counters.Commits.Load() == 0 {
		time.Sleep(5 * time.Millisecond)
	}
	stop()
	deleteRecords(t, w.brokers[0], w.topic, 15)

	s := newSeen()
	stop = w.consume(t, c, s.reader)
	s.wait(t, 5)
	stop()
	if got := s.of(0); got[0].offset != 15 || len(got) != 5 {
		t.Errorf("read from offset %d, %d records; want 15 and 5", got[0].offset, len(got))
	}
	if got := c.Counters.Missing.Load(); got != 13 {
		t.Errorf("%d offsets counted as missing, not 13", got)
	}
}

// deleteRecords makes offset the first of the partition, as retention would.
// (kafka-go has no DeleteRecords.)
func deleteRecords(t *testing.T, broker, topic string, offset int64) {
	t.Helper()
	req := kmsg.NewPtrDeleteRecordsRequest()
	req.Topics = []kmsg.DeleteRecordsRequestTopic{{Topic: topic, Partitions: []kmsg.DeleteRecordsRequestTopicPartition{{Partition: 0, Offset: offset}}}}
	req.SetVersion(1)
	resp := kmsg.NewPtrDeleteRecordsResponse()
	exchangeRaw(t, broker, req, resp)
	if len(resp.Topics) != 1 || resp.Topics[0].Partitions[0].ErrorCode != 0 {
		t.Fatalf("DeleteRecords: %+v", resp)
	}
}

// exchangeRaw sends one request that kafka-go does not know.
func exchangeRaw(t *testing.T, broker string, req kmsg.Request, resp kmsg.Response) {
	t.Helper()
	conn, err := net.Dial("tcp", broker)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := conn.Write(kmsg.NewRequestFormatter(kmsg.FormatterClientID("test")).AppendRequest(nil, req, 1)); err != nil {
		t.Fatal(err)
	}
	head := make([]byte, 4)
	if _, err := io.ReadFull(conn, head); err != nil {
		t.Fatal(err)
	}
	body := make([]byte, binary.BigEndian.Uint32(head))
	if _, err := io.ReadFull(conn, body); err != nil {
		t.Fatal(err)
	}
	resp.SetVersion(req.GetVersion())
	if err := resp.ReadFrom(body[4:]); err != nil {
		t.Fatal(err)
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
