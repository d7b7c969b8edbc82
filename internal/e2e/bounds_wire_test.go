//go:build wire

package e2e

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/spikeline/spikeline/ingest/accesslog"
	"github.com/spikeline/spikeline/internal/testkit"
)

// configure writes a configuration of a worker; more is YAML beside the addresses.
func configure(t *testing.T, kafka string, db clickhouse, more string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "spikeline.yaml")
	text := fmt.Sprintf("sink:\n  dsn: http://%s\nhttp:\n  listen: 127.0.0.1:0\n", db.addr)
	if !strings.Contains(more, "kafka:") {
		text += fmt.Sprintf("kafka:\n  brokers: [%q]\n", kafka)
	}
	if err := os.WriteFile(file, []byte(text+more), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

var metricsAddr = regexp.MustCompile(`http://127\.0\.0\.1:\d+/metrics`)

// address is where a worker serves its pages; once it tells, it works.
func (p *process) address() string {
	p.t.Helper()
	var url string
	if !waitFor(30*time.Second, func() bool { url = metricsAddr.FindString(p.log.String()); return url != "" }) {
		p.t.Fatalf("no address of metrics:\n%s", p.log.String())
	}
	return strings.TrimSuffix(url, "/metrics")
}

// metrics gives what a worker tells of itself.
func (p *process) metrics() string {
	p.t.Helper()
	res, err := http.Get(p.address() + "/metrics")
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return string(text)
}

// metric is the sum over a metric's labels, 0 where there is none.
func (p *process) metric(name string) (sum float64) {
	p.t.Helper()
	for line := range strings.Lines(p.metrics()) {
		if rest, found := strings.CutPrefix(line, name); found && (rest[0] == ' ' || rest[0] == '{') {
			var value float64
			fmt.Sscan(rest[strings.LastIndexByte(rest, ' '):], &value)
			sum += value
		}
	}
	return sum
}

// peakMemory is the most that the process ever had resident, in MiB.
func (p *process) peakMemory() (mib int) {
	p.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.Process.Pid))
	if err != nil {
		p.t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, found := strings.CutPrefix(line, "VmHWM:"); found {
			fmt.Sscan(rest, &mib)
		}
	}
	return mib >> 10
}

// hostile is what a sender may come up with, and what the decoder calls it.
type hostile struct {
	values [][]byte
	want   [accesslog.Reasons]int
}

func (h *hostile) add(reason accesslog.Reason, line string) {
	h.values = append(h.values, []byte(line))
	h.want[reason]++
}

const address = "203.0.113.77"

func request(at time.Time, host, pop string) string {
	return fmt.Sprintf(`{"EdgeStartTimestamp":%d,"ClientIP":%q,"ClientRequestHost":%q,"EdgeColoCode":%q,"EdgeResponseStatus":200,"EdgeResponseBytes":1}`, at.UnixNano(), address, host, pop)
}

func hostileRecords(now time.Time) *hostile {
	h := &hostile{}
	for i := range 50_000 {
		h.add(accesslog.OK, request(now, fmt.Sprintf("invented-%d.example", i), "FRA"))
	}
	for i := range 10_000 {
		h.add(accesslog.OK, request(now, "www.example", fmt.Sprintf("P%d", i)))
	}
	for range 10 {
		h.add(accesslog.TooLarge, request(now, strings.Repeat("a", 100<<10), "FRA"))
		h.add(accesslog.TooLarge, strings.Repeat("x", 900<<10))
		h.add(accesslog.Malformed, strings.Repeat(`{"a":`, 10_000))
		h.add(accesslog.Malformed, strings.Repeat(`[`, 60_000))
		h.add(accesslog.Future, request(now.Add(time.Hour), "www.example", "FRA"))
		h.add(accesslog.Future, request(time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC), "www.example", "FRA"))
		h.add(accesslog.TooLate, request(now.Add(-time.Hour), "www.example", "FRA"))
		h.add(accesslog.TooLate, request(time.Date(1999, 1, 1, 0, 0, 0, 0, time.UTC), "www.example", "FRA"))
	}
	for i := range 30_000 {
		h.add(accesslog.Malformed, fmt.Sprintf(`{"EdgeStartTimestamp":%d,"ClientIP":%q,"ClientRequestHost":"www.exam`, i, address))
	}
	h.add(accesslog.OK, request(now, "last.example", "FRA"))
	return h
}

func TestWhateverASenderSendsIsBoundedAndAccountedFor(t *testing.T) {
	broker := testkit.StartKafka(t)
	broker.CreateTopic("edge.requests", 2)
	db := startEngine(t)
	worker := start(t, "run", "--config", configure(t, broker.Addr, db, `
window: {services: 1000, pops: 50, cells: 2000}
processor: {max_record_bytes: 65536}
exchange: {max_message_bytes: 65536}
`))
	client := broker.Client()
	h := hostileRecords(time.Now())
	for i, bytes := 0, 0; i < len(h.values); {
		n := i
		for ; n < len(h.values) && (n == i || bytes+len(h.values[n]) < 900<<10); n++ {
			bytes += len(h.values[n])
		}
		testkit.Produce(t, client, "edge.requests", 0, 0, h.values[i:n]...)
		i, bytes = n, 0
	}
	bomb := bytes.Repeat([]byte{' '}, 80<<20)
	testkit.Produce(t, client, "edge.requests", 1, kafka.Zstd, bomb)
	h.want[accesslog.Malformed]++

	produced := len(h.values) + 1
	rejected, query := 0, "SELECT sum(consumed), sum(counted), sum(too_late), sum(rejected_total), sum(missing), sum(abs(unaccounted))"
	want := ""
	for r := accesslog.OK + 1; r < accesslog.TooLate; r++ {
		rejected += h.want[r]
		query += fmt.Sprintf(", sum(rejected['%s'])", r)
		want += fmt.Sprintf("\t%d", h.want[r])
	}
	want = fmt.Sprintf("%d\t%d\t%d\t%d\t0\t0", produced, h.want[accesslog.OK], h.want[accesslog.TooLate], rejected) + want
	db.await(t, query+" FROM spikeline.ledger", want, worker)
	db.await(t, "SELECT sum(requests) FROM spikeline.windows", fmt.Sprint(h.want[accesslog.OK]), worker)
	db.await(t, "SELECT uniqExact(service) <= 1001, uniqExact(pop) <= 51, sumIf(requests, service = '__other__' OR pop = '__other__') >= 58000 FROM spikeline.windows", "1\t1\t1", worker)
	db.await(t, "SELECT count() >= 100, count() < 15000, countIf(position(sample, '"+address+"') > 0), max(length(sample)) < 2000 FROM spikeline.rejects", "1\t1\t0\t1", worker)
	expectCounters(t, worker.metrics(), h)
	if mib := worker.peakMemory(); mib > memoryLimit {
		t.Errorf("the worker had %d MiB resident, allowed are %d", mib, memoryLimit)
	} else {
		t.Logf("%d MiB resident at most", mib)
	}
	worker.stop()
}

// memoryLimit, in MiB, has room for a batch of 64 MiB, its decompression, and the runtime's share.
const memoryLimit = 600

func expectCounters(t *testing.T, metrics string, h *hostile) {
	t.Helper()
	for r := accesslog.OK + 1; r < accesslog.TooLate; r++ {
		if h.want[r] > 0 && r != accesslog.Malformed && !strings.Contains(metrics, fmt.Sprintf("spikeline_records_rejected_total{reason=%q} %d\n", r, h.want[r])) {
			t.Errorf("no metric says that %d records are %s", h.want[r], r)
		}
	}
	for _, line := range []string{fmt.Sprintf("spikeline_records_too_late_total %d\n", h.want[accesslog.TooLate]), "spikeline_fetch_errors_total{kind=\"corrupt\"}"} {
		if !strings.Contains(metrics, line) {
			t.Errorf("no metric %s", line)
		}
	}
}

func TestABacklogReadAtFullSpeedLosesNothing(t *testing.T) {
	broker := testkit.StartKafka(t)
	broker.CreateTopic("edge.requests", 8)
	db := startEngine(t)
	dir := t.TempDir()
	truth, windows := filepath.Join(dir, "truth.csv"), filepath.Join(dir, "windows.csv")
	spikeline(t, "simulate", "--scenario", "steady", "--from", "2025-03-04T00:00:00Z", "--to", "2025-03-04T00:10:00Z", "--total", "1670",
		"--brokers", broker.Addr, "--topic", "edge.requests", "--truth", truth, "--truth-windows", windows)
	want := column(t, truth, 1)
	if want < 1_000_000 {
		t.Fatalf("the backlog has %d records only", want)
	}
	begun := time.Now()
	worker := start(t, "run", "--config", configure(t, broker.Addr, db, ""))
	db.await(t, "SELECT sum(consumed), sum(counted), sum(too_late), sum(rejected_total), sum(missing) FROM spikeline.ledger", fmt.Sprintf("%d\t%[1]d\t0\t0\t0", want), worker)
	db.await(t, "SELECT sum(requests) FROM spikeline.windows", fmt.Sprint(want), worker)
	t.Logf("%d records of ten minutes in 8 partitions: 0 dropped, stored %v after the start", want, time.Since(begun).Round(100*time.Millisecond))
	expectWindows(t, db, windows)
	worker.stop()
}
