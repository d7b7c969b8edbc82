//go:build wire

package e2e

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/spikeline/spikeline/demo"
	"github.com/spikeline/spikeline/internal/config"
	"github.com/spikeline/spikeline/internal/testkit"
	"github.com/spikeline/spikeline/internal/worker"
)

// outage is two hours with 25 minutes of trouble, light enough to be played in half a minute.
var outage = []string{"simulate", "--scenario", "cloudflare-2025-12-05", "--from", "2025-12-05T07:50:00Z", "--to", "2025-12-05T09:50:00Z", "--total", "30"}

func TestRollingRestartsAreInvisibleInTheResults(t *testing.T) {
	broker := testkit.StartKafka(t)
	broker.CreateTopic("edge.requests", 4)
	restless, calm := startEngine(t), startEngine(t)
	dir := t.TempDir()
	windows := filepath.Join(dir, "windows.csv")
	file := configure(t, broker.Addr, restless, "processor: {commit_every: 1s, snapshot_every: 2s}\n")
	workers := []*process{start(t, "run", "--config", file), start(t, "run", "--config", file)}
	undisturbed := start(t, "run", "--config", configure(t, broker.Addr, calm, "source: {group: calm}\nexchange: {partials_topic: calm.partials, state_topic: calm.state}\n"))
	for _, w := range append(workers, undisturbed) {
		w.metrics() // they work
	}
	source := start(t, append(outage, "--speed", "240", "--brokers", broker.Addr, "--topic", "edge.requests", "--truth-windows", windows)...)
	for ended := false; !ended; {
		for i := range workers {
			if took := workers[i].stop(); took > handOver {
				t.Errorf("a worker took %v to hand over:\n%s", took, workers[i].log.String())
			}
			workers[i] = start(t, "run", "--config", file)
			select {
			case err := <-source.done:
				if ended = true; err != nil {
					t.Fatalf("%v\n%s", err, source.log.String())
				}
			case <-time.After(2 * time.Second):
			}
		}
	}
	sum := fmt.Sprint(column(t, windows, 3))
	calm.await(t, "SELECT sum(requests) FROM spikeline.windows", sum, undisturbed)
	restless.await(t, "SELECT sum(requests) FROM spikeline.windows", sum, workers...)
	expectWindows(t, restless, windows)
	restless.await(t, "SELECT count() FROM (SELECT count() AS n FROM spikeline.windows GROUP BY window_start, service, pop HAVING n > 1)", "0")
	expectSameStory(t, restless, calm, workers...)
}

// expectSameStory compares incidents and their events once both have closed the same windows.
func expectSameStory(t *testing.T, got, want clickhouse, workers ...*process) {
	t.Helper()
	closed := "SELECT max(closed_to) FROM spikeline.progress_rev"
	end := ""
	for settled := 0; settled < 5; time.Sleep(500 * time.Millisecond) {
		now, err := want.ask(closed)
		if err == nil && now == end {
			settled++
		} else {
			end, settled = now, 0
		}
	}
	got.await(t, closed, strings.TrimSpace(end), workers...)
	for _, query := range []string{
		"SELECT count() > 0 FROM spikeline.incidents",
		"SELECT incident_id, status, phase, started_at, detected_at, peak_at, main_impact_ended_at, ended_at, services FROM spikeline.incidents ORDER BY incident_id",
		"SELECT incident_id, seq, at, event, service FROM spikeline.incident_events ORDER BY incident_id, seq",
	} {
		answer, err := want.ask(query)
		if err != nil {
			t.Fatal(err)
		}
		got.await(t, query, strings.TrimSpace(answer), workers...)
	}
}

func TestAWorkerLeavesNoGoroutineBehind(t *testing.T) {
	clickhouse := startEngine(t)
	addr, stopBroker, err := demo.StartBroker(0, map[string]int32{"edge.requests": 4})
	if err != nil {
		t.Fatal(err)
	}
	defer stopBroker()
	before := goleak.IgnoreCurrent()
	cfg := config.Default()
	cfg.Kafka.Brokers = []string{addr}
	cfg.Sink.DSN = "http://default@" + clickhouse.addr
	cfg.HTTP.Listen = "127.0.0.1:0"
	ctx, stop := context.WithCancel(t.Context())
	begun := make(chan struct{})
	ended := make(chan error, 1)
	go func() {
		ended <- worker.Run(ctx, cfg, worker.Options{Log: slog.Default(), Ready: func(string) { close(begun) }})
	}()
	<-begun
	script, err := demo.Find("steady")
	if err != nil {
		t.Fatal(err)
	}
	o := demo.Default()
	o.Partitions, o.End = 4, script.Start.Add(time.Minute)
	g, err := demo.New(script, o)
	if err != nil {
		t.Fatal(err)
	}
	to := demo.ToKafka([]string{addr}, "edge.requests")
	if err := demo.Drive(ctx, g, to, demo.Pace{}); err != nil {
		t.Fatal(err)
	}
	to.Close()
	clickhouse.await(t, "SELECT sum(requests) FROM spikeline.windows", fmt.Sprint(g.Tally().Lines))
	stop()
	if err := <-ended; err != nil {
		t.Errorf("the worker: %v", err)
	}
	http.DefaultClient.CloseIdleConnections() // this test's own
	goleak.VerifyNone(t, before)
}
