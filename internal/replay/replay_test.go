package replay

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

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
	ledger    map[string]window.Block // by file and block
	folds     processor.FoldCounters
	open      int // files at once, at most
}

func replayed(t *testing.T, files ...string) *outcome {
	t.Helper()
	o := &outcome{rows: map[string]string{}, incidents: map[string]string{}, ledger: map[string]window.Block{}}
	if err := Run(context.Background(), o.options(files...)); err != nil {
		t.Fatal(err)
	}
	return o
}

func (o *outcome) options(files ...string) Options {
	cfg := window.Default()
	cfg.OutOfOrderness, cfg.AllowedLateness, cfg.ReleaseAfter = time.Minute, time.Hour, 2*time.Hour
	return Options{
		Files: files, Service: accesslog.DefaultService(), MaxRecord: 1 << 20, Now: time.Now(),
		Judge:    processor.JudgeConfig{Window: cfg, Detect: detect.Default(), Incident: incident.Default()},
		Counters: &o.folds, Judged: &processor.JudgeCounters{},
		Batch: func(b processor.Batch) error { o.learn(b); return nil },
		Trouble: func(file string, line int64, err error) {
			o.troubles = append(o.troubles, fmt.Sprintf("%s:%d: %v", filepath.Base(file), line, err))
		},
	}
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
	for _, e := range b.Ledger {
		o.ledger[fmt.Sprint(filepath.Base(e.Source.Topic), e.Index)] = e.Block
	}
	if fds, err := os.ReadDir("/proc/self/fd"); err == nil {
		o.open = max(o.open, len(fds))
	}
	for _, r := range b.Rejects {
		o.rejects = append(o.rejects, fmt.Sprintf("%s:%d: %s", filepath.Base(r.Source.Topic), r.Offset, r.Reason))
	}
}

// outage gives the lines of an outage.
func outage(t *testing.T) (lines []string) {
	t.Helper()
	script, err := demo.Find("cloudflare-2025-12-05")
	if err != nil {
		t.Fatal(err)
	}
	o := demo.Default()
	o.Rate, o.Start, o.End = 0.03, script.Start.Add(30*time.Minute), script.Start.Add(90*time.Minute)
	g, err := demo.New(script, o)
	if err != nil {
		t.Fatal(err)
	}
	for {
		line, _, ok := g.Next(nil)
		if !ok {
			return lines
		}
		lines = append(lines, string(line)+"\n")
	}
}

// archive writes lines to files: line i to the one that part gives, compressed as its name says.
func archive(t *testing.T, lines []string, name string, part func(i int) int) (files []string) {
	t.Helper()
	var parts []*strings.Builder
	for i, line := range lines {
		for part(i) >= len(parts) {
			parts = append(parts, &strings.Builder{})
		}
		parts[part(i)].WriteString(line)
	}
	dir := t.TempDir()
	for i := range parts {
		file := filepath.Join(dir, fmt.Sprintf(name, i))
		write(t, file, compressed(t, file, parts[i].String()))
		files = append(files, file)
	}
	return files
}

func compressed(t *testing.T, name, text string) []byte {
	t.Helper()
	var out bytes.Buffer
	var z io.WriteCloser
	switch filepath.Ext(name) {
	case ".gz":
		z = gzip.NewWriter(&out)
	case ".zst":
		z, _ = zstd.NewWriter(&out)
	default:
		return []byte(text)
	}
	if _, err := io.WriteString(z, text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func write(t *testing.T, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func one(int) int { return 0 }

func TestHoweverAnArchiveIsSplitItGivesTheRowsAndIncidentsOfTheSingleFile(t *testing.T) {
	lines := outage(t)
	whole := replayed(t, archive(t, lines, "whole-%d.log", one)...)
	if len(whole.rows) == 0 || len(whole.incidents) != 1 {
		t.Fatalf("%d rows, incidents %v", len(whole.rows), whole.incidents)
	}
	for name, files := range map[string][]string{
		"round robin, gzip":      archive(t, lines, "edge-%02d.log.gz", func(i int) int { return i % 7 }),
		"one after another, gz":  archive(t, lines, "edge.log.%02d.gz", func(i int) int { return i * 20 / len(lines) }),
		"one after another, zst": archive(t, lines, "edge.log.%02d.zst", func(i int) int { return i * 5 / len(lines) }),
		"a busy and a quiet one": archive(t, lines, "edge-%d.log", func(i int) int { return min(i%50, 1) }),
	} {
		got := replayed(t, files...)
		if !maps.Equal(whole.rows, got.rows) {
			t.Errorf("%s: %d rows, the single file gives %d", name, len(got.rows), len(whole.rows))
		}
		if !maps.Equal(whole.incidents, got.incidents) {
			t.Errorf("%s: incidents %v, the single file gives %v", name, got.incidents, whole.incidents)
		}
		if slices.Reverse(files); !strings.HasPrefix(name, "round") {
			continue
		}
		if back := replayed(t, files...); !maps.Equal(whole.rows, back.rows) || !maps.Equal(whole.incidents, back.incidents) {
			t.Errorf("%s: the files named from the last to the first give something else", name)
		}
	}
}

func TestFilesAreOpenOnlyWhileTheirTimeIsDue(t *testing.T) {
	lines := outage(t)
	base := replayed(t, archive(t, lines, "edge-%d.log", one)...).open
	if got := replayed(t, archive(t, lines, "edge-%03d.log.gz", func(i int) int { return i * 500 / len(lines) })...).open; got > base+20 {
		t.Errorf("of 500 files one after another, %d are open at once", got-base)
	}
}

// silent gives its text, and nothing more until it is closed.
type silent struct {
	io.Reader
	closed chan struct{}
}

func (s *silent) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if err == io.EOF {
		<-s.closed
	}
	return n, err
}

func TestAFileWhoseTimeIsNotDueIsReadNoFurtherThanAFewChunks(t *testing.T) {
	lines := outage(t)
	files := archive(t, lines, "edge-%d.log", one)
	slow := &silent{strings.NewReader(strings.Join(lines[:200], "")), make(chan struct{})}
	o := &outcome{rows: map[string]string{}, incidents: map[string]string{}, ledger: map[string]window.Block{}}
	options := o.options(append(files, "-")...)
	options.Stdin = slow
	var read, lagging atomic.Int64
	options.Read = func(n int64) { read.Add(n) }
	time.AfterFunc(time.Second, func() { // by then it would have read all
		lagging.Store(read.Load())
		close(slow.closed)
	})
	if err := Run(context.Background(), options); err != nil {
		t.Fatal(err)
	}
	if all, ahead := read.Load(), lagging.Load(); all < 4<<20 || ahead > 1<<20 {
		t.Errorf("%d bytes were read while the other file was silent, of %d", ahead, all)
	}
	if n := o.folds.Counted.Load(); int(n) != len(lines)+200 {
		t.Errorf("%d lines count, there are %d", n, len(lines)+200)
	}
}

func TestTheLedgerOfEachFileAccountsForEachOfItsLines(t *testing.T) {
	good := `203.0.113.7 - - [18/Nov/2025:11:28:04 +0000] "GET /a HTTP/1.1" 200 742 "-" "agent"`
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a.log"), filepath.Join(dir, "b.log")
	write(t, a, []byte(good+"\nbroken\n"+good))
	write(t, b, []byte(strings.Replace(good, "Nov/2025:11", "Nov/2025:13", 1)+"\n"+good+"\n"))
	o := replayed(t, a, b)
	if got := o.ledger["a.log0"]; got.Through != 3 || got.Consumed != 3 || got.Counted != 2 || got.Rejected[accesslog.Malformed] != 1 {
		t.Errorf("a.log: %+v", got)
	}
	if got := o.ledger["b.log0"]; got.Through != 2 || got.Consumed != 2 || got.Counted != 1 || got.TooLate != 1 {
		t.Errorf("b.log: %+v", got)
	}
	if got, want := strings.Join(o.rejects, "\n"), "a.log:2: malformed\nb.log:2: too_late"; got != want {
		t.Errorf("rejects\n%s\nwant\n%s", got, want)
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

// servers are two lines (a request that was answered, and one that failed) of logs as servers and balancers write them.
var servers = map[string]string{
	"alb.log": `http 2025-11-18T11:28:04.186641Z app/my-lb/50dc6c 192.168.131.39:2817 10.0.0.1:80 0.000 0.001 0.000 200 200 34 366 "GET http://shop.example.com:80/ HTTP/1.1" "curl/7.46.0" - - arn:aws:x "Root=1-58337262" "-" "-" 0 2025-11-18T11:28:04.186641Z "forward" "-" "-" "10.0.0.1:80" "200" "-" "-"
https 2025-11-18T11:28:05.186641Z app/my-lb/50dc6c 192.168.131.39:2817 - -1 -1 -1 503 - 0 57 "GET https://shop.example.com:443/a?b=c HTTP/1.1" "curl/7.46.0" ECDHE-RSA TLSv1.2 arn:aws:x "Root=1-58337281" "shop.example.com" "arn:aws:acm:x" 1 2025-11-18T11:28:05.186641Z "forward" "-" "-" "-" "-" "-" "-"`,
	"iis.log": `#Software: Microsoft Internet Information Services 10.0
#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs-host sc-status sc-substatus sc-win32-status time-taken
2025-11-18 11:28:04 10.0.0.5 GET /v1/items page=2 443 - 203.0.113.7 Mozilla/5.0+(X11) shop.example.com 200 0 0 12
2025-11-18 11:28:05 10.0.0.5 GET /v1/items page=2 443 - 203.0.113.7 Mozilla/5.0+(X11) shop.example.com 503 0 0 1200`,
	"caddy.log": `{"level":"info","ts":1763465284.123,"logger":"http.log.access.log0","msg":"handled request","request":{"remote_ip":"203.0.113.7","proto":"HTTP/2.0","method":"GET","host":"shop.example.com","uri":"/v1/items","headers":{}},"bytes_read":0,"duration":0.0123,"size":742,"status":200,"resp_headers":{}}
{"level":"error","ts":1763465285.123,"logger":"http.log.access","msg":"handled request","request":{"remote_ip":"203.0.113.7","method":"GET","host":"shop.example.com:443","uri":"/v1/items"},"duration":1.0123,"size":0,"status":502}`,
	"traefik log.json": `{"ClientHost":"203.0.113.7","DownstreamContentSize":742,"DownstreamStatus":200,"Duration":12300000,"OriginStatus":200,"RequestHost":"shop.example.com","RequestMethod":"GET","RequestPath":"/v1/items","StartUTC":"2025-11-18T11:28:04.123456789Z","time":"2025-11-18T11:28:04Z"}
{"ClientHost":"203.0.113.7","DownstreamContentSize":0,"DownstreamStatus":502,"Duration":12300000,"OriginStatus":502,"RequestHost":"shop.example.com","RequestMethod":"GET","RequestPath":"/v1/items","StartUTC":"2025-11-18T11:28:05.1Z","time":"2025-11-18T11:28:05Z"}`,
	"traefik.log": `203.0.113.7 - - [18/Nov/2025:11:28:04 +0000] "GET /v1/items HTTP/2.0" 200 742 "-" "-" 17 "items@docker" "http://10.0.0.1:80" 12ms
203.0.113.7 - - [18/Nov/2025:11:28:05 +0000] "GET /v1/items HTTP/2.0" 502 742 "-" "-" 18 "items@docker" "http://10.0.0.1:80" 12ms`,
}

func TestLogsOfServersAndBalancersAreReadAsTheyAre(t *testing.T) {
	formats := map[string]string{"alb.log": "alb", "iis.log": "iis", "caddy.log": "caddy", "traefik log.json": "traefik", "traefik.log": "traefik_clf"}
	for name, text := range servers {
		file := filepath.Join(t.TempDir(), name)
		write(t, file, []byte("\ufeff"+strings.ReplaceAll(text, "\n", "\r\n")))
		o := &outcome{rows: map[string]string{}, incidents: map[string]string{}, ledger: map[string]window.Block{}}
		options := o.options(file)
		options.Service.Fallback = "shop.example.com"
		var found []Understood
		options.Detected = func(list []Understood) { found = list }
		if err := Run(context.Background(), options); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(found) != 1 || found[0].Format != formats[name] || !strings.HasPrefix(found[0].Why, "2 of 2 lines are ") {
			t.Errorf("%s is understood as %v", name, found)
		}
		if n := o.folds.Counted.Load(); n != 2 || len(o.rows) != 1 || o.failed() != 1 || len(o.rejects) > 0 {
			t.Errorf("%s: %d lines count, rejects %v, rows %v", name, n, o.rejects, o.rows)
		}
	}
}

// failed is the sum of the errors in all rows, which must be those of one shop.
func (o *outcome) failed() (sum int) {
	for cell, counts := range o.rows {
		var requests, errors int
		if fmt.Sscan(counts, &requests, &errors); strings.Contains(cell, "shop.example.com") {
			sum += errors
		}
	}
	return sum
}

func TestOfAFileThatBreaksOffWhatWasReadCounts(t *testing.T) {
	parts := archive(t, outage(t), "edge-%d.log.gz", one)
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
