package exchange

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

// bounds gives the first offset of the log and the one after its last.
func (l *topicLog) bounds(ctx context.Context) (first, end int64, err error) {
	type span struct{ first, end int64 }
	s, err := retry(ctx, l, func(ctx context.Context) (span, error) {
		res, err := l.client.ListOffsets(ctx, &kafka.ListOffsetsRequest{
			Topics: map[string][]kafka.OffsetRequest{l.topic: {kafka.FirstOffsetOf(0), kafka.LastOffsetOf(0)}},
		})
		if err != nil {
			return span{}, err
		}
		for _, p := range res.Topics[l.topic] {
			if p.Partition == 0 {
				return span{p.FirstOffset, p.LastOffset}, p.Error
			}
		}
		return span{}, kafka.UnknownTopicOrPartition
	})
	return s.first, s.end, err
}

const (
	fetchBytes = 8 << 20
	fetchWait  = 500 * time.Millisecond
)

// read visits the records from one offset up to another. Records that compaction removed are not missed.
func (l *topicLog) read(ctx context.Context, from, to int64, visit func(offset int64, key string, value []byte)) error {
	for empty := 0; from < to; {
		res, err := retry(ctx, l, func(ctx context.Context) (*kafka.FetchResponse, error) {
			res, err := l.client.Fetch(ctx, &kafka.FetchRequest{
				Topic: l.topic, Offset: from, MinBytes: 1, MaxBytes: fetchBytes, MaxWait: fetchWait,
			})
			if err == nil {
				err = res.Error
			}
			return res, err
		})
		if err != nil {
			return err
		}
		next, err := visitRecords(res.Records, from, to, visit)
		if err != nil {
			return fmt.Errorf("exchange: topic %s at offset %d: %w", l.topic, next, err)
		}
		if next > from {
			from, empty = next, 0
			continue
		}
		// The broker has nothing at or after this offset: the tail was compacted
		// away. A throttled answer looks the same, hence a second look.
		if empty++; empty > 1 && res.Throttle == 0 {
			return nil
		}
	}
	return nil
}

// visitRecords gives the offset to go on from.
func visitRecords(records kafka.RecordReader, from, to int64, visit func(int64, string, []byte)) (next int64, err error) {
	next = from
	for {
		r, err := records.ReadRecord()
		if errors.Is(err, io.EOF) {
			return next, nil
		}
		if err != nil {
			return next, err
		}
		key, err := protocol.ReadAll(r.Key)
		if err != nil {
			return next, err
		}
		value, err := protocol.ReadAll(r.Value)
		if err != nil {
			return next, err
		}
		if r.Offset >= from && r.Offset < to {
			visit(r.Offset, string(key), value)
		}
		next = max(next, r.Offset+1)
	}
}
