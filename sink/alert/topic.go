package alert

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/spikeline/spikeline/ingest"
	"github.com/spikeline/spikeline/processor/exchange"
)

// topic is the Kafka topic for whoever reads on.
type topic struct {
	name      string
	publisher *exchange.JSONPublisher
	retryFor  time.Duration
}

// topicName is how logs and metrics call the topic.
func topicName(t string) string { return "topic:" + t }

func newTopic(cluster *ingest.Cluster, name string, replication int, retryFor time.Duration, notify func(error, time.Duration)) *topic {
	p := exchange.NewJSONPublisher(cluster, name, replication)
	p.OnRetry(notify)
	return &topic{name: name, publisher: p, retryFor: retryFor}
}

// most is how many messages one request carries: their size stays well below a broker's limit of a megabyte.
func (t *topic) most() int { return 100 }

func (t *topic) send(ctx context.Context, messages []*Message) error {
	ctx, cancel := context.WithTimeout(ctx, t.retryFor)
	defer cancel()
	records := make([]exchange.JSONRecord, len(messages))
	for i, m := range messages {
		body, err := json.Marshal(m)
		if err != nil {
			return fmt.Errorf("BUG: a message is no JSON: %w", err)
		}
		records[i] = exchange.JSONRecord{Key: m.key, Value: body}
	}
	return t.publisher.Send(ctx, records)
}
