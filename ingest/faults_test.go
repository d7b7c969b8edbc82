package ingest

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/spikeline/spikeline/internal/testkit"
)

// script makes the broker answer fetches as answer says: an error code, or
// batches from the offset on, and the end of the partition.
func script(broker *kfake.Cluster, answer func(offset int64) (code int16, records []byte, end int64)) {
	broker.ControlKey(int16(kmsg.Fetch), func(r kmsg.Request) (kmsg.Response, error, bool) {
		broker.KeepControl()
		req := r.(*kmsg.FetchRequest)
		resp := req.ResponseKind().(*kmsg.FetchResponse)
		for _, t := range req.Topics {
			topic := kmsg.FetchResponseTopic{Topic: t.Topic}
			for _, p := range t.Partitions {
				code, records, end := answer(p.FetchOffset)
				if len(records) == 0 {
					time.Sleep(5 * time.Millisecond)
				}
				topic.Partitions = append(topic.Partitions, kmsg.FetchResponseTopicPartition{
					Partition: p.Partition, ErrorCode: code, HighWatermark: end, LastStableOffset: end, RecordBatches: records, PreferredReadReplica: -1,
				})
			}
			resp.Topics = append(resp.Topics, topic)
		}
		return resp, nil, true
	})
}

// batches answers with those that end at or after the offset.
func batches(offset int64, list ...[]byte) (records []byte, end int64) {
	for _, b := range list {
		rb, _, _, _ := readBatch(b)
		if end = rb.last + 1; rb.last >= offset {
			records = append(records, b...)
		}
	}
	return records, end
}

func TestABadBatchIsFetchedThreeTimesThenReportedAndMayBeSkipped(t *testing.T) {
	w, broker := fakeBroker(t, 1)
	bad := encode(batchOf("c", "d"), at(2))
	bad[26] ^= 64 // its last offset, which would reach far beyond the next batch
	var mu sync.Mutex
	asked := map[int64]int{}
	script(broker, func(offset int64) (int16, []byte, int64) {
		mu.Lock()
		defer mu.Unlock()
		asked[offset]++
		switch rest := encode(batchOf("e"), at(4)); {
		case offset < 2:
			return 0, slices.Concat(encode(batchOf("a", "b"), nil), bad, rest), 5
		case offset < 4:
			return 0, slices.Concat(bad, rest), 5
		default:
			records, end := batches(offset, rest)
			return 0, records, end
		}
	})
	c := w.connect(t)
	s := newSeen()
	reports := make(chan error, 10)
	stop := w.consume(t, c, func(ctx context.Context, p *Partition) error {
		for {
			b, err := p.Next(ctx)
			if err != nil {
				return err
			}
			for b.Next() {
				s.add(0, record{b.Offset, string(b.Value)})
			}
			var report *BatchError
			if errors.As(b.Err(), &report) {
				reports <- report
				p.SeekTo(report.Last + 1)
			}
		}
	})
	s.wait(t, 3)
	stop()
	if got, want := s.of(0), []record{{0, "a"}, {1, "b"}, {4, "e"}}; !slices.Equal(got, want) {
		t.Errorf("read %v, want %v", got, want)
	}
	if len(reports) != 1 {
		t.Fatalf("%d reports, want 1", len(reports))
	}
	if got := (<-reports).Error(); !strings.HasPrefix(got, "edge/0@2: the batch that ends at offset 3 cannot be read: checksum") {
		t.Errorf("report: %s", got)
	}
	mu.Lock()
	defer mu.Unlock()
	if asked[0] != 1 || asked[2] != 2 {
		t.Errorf("asked %v, want offset 0 once and then offset 2 twice", asked)
	}
	if n := c.Counters.FetchErrors[ErrorCorrupt].Load(); n != 3 {
		t.Errorf("%d corrupt fetches counted, not 3", n)
	}
}

func TestABatchThatIsBadOnlyOnTheWayHeals(t *testing.T) {
	w, broker := fakeBroker(t, 1)
	first := true
	script(broker, func(offset int64) (int16, []byte, int64) {
		b := encode(batchOf("a", "b"), nil)
		if first {
			b[70] ^= 1
		}
		first = false
		records, end := batches(offset, b)
		return 0, records, end
	})
	s := newSeen()
	stop := w.consume(t, w.connect(t), s.reader)
	s.wait(t, 2)
	stop()
}

func TestALargeResponseIsReportedNotRead(t *testing.T) {
	w, broker := fakeBroker(t, 1)
	script(broker, func(offset int64) (int16, []byte, int64) {
		records, end := batches(offset, encode(batchOf("a"), nil), encode(batchOf(string(make([]byte, 3<<20))), at(1)), encode(batchOf("z"), at(2)))
		return 0, records, end
	})
	cfg := quick(w.brokers...)
	cfg.Fetch.MaxBytes, cfg.Fetch.MaxBatchBytes = 1<<20, 1<<20
	s := newSeen()
	stop := w.consume(t, connect(t, cfg), func(ctx context.Context, p *Partition) error {
		for {
			b, err := p.Next(ctx)
			if err != nil {
				return err
			}
			for b.Next() {
				s.add(0, record{b.Offset, string(b.Value)})
			}
			var report *BatchError
			if errors.As(b.Err(), &report) {
				s.add(0, record{report.First, "too large: " + map[bool]string{true: "yes"}[errors.Is(report, ErrTooLarge)]})
				p.SeekTo(report.Last + 1)
			}
		}
	})
	s.wait(t, 3)
	stop()
	if got, want := s.of(0), []record{{0, "a"}, {1, "too large: yes"}, {2, "z"}}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestPassingErrorsAreRetriedAndCounted(t *testing.T) {
	w, broker := fakeBroker(t, 1)
	errorsToCome := []kafka.Error{kafka.NotLeaderForPartition, kafka.FencedLeaderEpoch, kafka.UnknownTopicOrPartition, kafka.TopicAuthorizationFailed, kafka.Unknown}
	script(broker, func(offset int64) (int16, []byte, int64) {
		if len(errorsToCome) > 0 {
			e := errorsToCome[0]
			errorsToCome = errorsToCome[1:]
			return int16(e), nil, -1
		}
		records, end := batches(offset, encode(batchOf("a"), nil))
		return 0, records, end
	})
	c := w.connect(t)
	s := newSeen()
	unknown, stalled := 0, 0
	stop := w.consume(t, c, func(ctx context.Context, p *Partition) error {
		for {
			b, err := p.Next(ctx)
			if err != nil {
				return err
			}
			if b.HighWatermark < 0 {
				unknown++
				if b.CaughtUp() || b.Next() {
					t.Error("a batch without an answer is caught up, or has records")
				}
			}
			if list := c.Partitions(); len(list) == 1 && !list[0].StalledSince.IsZero() {
				stalled++
			}
			for b.Next() {
				s.add(0, record{b.Offset, string(b.Value)})
			}
		}
	})
	s.wait(t, 1)
	for c.Partitions()[0].Lag() != 0 || !c.Partitions()[0].StalledSince.IsZero() {
		time.Sleep(time.Millisecond)
	}
	stop()
	if unknown == 0 || stalled == 0 {
		t.Errorf("%d empty batches without an answer, stalled in %d; want some", unknown, stalled)
	}
	for kind, want := range map[FetchErrorKind]uint64{ErrorLeader: 2, ErrorTopic: 1, ErrorAccess: 1, ErrorBroker: 1, ErrorNetwork: 0} {
		if got := c.Counters.FetchErrors[kind].Load(); got != want {
			t.Errorf("%d errors of kind %v, want %d", got, kind, want)
		}
	}
}

func TestALeaderThatMovesIsFollowed(t *testing.T) {
	w, broker := fakeBroker(t, 1, kfake.NumBrokers(3))
	producer, s := w.connect(t), newSeen()
	stop := w.consume(t, w.connect(t), s.reader)
	for n := range 4 {
		if err := broker.MoveTopicPartition(w.topic, 0, int32(n%3)); err != nil {
			t.Fatal(err)
		}
		if err := producer.FindLeaders(t.Context()); err != nil {
			t.Fatal(err)
		}
		testkit.Produce(t, producer.Client(), w.topic, 0, kafka.Lz4, values("x", 20)...)
		s.wait(t, 20*(n+1))
	}
	stop()
	for i, r := range s.of(0) {
		if r.offset != int64(i) {
			t.Fatalf("offset %d where %d was due", r.offset, i)
		}
	}
}

func TestAnOffsetBeyondTheLogEndsConsume(t *testing.T) {
	w := fake(t, 1)
	c := w.connect(t)
	testkit.Produce(t, c.Client(), w.topic, 0, kafka.Lz4, values("x", 3)...)
	err := c.Consume(t.Context(), GroupConfig{ID: w.group, Topics: []string{w.topic}}, func(ctx context.Context, p *Partition) error {
		p.SeekTo(100)
		for {
			if _, err := p.Next(ctx); err != nil {
				return err
			}
		}
	})
	if err == nil || !strings.Contains(err.Error(), "edge/0: the offset to be read next, 100, is beyond the log's end, 3") {
		t.Errorf("Consume: %v", err)
	}
}

func TestCheckNamesTheTopicsThatExist(t *testing.T) {
	w, _ := fakeBroker(t, 1, kfake.SeedTopics(1, "other"))
	c := w.connect(t)
	if err := c.Check(t.Context(), "edge", "other"); err != nil {
		t.Error(err)
	}
	want := "kafka: no topic edge-logs (or no right to see it); there are edge, other"
	if err := c.Check(t.Context(), "edge", "edge-logs"); err == nil || err.Error() != want {
		t.Errorf("\ngot  %v\nwant %s", err, want)
	}
}

func TestCheckNamesWhatWasTried(t *testing.T) {
	w := fake(t, 1)
	closed := listener(t, func(c net.Conn) { c.Close() })
	silent := listener(t, func(c net.Conn) { io.Copy(io.Discard, c); c.Close() })
	cfg := quick("127.0.0.1:1", closed, silent)
	cfg.RequestTimeout = time.Second
	err := connect(t, cfg).Check(t.Context(), "edge")
	want := "kafka: no broker can be used; tried 127.0.0.1:1: connection refused: nothing listens there; " +
		closed + ": the broker closed the connection: the port wants TLS (tls.enabled: true) or a password (sasl), or is not Kafka's; " +
		silent + ": no answer within 1s: a firewall, or the port wants TLS (tls.enabled: true)"
	if err == nil || err.Error() != want {
		t.Errorf("\ngot  %v\nwant %s", err, want)
	}
	var away *AwayError
	if !errors.As(err, &away) {
		t.Error("a broker that dies while it is asked closes the connection: that may heal")
	}
	cfg.Brokers = []string{"127.0.0.1:1", silent}
	if err := connect(t, cfg).Check(t.Context(), "edge"); !errors.As(err, &away) {
		t.Errorf("%v: not an AwayError", err)
	}
	cfg.Brokers = append([]string{"127.0.0.1:1"}, w.brokers...)
	if err := connect(t, cfg).Check(t.Context(), "edge"); err != nil {
		t.Errorf("one broker of two answers: %v", err)
	}
}

// listener accepts connections and hands them to serve.
func listener(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go serve(c)
		}
	}()
	return l.Addr().String()
}
