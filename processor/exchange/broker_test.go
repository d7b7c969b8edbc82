package exchange

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/goleak"

	"github.com/spikeline/spikeline/ingest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake starts an embedded broker and connects to it.
func fake(t testing.TB, opts ...kfake.Opt) (*ingest.Cluster, *kfake.Cluster) {
	t.Helper()
	broker, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(1)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(broker.Close)
	return connect(t, broker), broker
}

func connect(t testing.TB, broker *kfake.Cluster) *ingest.Cluster {
	t.Helper()
	cfg := ingest.Default()
	cfg.Brokers = broker.ListenAddrs()
	c, err := ingest.Connect(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// withTopics is fake with the exchange's topics.
func withTopics(t testing.TB) (*ingest.Cluster, *kfake.Cluster) {
	t.Helper()
	c, broker := fake(t)
	if err := EnsureTopics(t.Context(), c, Default()); err != nil {
		t.Fatal(err)
	}
	return c, broker
}

// failProduce has the broker answer the next n produce requests with an error, without storing anything.
func failProduce(broker *kfake.Cluster, n int, code int16) {
	for range n {
		broker.ControlKey(int16(kmsg.Produce), func(r kmsg.Request) (kmsg.Response, error, bool) {
			req := r.(*kmsg.ProduceRequest)
			res := req.ResponseKind().(*kmsg.ProduceResponse)
			for _, topic := range req.Topics {
				rt := kmsg.NewProduceResponseTopic()
				rt.Topic, rt.TopicID = topic.Topic, topic.TopicID
				for _, p := range topic.Partitions {
					rp := kmsg.NewProduceResponseTopicPartition()
					rp.Partition, rp.ErrorCode = p.Partition, code
					rt.Partitions = append(rt.Partitions, rp)
				}
				res.Topics = append(res.Topics, rt)
			}
			return res, nil, true
		})
	}
}

type stored struct {
	offset int64
	key    string
	value  []byte
}

func readTopic(t testing.TB, c *ingest.Cluster, topic string) (all []stored) {
	t.Helper()
	log := newTopicLog(c.Client(), topic)
	first, end, err := log.bounds(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	err = log.read(t.Context(), first, end, func(offset int64, key string, value []byte) {
		all = append(all, stored{offset, key, value})
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", parts)
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("error %q\nlacks %q", err, p)
		}
	}
}

func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}
