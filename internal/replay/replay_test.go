package replay

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spikeline/spikeline/demo"
	"github.com/spikeline/spikeline/ingest/accesslog"
	"github.com/spikeline/spikeline/processor"
	"github.com/spikeline/spikeline/processor/detect"
	"github.com/spikeline/spikeline/processor/incident"
	"github.com/spikeline/spikeline/processor/window"
)

// outcome is what a replay tells.
type outcome struct {
	rows      map[string]string // newest counts by window, service and pop
	incidents map[string]string
	rejects   []string
	troubles  []string
	folds     processor.FoldCounters
}

func replayed(t *testing.T, files ...string) *outcome {
	t.Helper()
	cfg := window.Default()
	cfg.AllowedLateness, cfg.ReleaseAfter = time.Hour, 2*time.Hour
	o := &outcome{rows: map[string]string{}, incidents: map[string]string{}}
	err := Run(context.Background(), Options{
		Files: files, Service: accesslog.DefaultService(), MaxRecord: 1 << 20, Now: time.Now(),
		Judge:    processor.JudgeConfig{Window: cfg, Detect: detect.Default(), Incident: incident.Default()},
		Counters: &o.folds, Judged: &processor.JudgeCounters{},
		Batch: func(b processor.Batch) error { o.learn(b); return nil },
		Trouble: func(file string, line int64, err error) {
			o.troubles = append(o.troubles, fmt.Sprintf("%s:%d: %v", filepath.Base(file), line, err))
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func (o *outcome) learn(b processor.Batch) {
	for _, w := range b.Windows {
		for _, r := range w.Rows {
			o.rows[fmt.Sprint(w.Start, r.Service, r.Pop)] = fmt.Sprint(r.Requests, r.Errors, r.Bytes, r.Status, r.Latency)
		}
	}
	for _, in := range b.Incidents {
		o.incidents[in.ID] = fmt.Sprint(in.StartedAt, in.Phase)
	}
	for _, r := range b.Rejects {
		o.rejects = append(o.rejects, fmt.Sprintf("%s:%d: %s", filepath.Base(r.Source.Topic), r.Offset, r.Reason))
	}
}

// outage writes the lines of an outage to one file, and round robin to n compressed ones.
func outage(t *testing.T, n int) (whole string, parts []string) {
	t.Helper()
	script, err := demo.Find("cloudflare-2025-12-05")
	if err != nil {
		t.Fatal(err)
	}
	o := demo.Default()
	o.Rate, o.Start, o.End = 0.1, script.Start.Add(30*time.Minute), script.Start.Add(90*time.Minute)
	g, err := demo.New(script, o)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	var all bytes.Buffer
	split := make([]bytes.Buffer, n)
	zip := make([]*gzip.Writer, n)
	for i := range zip {
		zip[i] = gzip.NewWriter(&split[i])
	}
	var buf []byte
	for i := 0; ; i++ {
		line, _, ok := g.Next(buf[:0])
		if !ok {
			break
		}
		buf = line
		all.Write(append(line, '\n'))
		zip[i%n].Write(append(line, '\n'))
	}
	whole = filepath.Join(dir, "whole.log")
	write(t, whole, all.Bytes())
	for i := range zip {
		zip[i].Close()
		name := filepath.Join(dir, fmt.Sprintf("part-%02d.log.gz", i))
		write(t, name, split[i].Bytes())
		parts = append(parts, name)
	}
	return whole, parts
}

func write(t *testing.T, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestAnArchiveInManyCompressedFilesGivesTheNumbersOfTheSingleFile(t *testing.T) {
	whole, parts := outage(t, 5)
	want, got := replayed(t, whole), replayed(t, parts...)
	if len(want.rows) == 0 || !maps.Equal(want.rows, got.rows) {
		t.Errorf("%d rows, and %d from the parts", len(want.rows), len(got.rows))
	}
	if len(want.incidents) != 1 || !maps.Equal(want.incidents, got.incidents) {
		t.Errorf("incidents %v, and %v from the parts", want.incidents, got.incidents)
	}
}

func TestEveryUnusableLineIsARejectWithItsNumberAndTheOthersCount(t *testing.T) {
	good := `203.0.113.7 - - [18/Nov/2025:11:28:04 +0000] "GET /a HTTP/1.1" 200 742 "-" "agent"`
	file := filepath.Join(t.TempDir(), "access.log")
	write(t, file, []byte(strings.Join([]string{good, "broken", good, strings.Replace(good, " 200 ", " 2x0 ", 1), "", good, strings.Repeat("x", 2<<20), good}, "\n")))
	o := replayed(t, file)
	if got, want := strings.Join(o.rejects, "\n"), "access.log:2: malformed\naccess.log:4: bad_status\naccess.log:5: empty\naccess.log:7: too_large"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if n := o.folds.Counted.Load(); n != 4 {
		t.Errorf("%d lines count, want 4", n)
	}
}

func TestOfAFileThatBreaksOffWhatWasReadCounts(t *testing.T) {
	_, parts := outage(t, 1)
	content, err := os.ReadFile(parts[0])
	if err != nil {
		t.Fatal(err)
	}
	write(t, parts[0], content[:len(content)/2])
	o := replayed(t, parts...)
	if len(o.troubles) != 1 || !strings.Contains(o.troubles[0], "unexpected EOF") || o.folds.Counted.Load() < 1000 {
		t.Errorf("troubles %v, %d lines count", o.troubles, o.folds.Counted.Load())
	}
}
