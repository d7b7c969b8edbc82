package plugin

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
)

var update = flag.Bool("update", false, "write the golden files anew")

var (
	noon     = time.Date(2025, 11, 18, 12, 0, 0, 0, time.UTC)
	thisHour = backend.TimeRange{From: noon, To: noon.Add(time.Hour)}
)

func parse(t *testing.T, kind, text string) query {
	t.Helper()
	q, err := parseQuery(backend.DataQuery{QueryType: kind, JSON: []byte(text), TimeRange: thisHour, Interval: 10 * time.Second, MaxDataPoints: 1000}, false, 500)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

func TestTheSQLOfEachQueryIsItsGoldenFile(t *testing.T) {
	filters := `"filters":[{"key":"service","operator":"=~","value":"a.*"},{"key":"pop","operator":"!=|","values":["FRA","IAD"]}]`
	for name, q := range map[string][2]string{
		"timeline":              {"timeline", `{}`},
		"timeline_of_services":  {"timeline", `{"services":["a","b"],"severities":["critical"]}`},
		"timeline_filtered":     {"timeline", `{` + filters + `}`},
		"timeline_of_incident":  {"timeline", `{"incident":"20251118-a"}`},
		"windows":               {"windows", `{}`},
		"windows_with_band":     {"windows", `{"measure":"requests","band":true,"services":["a"]}`},
		"windows_by_pop":        {"windows", `{"by":"pop","measure":"p99","pops":["FRA"]}`},
		"windows_by_status":     {"windows", `{"by":"status","measure":"requests"}`},
		"windows_filtered":      {"windows", `{"band":true,` + filters + `}`},
		"incidents":             {"incidents", `{"status":"open"}`},
		"incidents_filtered":    {"incidents", `{` + filters + `}`},
		"incidents_counted":     {"incidents", `{"count":true}`},
		"signals":               {"signals", `{"kinds":["error_surge"],"severities":["critical"]}`},
		"events_with_regions":   {"events", `{"regions":true,"services":["a"]}`},
		"variable_of_services":  {"variable", `{"variable":"services"}`},
		"variable_of_incidents": {"variable", `{"variable":"incidents"}`},
	} {
		t.Run(name, func(t *testing.T) {
			chosen, err := selectFor(parse(t, q[0], q[1]))
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name+".sql", executed(chosen.statements)+"\n")
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; write it with: go test ./pkg/plugin -update", err)
	}
	if got != string(want) {
		t.Errorf("%s differs; if that is meant: go test ./pkg/plugin -update\n%s", file, got)
	}
}

func TestNoValueEverReachesTheText(t *testing.T) {
	const hostile = `x' OR 1=1; DROP TABLE y --`
	for _, kind := range queryTypes {
		q := query{Type: kind, Services: []string{hostile}, Pops: []string{hostile}, Measure: "requests", By: "service_pop", Band: true,
			Status: hostile, Severities: []string{hostile}, Kinds: []string{hostile}, Incident: hostile, Regions: true, Variable: "services", Limit: 5,
			Filters: []filter{{Key: "service", Operator: "=", Value: hostile}, {Key: "pop", Operator: "=|", Values: []string{hostile}}},
			From:    noon, To: noon.Add(time.Hour), Step: 10 * time.Second}
		chosen, err := selectFor(q)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range chosen.statements {
			if strings.Contains(s.text, "DROP") || strings.Contains(s.text, "'x") {
				t.Errorf("%s has the value in its text:\n%s", kind, s.text)
			}
			for _, name := range s.names {
				if !strings.Contains(s.text, "{"+name+":") {
					t.Errorf("%s binds %s and does not use it", kind, name)
				}
			}
		}
	}
}

func TestAQueryThatMakesNoSenseIsRefusedWithWhatIsAllowed(t *testing.T) {
	for text, want := range map[string]string{
		`{"measure":"speed"}`: `measure is "speed"; allowed are`,
		`{"by":"planet"}`:     `by is "planet"; allowed are`,
		`{"services":["` + strings.Repeat("x", 2000) + `"]}`: "2000 bytes; at most 1024",
		`[]`: "cannot be read",
	} {
		_, err := parseQuery(backend.DataQuery{QueryType: "windows", JSON: []byte(text), TimeRange: thisHour}, false, 10)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40s: %v lacks %q", text, err, want)
		}
	}
	if _, err := parseQuery(backend.DataQuery{QueryType: "windows", JSON: []byte(`{}`)}, false, 10); err == nil {
		t.Error("an empty time range is taken")
	}
}

func TestAPointIsWholeWindowsAndFitsThePanel(t *testing.T) {
	for _, test := range []struct {
		interval, span, want time.Duration
		points               int64
	}{
		{time.Second, time.Hour, 10 * time.Second, 1000},
		{15 * time.Second, time.Hour, 20 * time.Second, 1000},
		{0, 24 * time.Hour, 90 * time.Second, 1000},
		{0, 365 * 24 * time.Hour, 2870 * time.Second, 0},
	} {
		q := backend.DataQuery{Interval: test.interval, MaxDataPoints: test.points, TimeRange: backend.TimeRange{From: noon, To: noon.Add(test.span)}}
		if got := step(q); got != test.want {
			t.Errorf("interval %v over %v: %v, want %v", test.interval, test.span, got, test.want)
		}
	}
}

func TestAnAlertLeavesTheBandOut(t *testing.T) {
	q, err := parseQuery(backend.DataQuery{QueryType: "windows", JSON: []byte(`{"band":true}`), TimeRange: thisHour}, true, 10)
	if err != nil || q.Band {
		t.Errorf("band %v, %v", q.Band, err)
	}
}

func FuzzParseQuery(f *testing.F) {
	f.Add("windows", `{"measure":"requests","filters":[{"key":"pop","operator":"!~","value":"x"}]}`)
	f.Add("events", `{"regions":true}`)
	f.Fuzz(func(t *testing.T, kind, text string) {
		q, err := parseQuery(backend.DataQuery{QueryType: kind, JSON: []byte(text), TimeRange: thisHour}, false, 10)
		if err != nil {
			return
		}
		if q.Limit < 1 || q.Limit > 10 {
			t.Errorf("limit %d", q.Limit)
		}
		_, _ = selectFor(q) // must not panic
	})
}

func TestTwoNamesAreNotTakenForOneWithASpace(t *testing.T) {
	one, two := newStatement(), newStatement()
	one.bind("services", "Array(String)", []string{"a b"})
	two.bind("services", "Array(String)", []string{"a", "b"})
	if one.String() == two.String() {
		t.Error("the cache takes them for the same:", one)
	}
}
