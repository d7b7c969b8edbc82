//go:build wire

package ingest

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/spikeline/spikeline/internal/testkit"
)

var worlds atomic.Int32

// real is a maker of worlds on one real broker.
func real(k *testkit.Kafka) makeWorld {
	return func(t *testing.T, partitions int32) world {
		t.Helper()
		name := fmt.Sprint("edge-", worlds.Add(1))
		k.CreateTopic(name, int(partitions))
		return world{topic: name, group: "group-" + name, brokers: []string{k.Addr}, session: 6 * time.Second}
	}
}

func TestOnARealBroker(t *testing.T) {
	k := testkit.StartKafka(t)
	for _, b := range behaviours {
		t.Run(b.name, func(t *testing.T) { b.test(t, real(k)) })
	}
	t.Run("metadata that is too large is refused at once", func(t *testing.T) { largeMetadata(t, real(k)) })
}

func TestABrokerKilledWhileConsumingLosesAndRepeatsNothing(t *testing.T) {
	k := testkit.StartKafka(t)
	w := real(k)(t, 2)
	cfg := quick(w.brokers...)
	cfg.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	c := connect(t, cfg)
	s := newSeen()
	stop := w.consume(t, c, s.reader)
	written := 0
	write := func(n int) {
		for p := range 2 {
			testkit.Produce(t, k.Client(), w.topic, p, kafka.Lz4, values("x", n)...)
		}
		written += 2 * n
	}
	write(2000)
	s.wait(t, written)
	for range 2 {
		before := troubles(c)
		k.Kill()
		for deadline := time.Now().Add(30 * time.Second); troubles(c) == before; time.Sleep(10 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("the loss of the broker was not noticed in 30 s")
			}
		}
		k.Start()
		write(500)
		s.wait(t, written)
	}
	stop()
	for p := range int32(2) {
		for i, r := range s.of(p) {
			if r.offset != int64(i) {
				t.Fatalf("partition %d: offset %d read where %d was due", p, r.offset, i)
			}
		}
	}
}

// troubles is how often something could not be done because no broker was there.
func troubles(c *Cluster) uint64 {
	return c.Counters.FetchErrors[ErrorNetwork].Load() + c.Counters.GroupErrors.Load()
}

func TestTLSAndSCRAM(t *testing.T) {
	t.Setenv("KAFKA_PASSWORD", "wheat-field")
	t.Setenv("KAFKA_OLD_PASSWORD", "poppy-field")
	k := testkit.StartKafka(t, testkit.WithSASL("edge", "wheat-field"))
	k.CreateTopic("edge-logs", 1)
	testkit.Produce(t, k.Client(), "edge-logs", 0, kafka.Zstd, values("a", 10)...)
	cfg := quick(k.Secure)
	cfg.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	cfg.TLS = TLS{Enabled: true, CAFile: k.CAFile}
	cfg.SASL = SASL{Mechanism: "scram-sha-512", User: "edge", PasswordEnv: "KAFKA_PASSWORD"}

	w := world{topic: "edge-logs", group: "g", brokers: cfg.Brokers}
	c := connect(t, cfg)
	if err := c.Check(t.Context(), w.topic); err != nil {
		t.Errorf("Check: %v", err)
	}
	s := newSeen()
	stop := w.consume(t, c, s.reader)
	s.wait(t, 10)
	stop()

	for _, wrong := range []struct {
		name   string
		change func(*Config)
		says   string
	}{
		{"password", func(c *Config) { c.SASL.PasswordEnv = "KAFKA_OLD_PASSWORD" }, `the broker refused user "edge": wrong user or password`},
		{"mechanism", func(c *Config) { c.SASL.Mechanism = "plain" }, "does not offer sasl.mechanism plain"},
		{"no SASL", func(c *Config) { c.SASL = SASL{} }, "wants a password (sasl)"},
		{"no TLS", func(c *Config) { c.TLS = TLS{}; c.SASL = SASL{} }, "wants TLS (tls.enabled: true)"},
		{"no TLS with SASL", func(c *Config) { c.TLS = TLS{} }, "wants TLS (tls.enabled: true)"},
		{"TLS at the plain port", func(c *Config) { c.Brokers = []string{k.Addr} }, "does not speak TLS"},
		{"SASL at the plain port", func(c *Config) { c.Brokers = []string{k.Addr}; c.TLS = TLS{} }, "takes no password"},
		{"authority", func(c *Config) { c.TLS.CAFile = "" }, "name its PEM file in tls.ca_file"},
		{"server name", func(c *Config) { c.TLS.ServerName = "kafka.example" }, "tls.server_name"},
	} {
		t.Run("wrong "+wrong.name, func(t *testing.T) {
			bad := cfg
			bad.Brokers = slices.Clone(cfg.Brokers)
			bad.RequestTimeout = 3 * time.Second
			wrong.change(&bad)
			err := connect(t, bad).Check(t.Context(), "edge-logs")
			if err == nil || !strings.Contains(err.Error(), wrong.says) || strings.Contains(err.Error(), "\n") {
				t.Errorf("Check: %v\nwant one line with: %s", err, wrong.says)
			}
			t.Log(err)
		})
	}

	bad := cfg
	bad.SASL.PasswordEnv = "KAFKA_OLD_PASSWORD"
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	err := connect(t, bad).Consume(ctx, GroupConfig{ID: "g", Topics: []string{w.topic}}, s.reader)
	if err == nil || !strings.Contains(err.Error(), "SASL") {
		t.Errorf("Consume with a wrong password: %v", err)
	}
}
