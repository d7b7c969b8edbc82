package exchange

import (
	"fmt"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/segmentio/kafka-go"
)

func TestJSONOfOneKeyStaysInOrderInOnePartition(t *testing.T) {
	c, broker := fake(t, kfake.SeedTopics(5, "signals"))
	p := NewJSONPublisher(c, "signals", -1)
	for round := range 3 {
		var records []JSONRecord
		for key := range 20 {
			records = append(records, JSONRecord{fmt.Sprintf("service-%d", key), fmt.Appendf(nil, `{"round":%d}`, round)})
		}
		if err := p.Send(t.Context(), records); err != nil {
			t.Fatal(err)
		}
	}
	rounds := map[string]int{}
	filled := 0
	for partition := range 5 {
		info := broker.PartitionInfo("signals", int32(partition))
		if info.HighWatermark%3 != 0 {
			t.Errorf("partition %d has %d records: a key's went to several", partition, info.HighWatermark)
		}
		if info.HighWatermark > 0 {
			filled++
		}
		res, err := c.Client().Fetch(t.Context(), &kafka.FetchRequest{Topic: "signals", Partition: partition, MaxBytes: 1 << 20, MinBytes: 1})
		if err != nil {
			t.Fatal(err)
		}
		for n := int64(0); n < info.HighWatermark; n++ {
			record, err := res.Records.ReadRecord()
			if err != nil {
				t.Fatal(err)
			}
			key, value := string(mustRead(t, record.Key)), string(mustRead(t, record.Value))
			if want := fmt.Sprintf(`{"round":%d}`, rounds[key]); value != want {
				t.Errorf("%s: %s came where %s was sent", key, value, want)
			}
			rounds[key]++
		}
	}
	if len(rounds) != 20 || filled < 2 {
		t.Errorf("%d keys in %d partitions", len(rounds), filled)
	}
}

func mustRead(t *testing.T, b kafka.Bytes) []byte {
	t.Helper()
	text, err := kafka.ReadAll(b)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestJSONGoesToATopicThatIsMadeForIt(t *testing.T) {
	c, broker := fake(t)
	p := NewJSONPublisher(c, "signals", -1)
	failProduce(broker, 1, int16(kafka.NotEnoughReplicas))
	if err := p.Send(t.Context(), []JSONRecord{{"a", []byte("{}")}}); err != nil {
		t.Fatal(err)
	}
	if got := readTopic(t, c, "signals"); len(got) != 1 || got[0].key != "a" || string(got[0].value) != "{}" {
		t.Errorf("got %+v", got)
	}
}
