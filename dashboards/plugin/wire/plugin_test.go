//go:build wire

// Package wire starts the back end as Grafana starts it, on the real ClickHouse
// engine after a real outage, and asks it over gRPC.
package wire

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
	"github.com/grafana/grafana-plugin-sdk-go/genproto/pluginv2"
)

// The outage in the data: 18 November 2025, its first hour.
var (
	from = time.Date(2025, 11, 18, 10, 50, 0, 0, time.UTC)
	to   = time.Date(2025, 11, 18, 12, 10, 0, 0, time.UTC)
)

const first = "challenges.cloudflare.com"

func TestTheTimelineShowsThePhasesOfEveryServiceAndEndsWhereTheLogsEnd(t *testing.T) {
	f := ask(t, "timeline", `{}`)
	if f.Meta.Type != data.FrameTypeTimeSeriesWide {
		t.Errorf("the frame is %q", f.Meta.Type)
	}
	if len(f.Fields) < 20 || f.Fields[1].Labels["service"] != first {
		t.Fatalf("%d fields, the second of %v; the service that was hit first comes first", len(f.Fields), f.Fields[1].Labels)
	}
	seen := map[int8]bool{}
	for i := range f.Rows() {
		if v, known := f.Fields[1].ConcreteAt(i); known {
			seen[v.(int8)] = true
		}
	}
	for want := range int8(3) {
		if !seen[want] {
			t.Errorf("%s never has phase %d: %v", first, want, seen)
		}
	}
	if last := f.Rows() - 1; !f.NilAt(1, last) || f.At(0, last).(time.Time).After(to) {
		t.Errorf("at %v the bar should end with null", f.At(0, last))
	}
	if len(f.Fields[1].Config.Mappings) == 0 {
		t.Error("the numbers have no words")
	}
}

func TestWindowsGiveOneFieldAServiceSortedByTime(t *testing.T) {
	f := ask(t, "windows", `{"measure":"error_rate","by":"service","services":["`+first+`","chatgpt.com"]}`)
	if len(f.Fields) != 3 || f.Rows() < 50 {
		t.Fatalf("%d fields and %d rows", len(f.Fields), f.Rows())
	}
	assertSorted(t, f)
	if worst := highest(f.Fields[2]); worst < 0.3 || worst > 1 {
		t.Errorf("the worst error rate of %v is %v", f.Fields[2].Labels, worst)
	}
	if f.Fields[1].Config.Unit != "percentunit" {
		t.Errorf("unit %q", f.Fields[1].Config.Unit)
	}
}

func TestEveryMeasureRunsByEveryLabel(t *testing.T) {
	for _, measure := range []string{"error_rate", "edge_error_rate", "origin_error_rate", "client_error_rate", "abort_rate",
		"cache_hit_rate", "requests", "errors", "bytes", "late", "p50", "p95", "p99"} {
		for _, by := range []string{"fleet", "service", "pop", "service_pop"} {
			f := ask(t, "windows", `{"measure":"`+measure+`","by":"`+by+`","band":true,"services":["`+first+`","chatgpt.com"]}`)
			if len(f.Fields) < 2 || f.Rows() == 0 {
				t.Errorf("%s by %s: %d fields, %d rows", measure, by, len(f.Fields), f.Rows())
			}
		}
	}
	f := ask(t, "windows", `{"measure":"requests","by":"status"}`)
	if !slices.ContainsFunc(f.Fields, func(f *data.Field) bool { return f.Labels["status_code"] == "500" || f.Labels["status_code"] == "503" }) {
		t.Error("requests by status has no 5xx")
	}
}

func TestTheBandComesFromTheSignals(t *testing.T) {
	for measure, least := range map[string]float64{"error_rate": 0, "requests": 0.01} {
		f := ask(t, "windows", `{"measure":"`+measure+`","band":true,"services":["`+first+`"]}`)
		band := slices.IndexFunc(f.Fields, func(f *data.Field) bool { return f.Labels["band"] == "upper" })
		if band < 0 || highest(f.Fields[band]) <= least {
			t.Errorf("%s has no upper band: %d fields", measure, len(f.Fields))
		}
	}
}

func TestRequestsOfTheFleetAddUpToThoseOfTheStatusCodes(t *testing.T) {
	fleet := ask(t, "windows", `{"measure":"requests","by":"fleet"}`)
	codes := ask(t, "windows", `{"measure":"requests","by":"status"}`)
	a, b := sum(fleet.Fields[1:]), sum(codes.Fields[1:])
	if a == 0 || a-b > 1e-6*a || b-a > 1e-6*a {
		t.Errorf("fleet %v, by status %v", a, b)
	}
}

func TestARateIsAsHighAtTheEndOfTheTimeRangeAsBeforeIt(t *testing.T) {
	r := request(server.context(), "windows", `{"measure":"requests","by":"fleet"}`)
	r.Queries[0].TimeRange = &pluginv2.TimeRange{FromEpochMS: from.UnixMilli(), ToEpochMS: from.Add(10*time.Minute + 25*time.Second).UnixMilli()}
	r.Queries[0].IntervalMS = time.Minute.Milliseconds()
	answer, err := server.data.QueryData(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	got, err := backend.FromProto().QueryDataResponse(answer)
	if err != nil {
		t.Fatal(err)
	}
	rates := got.Responses["A"].Frames[0].Fields[1]
	last, _ := rates.FloatAt(rates.Len() - 1)
	before, _ := rates.FloatAt(rates.Len() - 2)
	if rates.Len() != 11 || last < 0.8*before || last > 1.25*before {
		t.Errorf("of %d minutes the last, of 30 s, has %v requests a second, the one before it %v", rates.Len(), last, before)
	}
}

func TestAFilterOnServicesPicksTheRowsOfATimeline(t *testing.T) {
	all := ask(t, "timeline", `{}`)
	one := ask(t, "timeline", `{"filters":[{"key":"service","operator":"=","value":"`+first+`"}]}`)
	others := ask(t, "timeline", `{"filters":[{"key":"service","operator":"!=","value":"`+first+`"}]}`)
	if len(one.Fields) != 2 || one.Fields[1].Labels["service"] != first || len(others.Fields) != len(all.Fields)-1 {
		t.Errorf("%d rows in all, %d of %s, %d of others", len(all.Fields)-1, len(one.Fields)-1, first, len(others.Fields)-1)
	}
	if highest := func(f *data.Field) (most int8) {
		for i := range f.Len() {
			if v, known := f.ConcreteAt(i); known {
				most = max(most, v.(int8))
			}
		}
		return most
	}; highest(others.Fields[1]) < 2 {
		t.Error("the others have lost the phases of their incident")
	}
}

func TestIncidentsAreATableWithLinksAndCountForAlerts(t *testing.T) {
	f := ask(t, "incidents", `{}`)
	if f.Rows() != 1 || f.Meta.Type != data.FrameTypeTable {
		t.Fatalf("%d rows, type %q", f.Rows(), f.Meta.Type)
	}
	id, _ := f.FieldByName("incident_id")
	if len(id.Config.Links) != 1 || !strings.Contains(id.Config.Links[0].URL, "/resources/report/") {
		t.Errorf("links %v", id.Config.Links)
	}
	counted := ask(t, "incidents", `{"status":"open","count":true}`)
	total := 0.0
	for _, field := range counted.Fields {
		total += field.At(0).(float64)
	}
	if len(counted.Fields) != 3 || total != 1 || counted.Meta.Type != data.FrameTypeNumericWide {
		t.Errorf("%d fields, total %v, type %q", len(counted.Fields), total, counted.Meta.Type)
	}
}

func TestSignalsAndTheirCount(t *testing.T) {
	opened, all := ask(t, "signals", `{}`), ask(t, "signals", `{"allWindows":true}`)
	if opened.Rows() == 0 || all.Rows() <= opened.Rows() {
		t.Errorf("%d findings, %d windows of findings", opened.Rows(), all.Rows())
	}
	if f := ask(t, "signals", `{"count":true,"kinds":["error_surge"]}`); len(f.Fields) != 1 || f.Fields[0].At(0).(float64) == 0 {
		t.Errorf("count: %v", f.Fields)
	}
}

func TestEventsAreAnnotationsWhoseEndIsNeverNull(t *testing.T) {
	f := ask(t, "events", `{"regions":true}`)
	for i, name := range []string{"time", "timeEnd", "title", "text", "tags"} {
		if f.Fields[i].Name != name {
			t.Fatalf("field %d is %s, not %s", i, f.Fields[i].Name, name)
		}
	}
	assertSorted(t, f)
	regions := 0
	for i := range f.Rows() {
		begin, end := f.At(0, i).(time.Time), f.At(1, i).(time.Time)
		if end.Before(begin) {
			t.Errorf("row %d ends %v before it begins %v", i, end, begin)
		}
		if end.After(begin) {
			regions++
		}
	}
	if f.Rows() < 10 || regions != 1 {
		t.Errorf("%d events, %d regions", f.Rows(), regions)
	}
}

func TestVariablesListNames(t *testing.T) {
	for _, v := range []string{"services", "pops", "incidents", "kinds", "severities"} {
		if f := ask(t, "variable", `{"variable":"`+v+`"}`); f.Rows() == 0 || f.Fields[0].Name != "text" || f.Fields[1].Name != "value" {
			t.Errorf("%s: %d rows", v, f.Rows())
		}
	}
}

func TestAdHocFiltersNarrowAndAreNeverText(t *testing.T) {
	q := func(operator, value string) string {
		f, err := json.Marshal(map[string]any{"filters": []map[string]any{{"key": "service", "operator": operator, "value": value}}})
		if err != nil {
			t.Fatal(err)
		}
		return string(f)
	}
	if f := ask(t, "windows", q("=~", "chat.*")); len(f.Fields) != 2 {
		t.Errorf("=~ chat.* gives %d fields", len(f.Fields))
	}
	if f := ask(t, "windows", q("!=", first)); len(f.Fields) < 10 {
		t.Errorf("!= gives %d fields", len(f.Fields))
	}
	for _, hostile := range []string{"o'brien", `\`, "x') OR 1 = 1 --", "{from:UInt32}", "a\tb\nc", "ü\x00"} {
		if f := ask(t, "windows", q("=", hostile)); f.Rows() != 0 {
			t.Errorf("%q finds %d rows", hostile, f.Rows())
		}
	}
	for _, kind := range []string{"timeline", "incidents", "signals", "events"} {
		for _, operator := range []string{"=", "!=", "=~", "!~", "=|", "!=|"} {
			ask(t, kind, q(operator, first))
		}
	}
}

func TestTheLimitKeepsTheNewestAndSaysSo(t *testing.T) {
	f := ask(t, "windows", `{"by":"fleet","limit":5}`)
	all := ask(t, "windows", `{"by":"fleet"}`)
	if f.Rows() != 5 || !f.At(0, 4).(time.Time).Equal(all.At(0, all.Rows()-1).(time.Time)) {
		t.Errorf("%d rows", f.Rows())
	}
	if len(f.Meta.Notices) != 1 || !strings.Contains(f.Meta.Notices[0].Text, "newest 5 rows") {
		t.Errorf("notices %v", f.Meta.Notices)
	}
}

func TestAnEmptyAnswerSaysWhy(t *testing.T) {
	f := ask(t, "timeline", `{"incident":"none"}`)
	if len(f.Meta.Notices) != 1 || !strings.Contains(f.Meta.Notices[0].Text, "No incident in this range") {
		t.Errorf("notices %v", f.Meta.Notices)
	}
}

func TestTheExecutedQueryIsShownWithItsParameters(t *testing.T) {
	f := ask(t, "windows", `{"services":["chatgpt.com"]}`)
	if s := f.Meta.ExecutedQueryString; !strings.Contains(s, `-- services = ["chatgpt.com"]`) || !strings.Contains(s, "{services:Array(String)}") {
		t.Errorf("executed %s", s)
	}
}

func TestHealthSaysWhatIsWrong(t *testing.T) {
	tests := []struct{ name, url, user, password, want string }{
		{"well", server.address, "reader", "", "windows have closed up to 2025-11-18"},
		{"nobody there", "http://127.0.0.1:1", "reader", "", "No server answers at 127.0.0.1:1"},
		{"no host", "http://nowhere.invalid:8123", "reader", "", `There is no host "nowhere.invalid"`},
		{"wrong password", server.address, "reader", "x", "refuses the user or the password"},
		{"unknown user", server.address, "nobody", "", "refuses the user or the password"},
		{"no URL", "", "", "", "URL is empty"},
		{"not HTTP", "tcp://127.0.0.1:9000", "", "", "must begin with http://"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := instance(test.url, test.user, test.password, `{}`)
			if got := health(t, p); !strings.Contains(got, test.want) {
				t.Errorf("%q lacks %q", got, test.want)
			}
		})
	}
}

// refusing answers every query with a ClickHouse error, after the handshake of a client.
func refusing(t *testing.T, code, message string) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-ClickHouse-Exception-Code", code)
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = w.Write([]byte("Code: " + code + ". DB::Exception: " + message))
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestHealthExplainsARefusalOfTheServer(t *testing.T) {
	for code, want := range map[string]string{"164": "readonly = 2", "81": "spikeline schema apply", "60": "spikeline schema apply", "497": "GRANT SELECT"} {
		if got := health(t, instance(refusing(t, code, "refused"), "x", "", `{}`)); !strings.Contains(got, want) {
			t.Errorf("code %s: %q lacks %q", code, got, want)
		}
	}
}

func TestResourcesServePickersAndReports(t *testing.T) {
	worker := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte("report of " + r.URL.Path + " as " + r.URL.Query().Get("format")))
	}))
	defer worker.Close()
	p := instance(server.address, "reader", "", `{"username":"reader","workerUrl":"`+worker.URL+`"}`)
	span := "?from=1763464200000&to=1763467800000"
	for path, want := range map[string]string{
		"services" + span: first, "pops" + span: `"value"`, "incidents" + span: first, "tag-keys": "first_service",
		"tag-values?key=severity": "critical", "tag-values?key=nothing": "allowed are",
		"report/20251118-112000-" + first:                  "report of /incidents/20251118-112000-" + first + " as md", // of a page, the source would be shown
		"report/20251118-112000-" + first + "?format=json": "report of /incidents/20251118-112000-" + first + " as json",
		"report/..%2Fconfig":                               "is no incident id",
	} {
		status, kind, body := resource(t, p, path)
		if !strings.Contains(body, want) {
			t.Errorf("%s: %d %s %.200s", path, status, kind, body)
		}
		if strings.HasPrefix(path, "report") && strings.Contains(kind, "html") {
			t.Errorf("%s is served as %s", path, kind)
		}
	}
}

func TestTheStreamSendsThePastAndThenWaits(t *testing.T) {
	if f := stream(t, "windows/a", `{"by":"fleet","measure":"requests"}`); f.Rows() < 30 {
		t.Errorf("windows: %d rows", f.Rows())
	}
	if f := stream(t, "incidents/a", `{}`); f.Rows() != 1 {
		t.Errorf("incidents: %d rows", f.Rows())
	}
}

func TestAWrongQueryIsRefusedInWords(t *testing.T) {
	for q, want := range map[string]string{`{"measure":"x"}`: `measure is "x"; allowed are`, `{"by":"status","measure":"p50"}`: "goes with measure requests alone",
		`{"filters":[{"key":"x","operator":"=","value":"1"}]}`: `has the key "x"`, `{"filters":[{"key":"service","operator":"=~","value":"("}]}`: "no regular expression"} {
		r := query(t, server.context(), "windows", q)
		if r.Error == nil || !strings.Contains(r.Error.Error(), want) || r.Status != backend.StatusBadRequest {
			t.Errorf("%s: %v (%d)", q, r.Error, r.Status)
		}
	}
}

func TestACancelledQueryEndsSoon(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := server.data.QueryData(ctx, request(server.context(), "windows", `{}`)); err == nil {
		t.Error("a cancelled query has an answer")
	}
}
