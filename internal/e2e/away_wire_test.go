//go:build wire

package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spikeline/spikeline/internal/testkit"
)

// pager is who gets the alerts.
type pager struct {
	*httptest.Server
	mu     sync.Mutex
	events []string
}

func startPager(t *testing.T) *pager {
	p := &pager{}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Close)
	return p
}

func (p *pager) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	var message struct{ Type, Event string }
	text, err := io.ReadAll(r.Body)
	if err != nil || json.Unmarshal(text, &message) != nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.events = append(p.events, message.Type+" "+message.Event)
}

// heard gives the events, in the order in which they came.
func (p *pager) heard() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.events)
}

// Nobody may learn of an outage late because ClickHouse, too, is down.
func TestAlertsAreSentAndJudgingGoesOnWhileClickHouseIsAwayFromTheStart(t *testing.T) {
	broker := testkit.StartKafka(t)
	broker.CreateTopic("edge.requests", 4)
	pager := startPager(t)
	port := freePort(t)
	db := clickhouse{fmt.Sprintf("127.0.0.1:%d", port)}
	worker := start(t, "run", "--config", configure(t, broker.Addr, db, fmt.Sprintf(
		"alerts: {late_every: 1s, webhooks: [{name: pager, url: %q}]}\n", pager.URL)))
	windows := filepath.Join(t.TempDir(), "windows.csv")
	spikeline(t, append(outage, "--total", "10", "--speed", "480", "--brokers", broker.Addr, "--topic", "edge.requests", "--truth-windows", windows)...)
	if !waitFor(patience, func() bool { return len(pager.heard()) > 0 }) {
		t.Fatalf("while ClickHouse is away, the pager hears nothing\n%s", worker.log.String())
	}
	const twoHours = 720
	if !waitFor(patience, func() bool { return worker.metric("spikeline_windows_closed_total") > twoHours-30 }) {
		t.Errorf("%v of %d windows are judged", worker.metric("spikeline_windows_closed_total"), twoHours)
	}
	if n := worker.metric("spikeline_snapshots_saved_total"); n != 0 {
		t.Errorf("%v snapshots were saved before their rows", n)
	}
	t.Logf("while ClickHouse is away, the pager hears: %s", strings.Join(pager.heard(), ", "))
	if why := unready(worker.address()); !strings.Contains(why, "ClickHouse has taken no rows since") {
		t.Errorf("readiness says %q", why)
	}
	startEngineAt(t, port)
	db.await(t, "SELECT sum(requests) FROM spikeline.windows", fmt.Sprint(column(t, windows, 3)), worker)
	expectWindows(t, db, windows)
	db.await(t, "SELECT count() FROM spikeline.incidents", "1", worker)
	if !waitFor(20*time.Second, func() bool { return unready(worker.address()) == "" }) {
		t.Errorf("not ready although ClickHouse is back: %s", unready(worker.address()))
	}
	worker.stop()
}

// ClickHouse dies in the middle of an outage, and so does the judge: the pager
// hears of the outage and of its end all the same, and in the end the rows are whole.
func TestAlertsAreSentWhenClickHouseAndTheJudgeDieInTheMiddle(t *testing.T) {
	broker := testkit.StartKafka(t)
	broker.CreateTopic("edge.requests", 4)
	pager := startPager(t)
	serve := []string{"clickhouse", "--path", t.TempDir(), "--http-port", fmt.Sprint(freePort(t))}
	db, engine := clickhouse{"127.0.0.1:" + serve[4]}, start(t, serve...)
	file := configure(t, broker.Addr, db, fmt.Sprintf(
		"processor: {commit_every: 1s, snapshot_every: 2s}\nalerts: {late_every: 1s, webhooks: [{name: pager, url: %q}]}\n", pager.URL))
	judge := start(t, "run", "--config", file)
	windows := filepath.Join(t.TempDir(), "windows.csv")
	source := start(t, append(outage, "--total", "10", "--speed", "240", "--brokers", broker.Addr, "--topic", "edge.requests", "--truth-windows", windows)...)
	if !waitFor(patience, func() bool { return judge.metric("spikeline_snapshots_saved_total") > 2 }) {
		t.Fatalf("no state is saved\n%s", judge.log.String())
	}
	engine.Process.Kill()
	if !waitFor(patience, func() bool { return len(pager.heard()) > 0 }) {
		t.Fatalf("without ClickHouse the pager hears nothing\n%s", judge.log.String())
	}
	judge.Process.Kill()
	judge = start(t, "run", "--config", file)
	hears := func(event string) bool { return slices.Contains(pager.heard(), event) }
	if !waitFor(patience, func() bool { return hears("incident recovered") }) {
		t.Errorf("without ClickHouse, and after the judge was killed, the pager heard only %v\n%s", pager.heard(), judge.log.String())
	}
	if err := <-source.done; err != nil {
		t.Fatalf("%v\n%s", err, source.log.String())
	}
	start(t, serve...)
	db.await(t, "SELECT sum(requests) FROM spikeline.windows", fmt.Sprint(column(t, windows, 3)), judge)
	expectWindows(t, db, windows)
	db.await(t, "SELECT count() FROM spikeline.incidents", "1", judge)
	t.Logf("the pager heard: %s", strings.Join(pager.heard(), ", "))
	judge.stop()
}
