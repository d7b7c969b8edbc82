//go:build wire && bench

package throughput

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spikeline/spikeline/ingest/accesslog"
	"github.com/spikeline/spikeline/processor"
	"github.com/spikeline/spikeline/processor/exchange"
	"github.com/spikeline/spikeline/processor/window"
)

// shape is the work of one measurement of growth: records of so many services
// and pops, spread over the partitions of one worker.
type shape struct {
	Records, Services, Pops, Partitions int
	Width                               time.Duration
}

var usual = shape{Records: 3_000_000, Services: 1000, Pops: 50, Partitions: 8, Width: 10 * time.Second}

const (
	growthRate = 20_000    // records a second of event time: 200,000 in a window of 10 s
	flushEvery = 1_000_000 // records between two flushes: about a second of a full worker
	growthLot  = 1000      // records in a row for one partition, as in a producer's batch
)

// growths are the tables: each varies one side of the usual shape.
var growths = []struct {
	name   string
	shapes []shape
}{
	{"records", vary(func(s *shape, n int) { s.Records = n }, 1_000_000, 2_000_000, 5_000_000, 10_000_000, 20_000_000)},
	{"services", vary(func(s *shape, n int) { s.Services = n }, 100, 1000, 10_000, 100_000)},
	{"pops", vary(func(s *shape, n int) { s.Pops = n }, 1, 10, 50, 300)},
	{"partitions", vary(func(s *shape, n int) { s.Partitions = n }, 1, 8, 64)},
	{"window, s", vary(func(s *shape, n int) { s.Width = time.Duration(n) * time.Second }, 1, 10, 60)},
}

func vary(set func(*shape, int), values ...int) (shapes []shape) {
	for _, n := range values {
		s := usual
		set(&s, n)
		shapes = append(shapes, s)
	}
	return shapes
}

// grown is what a measurement found.
type grown struct {
	Counted  uint64
	Fold     time.Duration // CPU of decoding, naming, adding; garbage collection included
	Partials time.Duration // CPU of making and encoding partials
	Bytes    int           // of partials
	Cells    int           // in the open windows, at most
	Memory   int64         // peak of the process, bytes
}

// TestGrowth folds shapes of growing size, each in a process of its own, from
// lines in memory to encoded partials.
func TestGrowth(t *testing.T) {
	text := fmt.Sprintf("%s, %s, %d cores, %s; load averages %s before. Usual: %d records of %d services in %d pops, %d partitions, windows of %v, %d records a second of event time.\nCommand: `make bench-growth`\n\n",
		time.Now().UTC().Format(time.DateOnly), cpuModel(), runtime.NumCPU(), runtime.Version(), load(), usual.Records, usual.Services, usual.Pops, usual.Partitions, usual.Width, growthRate)
	text += "| | | decode and fold, ns / record | partials, ns / record | partials, bytes / record | open cells | peak MB |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n"
	for _, g := range growths {
		for _, s := range g.shapes {
			r := s.measure(t)
			row := fmt.Sprintf("| %s | %d | %s |\n", g.name, s.side(g.name), r.columns(s.Records))
			t.Log(strings.TrimSpace(row))
			text += row
		}
	}
	fmt.Print(text)
	if *write {
		if err := publish("../../docs/benchmarks.md", "growth", text); err != nil {
			t.Error(err)
		}
	}
}

func (s shape) side(name string) int {
	return map[string]int{"records": s.Records, "services": s.Services, "pops": s.Pops, "partitions": s.Partitions, "window, s": int(s.Width / time.Second)}[name]
}

func (r *grown) columns(records int) string {
	per := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / float64(records) }
	return fmt.Sprintf("%.0f | %.0f | %.1f | %d | %d", per(r.Fold), per(r.Partials), float64(r.Bytes)/float64(records), r.Cells, r.Memory>>20)
}

// measure runs a shape in a process of its own.
func (s shape) measure(t *testing.T) (r grown) {
	t.Helper()
	asked, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	out, err := self("growth", string(asked)).Output()
	if err != nil {
		t.Fatalf("%+v: %v", s, err)
	}
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatalf("%+v printed %q: %v", s, out, err)
	}
	if r.Counted != uint64(s.Records) {
		t.Errorf("%+v: %d records were counted", s, r.Counted)
	}
	return r
}

// grow is the measured process: it prints what it found.
func grow(asked string) int {
	var s shape
	if err := json.Unmarshal([]byte(asked), &s); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 2
	}
	r, err := s.fold()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return printJSON(r)
}

func printJSON(v any) int {
	if err := json.NewEncoder(os.Stdout).Encode(v); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// fold does the shape's work. Making the lines allocates nothing, so that its
// cost is the time of this thread alone, and is left out.
func (s shape) fold() (r grown, err error) {
	runtime.LockOSThread()
	lines := newStock(s)
	folders, counters, err := s.folders()
	if err != nil {
		return r, err
	}
	encoder := exchange.NewEncoder(exchange.Default().MaxMessageBytes)
	lot := make([][]byte, growthLot)
	began, making := cpu(syscall.RUSAGE_SELF), time.Duration(0)
	for n := 0; n < s.Records; n += growthLot {
		mark := cpu(rusageThread)
		for i := range lot {
			lot[i] = lines.put(lot[i], n+i)
		}
		making += cpu(rusageThread) - mark
		f := folders[n/growthLot%len(folders)]
		for i, line := range lot {
			f.Value(int64(n+i), lines.end, line)
		}
		switch last := n+growthLot >= s.Records; {
		case last || (n+growthLot)%flushEvery == 0:
			err = r.flush(encoder, folders...)
		case f.Folder.Due():
			err = r.flush(encoder, f)
		}
		if err != nil {
			return r, err
		}
	}
	r.Fold = cpu(syscall.RUSAGE_SELF) - began - making - r.Partials
	for _, f := range folders {
		f.Tell()
	}
	r.Counted, r.Memory = counters.Counted.Load(), peakMemory(os.Getpid())
	return r, nil
}

func (s shape) folders() (folders []*processor.Lines, counters *processor.FoldCounters, err error) {
	cfg := window.Default()
	cfg.Width, cfg.Services = s.Width, max(cfg.Services, s.Services)
	counters = &processor.FoldCounters{}
	for p := range s.Partitions {
		folder := window.NewFolder(cfg, window.Source{Topic: topic, Partition: int32(p)}, int32(s.Partitions), window.Commit{Largest: window.NoTime})
		lines, err := processor.NewLines("cloudflare", accesslog.DefaultService(), folder, processor.Default().MaxRecordBytes, counters)
		if err != nil {
			return nil, nil, err
		}
		folders = append(folders, lines)
	}
	return folders, counters, nil
}

// flush encodes what folders have, as for sending from a backlog.
func (r *grown) flush(encoder *exchange.Encoder, folders ...*processor.Lines) error {
	began, cells := cpu(rusageThread), 0
	for _, f := range folders {
		_, open := f.Folder.Open()
		cells += open
		for m := range f.Folder.Each(false, false) {
			values, err := encoder.Encode(&m)
			if err != nil {
				return err
			}
			for _, v := range values {
				r.Bytes += len(v)
			}
		}
	}
	r.Cells = max(r.Cells, cells)
	r.Partials += cpu(rusageThread) - began
	return nil
}

const rusageThread = 1 // RUSAGE_THREAD

// cpu is user and system time, of this process or this thread.
func cpu(who int) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(who, &u); err != nil {
		panic("BUG: getrusage: " + err.Error())
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
