package exchange

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

// topicLog is the only partition of a topic of ours.
type topicLog struct {
	client *kafka.Client
	topic  string

	unknownTries int // how often the topic may be unknown before it is held to be missing
	onRetry      func(err error, wait time.Duration)
}

// pair is a record to be written; without a value it is a tombstone.
type pair struct {
	key   string
	value []byte
}

// Limits of one attempt: a broker that does not answer is asked again, over a new connection.
const (
	attemptTimeout = 10 * time.Second
	firstBackoff   = 100 * time.Millisecond
	mostBackoff    = 5 * time.Second
	unknownTries   = 12 // about 15 s: a topic just created is not known everywhere at once
)

func newTopicLog(client *kafka.Client, topic string) topicLog {
	return topicLog{client: client, topic: topic, unknownTries: unknownTries}
}

// append writes records as one batch and gives the offset of the first when all
// in-sync replicas have them. It tries again until ctx ends or the fault cannot heal.
func (l *topicLog) append(ctx context.Context, pairs []pair) (base int64, err error) {
	base, err = retry(ctx, l, func(ctx context.Context) (int64, error) {
		records := make([]kafka.Record, len(pairs))
		for i, p := range pairs {
			records[i] = kafka.Record{Key: kafka.NewBytes([]byte(p.key)), Value: kafka.NewBytes(p.value)}
		}
		res, err := l.client.Produce(ctx, &kafka.ProduceRequest{
			Topic: l.topic, RequiredAcks: kafka.RequireAll, Records: kafka.NewRecordReader(records...),
		})
		if err == nil {
			err = res.Error
		}
		if err != nil {
			return 0, err
		}
		return res.BaseOffset, nil
	})
	if errors.Is(err, kafka.MessageSizeTooLarge) || errors.Is(err, kafka.RecordListTooLarge) {
		size := 0
		for _, p := range pairs {
			size += len(p.key) + len(p.value)
		}
		return 0, fmt.Errorf("exchange: topic %s refuses a batch of %d bytes: raise its max.message.bytes, or lower max_message_bytes here: %w", l.topic, size, err)
	}
	return base, err
}

// retry repeats one request with growing pauses. What it returns names the topic and the last fault.
func retry[T any](ctx context.Context, l *topicLog, request func(context.Context) (T, error)) (T, error) {
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval, pauses.MaxInterval = firstBackoff, mostBackoff
	var last error
	unknown := 0
	result, err := backoff.Retry(ctx, func() (T, error) {
		ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
		defer cancel()
		result, err := request(ctx)
		if err == nil {
			return result, nil
		}
		last = err
		if unknown++; !isUnknown(err) {
			unknown = 0
		}
		if advice := hopeless(err, unknown >= l.unknownTries); advice != "" {
			return result, backoff.Permanent(fmt.Errorf("exchange: topic %s: %s: %w", l.topic, advice, err))
		}
		return result, err
	}, backoff.WithBackOff(pauses), backoff.WithMaxElapsedTime(0), backoff.WithNotify(l.notify))
	if err != nil && ctx.Err() != nil {
		return result, fmt.Errorf("exchange: topic %s: gave up, %w; last fault: %w", l.topic, context.Cause(ctx), last)
	}
	return result, err
}

func (l *topicLog) notify(err error, wait time.Duration) {
	if l.onRetry != nil {
		l.onRetry(err, wait)
	}
}

// isUnknown matches both ways of kafka-go to say it: by the broker's answer, and by the metadata it holds.
func isUnknown(err error) bool {
	return errors.Is(err, kafka.UnknownTopicOrPartition) || errors.Is(err, protocol.ErrNoTopic)
}

// hopeless says what to do about a fault that trying again cannot heal; it says nothing of one that it may.
func hopeless(err error, missing bool) (advice string) {
	if missing {
		return "it does not exist: create it with one partition, or let spikeline run create it"
	}
	var code kafka.Error
	if !errors.As(err, &code) {
		return ""
	}
	switch code {
	case kafka.MessageSizeTooLarge, kafka.RecordListTooLarge:
		return "the batch is too large"
	case kafka.TopicAuthorizationFailed, kafka.ClusterAuthorizationFailed:
		return "not allowed: grant this user Read, Write and Describe on the topic"
	case kafka.SASLAuthenticationFailed, kafka.UnsupportedSASLMechanism, kafka.IllegalSASLState:
		return "the broker refuses the login: check kafka.sasl"
	case kafka.OffsetOutOfRange:
		return "the records to be read were deleted meanwhile"
	case kafka.InvalidTopic, kafka.InvalidReplicationFactor, kafka.InvalidConfiguration:
		return "the broker refuses such a topic: check its name and replication_factor"
	case kafka.InvalidRequiredAcks, kafka.UnsupportedVersion, kafka.UnsupportedForMessageFormat,
		kafka.PolicyViolation, kafka.InvalidRecord, kafka.InvalidTimestamp:
		return "the broker refuses the records"
	}
	return ""
}
