package demo

import (
	"bytes"
	"context"
	"errors"
	"net"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segmentio/kafka-go"
)

// part is a short piece of the flagship.
func part(t testing.TB, minutes int, change func(*Options)) *Generator {
	t.Helper()
	o := Default()
	d := onDay(2025, time.November, 18)
	o.Start = d.at("11:20")
	o.End = o.Start.Add(time.Duration(minutes) * time.Minute)
	if change != nil {
		change(&o)
	}
	g, err := New(find(t, "cloudflare-2025-11-18"), o)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestTheWrittenFileIsTheGeneratorsLines(t *testing.T) {
	var want, got bytes.Buffer
	g := part(t, 3, nil)
	for {
		line, _, ok := g.Next(nil)
		if !ok {
			break
		}
		want.Write(append(line, '\n'))
	}
	if err := Drive(context.Background(), part(t, 3, nil), Lines(&got), Pace{}); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want.Bytes(), got.Bytes()) || want.Len() < 1e6 {
		t.Errorf("%d bytes written, %d expected", got.Len(), want.Len())
	}
}

// sent is one batch that a producer was given, and when.
type sent struct {
	partition int32
	lines     int
	first     int64
	at        time.Time
}

type recorder struct {
	batches []sent
	fail    error
}

func (r *recorder) Produce(_ context.Context, partition int32, values [][]byte, times []int64) error {
	if r.fail != nil {
		return r.fail
	}
	r.batches = append(r.batches, sent{partition, len(values), times[0], time.Now()})
	return nil
}

func (r *recorder) total() (n int) {
	for _, b := range r.batches {
		n += b.lines
	}
	return n
}

func TestEventTimeRunsAtTheGivenSpeed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		r := &recorder{}
		g := part(t, 10, func(o *Options) { o.Partitions = 3 })
		if err := Drive(t.Context(), g, r, Pace{Speed: 60}); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took < 9900*time.Millisecond || took > 11*time.Second {
			t.Errorf("ten minutes at 60 took %v", took)
		}
		for _, b := range r.batches {
			reached := time.Duration(b.first-r.batches[0].first) * time.Millisecond / 60
			if off := b.at.Sub(began) - reached; off < -2*pause || off > 3*pause {
				t.Fatalf("a line %v into the feed was sent after %v", reached, b.at.Sub(began))
			}
		}
		if len(r.batches) > 3*600 {
			t.Errorf("%d batches", len(r.batches))
		}
	})
}

func TestAStoppedFeedHasSentAllThatItsTruthCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		r := &recorder{}
		g := part(t, 10, nil)
		windows := uint64(0)
		g.Tally().Window = func(w WindowTruth) error {
			w.Each(func(_, _ string, c Count) { windows += c.Requests })
			return nil
		}
		err := Drive(ctx, g, r, Pace{Speed: 60})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error is %v", err)
		}
		if uint64(r.total()) != g.Tally().Lines || r.total() == 0 {
			t.Errorf("%d lines sent, the truth counts %d", r.total(), g.Tally().Lines)
		}
		if windows != g.Tally().Lines {
			t.Errorf("%d requests in the windows of %d lines", windows, g.Tally().Lines)
		}
	})
}

func TestAFeedEndsWithItsProducersError(t *testing.T) {
	wrong := errors.New("broker is gone")
	if err := Drive(context.Background(), part(t, 1, nil), &recorder{fail: wrong}, Pace{}); !errors.Is(err, wrong) {
		t.Errorf("error is %v", err)
	}
}

func TestKafkaHasEveryLineInItsPartitionAndOrder(t *testing.T) {
	addr, stop, err := StartBroker(0, map[string]int32{"edge": 3})
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	k := ToKafka([]string{addr}, "edge")
	defer k.Close()
	n, err := k.Partitions(t.Context())
	if err != nil || n != 3 {
		t.Fatalf("%d partitions: %v", n, err)
	}
	var want [3]bytes.Buffer
	if err := Drive(t.Context(), part(t, 2, func(o *Options) { o.Partitions = n }), Lines(&want[0], &want[1], &want[2]), Pace{}); err != nil {
		t.Fatal(err)
	}
	if err := Drive(t.Context(), part(t, 2, func(o *Options) { o.Partitions = n }), k, Pace{Batch: 100_000}); err != nil {
		t.Fatal(err)
	}
	for p := range want {
		r := kafka.NewReader(kafka.ReaderConfig{Brokers: []string{addr}, Topic: "edge", Partition: p, MaxWait: 50 * time.Millisecond})
		for i, line := range strings.Split(strings.TrimSuffix(want[p].String(), "\n"), "\n") {
			m, err := r.ReadMessage(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if string(m.Value) != line || m.Offset != int64(i) || m.Time.Year() != 2025 {
				t.Fatalf("partition %d, offset %d at %v is %s, expected %s", p, m.Offset, m.Time, m.Value, line)
			}
		}
		r.Close()
	}
}

func TestABatchWaitsForABrokerThatIsNotThereYet(t *testing.T) {
	addr, stop, err := StartBroker(0, nil)
	if err != nil {
		t.Fatal(err)
	}
	stop()
	k := ToKafka([]string{addr}, "edge")
	defer k.Close()
	sent := make(chan error, 1)
	go func() { sent <- k.Produce(t.Context(), 0, [][]byte{[]byte("line")}, []int64{1}) }()
	select {
	case err := <-sent:
		t.Fatalf("without a broker it ends with %v", err)
	case <-time.After(300 * time.Millisecond):
	}
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	_, stop, err = StartBroker(number, map[string]int32{"edge": 1})
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
	r := kafka.NewReader(kafka.ReaderConfig{Brokers: []string{addr}, Topic: "edge", MaxWait: 50 * time.Millisecond})
	defer r.Close()
	if m, err := r.ReadMessage(t.Context()); err != nil || string(m.Value) != "line" || m.HighWaterMark != 1 {
		t.Errorf("the topic has %q up to offset %d: %v; want the line, once", m.Value, m.HighWaterMark, err)
	}
}

func TestAMissingTopicIsNamed(t *testing.T) {
	addr, stop, err := StartBroker(0, map[string]int32{"edge": 1})
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	k := ToKafka([]string{addr}, "edges")
	defer k.Close()
	if _, err := k.Partitions(t.Context()); err == nil || !strings.Contains(err.Error(), "topic edges does not exist: create it first") {
		t.Errorf("error is %v", err)
	}
}
