//go:build wire

package e2e

import (
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"

	"github.com/spikeline/spikeline/internal/testkit"
	"github.com/spikeline/spikeline/processor/exchange"
)

func TestAPartialLargerThanTheBrokerTakesIsSplitAndMergedWhole(t *testing.T) {
	broker := testkit.StartKafka(t)
	broker.CreateTopic("edge.requests", 1)
	broker.CreateTopic("spikeline.partials", 1, "max.message.bytes", fmt.Sprint(messageLimit))
	db := startEngine(t)
	worker := start(t, "run", "--config", configure(t, broker.Addr, db, "exchange: {max_message_bytes: 65536}\n"))
	client, now := broker.Client(), time.Now().Truncate(10*time.Second)
	const services, rounds = 9000, 3
	for range rounds {
		var values [][]byte
		for i := range services {
			values = append(values, []byte(request(now, fmt.Sprintf("%x.example", uint32(i)*2654435761), "FRA")))
		}
		testkit.Produce(t, client, "edge.requests", 0, kafka.Zstd, values...)
	}
	db.await(t, "SELECT count(), uniqExact(service), sum(requests), min(requests), max(requests) FROM spikeline.windows",
		fmt.Sprintf("%d\t%[1]d\t%d\t%d\t%[3]d", services, services*rounds, rounds), worker)
	worker.stop()
	expectSplit(t, client)
}

// messageLimit, in bytes, is what the broker takes of the exchange in one batch.
const messageLimit = 70_000

// expectSplit reads the exchange as the judge does: some partial must have been
// larger than the broker's limit, and every one must come out whole.
func expectSplit(t *testing.T, client *kafka.Client) {
	t.Helper()
	decoder := exchange.NewDecoder(exchange.Default().MaxPendingBytes)
	size, largest, chunks, apart := map[int64]int{}, 0, 0, 0
	for offset, value := range topicValues(t, client, "spikeline.partials") {
		size[int64(offset)] = len(value)
		a, whole, err := decoder.Decode(int64(offset), value)
		switch {
		case err != nil:
			t.Fatal(err)
		case !whole:
			chunks++
		case a.First < int64(offset):
			apart++
			sum := 0
			for o := a.First; o <= int64(offset); o++ {
				sum += size[o]
			}
			largest = max(largest, sum)
		}
	}
	if first, open := decoder.Oldest(); open {
		t.Errorf("the partial that begins at %d never came whole", first)
	}
	if apart == 0 || largest <= messageLimit {
		t.Errorf("%d partials were split, the largest of at most %d bytes: none was larger than the broker's %d", apart, largest, messageLimit)
	}
	t.Logf("%d partials travelled in parts, %d parts besides the last ones; the largest had up to %d bytes, the broker takes %d", apart, chunks, largest, messageLimit)
}

// topicValues reads what partition 0 of a topic holds, from offset 0.
func topicValues(t *testing.T, client *kafka.Client, topic string) (values [][]byte) {
	t.Helper()
	for {
		answer, err := client.Fetch(t.Context(), &kafka.FetchRequest{Topic: topic, Offset: int64(len(values)), MinBytes: 1, MaxBytes: 8 << 20, MaxWait: time.Second})
		if err == nil {
			err = answer.Error
		}
		if err != nil {
			t.Fatal(err)
		}
		for {
			r, err := answer.Records.ReadRecord()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if r.Offset < int64(len(values)) {
				continue
			}
			value, err := protocol.ReadAll(r.Value)
			if err != nil {
				t.Fatal(err)
			}
			values = append(values, value)
		}
		if int64(len(values)) >= answer.HighWatermark {
			return values
		}
	}
}
