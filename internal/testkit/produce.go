// Package testkit is what tests of several packages share: a real Kafka
// broker for tests with the build tag "wire", and a producer.
package testkit

import (
	"context"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
)

// Produce appends values to one partition as one batch, and returns the offset of the first.
func Produce(t testing.TB, client *kafka.Client, topic string, partition int, codec kafka.Compression, values ...[]byte) int64 {
	t.Helper()
	records := make([]kafka.Record, len(values))
	for i, v := range values {
		records[i] = kafka.Record{Value: kafka.NewBytes(v)}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
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
	if err != nil {
		t.Fatalf("produce %d records to %s/%d: %v", len(values), topic, partition, err)
	}
	return answer.BaseOffset
}
