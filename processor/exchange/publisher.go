package exchange

import (
	"context"
	"strconv"
	"time"

	"github.com/spikeline/spikeline/ingest"
	"github.com/spikeline/spikeline/processor/window"
)

// Publisher sends messages to the partials topic, in order and acknowledged.
type Publisher struct {
	log     topicLog
	encoder *Encoder
	limit   int // bytes of a batch
}

// NewPublisher makes a publisher to the configured partials topic.
func NewPublisher(c *ingest.Cluster, cfg Config) *Publisher {
	return &Publisher{log: newTopicLog(c.Client(), cfg.PartialsTopic), encoder: NewEncoder(cfg.MaxMessageBytes), limit: cfg.MaxMessageBytes}
}

// OnRetry has f called before each pause after a failed attempt, to tell a stalled broker.
func (p *Publisher) OnRetry(f func(err error, wait time.Duration)) { p.log.onRetry = f }

// Send writes messages in their order. When it returns nil, all in-sync
// replicas have all of them; else some first part of them may be there, and
// sending them all again is safe. It waits for a broker as long as ctx lasts.
func (p *Publisher) Send(ctx context.Context, messages []window.Message) error {
	var batch []pair
	size := 0
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		_, err := p.log.append(ctx, batch)
		batch, size = batch[:0], 0
		return err
	}
	for i := range messages {
		values, err := p.encoder.Encode(&messages[i])
		if err != nil {
			return err
		}
		key := keyOf(messages[i].Source)
		for _, v := range values {
			n := len(key) + len(v) + recordOverhead
			if size+n > p.limit {
				if err := flush(); err != nil {
					return err
				}
			}
			batch, size = append(batch, pair{key, v}), size+n
		}
	}
	return flush()
}

// recordOverhead is what Kafka adds to a record in a batch, in bytes, at most.
const recordOverhead = 32

func keyOf(s window.Source) string { return s.Topic + "/" + strconv.Itoa(int(s.Partition)) }
