// Package testkit is what tests of several packages share: a real Kafka
// broker for tests with the build tag "wire", and a producer.
package testkit

import (
	"context"
	"errors"
	"syscall"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

// Produce appends values to one partition as one batch, and returns the
// offset of the first. It waits for a leader where there is none yet; a write that may have happened is not repeated.
func Produce(t testing.TB, client *kafka.Client, topic string, partition int, codec kafka.Compression, values ...[]byte) int64 {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for {
		records := make([]kafka.Record, len(values))
		for i, v := range values {
			records[i] = kafka.Record{Value: kafka.NewBytes(v)}
		}
		answer, err := client.Produce(ctx, &kafka.ProduceRequest{
			Topic:        topic,
			Partition:    partition,
			RequiredAcks: kafka.RequireAll,
			Compression:  codec,
			Records:      kafka.NewRecordReader(records...),
		})
		if err == nil {
			err = answer.Error
		}
		if err == nil {
			return answer.BaseOffset
		}
		if !noLeader(err) || ctx.Err() != nil {
			t.Fatalf("produce %d records to %s/%d: %v", len(values), topic, partition, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// noLeader says that the write did not happen, and that it may succeed later.
func noLeader(err error) bool {
	for _, e := range []error{kafka.NotLeaderForPartition, kafka.LeaderNotAvailable, kafka.UnknownTopicOrPartition,
		protocol.ErrNoTopic, protocol.ErrNoPartition, protocol.ErrNoLeader, syscall.ECONNREFUSED} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
