package demo

import (
	"net"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
)

func TestTheEmbeddedBrokerHasTheTopicsAndIsGoneAfterStop(t *testing.T) {
	addr, stop, err := StartBroker(0, map[string]int32{"edge": 4, "partials": 1})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := kafka.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	for topic, want := range map[string]int{"edge": 4, "partials": 1} {
		list, err := conn.ReadPartitions(topic)
		if err != nil || len(list) != want {
			t.Errorf("topic %s: %d partitions, %v; want %d", topic, len(list), err, want)
		}
	}
	conn.Close()
	stop()
	if conn, err := net.DialTimeout("tcp", addr, time.Second); err == nil {
		conn.Close()
		t.Errorf("%s still accepts connections", addr)
	}
}

func TestTheEmbeddedBrokerRefusesWhatCannotBe(t *testing.T) {
	for _, c := range []struct {
		port   int
		topics map[string]int32
	}{{-1, nil}, {65536, nil}, {0, map[string]int32{"edge": 0}}} {
		if _, _, err := StartBroker(c.port, c.topics); err == nil {
			t.Errorf("StartBroker(%d, %v) gave no error", c.port, c.topics)
		}
	}
}
