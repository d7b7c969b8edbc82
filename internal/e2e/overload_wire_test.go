//go:build wire

package e2e

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spikeline/spikeline/internal/testkit"
)

// throttle leaves a process a part of each second, until the returned function is called.
func (p *process) throttle(part time.Duration) (end func()) {
	const turn = 200 * time.Millisecond
	run := part / time.Duration(time.Second/turn)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			p.Process.Signal(syscall.SIGSTOP)
			select {
			case <-stop:
				p.Process.Signal(syscall.SIGCONT)
				return
			case <-time.After(turn - run):
			}
			p.Process.Signal(syscall.SIGCONT)
			time.Sleep(run)
		}
	}()
	return func() { close(stop); <-stopped }
}

// resident is the memory that the process has now, in MiB.
func (p *process) resident() (mib int) {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.Process.Pid))
	var all, pages int
	fmt.Sscan(string(text), &all, &pages)
	return pages * os.Getpagesize() >> 20
}

// unready says why a worker calls itself not ready, "" when it is.
func unready(addr string) string {
	res, err := http.Get(addr + "/readyz")
	if err != nil {
		return err.Error()
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(res.Body)
	if res.StatusCode == http.StatusOK {
		return ""
	}
	return string(text)
}

// A worker with a tenth of its time faces more than it can take at ten times
// that: it must stay in memory, say so, catch up once it may, and be exact.
func TestOverloadMakesAWorkerFallBehindAndNotOver(t *testing.T) {
	broker := testkit.StartKafka(t)
	broker.CreateTopic("edge.requests", 1)
	db := startEngine(t)
	truth := filepath.Join(t.TempDir(), "truth.csv")
	worker := start(t, "run", "--config", configure(t, broker.Addr, db, ""))
	worker.metrics() // it works
	addr := strings.TrimSuffix(metricsAddr.FindString(worker.log.String()), "/metrics")
	if why := unready(addr); why != "" {
		t.Errorf("an idle worker is not ready: %s", why)
	}
	release := worker.throttle(100 * time.Millisecond)
	spikeline(t, "simulate", "--scenario", "steady", "--from", "2025-03-04T00:00:00Z", "--to", "2025-03-04T00:10:00Z", "--total", "5000",
		"--brokers", broker.Addr, "--topic", "edge.requests", "--truth", truth)
	var early, late int
	told := ""
	for second := range 20 {
		if second < 10 {
			early = max(early, worker.resident())
		} else {
			late = max(late, worker.resident())
		}
		if why := unready(addr); strings.Contains(why, "records behind") {
			told = why
		}
		time.Sleep(time.Second)
	}
	if told == "" {
		t.Error("readiness never told that the worker is behind")
	}
	if late > early+max(early/4, 64) || late > 300 { // a young process still grows into its tables
		t.Errorf("%d MiB resident in the first ten seconds, %d in the next", early, late)
	}
	release()
	want := column(t, truth, 1)
	begun := time.Now()
	db.await(t, "SELECT sum(consumed), sum(counted), sum(too_late), sum(rejected_total), sum(missing) FROM spikeline.ledger", fmt.Sprintf("%d\t%[1]d\t0\t0\t0", want), worker)
	db.await(t, "SELECT sum(requests) FROM spikeline.windows", fmt.Sprint(want), worker)
	t.Logf("%d MiB, then %d; drained in %v; %s", early, late, time.Since(begun).Round(100*time.Millisecond), strings.TrimSpace(told))
	if !waitFor(10*time.Second, func() bool { return unready(addr) == "" }) {
		t.Errorf("not ready again: %s", unready(addr))
	}
	worker.stop()
}
