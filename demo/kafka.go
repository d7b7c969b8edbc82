package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"syscall"
	"time"

	"github.com/segmentio/kafka-go"
	wire "github.com/segmentio/kafka-go/protocol"
)

// Kafka is a Producer to one topic, for plain brokers such as the embedded
// one; Through takes a client that is set up already (TLS, SASL). It belongs to one goroutine.
type Kafka struct {
	client *kafka.Client
	own    *kafka.Transport
	topic  string
	batch  batch
}

// Through sends to a topic by a client whose Addr is set.
func Through(client *kafka.Client, topic string) *Kafka {
	return &Kafka{client: client, topic: topic}
}

// ToKafka sends to a topic of plain brokers ("host:port").
func ToKafka(brokers []string, topic string) *Kafka {
	transport := &kafka.Transport{ClientID: "spikeline-simulate"}
	k := Through(&kafka.Client{Addr: kafka.TCP(brokers...), Timeout: 30 * time.Second, Transport: transport}, topic)
	k.own = transport
	return k
}

// Close ends the connections that ToKafka made.
func (k *Kafka) Close() {
	if k.own != nil {
		k.own.CloseIdleConnections()
	}
}

// Partitions asks how many partitions the topic has.
func (k *Kafka) Partitions(ctx context.Context) (int32, error) {
	answer, err := k.client.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{k.topic}})
	if err != nil {
		return 0, fmt.Errorf("partitions of topic %s: %w", k.topic, err)
	}
	for _, t := range answer.Topics {
		if t.Name == k.topic && t.Error == nil && len(t.Partitions) > 0 {
			return int32(len(t.Partitions)), nil
		}
	}
	return 0, fmt.Errorf("topic %s does not exist: create it first, with as many partitions as the feed shall have", k.topic)
}

// Produce sends one batch, compressed with LZ4, and waits until all replicas
// have it. It tries again only where nothing was written, as for a minute without
// a leader: a request whose answer is lost may have been written, and sending it
// again would make the truth wrong.
func (k *Kafka) Produce(ctx context.Context, partition int32, values [][]byte, times []int64) error {
	const patience, longest = time.Minute, 3 * time.Second
	begun := time.Now()
	for wait := 200 * time.Millisecond; ; wait = min(2*wait, longest) {
		err := k.produce(ctx, partition, values, times)
		if err == nil {
			return nil
		}
		if time.Since(begun) > patience || !unwritten(err) {
			return fmt.Errorf("topic %s, partition %d: %w", k.topic, partition, err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
}

func (k *Kafka) produce(ctx context.Context, partition int32, values [][]byte, times []int64) error {
	k.batch.reset(values, times)
	answer, err := k.client.Produce(ctx, &kafka.ProduceRequest{
		Topic: k.topic, Partition: int(partition), RequiredAcks: kafka.RequireAll,
		Records: &k.batch, Compression: kafka.Lz4,
	})
	if err != nil {
		return err
	}
	return answer.Error
}

// unwritten says that no broker took the batch: those that it was sent to were no leaders, or it was sent to none.
func unwritten(err error) bool {
	return slices.ContainsFunc([]error{
		kafka.LeaderNotAvailable, kafka.NotLeaderForPartition, kafka.UnknownTopicOrPartition,
		wire.ErrNoTopic, wire.ErrNoPartition, wire.ErrNoLeader, syscall.ECONNREFUSED,
	}, func(e error) bool { return errors.Is(err, e) })
}

// batch gives the records of one request, each valid until the next is read.
type batch struct {
	values [][]byte
	times  []int64
	at     int
	record kafka.Record
	value  value
}

func (b *batch) reset(values [][]byte, times []int64) { b.values, b.times, b.at = values, times, 0 }

func (b *batch) ReadRecord() (*kafka.Record, error) {
	if b.at == len(b.values) {
		return nil, io.EOF
	}
	b.value.Reset(b.values[b.at])
	b.record = kafka.Record{Time: time.UnixMilli(b.times[b.at]), Value: &b.value}
	b.at++
	return &b.record, nil
}

// value is a record's value as kafka-go reads it.
type value struct{ bytes.Reader }

func (*value) Close() error { return nil }

var _ kafka.Bytes = (*value)(nil)
