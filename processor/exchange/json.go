package exchange

import (
	"context"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/spikeline/spikeline/ingest"
)

// JSONPublisher writes JSON for readers outside Spikeline to a topic of any
// number of partitions. Records with one key stay in their order.
type JSONPublisher struct {
	log         topicLog
	replication int
	partitions  int // 0 while not known
}

// JSONRecord is one record.
type JSONRecord struct {
	Key   string
	Value []byte
}

// NewJSONPublisher makes a publisher to a topic. If the topic is missing it is
// created with one partition, and so many replicas (-1: the broker's default).
func NewJSONPublisher(c *ingest.Cluster, topic string, replicationFactor int) *JSONPublisher {
	return &JSONPublisher{log: newTopicLog(c.Client(), topic), replication: replicationFactor}
}

// OnRetry has f called before each pause after a failed attempt.
func (p *JSONPublisher) OnRetry(f func(err error, wait time.Duration)) { p.log.onRetry = f }

// Send writes records. When it returns nil, all in-sync replicas have all of
// them; else some may be there, and sending them all again is safe for readers
// that know a record again. It tries until ctx ends or the fault cannot heal.
func (p *JSONPublisher) Send(ctx context.Context, records []JSONRecord) error {
	if err := p.prepare(ctx); err != nil {
		return err
	}
	all := make([]int, p.partitions)
	for i := range all {
		all[i] = i
	}
	byPartition := make([][]JSONRecord, p.partitions)
	for _, r := range records {
		n := (kafka.Murmur2Balancer{Consistent: true}).Balance(kafka.Message{Key: []byte(r.Key)}, all...) // as Java's producer chooses
		byPartition[n] = append(byPartition[n], r)
	}
	for n, list := range byPartition {
		if err := p.write(ctx, n, list); err != nil {
			p.partitions = 0 // look again, for the topic may have been made anew
			return err
		}
	}
	return nil
}

func (p *JSONPublisher) prepare(ctx context.Context) (err error) {
	if p.partitions > 0 {
		return nil
	}
	if p.partitions, err = p.log.partitions(ctx); err != nil || p.partitions > 0 {
		return err
	}
	if err = p.log.create(ctx, kafka.TopicConfig{Topic: p.log.topic, NumPartitions: 1, ReplicationFactor: p.replication}); err != nil {
		return err
	}
	p.partitions, err = p.log.partitions(ctx)
	if err == nil && p.partitions == 0 {
		err = fmt.Errorf("exchange: topic %s was created and is not known yet", p.log.topic)
	}
	return err
}

func (p *JSONPublisher) write(ctx context.Context, partition int, list []JSONRecord) error {
	if len(list) == 0 {
		return nil
	}
	_, err := retry(ctx, &p.log, func(ctx context.Context) (struct{}, error) {
		records := make([]kafka.Record, len(list))
		for i, r := range list {
			records[i] = kafka.Record{Key: kafka.NewBytes([]byte(r.Key)), Value: kafka.NewBytes(r.Value)}
		}
		res, err := p.log.client.Produce(ctx, &kafka.ProduceRequest{
			Topic: p.log.topic, Partition: partition, RequiredAcks: kafka.RequireAll, Records: kafka.NewRecordReader(records...),
		})
		if err == nil {
			err = res.Error
		}
		return struct{}{}, err
	})
	return err
}
