package ingest

import (
	"context"
	"errors"
	"fmt"

	"github.com/segmentio/kafka-go"
)

// begin fills in where parts are to be read from: the group's offset and
// metadata, or the earliest offset where nothing was committed.
func (c *Cluster) begin(ctx context.Context, group string, wanted map[string][]int, parts []*Partition) error {
	ctx, cancel := c.bound(ctx)
	defer cancel()
	answer, err := c.client.OffsetFetch(ctx, &kafka.OffsetFetchRequest{GroupID: group, Topics: wanted})
	if err == nil {
		err = answer.Error
	}
	if err != nil {
		return fmt.Errorf("committed offsets: %w", err)
	}
	for _, p := range parts {
		if err := p.begin(ctx, answer.Topics[p.Topic]); err != nil {
			return err
		}
	}
	return nil
}

func (p *Partition) begin(ctx context.Context, committed []kafka.OffsetFetchPartition) error {
	for _, o := range committed {
		if o.Partition != int(p.ID) {
			continue
		}
		if o.Error != nil {
			return fmt.Errorf("committed offset of %s/%d: %w", p.Topic, p.ID, o.Error)
		}
		if o.CommittedOffset >= 0 {
			p.StartOffset, p.StartMetadata = o.CommittedOffset, o.Metadata
			return nil
		}
	}
	earliest, _, err := p.cluster.extent(ctx, p.Topic, p.ID)
	p.StartOffset = earliest
	return err
}

// extent returns the first offset of a partition, and the one after its last.
func (c *Cluster) extent(ctx context.Context, topic string, id int32) (earliest, latest int64, err error) {
	ctx, cancel := c.bound(ctx)
	defer cancel()
	answer, err := c.client.ListOffsets(ctx, &kafka.ListOffsetsRequest{
		Topics: map[string][]kafka.OffsetRequest{topic: {kafka.FirstOffsetOf(int(id)), kafka.LastOffsetOf(int(id))}},
	})
	if err != nil {
		return 0, 0, fmt.Errorf("offsets of %s/%d: %w", topic, id, err)
	}
	for _, o := range answer.Topics[topic] {
		if o.Partition == int(id) {
			return o.FirstOffset, o.LastOffset, o.Error
		}
	}
	return 0, 0, fmt.Errorf("offsets of %s/%d: missing in the broker's answer", topic, id)
}

// partitionsOf asks a broker how many partitions the topic has. (The
// Transport would answer from its memory, which may be older than the generation.)
func (c *Cluster) partitionsOf(ctx context.Context, topic string) (int, error) {
	ctx, cancel := c.bound(ctx)
	defer cancel()
	var faults []error
	for _, broker := range c.cfg.Brokers {
		list, err := c.dialer().LookupPartitions(ctx, "tcp", broker, topic)
		if err == nil {
			return len(list), nil
		}
		faults = append(faults, err)
	}
	return 0, errors.Join(faults...)
}
