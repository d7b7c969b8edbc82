//go:build wire

package sink

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/spikeline/spikeline/processor"
	"github.com/spikeline/spikeline/processor/incident"
	"github.com/spikeline/spikeline/processor/window"
	"github.com/spikeline/spikeline/sink/engine"
	"github.com/spikeline/spikeline/sink/schema"
)

func TestMain(m *testing.M) {
	if engine.IsChild() {
		engine.Main()
	}
	os.Exit(m.Run())
}

func startEngine(t *testing.T) *engine.Engine {
	t.Helper()
	c := engine.Default()
	c.Path = t.TempDir()
	e, err := engine.Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Stop)
	return e
}

func configFor(dsn string) Config {
	c := Default()
	c.DSN = dsn
	return c
}

// saved records the snapshots that were kept.
type saved struct {
	mu      sync.Mutex
	offsets []int64
}

func (s *saved) save(_ context.Context, snapshot processor.Snapshot) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offsets = append(s.offsets, snapshot.Offset)
	return nil
}

// writeAll puts batches and waits until they are written.
func writeAll(t *testing.T, c Config, batches ...processor.Batch) {
	t.Helper()
	var s saved
	w, err := Open(context.Background(), c, s.save)
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range batches {
		if err := w.Put(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := w.Close(ctx); err != nil {
		t.Fatal(err)
	}
}

func connect(t *testing.T, dsn string) driver.Conn {
	t.Helper()
	conn, err := Connect(configFor(dsn))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// answer gives a query's answer as lines of text, to be compared on one screen.
func answer(t *testing.T, conn driver.Conn, query string) string {
	t.Helper()
	rows, err := conn.Query(context.Background(), "SELECT arrayStringConcat(arrayMap(x -> toString(x), ["+query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	var lines []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, line)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}

// look asks for expressions of rows, each turned into text.
func look(t *testing.T, conn driver.Conn, expressions []string, from string) string {
	t.Helper()
	for i, e := range expressions {
		expressions[i] = "toString(" + e + ")"
	}
	return answer(t, conn, strings.Join(expressions, ", ")+"]), ' | ') "+from)
}

// wholeAnswer is fullBatch as the views show it.
const wholeAnswer = `windows: 2025-11-18 12:00:00 | 2025-11-18 12:00:10 | api | FRA | 100 | 10 | 0.1 | 10 | 10000 | {'miss':10} | {200:90,503:10} | {19968:99,901120:1} | 19.968 | 19.968 | 901.12 | 3 | 4 | 5 | closed
windows: 2025-11-18 12:00:00 | 2025-11-18 12:00:10 | api | IAD | 50 | 0 | 0 | 0 | 5000 | {} | {200:50,503:0} | {19968:49,901120:1} | 19.968 | 19.968 | 901.12 | 3 | 4 | 5 | closed
windows: 2025-11-18 12:00:00 | 2025-11-18 12:00:10 | www | FRA | 10 | 0 | 0 | 0 | 1000 | {} | {200:10,503:0} | {19968:9,901120:1} | 19.968 | 901.12 | 901.12 | 3 | 4 | 5 | closed
service_windows: api | 2 | 150 | 10 | {19968:148,901120:2} | 19.968 | 901.12 | 5 | closed
service_windows: www | 1 | 10 | 0 | {19968:9,901120:1} | 19.968 | 901.12 | 5 | closed
signals: 2025-11-18 12:00:00 | api |  | error_surge | true | false | NULL | 0.07 | 31 | critical | errors at 7 %
incidents: 20251118-120000-api | open | first_spike | 2025-11-18 12:00:00 | 2025-11-18 12:00:10 | NULL | NULL | api | ['api'] | ['FRA'] | 9 | 0.07 | api fails
incident_members: 20251118-120000-api | 1 | api | NULL | 150 | 9
incident_shares: 20251118-120000-api | pop | FRA | 1
incident_events: 20251118-120000-api | 0 | first_spike | api | 0.07 | api: errors at 7 %
rejects: 2025-11-18 12:00:00.123 | edge | 1 | 42 | bad_status | api | {"a":1}
ledger: edge | 1 | -1 | 98 | 0 | -3 | 3 | {} | 0 | 0 | 0
ledger: edge | 1 | 0 | 99 | 100 | 98 | 1 | {'bad_status':1} | 1 | 0 | 0
progress: main | 2025-11-18 12:00:10 | 1970-01-01 00:00:00`

func views(t *testing.T, conn driver.Conn) string {
	t.Helper()
	var out []string
	for _, v := range []struct{ name, columns, order string }{
		{"windows", "window_start,window_end,service,pop,requests,errors,error_rate,edge_errors,bytes,cache_errors,status,latency,p50,p95,p99,sources_seen,sources_live,revision,state", "service, pop, window_start"},
		{"service_windows", "service,pop_count,requests,errors,latency,p50,p99,revision,state", "service, window_start"},
		{"signals", "window_start,service,pop,kind,opened,ended,ifNull(toString(ended_at), 'NULL'),observed,score,severity,reason", "window_start"},
		{"incidents", "incident_id,status,phase,started_at,detected_at,ifNull(toString(peak_at), 'NULL'),ifNull(toString(ended_at), 'NULL'),first_service,services,pops,requests_failed,peak_error_rate,title", "incident_id"},
		{"incident_members", "incident_id,position,service,ifNull(toString(ended_at), 'NULL'),requests,failed", "incident_id, position"},
		{"incident_shares", "incident_id,by,value,share", "by, value"},
		{"incident_events", "incident_id,seq,event,service,value,summary", "incident_id, seq"},
		{"rejects", "at,topic,partition,offset,reason,service,sample", "offset"},
		{"ledger", "topic,partition,block,through,consumed,counted,too_late,rejected,rejected_total,missing,unaccounted", "block"},
		{"progress", "run,closed_to,retired_to", "run"},
	} {
		var expressions []string
		for column := range splitColumns(v.columns) {
			expressions = append(expressions, column)
		}
		for line := range strings.Lines(look(t, conn, expressions, "FROM spikeline."+v.name+" ORDER BY "+v.order)) {
			out = append(out, v.name+": "+strings.TrimSuffix(line, "\n"))
		}
	}
	return strings.Join(out, "\n")
}

// splitColumns splits at commas that are not within parentheses.
func splitColumns(list string) func(func(string) bool) {
	return func(yield func(string) bool) {
		depth, from := 0, 0
		for i, c := range list {
			switch {
			case c == '(':
				depth++
			case c == ')':
				depth--
			case c == ',' && depth == 0:
				if !yield(list[from:i]) {
					return
				}
				from = i + 1
			}
		}
		yield(list[from:])
	}
}

func TestEveryTableRoundTripsAndIsWrittenTwiceAsOnce(t *testing.T) {
	e := startEngine(t)
	conn := connect(t, e.DSN())
	writeAll(t, configFor(e.DSN()), fullBatch())
	if got := views(t, conn); got != wholeAnswer {
		t.Errorf("views show\n%s\nwant\n%s", got, wholeAnswer)
	}
	writeAll(t, configFor(e.DSN()), fullBatch(), fullBatch())
	if got := views(t, conn); got != wholeAnswer {
		t.Errorf("written three times, views show\n%s\nwant\n%s", got, wholeAnswer)
	}
	reader := connect(t, e.ReaderDSN())
	if got := views(t, reader); got != wholeAnswer {
		t.Errorf("user reader sees\n%s\nwant\n%s", got, wholeAnswer)
	}
}

func TestABatchInPiecesIsWrittenTheSame(t *testing.T) {
	e := startEngine(t)
	c := configFor(e.DSN())
	c.BlockRows = 1
	writeAll(t, c, fullBatch())
	if got := views(t, connect(t, e.DSN())); got != wholeAnswer {
		t.Errorf("views show\n%s\nwant\n%s", got, wholeAnswer)
	}
}

func TestTheNativeProtocolWritesTheSame(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	listener.Close()
	c := engine.Default()
	c.Path, c.NativePort = t.TempDir(), port
	e, err := engine.Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Stop)
	dsn := "clickhouse://default@" + e.NativeAddr() + "/spikeline"
	writeAll(t, configFor(dsn), fullBatch(), fullBatch())
	if got := views(t, connect(t, dsn)); got != wholeAnswer {
		t.Errorf("views show\n%s\nwant\n%s", got, wholeAnswer)
	}
}

func TestTheHigherRevisionWinsInWhateverOrder(t *testing.T) {
	e := startEngine(t)
	c := configFor(e.DSN())
	newer, older := fullBatch(), fullBatch()
	newer.Windows = []window.Result{result(0, 9, row("api", "FRA", 110, 11), row("api", "IAD", 50, 0))}
	newer.Incidents[0].Version += 10 * second
	newer.Incidents[0].Phase = incident.Peak
	newer.Events[0].Version += 10 * second
	newer.Events[0].Withdrawn = true
	newer.Ledger[0].Through, newer.Ledger[0].Consumed, newer.Ledger[0].Counted = 100, 101, 99
	newer.Released[0].Through, newer.Released[0].Requests = 105, 4
	for _, order := range [][]processor.Batch{{older, newer}, {newer, older}} {
		for _, b := range order {
			writeAll(t, c, b)
		}
		conn := connect(t, e.DSN())
		got := look(t, conn, []string{"service", "pop", "requests", "revision"}, "FROM spikeline.windows ORDER BY service, pop") + "\n" +
			look(t, conn, []string{"service", "requests", "revision"}, "FROM spikeline.service_windows ORDER BY service") + "\n" +
			look(t, conn, []string{"phase"}, "FROM spikeline.incidents") + "\n" +
			look(t, conn, []string{"count()"}, "FROM spikeline.incident_events") + "\n" +
			look(t, conn, []string{"through", "consumed", "too_late", "unaccounted"}, "FROM spikeline.ledger ORDER BY block")
		const want = "api | FRA | 110 | 9\napi | IAD | 50 | 9\nwww | FRA | 10 | 5\napi | 160 | 9\nwww | 10 | 5\npeak\n0\n105 | 0 | 4 | 0\n100 | 101 | 1 | 0"
		if got != want {
			t.Errorf("views show\n%s\nwant\n%s", got, want)
		}
	}
}

func TestRollupsSumFinalWindowsAlone(t *testing.T) {
	e := startEngine(t)
	var b processor.Batch
	for n := int64(-360); n < 9; n++ { // an hour before noon, and a minute and a half after it
		b.Windows = append(b.Windows, result(n, 5, row("api", "FRA", 100, 10)))
	}
	b.ClosedTo, b.RetiredTo = noon+90*second, noon+70*second
	writeAll(t, configFor(e.DSN()), b)
	conn := connect(t, e.DSN())
	const columns = "window_start,window_end,windows,requests,errors,error_rate,status,p50,p99,revision"
	var expressions []string
	for column := range splitColumns(columns) {
		expressions = append(expressions, column)
	}
	minute := look(t, conn, append([]string(nil), expressions...), "FROM spikeline.windows_1m WHERE window_start >= '2025-11-18 11:59:00' ORDER BY window_start")
	hour := look(t, conn, expressions, "FROM spikeline.windows_1h")
	const wantMinute = "2025-11-18 11:59:00 | 2025-11-18 12:00:00 | 6 | 600 | 60 | 0.1 | {200:540,503:60} | 19.968 | 19.968 | 30\n" +
		"2025-11-18 12:00:00 | 2025-11-18 12:01:00 | 6 | 600 | 60 | 0.1 | {200:540,503:60} | 19.968 | 19.968 | 30"
	const wantHour = "2025-11-18 11:00:00 | 2025-11-18 12:00:00 | 360 | 36000 | 3600 | 0.1 | {200:32400,503:3600} | 19.968 | 19.968 | 1800"
	if minute != wantMinute || hour != wantHour {
		t.Errorf("minutes\n%s\nwant\n%s\nhours\n%s\nwant\n%s", minute, wantMinute, hour, wantHour)
	}
	if got := look(t, conn, []string{"state", "count()"}, "FROM spikeline.windows GROUP BY state ORDER BY state"); got != "closed | 2\nfinal | 367" {
		t.Errorf("states are\n%s\nwant closed 2, final 367", got)
	}
}

func TestMigrationsCanBeAppliedByManyAtOnce(t *testing.T) {
	e := startEngine(t)
	var group sync.WaitGroup
	for range 4 {
		conn := connect(t, e.DSN())
		group.Go(func() {
			if _, err := schema.Apply(context.Background(), conn); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	conn := connect(t, e.DSN())
	if err := schema.Check(t.Context(), conn); err != nil {
		t.Error(err)
	}
	if applied, err := schema.Apply(t.Context(), conn); err != nil || len(applied) != 0 {
		t.Errorf("applied again: %d migrations, %v; want none", len(applied), err)
	}
	want := fmt.Sprint(len(schema.Migrations()))
	if got := look(t, conn, []string{"count()"}, "FROM spikeline.schema_migrations FINAL"); got != want {
		t.Errorf("recorded %s migrations, want %s", got, want)
	}
	if err := conn.Exec(t.Context(), "INSERT INTO spikeline.schema_migrations (version, name, checksum) VALUES (9999, 'future', 'x')"); err != nil {
		t.Fatal(err)
	}
	if err := schema.Check(t.Context(), conn); err == nil || !strings.Contains(err.Error(), "use a newer spikeline") {
		t.Errorf("a newer database: %v, want an error that says so", err)
	}
}

func TestCheckSaysWhatIsMissing(t *testing.T) {
	e := startEngine(t)
	c := configFor(e.DSN())
	c.ApplySchema = false
	_, err := Open(t.Context(), c, (&saved{}).save)
	if err == nil || !strings.Contains(err.Error(), "run: spikeline schema apply") {
		t.Errorf("got %v, want an error that says to apply the schema", err)
	}
}

func TestAKilledEngineLosesNothingAndDoublesNothing(t *testing.T) {
	e := startEngine(t)
	var s saved
	c := configFor(e.DSN())
	c.BlockRows = 50
	w, err := Open(context.Background(), c, s.save)
	if err != nil {
		t.Fatal(err)
	}
	const batches = 400
	killed := int64(-1)
	for n := range int64(batches) {
		b := processor.Batch{Windows: []window.Result{result(n, 5, row("api", "FRA", 100, 10), row("www", "IAD", 7, 1))},
			ClosedTo: noon + n*10*second, RetiredTo: noon + (n-6)*10*second, Snapshot: &processor.Snapshot{Offset: n}}
		if err := w.Put(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		if n%100 == 50 {
			before := e.Restarts()
			if err := syscall.Kill(e.PID(), syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			killed = before
		}
		for n%100 == 90 && e.Restarts() == killed {
			time.Sleep(time.Millisecond)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	if err := w.Close(ctx); err != nil {
		t.Fatal(err)
	}
	conn := connect(t, e.DSN())
	got := look(t, conn, []string{"count()", "sum(requests)", "uniqExact(window_start)"}, "FROM spikeline.windows")
	if want := fmt.Sprintf("%d | %d | %d", 2*batches, 107*batches, batches); got != want {
		t.Errorf("rows, requests, windows: %s, want %s", got, want)
	}
	if e.Restarts() != 4 || w.Metrics().Retries.Load() == 0 {
		t.Errorf("%d restarts and %d retries: the engine was not killed while rows were written", e.Restarts(), w.Metrics().Retries.Load())
	}
	if last := s.offsets[len(s.offsets)-1]; last != batches-1 || !increasing(s.offsets) {
		t.Errorf("kept states %v, want increasing ones up to %d", s.offsets, batches-1)
	}
	t.Logf("%d restarts, %d retries, %d inserts", e.Restarts(), w.Metrics().Retries.Load(), w.Metrics().Inserts.Load())
}

func increasing(list []int64) bool {
	for i := 1; i < len(list); i++ {
		if list[i] <= list[i-1] {
			return false
		}
	}
	return true
}
