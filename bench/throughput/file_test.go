//go:build wire && bench

package throughput

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"runtime"
	"time"

	"github.com/spikeline/spikeline/ingest/accesslog"
	"github.com/spikeline/spikeline/processor"
	"github.com/spikeline/spikeline/processor/window"
)

// foldFile decodes and folds the lines of a file on one thread, and prints
// the records and failures that its partials hold: what Spikeline does between Kafka and the exchange.
// pops is the most pops that are told apart.
func foldFile(path, pops string) int {
	runtime.GOMAXPROCS(1)
	c := window.Default()
	if _, err := fmt.Sscan(pops, &c.Pops); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	f, err := os.Open(path)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer f.Close()
	in := &timed{Reader: f}
	records, failures, err := foldLines(in, c)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(records, failures, 0, peakMemory(os.Getpid()), int64(in.spent))
	return 0
}

// timed knows how long its reads took. The file is in memory: it is time that the kernel copies.
type timed struct {
	io.Reader
	spent time.Duration
}

func (t *timed) Read(b []byte) (int, error) {
	began := time.Now()
	n, err := t.Reader.Read(b)
	t.spent += time.Since(began)
	return n, err
}

func foldLines(r io.Reader, c window.Config) (records, failures uint64, err error) {
	folder := window.NewFolder(c, window.Source{Topic: topic}, 1, window.Commit{Largest: window.NoTime})
	lines, err := processor.NewLines("cloudflare", accesslog.DefaultService(), folder, processor.Default().MaxRecordBytes, &processor.FoldCounters{})
	if err != nil {
		return 0, 0, err
	}
	newest := map[int64]window.Counts{} // by window: a later partial contains the ones before
	keep := func(m window.Message) {
		if m.Partial == nil {
			return
		}
		var c window.Counts
		for i := range m.Partial.Rows {
			c.Requests += m.Partial.Rows[i].Requests
			c.Errors += m.Partial.Rows[i].Errors
		}
		newest[m.Partial.Start] = c
	}
	now, offset := time.Now().UnixNano(), int64(0)
	in := bufio.NewReaderSize(r, 1<<20)
	for line, err := in.ReadSlice('\n'); err == nil; line, err = in.ReadSlice('\n') {
		lines.Line(offset, now, bytes.TrimSuffix(line, []byte{'\n'}))
		offset++
		if offset%growthLot == 0 && folder.Due() {
			for m := range folder.Each(false, false) {
				keep(m)
			}
		}
	}
	for _, m := range folder.End() {
		keep(m)
	}
	for _, c := range newest {
		records, failures = records+c.Requests, failures+c.Errors
	}
	return records, failures, nil
}
