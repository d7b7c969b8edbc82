//go:build wire

package dashboards

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spikeline/spikeline/internal/cli"
	"github.com/spikeline/spikeline/internal/testkit"
	"github.com/spikeline/spikeline/sink/engine"
)

func TestMain(m *testing.M) {
	if engine.IsChild() {
		engine.Main()
	}
	os.Exit(m.Run())
}

// grafana asks ClickHouse as Grafana's user does.
type grafana struct {
	addr, user, settings string
}

type answer struct {
	Meta []struct{ Name, Type string }
	Data [][]any
}

func (g grafana) ask(sql string) (a answer, err error) {
	address := "http://" + g.addr + "/?default_format=JSONCompact&max_execution_time=60&user=" + g.user + g.settings
	res, err := http.Post(address, "text/plain", strings.NewReader(sql))
	if err != nil {
		return a, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return a, err
	}
	if res.StatusCode != http.StatusOK {
		return a, fmt.Errorf("%s", bytes.TrimSpace(text))
	}
	if len(text) == 0 {
		return a, nil // of INSERT
	}
	return a, json.Unmarshal(text, &a)
}

// The outage that the tests look at, and its parts.
const scenario = "cloudflare-2025-12-05"

var (
	quiet  = asked{from: at("2025-12-05T08:00:00Z"), to: at("2025-12-05T08:20:00Z")}
	outage = asked{from: at("2025-12-05T08:00:00Z"), to: at("2025-12-05T10:00:00Z")}
)

func at(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return t
}

// load plays an outage with broken and too late records through the program into a real engine.
func load(t *testing.T) grafana {
	t.Helper()
	c := engine.Default()
	c.Path = filepath.Join(t.TempDir(), "clickhouse")
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	e, err := engine.Start(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Stop)
	log := filepath.Join(t.TempDir(), "edge.log")
	spikeline(t, "simulate", "--scenario", scenario, "--total", "100", "--broken", "0.0005", "--too-late", "0.0005", "-o", log)
	spikeline(t, "replay", log, "--lateness", "60s", "--clickhouse", e.DSN())
	return grafana{addr: e.Addr(), user: "reader"}
}

func spikeline(t *testing.T, args ...string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if status := cli.Main(args, &stdout, &stderr); status != 0 {
		t.Fatalf("spikeline %s: exit status %d: %s", strings.Join(args, " "), status, stderr.String())
	}
}

// reopen makes the incident one that still goes on and burns as fast as columns say, as the writer's user.
func (g grafana) reopen(t *testing.T, burns string) {
	t.Helper()
	writer := grafana{addr: g.addr, user: "default"}
	_, err := writer.ask(`INSERT INTO spikeline.incidents_rev SELECT * REPLACE (version + 1 AS version, 'open' AS status, toDateTime(0) AS ended_at, now() AS written_at, ` + burns + `) FROM spikeline.incidents_rev FINAL WHERE requests_failed > 0`)
	if err != nil {
		t.Fatal(err)
	}
}

// alertsWhileOpen wants each alert on a critical incident to fire at the pace that it is meant for, and at no other.
func (g grafana) alertsWhileOpen(t *testing.T) {
	for _, c := range []struct {
		burns string
		fire  []string
	}{
		{"14.5 AS burn_5m, 14.5 AS burn_1h, 5 AS burn_30m, 2 AS burn_6h", []string{"critical", "burn-fast"}},
		{"1 AS burn_5m, 14.5 AS burn_1h, 6.1 AS burn_30m, 6.1 AS burn_6h", []string{"critical", "burn-slow"}},
		{"14.4 AS burn_5m, 20 AS burn_1h, 20 AS burn_30m, 6 AS burn_6h", []string{"critical"}},
		{"99 AS burn_5m, 99 AS burn_1h, 99 AS burn_30m, 99 AS burn_6h", []string{"critical", "burn-fast", "burn-slow"}},
	} {
		g.reopen(t, c.burns)
		for _, s := range statements(t) {
			want := 0
			for _, name := range c.fire {
				if strings.HasPrefix(s.where, "alert ") && strings.HasSuffix(s.where, name) {
					want = 1
				}
			}
			if n := g.firing(t, s); n != want {
				t.Errorf("%s: fires %d times, want %d, while one critical incident is open with %s", s.where, n, want, c.burns)
			}
		}
	}
}

// fill gives the variables the values that a viewer would have picked.
func (g grafana) fill(t *testing.T, a asked) asked {
	t.Helper()
	column := func(sql string) (values []string) {
		res, err := g.ask(sql)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range res.Data {
			values = append(values, row[0].(string))
		}
		return values
	}
	a.variables = map[string]string{
		"service":  quoted(column("SELECT first_service FROM spikeline.incidents ORDER BY requests_failed DESC LIMIT 1")...),
		"pop":      quoted(column("SELECT DISTINCT pop FROM spikeline.windows ORDER BY pop")...),
		"incident": quoted(column("SELECT incident_id FROM spikeline.incidents ORDER BY requests_failed DESC LIMIT 1")...),
	}
	return a
}

// firing is for how many incidents an alert fires. It always has a row, or Grafana would speak of missing data.
func (g grafana) firing(t *testing.T, s statement) (n int) {
	t.Helper()
	if !strings.Contains(s.sql, "incident_id, value") {
		return 0
	}
	res, err := g.ask(s.sql)
	if err != nil || len(res.Data) == 0 {
		t.Fatalf("%s: %d rows, %v", s.where, len(res.Data), err)
	}
	for _, row := range res.Data {
		if row[2].(float64) > s.above {
			n++
		}
	}
	return n
}

func TestQueriesOfDashboardsAndAlerts(t *testing.T) {
	g := load(t)
	a := g.fill(t, outage)
	t.Run("every one answers after an outage", func(t *testing.T) { g.answersAll(t, a) })
	t.Run("every one is valid where nothing happened", func(t *testing.T) {
		never := asked{from: at("2020-01-01T00:00:00Z"), to: at("2020-01-01T03:00:00Z")}
		for _, a := range []asked{g.fill(t, quiet), g.fill(t, never)} {
			g.runsAll(t, a)
		}
	})
	t.Run("state timelines have no rows where nothing happened, so that they say why", func(t *testing.T) {
		never := asked{from: at("2020-01-01T00:00:00Z"), to: at("2020-01-01T03:00:00Z"), seconds: 60, variables: a.variables}
		for _, s := range statements(t) {
			if n := g.answers(t, s, never); s.panel == "state-timeline" && n != 0 {
				t.Errorf("%s: %d rows", s.where, n)
			}
		}
	})
	t.Run("every one runs for a user with GRANT SELECT alone, who cannot write", func(t *testing.T) {
		g.cannotWrite(t)
		g.runsAll(t, a)
	})
	t.Run("every one runs with readonly = 2, which cannot write", func(t *testing.T) {
		g := grafana{addr: g.addr, user: "default", settings: "&readonly=2"}
		g.cannotWrite(t)
		g.runsAll(t, a)
	})
	t.Run("a state timeline tells normal, the phases, recovered, and no data apart", func(t *testing.T) { g.tellsPhases(t, a) })
	t.Run("a rate is as high at both ends of a range as within it, whatever the rows", func(t *testing.T) { g.ratesHold(t, a) })
	t.Run("a service named to inject SQL is only a name", func(t *testing.T) { g.resistsInjection(t, a) })
	t.Run("alerts on incidents fire while one is open, and on its budget while that burns", g.alertsWhileOpen)
	t.Run("every one is valid while the incident goes on", func(t *testing.T) { g.runsAll(t, a) })
}

// answersAll wants rows of everything, of the steps of windows, minutes and hours.
func (g grafana) answersAll(t *testing.T, a asked) {
	ran := map[string]int{}
	for _, s := range statements(t) {
		steps := []int{0}
		if s.step {
			steps = []int{10, 60, 3600}
		}
		for _, n := range steps {
			a.seconds = n
			rows := g.answers(t, s, a)
			if rows == 0 {
				t.Errorf("%s, step %d s: no rows\n%s", s.where, n, s.sql)
			}
			if g.firing(t, s) > 0 {
				t.Errorf("%s: fires for an incident that is over", s.where)
			}
			ran[s.kind]++
		}
	}
	testkit.Count(t, "%d statements ran as %d queries: %d of panels (in steps of 10 s, 1 min and 1 h), %d of variables, %d of annotations, %d of alerts",
		len(statements(t)), ran["panel"]+ran["variable"]+ran["annotation"]+ran["alert"], ran["panel"], ran["variable"], ran["annotation"], ran["alert"])
}

func (g grafana) runsAll(t *testing.T, a asked) {
	t.Helper()
	a.seconds = 60
	for _, s := range statements(t) {
		g.answers(t, s, a)
	}
}

func (g grafana) cannotWrite(t *testing.T) {
	t.Helper()
	if _, err := g.ask("CREATE TABLE spikeline.scribble (x UInt8) ENGINE = Memory"); err == nil {
		t.Error("it may write")
	}
}

// tellsPhases follows the service that failed first past the end of the logs.
func (g grafana) tellsPhases(t *testing.T, a asked) {
	a.to, a.seconds = at("2025-12-05T11:00:00Z"), 60
	for _, s := range statements(t) {
		if !strings.HasSuffix(s.where, "in which order? (A)") {
			continue
		}
		sql, err := a.expand(s.sql)
		if err != nil {
			t.Fatal(err)
		}
		res, err := g.ask(sql)
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]any{} // time to phase
		for _, row := range res.Data {
			if row[1] == "01" {
				seen[row[0].(string)[11:16]] = row[3]
			}
		}
		for minute, want := range map[string]any{"08:30": 0.0, "08:47": 1.0, "09:00": 3.0, "09:59": 0.0, "10:50": nil} {
			if got, there := seen[minute]; !there || got != want {
				t.Errorf("%s: phase %v, want %v", minute, got, want)
			}
		}
		return
	}
	t.Error("no such panel")
}

// ratesHold looks at half an hour before the outage: ends of the range fall into the midst of a window, of a minute and of a step.
func (g grafana) ratesHold(t *testing.T, a asked) {
	ran := 0
	for _, s := range statements(t) {
		if !strings.HasSuffix(s.where, "How much traffic is there? (A)") && !strings.HasSuffix(s.where, "How much traffic does it get? (A)") {
			continue
		}
		for _, step := range []int{30, 60, 300} {
			a.from, a.to, a.seconds = at("2025-12-05T08:03:38Z"), at("2025-12-05T08:31:12Z"), step
			rates := g.column(t, s, a)
			last := len(rates) - 1
			for end, beside := range map[int]int{0: 1, last: last - 1} {
				if r, other := rates[end], rates[beside]; r < 0.6*other || r > 1.5*other {
					t.Errorf("%s, step %d s: rate %d of %d is %.1f, the one beside it %.1f", s.where, step, end+1, len(rates), r, other)
				}
			}
			ran++
		}
	}
	if ran != 6 {
		t.Errorf("%d courses were looked at", ran)
	}
}

// column is the second column of an answer: the values of a course.
func (g grafana) column(t *testing.T, s statement, a asked) (values []float64) {
	t.Helper()
	sql, err := a.expand(s.sql)
	if err != nil {
		t.Fatal(err)
	}
	res, err := g.ask(sql)
	if err != nil || len(res.Data) < 5 {
		t.Fatalf("%s: %d rows, %v", s.where, len(res.Data), err)
	}
	for _, row := range res.Data {
		if v, ok := row[1].(float64); ok {
			values = append(values, v)
		}
	}
	return values
}

func (g grafana) resistsInjection(t *testing.T, a asked) {
	a.seconds = 60
	a.variables = maps.Clone(a.variables)
	a.variables["service"] = quoted(`x') OR 1=1 --`)
	for _, s := range statements(t) {
		if strings.Contains(s.sql, "service = ${service:singlequote}") && s.panel == "timeseries" {
			if n := g.answers(t, s, a); n != 0 {
				t.Errorf("%s: %d rows for a service that does not exist", s.where, n)
			}
		}
	}
}

// answers runs a statement and checks the form of the result that its format demands.
func (g grafana) answers(t *testing.T, s statement, a asked) (rows int) {
	t.Helper()
	sql, err := a.expand(s.sql)
	if err != nil {
		t.Errorf("%s: %v", s.where, err)
		return 1
	}
	begun := time.Now()
	res, err := g.ask(sql)
	if err != nil {
		t.Errorf("%s: %v\n%s", s.where, err, sql)
		return 1
	}
	if took := time.Since(begun); testing.Verbose() && took > 300*time.Millisecond {
		t.Logf("%s took %v", s.where, took.Round(time.Millisecond))
	}
	for _, fault := range formFaults(s, res) {
		t.Errorf("%s: %s\n%s", s.where, fault, sql)
	}
	return len(res.Data)
}
