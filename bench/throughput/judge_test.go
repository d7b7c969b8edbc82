//go:build wire && bench

package throughput

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spikeline/spikeline/processor"
	"github.com/spikeline/spikeline/processor/detect"
	"github.com/spikeline/spikeline/processor/exchange"
	"github.com/spikeline/spikeline/processor/incident"
	"github.com/spikeline/spikeline/processor/window"
)

// docket is what a judge is given: every service has requests in every pop in
// every window, and each such cell has them in Spread of the partitions.
type docket struct {
	Services, Pops, Partitions, Spread, Windows int
}

var dockets = []docket{
	{200, 300, 8, 8, 9},
	{10_000, 50, 64, 1, 9},
	{10_000, 50, 64, 8, 9},
	{100_000, 1, 64, 8, 9},
	{100_000, 5, 64, 1, 9},
}

const judgeWidth = 10 * time.Second

// judged is what the judging of a docket took.
type judged struct {
	Partials int           // rows of partials in a window
	Bytes    int           // of partials in a window
	Rows     int           // of results in a window
	CPU      time.Duration // of reading, merging, judging and giving rows, per window
	Last     time.Duration // from the last partial of a window to its rows, CPU of that thread
	Open     int           // windows held at the end
	Snapshot int           // bytes
	Memory   int64         // peak of the process, bytes
}

// TestJudgeGrowth gives a judge windows of growing size, each docket in a
// process of its own: from the bytes of partials to rows, without Kafka and ClickHouse.
func TestJudgeGrowth(t *testing.T) {
	text := fmt.Sprintf("%s, %s, %d cores, %s; load averages %s before. One partial a partition and window of %v, 1 to 20 requests a row.\nCommand: `make bench-growth`\n\n",
		time.Now().UTC().Format(time.DateOnly), cpuModel(), runtime.NumCPU(), runtime.Version(), load(), judgeWidth)
	text += "| services × pops × partitions | partitions of a cell | rows of partials | MB of partials | rows | CPU-s / window | ns / row of a partial | last partial to rows, s | open windows | peak MB | snapshot MB |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n"
	for _, d := range dockets {
		var r judged
		if err := d.measure(&r); err != nil {
			t.Fatalf("%+v: %v", d, err)
		}
		if r.Rows != d.Services*d.Pops || r.Partials != r.Rows*d.Spread {
			t.Errorf("%+v: %d rows of %d", d, r.Rows, r.Partials)
		}
		row := fmt.Sprintf("| %d × %d × %d | %d | %d | %.1f | %d | %.2f | %.0f | %.2f | %d | %d | %.1f |\n", d.Services, d.Pops, d.Partitions, d.Spread,
			r.Partials, float64(r.Bytes)/1e6, r.Rows, r.CPU.Seconds(), float64(r.CPU.Nanoseconds())/float64(r.Partials), r.Last.Seconds(), r.Open, r.Memory>>20, float64(r.Snapshot)/1e6)
		t.Log(strings.TrimSpace(row))
		text += row
	}
	fmt.Print(text)
	if *write {
		if err := publish("../../docs/benchmarks.md", "judge", text); err != nil {
			t.Error(err)
		}
	}
}

func (d docket) measure(r *judged) error {
	asked, err := json.Marshal(d)
	if err != nil {
		return err
	}
	out, err := self("judge", string(asked)).Output()
	if err != nil {
		return err
	}
	return json.Unmarshal(out, r)
}

// sit is the measured process: it prints what it found.
func sit(asked string) int {
	var d docket
	if err := json.Unmarshal([]byte(asked), &d); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	r, err := d.judge()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return printJSON(r)
}

// court is a judge and what writes its partials.
type court struct {
	docket
	judge   *processor.Judge
	encoder *exchange.Encoder
	decoder *exchange.Decoder
	place   int64
	random  *rand.Rand
	rows    []window.Row
	judged
}

func (d docket) judge() (judged, error) {
	runtime.LockOSThread()
	cfg := processor.JudgeConfig{Window: window.Default(), Detect: detect.Default(), Incident: incident.Default()}
	cfg.Window.Width, cfg.Window.Services = judgeWidth, max(cfg.Window.Services, d.Services)
	c := &court{docket: d, judge: processor.NewJudge(cfg, &processor.JudgeCounters{}), encoder: exchange.NewEncoder(exchange.Default().MaxMessageBytes),
		decoder: exchange.NewDecoder(exchange.Default().MaxPendingBytes), random: rand.New(rand.NewPCG(1, 2))}
	began, making := cpu(syscall.RUSAGE_SELF), time.Duration(0)
	for w := range d.Windows {
		if w == 1 { // the first one makes the series known
			began, making, c.Bytes, c.Partials, c.Rows, c.Last = cpu(syscall.RUSAGE_SELF), 0, 0, 0, 0, 0
		}
		took, err := c.window(begin.Add(time.Duration(w) * judgeWidth).UnixNano())
		if err != nil {
			return c.judged, err
		}
		making += took
	}
	n := max(d.Windows-1, 1)
	c.CPU = (cpu(syscall.RUSAGE_SELF) - began - making) / time.Duration(n)
	c.Bytes, c.Partials, c.Rows, c.Last = c.Bytes/n, c.Partials/n, c.Rows/n, c.Last/time.Duration(n)
	c.Memory = peakMemory(os.Getpid())
	c.Snapshot = len(c.judge.Snapshot(c.place, c.place).State)
	return c.judged, nil
}

// window brings the partials of one window, and says what making them took.
func (c *court) window(start int64) (making time.Duration, err error) {
	for p := range c.Partitions {
		mark := cpu(rusageThread)
		m := window.Message{Source: window.Source{Topic: topic, Partition: int32(p)}, Sources: int32(c.Partitions), Watermark: start + int64(judgeWidth),
			Position: start, Partial: &window.Partial{Start: start, Through: start, Rows: c.partial(p)}}
		c.Partials += len(c.rows)
		values, err := c.encoder.Encode(&m)
		if err != nil {
			return making, err
		}
		making += cpu(rusageThread) - mark
		mark = cpu(rusageThread)
		for _, v := range values {
			c.Bytes += len(v)
			if err := c.read(v); err != nil {
				return making, err
			}
		}
		if p == c.Partitions-1 {
			c.give()
			c.Last += cpu(rusageThread) - mark
		}
	}
	return making, nil
}

func (c *court) read(value []byte) error {
	c.place++
	a, whole, err := c.decoder.Decode(c.place, value)
	if err == nil && whole {
		c.judge.Apply(a.First, a.Message)
	}
	return err
}

// give takes the rows, as for the sink.
func (c *court) give() {
	b := c.judge.Take()
	for i := range b.Windows {
		c.Rows += len(b.Windows[i].Rows)
		c.Open = int(b.ClosedTo-b.RetiredTo) / int(judgeWidth)
	}
}

// partial makes the rows of the cells that have requests in a partition.
func (c *court) partial(p int) []window.Row {
	c.rows = c.rows[:0]
	for cell := range c.Services * c.Pops {
		if (p-cell%c.Partitions+c.Partitions)%c.Partitions < c.Spread {
			c.rows = append(c.rows, c.row(cell/c.Pops, cell%c.Pops))
		}
	}
	return c.rows
}

func (c *court) row(service, pop int) window.Row {
	n := 1 + c.random.Uint64N(20)
	r := window.Row{Service: fmt.Sprintf("shop-%06d.example.com", service), Pop: fmt.Sprintf("P%03d", pop), Counts: window.Counts{Requests: n, Bytes: n * 20_000, CacheHits: n / 2}}
	r.Status = []window.StatusCount{{Code: 200, Count: n}}
	var latency [window.LatencyBuckets]uint64
	for range n {
		latency[window.BucketOf(int64(20_000*(0.2+c.random.ExpFloat64())))]++
	}
	for b, k := range latency {
		if k > 0 {
			r.Latency = append(r.Latency, window.LatencyBucket{Bucket: uint16(b), Count: k})
		}
	}
	return r
}
