package ingest

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"
)

// world is a broker with one topic: the embedded one, or (wire_test.go) a real one.
type world struct {
	topic, group string
	brokers      []string
	session      time.Duration // the shortest session timeout that the broker allows
}

// makeWorld makes a topic with so many partitions on a broker.
type makeWorld func(t *testing.T, partitions int32) world

func (w world) connect(t *testing.T) *Cluster { return connect(t, quick(w.brokers...)) }

// quick is a configuration with short waits.
func quick(brokers ...string) Config {
	cfg := Default()
	cfg.Brokers = brokers
	cfg.Heartbeat = 100 * time.Millisecond
	cfg.SessionTimeout = 6 * time.Second
	cfg.Fetch.MaxWait = 50 * time.Millisecond
	cfg.Log = slog.New(slog.NewTextHandler(io.Discard, nil))
	return cfg
}

func connect(t *testing.T, cfg Config) *Cluster {
	t.Helper()
	c, err := Connect(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// consume runs Consume in the background; stop ends it and fails the test on an error.
func (w world) consume(t *testing.T, c *Cluster, own Owner) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.Consume(ctx, GroupConfig{ID: w.group, Topics: []string{w.topic}}, own) }()
	stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("Consume: %v", err)
			}
		case <-time.After(20 * time.Second):
			t.Error("Consume did not return after its context was cancelled")
		}
	})
	t.Cleanup(stop)
	return stop
}

// seen is what owners read, by partition.
type seen struct {
	mu      sync.Mutex
	records map[int32][]record
	changed chan struct{}
}

type record struct {
	offset int64
	value  string
}

func newSeen() *seen {
	return &seen{records: map[int32][]record{}, changed: make(chan struct{}, 1)}
}

func (s *seen) add(partition int32, r record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.records[partition] = append(s.records[partition], r)
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

// resume forgets what an earlier owner read but did not commit, as a folder does.
func (s *seen) resume(partition int32, offset int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.records[partition]
	for len(list) > 0 && list[len(list)-1].offset >= offset {
		list = list[:len(list)-1]
	}
	s.records[partition] = list
}

func (s *seen) count() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, list := range s.records {
		n += len(list)
	}
	return n
}

func (s *seen) of(partition int32) []record {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.records[partition])
}

// wait waits until n records were read.
func (s *seen) wait(t *testing.T, n int) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	for s.count() < n {
		select {
		case <-s.changed:
		case <-deadline:
			t.Fatalf("%d of %d records after 30 s", s.count(), n)
		}
	}
}

// reader is an owner that reads everything and commits after each batch.
func (s *seen) reader(ctx context.Context, p *Partition) error {
	s.resume(p.ID, p.StartOffset)
	for {
		b, err := p.Next(ctx)
		if err != nil {
			return err
		}
		n := 0
		for ; b.Next(); n++ {
			s.add(p.ID, record{b.Offset, string(b.Value)})
		}
		if err := b.Err(); err != nil {
			return err
		}
		if n > 0 {
			if err := p.Commit(ctx, b.NextOffset, fmt.Sprint("at ", b.NextOffset)); err != nil {
				return err
			}
		}
	}
}

func values(prefix string, n int) [][]byte {
	list := make([][]byte, n)
	for i := range list {
		list[i] = fmt.Appendf(nil, "%s %d %0*d", prefix, i, i%200, 0)
	}
	return list
}
