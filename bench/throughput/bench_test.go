//go:build wire && bench

package throughput

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/segmentio/kafka-go"

	"github.com/spikeline/spikeline/internal/cli"
	"github.com/spikeline/spikeline/internal/testkit"
	"github.com/spikeline/spikeline/sink/engine"
)

var (
	records = flag.Int("records", 6_000_000, "records in the topic")
	rounds  = flag.Int("rounds", 2, "times each system runs; the middle one by CPU time is shown, of two the slower")
	hosts   = flag.Int("hosts", 200, "hosts in the topic")
	codecs  = flag.String("codec", "lz4,none", "lz4, none, or both with a comma; the topic of the second has a third of the records, for one round")
	only    = flag.String("only", "", "run the systems whose name has this part")
	write   = flag.Bool("write", false, "put the table into docs/benchmarks.md")
	seconds = flag.Int("seconds", 120, "how long each load of the latency test lasts")
	rates   = flag.String("rates", "10,50,90", "loads of the latency test, in % of what one worker took from the topic")
	profile = flag.String("profile", "", "write a CPU profile of each run of spikeline to this path, the codec and the run's name")
)

// role makes the test binary another program: spikeline, or the bare counter.
const role = "SPIKELINE_BENCH_ROLE"

func TestMain(m *testing.M) {
	if engine.IsChild() {
		engine.Main()
		return
	}
	switch os.Getenv(role) {
	case "spikeline":
		os.Exit(cli.Main(os.Args[1:], os.Stdout, os.Stderr))
	case "count":
		os.Exit(count(os.Args[1]))
	case "fold":
		os.Exit(foldFile(os.Args[1], os.Args[2]))
	case "growth":
		os.Exit(grow(os.Args[1]))
	case "judge":
		os.Exit(sit(os.Args[1]))
	}
	os.Exit(m.Run())
}

// TestThroughput runs every system over one topic, in turns, and compares what they found: over an lz4 topic, and a plain one.
func TestThroughput(t *testing.T) {
	for i, codec := range strings.Split(*codecs, ",") {
		w := &world{codec: codec, rounds: *rounds}
		n := *records
		if i > 0 {
			n, w.rounds = n/3, 1
		}
		t.Run(codec, func(t *testing.T) { w.compare(t, n) })
	}
}

func (w *world) compare(t *testing.T, records int) {
	compression, known := map[string]kafka.Compression{"lz4": kafka.Lz4, "none": 0}[w.codec]
	if !known {
		t.Fatalf("-codec %q: lz4, none, or both with a comma", *codecs)
	}
	w.T, w.kafka, w.dir = t, testkit.StartKafka(t), t.TempDir()
	w.file = filepath.Join(w.dir, "edge.ndjson")
	w.truth = fill(t, w.kafka, w.file, records, compression)
	w.started = load()
	t.Logf("%d records of %d bytes, %s, load %s", w.truth.Records, w.truth.Bytes/w.truth.Records, w.codec, w.started)
	systems := w.systems()
	results := make([][]result, len(systems))
	for range w.rounds {
		for i, s := range systems {
			r := s.run(w)
			t.Logf("%-40s %8.2f CPU-s %6d MB %s", s.name, r.cpu.Seconds(), r.memory>>20, r.note)
			if err := w.judge(r); err != nil {
				t.Errorf("%s: %v", s.name, err)
			}
			results[i] = append(results[i], r)
		}
	}
	text := table(w, systems, results)
	fmt.Print(text)
	if *write {
		if err := publish("../../docs/benchmarks.md", w.place(), text); err != nil {
			t.Error(err)
		}
	}
}
