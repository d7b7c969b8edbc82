package exchange

import (
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/spikeline/spikeline/processor/window"
)

func TestMessagesArriveInTheOrderSent(t *testing.T) {
	c, _ := withTopics(t)
	p := NewPublisher(c, Config{PartialsTopic: Default().PartialsTopic, MaxMessageBytes: 12_000})
	r := rand.New(rand.NewPCG(1, 1))
	var sent []window.Message
	for range 3 {
		var batch []window.Message
		for range 10 {
			m := randomMessage(r, 150)
			m.Position = int64(len(sent) + len(batch))
			if m.Partial != nil {
				m.Partial.Through = m.Position
			}
			batch = append(batch, m)
		}
		if err := p.Send(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
		sent = append(sent, batch...)
	}
	decoder := NewDecoder(64 << 20)
	parts := map[int64][]Arrival{}
	last := int64(0)
	for _, s := range readTopic(t, c, Default().PartialsTopic) {
		got, ok, err := decoder.Decode(s.offset, s.value)
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			continue
		}
		if s.key != keyOf(got.Source) || got.Position < last {
			t.Fatalf("offset %d has key %s and position %d after %d", s.offset, s.key, got.Position, last)
		}
		last = got.Position
		parts[last] = append(parts[last], got)
	}
	for i := range sent {
		if got := merge(parts[int64(i)]); !reflect.DeepEqual(got, sent[i]) {
			t.Fatalf("message %d:\nsent %+v\n got %+v", i, sent[i], got)
		}
	}
}

func TestSendingIsTriedAgainWhenTheFaultMayHeal(t *testing.T) {
	c, broker := withTopics(t)
	p := NewPublisher(c, Default())
	var faults []error
	p.OnRetry(func(err error, _ time.Duration) { faults = append(faults, err) })
	failProduce(broker, 2, int16(kafka.NotEnoughReplicas))
	m := window.Message{Source: window.Source{Topic: "edge"}, Watermark: 1}
	if err := p.Send(t.Context(), []window.Message{m}); err != nil {
		t.Fatal(err)
	}
	if len(faults) != 2 || len(readTopic(t, c, Default().PartialsTopic)) != 1 {
		t.Fatalf("faults told: %v; stored: %d", faults, len(readTopic(t, c, Default().PartialsTopic)))
	}
}

func TestSendingEndsWithAdviceWhenTheFaultCannotHeal(t *testing.T) {
	c, broker := withTopics(t)
	p := NewPublisher(c, Default())
	messages := []window.Message{{Source: window.Source{Topic: "edge"}, Watermark: 1}}
	failProduce(broker, 1, int16(kafka.MessageSizeTooLarge))
	wantError(t, p.Send(t.Context(), messages), "spikeline.partials refuses a batch of", "raise its max.message.bytes, or lower max_message_bytes")
	failProduce(broker, 1, int16(kafka.TopicAuthorizationFailed))
	wantError(t, p.Send(t.Context(), messages), "spikeline.partials: not allowed: grant this user")
	p = NewPublisher(c, Config{PartialsTopic: "nowhere", MaxMessageBytes: 12_000})
	p.log.unknownTries = 2
	wantError(t, p.Send(t.Context(), messages), "nowhere: it does not exist: create it with one partition")
}

func TestSendingEndsWithTheContextAndTellsTheLastFault(t *testing.T) {
	c, broker := withTopics(t)
	p := NewPublisher(c, Default())
	failProduce(broker, 50, int16(kafka.NotEnoughReplicas))
	err := p.Send(soon(t), []window.Message{{Source: window.Source{Topic: "edge"}, Watermark: 1}})
	wantError(t, err, "gave up, context deadline exceeded", "Not Enough Replicas")
}

func TestTopicsAreCreatedOnceAndWrongOnesAreNamed(t *testing.T) {
	c, _ := withTopics(t)
	if err := EnsureTopics(t.Context(), c, Default()); err != nil {
		t.Fatal("the second time: ", err)
	}
	_, err := c.Client().CreateTopics(t.Context(), &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{
		{Topic: "wide", NumPartitions: 3, ReplicationFactor: 1},
		{Topic: "short", NumPartitions: 1, ReplicationFactor: 1},
	}})
	if err != nil {
		t.Fatal(err)
	}
	cfg := Default()
	cfg.PartialsTopic, cfg.StateTopic = "wide", "short"
	wantError(t, EnsureTopics(t.Context(), c, cfg),
		"topic wide has 3 partitions, must have 1",
		"topic short has cleanup.policy=delete, must have compact")
}
