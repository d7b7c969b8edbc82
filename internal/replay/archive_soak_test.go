//go:build soak

package replay

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"testing"

	"github.com/spikeline/spikeline/demo"
	"github.com/spikeline/spikeline/processor"
	"github.com/spikeline/spikeline/processor/window"
)

var gigabytes = flag.Float64("gigabytes", 10, "of lines that go through a replay")

// lineBytes is what a line of the simulated logs has, about.
const lineBytes = 535

func TestAnArchiveOfAnySizeIsReplayedInBoundedMemory(t *testing.T) {
	script, err := demo.Find("cloudflare-2025-11-18")
	if err != nil {
		t.Fatal(err)
	}
	options := demo.Default()
	options.Total = *gigabytes * 1e9 / lineBytes / script.End.Sub(script.Start).Seconds()
	g, err := demo.New(script, options)
	if err != nil {
		t.Fatal(err)
	}
	r, w := io.Pipe()
	go pour(g, w)

	o := &outcome{rows: map[string]string{}, incidents: map[string]string{}, ledger: map[string]window.Block{}}
	ro := o.options("-")
	ro.Stdin = r
	var read, told int64 // one file has one goroutine
	ro.Batch = func(processor.Batch) error { return nil }
	ro.Read = func(n int64) {
		if read += n; read >= told {
			told += int64(*gigabytes * 1e9 / 10)
			fmt.Printf("%5.1f GB read, %4d MiB resident at most\n", float64(read)/1e9, resident(t))
		}
	}
	if err := Run(context.Background(), ro); err != nil {
		t.Fatal(err)
	}
	if sent := g.Tally().Lines; o.folds.Counted.Load() != sent {
		t.Errorf("%d lines count, %d were sent", o.folds.Counted.Load(), sent)
	}
	if most := resident(t); most > 1024 {
		t.Errorf("%d MiB resident, want at most 1024", most)
	}
}

// pour writes all lines, until the reader has enough.
func pour(g *demo.Generator, w *io.PipeWriter) {
	out := bufio.NewWriterSize(w, 1<<20)
	var line []byte
	for ok := true; ok; {
		if line, _, ok = g.Next(line[:0]); ok {
			_, _ = out.Write(append(line, '\n')) // the reader has its error
		}
	}
	w.CloseWithError(out.Flush())
}

var highWater = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

// resident is the most memory that this process has had, in MiB.
func resident(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	kib, err := strconv.Atoi(string(highWater.FindSubmatch(status)[1]))
	if err != nil {
		t.Fatal(err)
	}
	return kib / 1024
}
