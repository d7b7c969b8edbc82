package ingest

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/sasl"
)

// Cluster is one Kafka cluster: the connections that everything in this
// process shares, and what is known of the partitions being read.
type Cluster struct {
	Counters Counters

	cfg       Config
	log       *slog.Logger
	tls       *tls.Config
	sasl      sasl.Mechanism
	transport *kafka.Transport
	client    *kafka.Client
	cancel    context.CancelFunc

	mu   sync.Mutex
	live map[*Partition]struct{}
}

// Connect prepares the connections. It does not wait for a broker: Check
// tells whether one is there.
func Connect(cfg Config) (*Cluster, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("kafka: %w", err)
	}
	secure, err := cfg.TLS.open()
	if err != nil {
		return nil, fmt.Errorf("kafka: %w", err)
	}
	login, err := cfg.SASL.open()
	if err != nil {
		return nil, fmt.Errorf("kafka: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	c := &Cluster{cfg: cfg, log: cfg.Log, tls: secure, sasl: login, cancel: cancel, live: map[*Partition]struct{}{}}
	if c.log == nil {
		c.log = slog.Default()
	}
	c.transport = &kafka.Transport{
		ClientID:    cfg.ClientID,
		TLS:         secure,
		SASL:        login,
		MetadataTTL: metadataTTL,
		Context:     ctx,
	}
	c.client = &kafka.Client{Addr: kafka.TCP(cfg.Brokers...), Transport: c.transport}
	return c, nil
}

// metadataTTL bounds how long a moved leader goes unnoticed. (kafka-go asks
// again after a random part of it.)
const metadataTTL = 4 * time.Second

// Client is for requests other than reading: topics, offsets, producing.
func (c *Cluster) Client() *kafka.Client { return c.client }

// Close ends the connections. Consume must have returned.
func (c *Cluster) Close() {
	c.transport.CloseIdleConnections()
	c.cancel()
}

// share is the most that one fetch brings: fetch.max_bytes, or less where the
// answers of all partitions being read, two of each, would come to more than fetch.max_total_bytes.
func (c *Cluster) share() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return min(c.cfg.Fetch.MaxBytes, max(c.cfg.Fetch.MaxTotalBytes/(2*max(len(c.live), 1)), leastFetch))
}

// leastFetch is a fetch that is still worth its request, in bytes.
const leastFetch = 64 << 10

// FindLeaders makes the connections' shared map of topics and leaders new,
// rather than up to metadataTTL old. kafka-go has no call for it, but does so after
// it has created topics: here, none.
func (c *Cluster) FindLeaders(ctx context.Context) error {
	ctx, cancel := c.bound(ctx)
	defer cancel()
	_, err := c.client.CreateTopics(ctx, &kafka.CreateTopicsRequest{ValidateOnly: true})
	return err
}

// dialer is for kafka-go's older half, which does not use the Transport: the group's coordinator, and Check.
func (c *Cluster) dialer() *kafka.Dialer {
	return &kafka.Dialer{
		ClientID:      c.cfg.ClientID,
		Timeout:       min(c.cfg.RequestTimeout, 5*time.Second),
		TLS:           c.tls,
		SASLMechanism: c.sasl,
	}
}

// bound gives an outgoing request its deadline.
func (c *Cluster) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, c.cfg.RequestTimeout)
}
