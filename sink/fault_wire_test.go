//go:build wire

package sink

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/spikeline/spikeline/processor"
	"github.com/spikeline/spikeline/processor/window"
)

// proxy stands between the writer and the real engine and spoils what it is told to.
type proxy struct {
	engine *httputil.ReverseProxy
	mu     sync.Mutex
	seen   []string // table and token of every insert, in order
	spoil  func(n int, insert string) fault
}

type fault int

const (
	pass    fault = iota
	refuse        // with "too many parts", before the engine sees it
	forbid        // with "access denied"
	harm          // as if a part it needs were damaged
	swallow       // the engine's answer is lost after the insert
)

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query().Get("query")
	if query == "" { // a statement without data comes as the body
		body := bufio.NewReader(r.Body)
		start, _ := body.Peek(64)
		query, r.Body = string(start), io.NopCloser(body)
	}
	_, insert, found := strings.Cut(query, "INSERT INTO spikeline.")
	if !found || strings.HasPrefix(insert, "schema_migrations") {
		p.engine.ServeHTTP(w, r)
		return
	}
	table := strings.Fields(insert)[0]
	p.mu.Lock()
	n := len(p.seen)
	p.seen = append(p.seen, table+" "+r.URL.Query().Get("insert_deduplication_token"))
	p.mu.Unlock()
	switch p.spoil(n, table) {
	case pass:
		p.engine.ServeHTTP(w, r)
	case refuse:
		io.Copy(io.Discard, r.Body)
		http.Error(w, "Code: 252. DB::Exception: Too many parts. (TOO_MANY_PARTS)", http.StatusInternalServerError)
	case forbid:
		io.Copy(io.Discard, r.Body)
		http.Error(w, "Code: 497. DB::Exception: Not enough privileges. (ACCESS_DENIED)", http.StatusForbidden)
	case harm:
		w.Header().Set("X-ClickHouse-Exception-Code", "246")
		http.Error(w, "Code: 246. DB::Exception: Empty marks file: 0, must be: 120. (CORRUPTED_DATA)", http.StatusInternalServerError)
	case swallow:
		p.engine.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	}
}

func startProxy(t *testing.T, dsn string, spoil func(n int, table string) fault) (*proxy, Config) {
	t.Helper()
	target, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{engine: httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: target.Host}), spoil: spoil}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	c := configFor("http://default@" + strings.TrimPrefix(server.URL, "http://"))
	c.RetryMin, c.RetryMax = time.Millisecond, 10*time.Millisecond
	return p, c
}

func TestALostAnswerIsRepeatedWithTheSameTokenAndStoredOnce(t *testing.T) {
	e := startEngine(t)
	lost := map[string]bool{}
	p, c := startProxy(t, e.DSN(), func(_ int, table string) fault {
		if !lost[table] {
			lost[table] = true
			return swallow
		}
		return pass
	})
	writeAll(t, c, fullBatch())
	conn := connect(t, e.DSN())
	if got := views(t, conn); got != wholeAnswer {
		t.Errorf("views show\n%s\nwant\n%s", got, wholeAnswer)
	}
	for i, want := range []string{"3", "2", "1", "1", "1", "1", "1"} {
		name := storage[i].name
		if got := look(t, conn, []string{"count()"}, "FROM spikeline."+name); got != want {
			t.Errorf("%s stores %s rows, want %s: the token should make the repetition a no-op, even without FINAL", name, got, want)
		}
	}
	tokens := map[string]int{}
	for _, insert := range p.seen {
		tokens[insert]++
	}
	for i := range storage {
		for insert, n := range tokens {
			if strings.HasPrefix(insert, storage[i].name+" ") && n != 2 {
				t.Errorf("insert %q was sent %d times, want 2 with one token", insert, n)
			}
		}
	}
}

func TestTooManyPartsIsWaitedOutAndTheOrderOfTablesIsKept(t *testing.T) {
	e := startEngine(t)
	p, c := startProxy(t, e.DSN(), func(n int, _ string) fault {
		if n%3 != 2 {
			return refuse
		}
		return pass
	})
	writeAll(t, c, fullBatch())
	var order []string
	for _, insert := range p.seen {
		table, _, _ := strings.Cut(insert, " ")
		if len(order) == 0 || order[len(order)-1] != table {
			order = append(order, table)
		}
	}
	const want = "windows_rev service_windows_rev signals_rev incidents_rev incident_events_rev rejects_rev ledger_rev released_rev"
	if got := strings.Join(order, " "); !strings.HasPrefix(got, want) {
		t.Errorf("tables were written as %s, want %s", got, want)
	}
	if got := views(t, connect(t, e.DSN())); got != wholeAnswer {
		t.Errorf("views show\n%s\nwant\n%s", got, wholeAnswer)
	}
}

func TestWhatWaitingCannotHealComesBackFromPut(t *testing.T) {
	e := startEngine(t)
	_, c := startProxy(t, e.DSN(), func(_ int, table string) fault {
		if table == "signals_rev" {
			return forbid
		}
		return pass
	})
	var s saved
	w, err := Open(context.Background(), c, s.save)
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(30 * time.Second); err == nil && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		err = w.Put(t.Context(), fullBatch())
	}
	if err == nil || !strings.Contains(err.Error(), "insert into signals_rev: ClickHouse refuses: the user lacks a right") {
		t.Errorf("put gave %v, want the refusal with its next step", err)
	}
	if err := w.Close(context.Background()); err == nil || !strings.Contains(err.Error(), "batches not written") {
		t.Errorf("close gave %v, want how many batches are not written", err)
	}
	if len(s.offsets) != 0 {
		t.Errorf("states %v were kept although their rows are not in ClickHouse", s.offsets)
	}
}

func TestWhileClickHouseIsAwayTheQueueFillsAndTheStallIsSeenThenAllIsWritten(t *testing.T) {
	e := startEngine(t)
	var mu sync.Mutex
	away := true
	p, c := startProxy(t, e.DSN(), nil)
	p.spoil = func(int, string) fault {
		mu.Lock()
		defer mu.Unlock()
		if away {
			return refuse
		}
		return pass
	}
	c.QueueBatches = 10
	var s saved
	w, err := Open(context.Background(), c, s.save)
	if err != nil {
		t.Fatal(err)
	}
	put := make(chan error)
	go func() {
		for n := range int64(30) {
			if err := w.Put(t.Context(), processor.Batch{Windows: []window.Result{result(n, 5, row("api", "FRA", 100, 10))}, Snapshot: &processor.Snapshot{Offset: n}}); err != nil {
				put <- err
				return
			}
		}
		put <- nil
	}()
	m := w.Metrics()
	for m.QueueBatches.Load() < 10 || m.StalledSince.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	if !strings.Contains(m.LastError(), "252") {
		t.Errorf("last error is %q, want the code 252", m.LastError())
	}
	mu.Lock()
	away = false
	mu.Unlock()
	if err := <-put; err != nil {
		t.Fatal(err)
	}
	if err := w.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if m.StalledSince.Load() != 0 || m.LastError() != "" || m.QueueRows.Load() != 0 {
		t.Errorf("after it all: stalled since %d, last error %q, %d rows wait; want none", m.StalledSince.Load(), m.LastError(), m.QueueRows.Load())
	}
	if got, want := look(t, connect(t, e.DSN()), []string{"count()", "sum(requests)"}, "FROM spikeline.windows"), "30 | 3000"; got != want {
		t.Errorf("windows, requests: %s, want %s", got, want)
	}
	if !increasing(s.offsets) || s.offsets[len(s.offsets)-1] != 29 {
		t.Errorf("kept states %v, want increasing ones up to 29", s.offsets)
	}
	if inserts := m.Inserts.Load(); inserts >= 60 {
		t.Errorf("%d inserts for 30 batches that waited, want them joined", inserts)
	}
	t.Log(fmt.Sprint(m.Inserts.Load(), " inserts, ", m.Retries.Load(), " retries"))
}

func TestWhatCannotBeRolledUpHoldsNoWindowBack(t *testing.T) {
	e := startEngine(t)
	var damaged atomic.Bool
	damaged.Store(true)
	_, c := startProxy(t, e.DSN(), func(_ int, table string) fault {
		if table == minutes.target && damaged.Load() {
			return harm
		}
		return pass
	})
	var log bytes.Buffer
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	var s saved
	w, err := Open(context.Background(), c, s.save)
	if err != nil {
		t.Fatal(err)
	}
	conn := connect(t, e.DSN())
	for n := range int64(60) {
		b := processor.Batch{Windows: []window.Result{result(n, 5, row("api", "FRA", 100, 10))}, RetiredTo: noon + n*10*second, Snapshot: &processor.Snapshot{Offset: n}}
		if err := w.Put(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	awaitCount(t, conn, "spikeline.windows", 60)
	for give := time.Now().Add(time.Minute); w.Metrics().RollupsStalledSince.Load() == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(give) {
			t.Fatal("rollups fail, and no metric tells it")
		}
	}
	time.AfterFunc(5*c.RetryMax, func() { damaged.Store(false) })
	if err := w.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got := look(t, conn, []string{"count()", "sum(requests)"}, "FROM spikeline.windows_1m"); got != "9 | 5400" {
		t.Errorf("once ClickHouse has healed, minutes and requests are %s, want 9 | 5400", got)
	}
	if w.Metrics().RollupsStalledSince.Load() != 0 || !strings.Contains(log.String(), "CHECK TABLE") || s.offsets[len(s.offsets)-1] != 59 {
		t.Errorf("stalled since %d, states kept %v, log %s; want 0, the last state, and the way to find the damage", w.Metrics().RollupsStalledSince.Load(), s.offsets, &log)
	}
}

func awaitCount(t *testing.T, conn driver.Conn, table string, want int) {
	t.Helper()
	for give := time.Now().Add(time.Minute); look(t, conn, []string{"count()"}, "FROM "+table) != fmt.Sprint(want); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(give) {
			t.Fatalf("%s holds %s rows, want %d", table, look(t, conn, []string{"count()"}, "FROM "+table), want)
		}
	}
}
