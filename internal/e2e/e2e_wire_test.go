//go:build wire

// Package e2e runs the whole program as processes, between a real Kafka broker and the real ClickHouse engine.
package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/spikeline/spikeline/internal/cli"
	"github.com/spikeline/spikeline/internal/testkit"
	"github.com/spikeline/spikeline/sink/engine"
)

// The test binary is the program too: started with this variable it is spikeline.
const asProgram = "SPIKELINE_E2E_PROGRAM"

func TestMain(m *testing.M) {
	if engine.IsChild() {
		engine.Main()
	}
	if os.Getenv(asProgram) != "" {
		os.Exit(cli.Main(os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// process is one running spikeline.
type process struct {
	*exec.Cmd
	t    *testing.T
	log  syncBuffer
	done chan error
}

type syncBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer // not embedded: its ReadFrom would go past the lock
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func start(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{Cmd: exec.Command(os.Args[0], args...), t: t, done: make(chan error, 1)}
	p.Env = append(os.Environ(), asProgram+"=1")
	p.Stdout, p.Stderr = &p.log, &p.log
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.done <- p.Wait() }()
	t.Cleanup(func() { p.Process.Kill() })
	return p
}

// stop sends SIGTERM and wants a clean end.
func (p *process) stop() time.Duration {
	p.t.Helper()
	begun := time.Now()
	p.Process.Signal(syscall.SIGTERM)
	select {
	case err := <-p.done:
		if err != nil {
			p.t.Errorf("%v: %v\n%s", p.Args, err, p.log.String())
		}
	case <-time.After(20 * time.Second):
		p.t.Errorf("%v does not end on SIGTERM:\n%s", p.Args, p.log.String())
	}
	return time.Since(begun)
}

// spikeline runs a command to its end and gives its standard output.
func spikeline(t *testing.T, args ...string) string {
	t.Helper()
	c := exec.Command(os.Args[0], args...)
	c.Env = append(os.Environ(), asProgram+"=1")
	var errs bytes.Buffer
	c.Stderr = &errs
	out, err := c.Output()
	if err != nil {
		t.Fatalf("spikeline %s: %v\n%s%s", strings.Join(args, " "), err, out, errs.String())
	}
	return string(out)
}

type clickhouse struct{ addr string }

func startEngine(t *testing.T) clickhouse {
	t.Helper()
	return startEngineAt(t, 0)
}

func startEngineAt(t *testing.T, port int) clickhouse {
	t.Helper()
	c := engine.Default()
	c.HTTPPort = port
	c.Path = filepath.Join(t.TempDir(), "clickhouse")
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	e, err := engine.Start(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Stop)
	return clickhouse{e.Addr()}
}

// ask sends a query over HTTP, as curl does.
func (c clickhouse) ask(query string) (string, error) {
	res, err := http.Get("http://" + c.addr + "/?query=" + url.QueryEscape(query))
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", res.Status, text)
	}
	return string(text), err
}

// patience is how long an answer may stay the same wrong one.
const patience = time.Minute

// await asks until the answer is the wanted one.
func (c clickhouse) await(t *testing.T, query, want string, workers ...*process) {
	t.Helper()
	got, err, before := "", error(nil), ""
	for give := time.Now().Add(patience); time.Now().Before(give); time.Sleep(300 * time.Millisecond) {
		if got, err = c.ask(query); err == nil && strings.TrimSpace(got) == want {
			return
		}
		if got != before {
			before, give = got, time.Now().Add(patience)
		}
	}
	for _, w := range workers {
		t.Log(w.log.String())
	}
	for _, q := range []string{"SELECT * FROM spikeline.ledger ORDER BY topic, partition, block FORMAT PrettyCompact", "SELECT reason, count() FROM spikeline.rejects GROUP BY reason", "SELECT * FROM spikeline.progress FORMAT Vertical"} {
		answer, err := c.ask(q)
		t.Log(answer, err)
	}
	t.Fatalf("%s\n got %s %v\nwant %s", query, got, err, want)
}

func sortedLines(text string) []string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	slices.Sort(lines)
	return lines
}

func TestTwoWorkersOnARealBrokerStoreExactlyTheGroundTruth(t *testing.T) {
	kafka := testkit.StartKafka(t)
	kafka.CreateTopic("edge.requests", 8)
	db := startEngine(t)
	dir := t.TempDir()
	config := filepath.Join(dir, "spikeline.yaml")
	text := fmt.Sprintf("kafka:\n  brokers: [%s]\nsink:\n  dsn: http://%s\nhttp:\n  listen: 127.0.0.1:0\n", kafka.Addr, db.addr)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	first, second := start(t, "run", "--config", config), start(t, "run", "--config", config)
	truth := filepath.Join(dir, "truth.csv")
	windows := filepath.Join(dir, "windows.csv")
	spikeline(t, "simulate", "--scenario", "fastly-2021-06-08", "--brokers", kafka.Addr, "--topic", "edge.requests", "--rate", "0.15",
		"--truth", truth, "--truth-windows", windows, "--broken", "0.001")

	want := column(t, truth, 1)
	db.await(t, "SELECT sum(requests) FROM spikeline.windows", fmt.Sprint(want), first, second)
	got, err := db.ask("SELECT service,sum(requests),sum(errors) FROM spikeline.windows GROUP BY service FORMAT CSV")
	if err != nil {
		t.Fatal(err)
	}
	if a, b := sortedLines(strings.ReplaceAll(got, `"`, "")), sortedLines(body(t, truth)); !slices.Equal(a, b) {
		t.Errorf("sums by service differ:\n got %v\nwant %v", a, b)
	}
	expectWindows(t, db, windows)
	db.await(t, "SELECT count() FROM (SELECT count() AS n FROM spikeline.windows GROUP BY window_start, service, pop HAVING n > 1)", "0")
	db.await(t, "SELECT countIf(unaccounted != 0), sum(consumed) = sum(counted) + sum(rejected_total), sum(rejected_total) > 0 FROM spikeline.ledger", "0\t1\t1")
	db.await(t, "SELECT count() FROM spikeline.incidents", "1")
	for _, w := range []*process{first, second} {
		if took := w.stop(); took > handOver {
			t.Errorf("a worker took %v to hand over", took)
		}
	}
}

// expectWindows compares every (window, service, pop) with the truth.
func expectWindows(t *testing.T, db clickhouse, file string) {
	t.Helper()
	got, err := db.ask("SELECT formatDateTime(window_start, '%Y-%m-%dT%H:%i:%SZ', 'UTC'), service, pop, requests, errors FROM spikeline.windows FORMAT CSV")
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, line := range strings.Split(strings.TrimSpace(body(t, file)), "\n") {
		f := strings.Split(line, ",")
		want = append(want, strings.Join(f[:5], ","))
	}
	slices.Sort(want)
	have := sortedLines(strings.ReplaceAll(got, `"`, ""))
	if !slices.Equal(have, want) {
		t.Errorf("%d rows, want %d; first difference: %s", len(have), len(want), firstDifference(have, want))
	}
}

func firstDifference(a, b []string) string {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("got %s, want %s", a[i], b[i])
		}
	}
	return "one is longer"
}

// body is a CSV file without its header.
func body(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "\n")
	return rest
}

func column(t *testing.T, file string, n int) (sum uint64) {
	t.Helper()
	for _, line := range strings.Split(strings.TrimSpace(body(t, file)), "\n") {
		var v uint64
		fmt.Sscan(strings.Split(line, ",")[n], &v)
		sum += v
	}
	return sum
}
