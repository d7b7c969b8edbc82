//go:build wire && bench

package throughput

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"golang.org/x/sync/errgroup"

	"github.com/spikeline/spikeline/internal/testkit"
	"github.com/spikeline/spikeline/processor/exchange"
	"github.com/spikeline/spikeline/processor/window"
	"github.com/spikeline/spikeline/sink/engine"
)

const (
	tick  = 50 * time.Millisecond // a batch for each partition
	width = 10 * time.Second      // of a window, by default
)

// TestLatency measures, at several loads, how long after its arrival in Kafka a
// record stands in an early partial, and how long after a window's end plus
// out_of_orderness all of its rows can be read from ClickHouse. Producer,
// broker, worker and ClickHouse share the machine.
func TestLatency(t *testing.T) {
	k := testkit.StartKafka(t)
	dir := t.TempDir()
	w := &world{T: t, kafka: k, dir: dir, file: filepath.Join(dir, "edge.ndjson"), started: load()}
	w.truth = fill(t, k, w.file, *records, kafka.Lz4)
	full := spikeline(w, "")
	if err := w.judge(full); err != nil {
		t.Fatal(err)
	}
	capacity := float64(full.records) / full.wall.Seconds()
	text := fmt.Sprintf("%s, %s, %d cores, load averages %s before; one worker took %.0f k records/s from a full topic, start included.\n"+
		"Command: `make bench-latency ARGS=\"-records %d -seconds %d\"`\n\n"+
		"| load | records/s | to an early partial, ms: p50 | p99 | window's end + %v to its rows, ms: p50 | worst | windows |\n| ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n",
		time.Now().UTC().Format(time.DateOnly), cpuModel(), runtime.NumCPU(), w.started, capacity/1000, *records, *seconds, window.Default().OutOfOrderness)
	for _, percent := range strings.Split(*rates, ",") {
		share, err := strconv.ParseFloat(percent, 64)
		if err != nil {
			t.Fatal(err)
		}
		text += w.latency(share, capacity*share/100)
	}
	fmt.Print(text)
	if *write {
		if err := publish("../../docs/benchmarks.md", "latency", text); err != nil {
			t.Error(err)
		}
	}
}

// live is a topic that is being written, and what has been seen of it.
type live struct {
	*world
	mu       sync.Mutex
	arrivals [partitions][]arrival
	windows  map[int64]int64 // records sent by window start, Unix seconds
	early    []time.Duration // from a record's arrival to a partial that holds it
	rows     []time.Duration // from a window's end plus out_of_orderness to its rows
	seen     map[int64]bool
}

// arrival is a batch that Kafka has acknowledged.
type arrival struct {
	last int64 // offset
	at   time.Time
}

func (w *world) latency(share, rate float64) string {
	name, dir := w.turn()
	w.kafka.CreateTopic(name, partitions)
	e := w.engine(dir)
	defer e.Stop()
	l := &live{world: w, windows: map[int64]int64{}, seen: map[int64]bool{}}
	c := w.worker(e, name, name, dir, "")
	ctx, cancel := context.WithTimeout(w.Context(), time.Duration(*seconds)*time.Second)
	defer cancel()
	watching, stop := context.WithCancel(w.Context())
	defer stop()
	var watchers errgroup.Group
	watchers.Go(func() error { return l.watchPartials(watching, name+".partials") })
	watchers.Go(func() error { return l.watchRows(watching, e) })
	sent, err := l.produce(ctx, name, rate)
	if err != nil {
		w.Fatal(err)
	}
	time.Sleep(2 * width)
	stop()
	if err := watchers.Wait(); err != nil {
		w.Error(err)
	}
	c.Process.Signal(syscall.SIGTERM)
	if err := c.Wait(); err != nil {
		w.Errorf("spikeline: %v", err)
	}
	if answer, err := ask(e, "SELECT sum(requests) FROM spikeline.windows", nil); err != nil || strings.TrimSpace(answer) != strconv.FormatInt(sent, 10) {
		w.Errorf("%d records were sent at %.0f a second; ClickHouse holds %s %v", sent, rate, answer, err)
	}
	return fmt.Sprintf("| %.0f %% | %.0f | %s | %s | %s | %s | %d |\n", share, float64(sent)/float64(*seconds),
		millis(l.early, 0.5), millis(l.early, 0.99), millis(l.rows, 0.5), millis(l.rows, 1), len(l.rows))
}

func millis(took []time.Duration, q float64) string {
	if len(took) == 0 {
		return "none"
	}
	slices.SortFunc(took, cmp.Compare[time.Duration])
	return strconv.FormatInt(took[min(int(q*float64(len(took))), len(took)-1)].Milliseconds(), 10)
}

// lot is how many lines the broker takes at once.
const lot = 1500

// produce sends records of the present time to each partition every tick. Where the machine cannot keep the rate,
// the table says what was sent.
func (l *live) produce(ctx context.Context, topic string, rate float64) (sent int64, err error) {
	g, client := newGenerator(), l.kafka.Client()
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	began := time.Now()
	for ctx.Err() == nil {
		due := min(int64(rate*time.Since(began).Seconds())-sent, int64(rate))
		var sends errgroup.Group
		for p := range partitions {
			lines := make([][]byte, due/partitions)
			for i := range lines {
				at := time.Now()
				lines[i], _ = g.lineAt(at)
				l.count(at)
			}
			if len(lines) == 0 {
				continue
			}
			sent += int64(len(lines))
			sends.Go(func() error {
				for part := range slices.Chunk(lines, lot) {
					if err := l.send(client, topic, p, part); err != nil {
						return err
					}
				}
				return nil
			})
		}
		if err := sends.Wait(); err != nil {
			return sent, err
		}
		<-ticker.C
	}
	return sent, nil
}

func (l *live) count(at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.windows[at.Truncate(width).Unix()]++
}

func (l *live) send(client *kafka.Client, topic string, p int, lines [][]byte) error {
	if err := send(client, topic, p, kafka.Lz4, lines); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	last := int64(-1)
	if n := len(l.arrivals[p]); n > 0 {
		last = l.arrivals[p][n-1].last
	}
	l.arrivals[p] = append(l.arrivals[p], arrival{last + int64(len(lines)), time.Now()})
	return nil
}

// watchPartials reads the partials as they come.
func (l *live) watchPartials(ctx context.Context, topic string) error {
	r := kafka.NewReader(kafka.ReaderConfig{Brokers: []string{l.kafka.Addr}, Topic: topic, MaxWait: tick, MinBytes: 1, MaxBytes: 32 << 20})
	defer r.Close()
	decoder := exchange.NewDecoder(1 << 30)
	for {
		m, err := r.ReadMessage(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		a, whole, err := decoder.Decode(m.Offset, m.Value)
		if err != nil {
			return err
		}
		if whole && a.Message.Partial != nil {
			l.partial(a.Message.Source.Partition, a.Message.Partial.Through, time.Now())
		}
	}
}

func (l *live) partial(p int32, through int64, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := l.arrivals[p]
	i, _ := slices.BinarySearchFunc(at, through, func(a arrival, offset int64) int { return cmp.Compare(a.last, offset) })
	if i < len(at) {
		l.early = append(l.early, now.Sub(at[i].at))
	}
}

// watchRows asks, every tick, which windows are there whole.
func (l *live) watchRows(ctx context.Context, e *engine.Engine) error {
	const sql = "SELECT toUnixTimestamp(window_start) AS w, sum(requests) FROM spikeline.service_windows WHERE window_start > now() - 60 GROUP BY w"
	for ctx.Err() == nil {
		answer, err := ask(e, sql, nil)
		now := time.Now()
		if err == nil {
			l.found(answer, now)
		}
		time.Sleep(tick)
	}
	return nil
}

func (l *live) found(answer string, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for line := range strings.Lines(answer) {
		var start, requests int64
		fmt.Sscan(line, &start, &requests)
		closes := time.Unix(start, 0).Add(width + window.Default().OutOfOrderness)
		if now.Before(closes) || l.seen[start] || requests < l.windows[start] {
			continue
		}
		l.seen[start] = true
		l.rows = append(l.rows, now.Sub(closes))
	}
}
