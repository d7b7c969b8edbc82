package exchange

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/spikeline/spikeline/ingest"
)

// EnsureTopics creates the topics of the exchange if they are missing, and
// says what is wrong with those that are there.
func EnsureTopics(ctx context.Context, c *ingest.Cluster, cfg Config) error {
	return ensureTopics(ctx, c.Client(), cfg)
}

func ensureTopics(ctx context.Context, client *kafka.Client, cfg Config) error {
	return errors.Join(
		ensureTopic(ctx, client, cfg.partialsTopic()),
		ensureTopic(ctx, client, cfg.stateTopic()),
	)
}

func (c Config) partialsTopic() kafka.TopicConfig {
	return kafka.TopicConfig{
		Topic: c.PartialsTopic, NumPartitions: 1, ReplicationFactor: c.ReplicationFactor,
		ConfigEntries: []kafka.ConfigEntry{
			{ConfigName: "cleanup.policy", ConfigValue: "delete"},
			{ConfigName: "retention.ms", ConfigValue: strconv.FormatInt(c.Retention.Milliseconds(), 10)},
		},
	}
}

// The state topic's segments are small and rolled often, since an active
// segment is never compacted and every new owner reads the topic whole.
func (c Config) stateTopic() kafka.TopicConfig {
	const segment, roll = 64 << 20, 10 * time.Minute
	return kafka.TopicConfig{
		Topic: c.StateTopic, NumPartitions: 1, ReplicationFactor: c.ReplicationFactor,
		ConfigEntries: []kafka.ConfigEntry{
			{ConfigName: "cleanup.policy", ConfigValue: "compact"},
			{ConfigName: "segment.bytes", ConfigValue: strconv.Itoa(segment)},
			{ConfigName: "segment.ms", ConfigValue: strconv.FormatInt(roll.Milliseconds(), 10)},
			{ConfigName: "min.cleanable.dirty.ratio", ConfigValue: "0.1"},
		},
	}
}

func ensureTopic(ctx context.Context, client *kafka.Client, want kafka.TopicConfig) error {
	log := newTopicLog(client, want.Topic)
	partitions, err := log.partitions(ctx)
	if err != nil {
		return err
	}
	if partitions == 0 {
		if err := log.create(ctx, want); err != nil {
			return err
		}
		_, _, err := log.bounds(ctx) // known to the broker that leads it
		return err
	}
	if partitions != want.NumPartitions {
		return fmt.Errorf("exchange: topic %s has %d partitions, must have 1, since one reader needs all of it in order: delete it, or name another", want.Topic, partitions)
	}
	return log.checkPolicy(ctx, want.ConfigEntries[0])
}

// partitions tells how many the topic has, 0 when it does not exist.
func (l *topicLog) partitions(ctx context.Context) (int, error) {
	return retry(ctx, l, func(ctx context.Context) (int, error) {
		res, err := l.client.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{l.topic}})
		if err != nil {
			return 0, err
		}
		for _, t := range res.Topics {
			if t.Name == l.topic && !errors.Is(t.Error, kafka.UnknownTopicOrPartition) {
				return len(t.Partitions), t.Error
			}
		}
		return 0, nil
	})
}

// create makes the topic. That another worker made it at the same time is fine.
func (l *topicLog) create(ctx context.Context, want kafka.TopicConfig) error {
	_, err := retry(ctx, l, func(ctx context.Context) (struct{}, error) {
		res, err := l.client.CreateTopics(ctx, &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{want}})
		if err == nil {
			err = res.Errors[want.Topic]
		}
		if errors.Is(err, kafka.TopicAlreadyExists) {
			err = nil
		}
		return struct{}{}, err
	})
	return err
}

// checkPolicy compares the topic's cleanup policy: state in a topic that is not
// compacted is lost, partials in one that is compacted are too.
func (l *topicLog) checkPolicy(ctx context.Context, want kafka.ConfigEntry) error {
	res, err := retry(ctx, l, func(ctx context.Context) (*kafka.DescribeConfigsResponse, error) {
		return l.client.DescribeConfigs(ctx, &kafka.DescribeConfigsRequest{
			Resources: []kafka.DescribeConfigRequestResource{{
				ResourceType: kafka.ResourceTypeTopic, ResourceName: l.topic, ConfigNames: []string{want.ConfigName},
			}},
		})
	})
	if err != nil {
		return err
	}
	for _, r := range res.Resources {
		for _, e := range r.ConfigEntries { // none when this user may not describe it
			if e.ConfigName == want.ConfigName && e.ConfigValue != want.ConfigValue {
				return fmt.Errorf("exchange: topic %s has %s=%s, must have %s: alter the topic, or name another", l.topic, e.ConfigName, e.ConfigValue, want.ConfigValue)
			}
		}
	}
	return nil
}
