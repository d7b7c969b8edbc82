package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	client := http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

func serve(t *testing.T, c HTTPConfig, m *Metrics, r *Readiness) *Server {
	t.Helper()
	s, err := Serve(c, m, r, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestACounterIsReadWhenAScrapeAsks(t *testing.T) {
	m := NewMetrics()
	var closed atomic.Uint64
	Read(m, WindowsClosed, closed.Load)
	m.ReadEach(PartitionLag, func(emit Emit) {
		emit(3, "edge.requests", "0")
		emit(4, "edge.requests", "1")
	})
	s := serve(t, HTTPConfig{Listen: "127.0.0.1:0"}, m, &Readiness{})
	closed.Store(42)
	_, body := get(t, "http://"+s.Addr()+"/metrics")
	for _, line := range []string{
		"# HELP spikeline_windows_closed_total Windows closed.",
		"# TYPE spikeline_windows_closed_total counter",
		"spikeline_windows_closed_total 42",
		"# TYPE spikeline_partition_lag_records gauge",
		`spikeline_partition_lag_records{partition="1",topic="edge.requests"} 4`,
		"go_goroutines ",
	} {
		if !strings.Contains(body, line) {
			t.Errorf("no line %q in\n%s", line, body)
		}
	}
}

func TestEveryMetricOfTheCatalogueFollowsPrometheusRules(t *testing.T) {
	m := NewMetrics()
	for _, metric := range Catalogue {
		m.ReadEach(metric, func(emit Emit) { emit(1, make([]string, len(metric.Labels))...) })
	}
	if left := m.Unread(); len(left) != 0 {
		t.Errorf("unread after all were registered: %v", left)
	}
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	problems, err := promlint.New(w.Body).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "spikeline_") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
}

func TestAMetricWithoutAReaderIsTold(t *testing.T) {
	m := NewMetrics()
	Read(m, RecordsCounted, func() uint64 { return 1 })
	left := m.Unread()
	if len(left) != len(Catalogue)-1 || strings.Contains(strings.Join(left, " "), RecordsCounted.Name) {
		t.Errorf("unread: %v", left)
	}
}

func TestTwoReadersForOneMetricAreABug(t *testing.T) {
	m := NewMetrics()
	Read(m, RecordsCounted, func() uint64 { return 1 })
	defer func() {
		if s, _ := recover().(string); !strings.HasPrefix(s, "BUG: ") {
			t.Errorf("recovered %q", s)
		}
	}()
	Read(m, RecordsCounted, func() uint64 { return 1 })
}

func TestReadinessSaysWhyNotInPlainWords(t *testing.T) {
	var r Readiness
	var kafka atomic.Pointer[error]
	r.Add("kafka", func() error {
		if e := kafka.Load(); e != nil {
			return *e
		}
		return nil
	})
	r.Add("clickhouse", func() error { return nil })
	s := serve(t, HTTPConfig{Listen: "127.0.0.1:0"}, NewMetrics(), &r)
	url := "http://" + s.Addr() + "/readyz"
	if status, body := get(t, url); status != 200 || body != "ready\n" {
		t.Errorf("%d %q", status, body)
	}
	down := errors.New("no broker answers on 127.0.0.1:9092 since 11:20:05")
	kafka.Store(&down)
	if status, body := get(t, url); status != 503 || body != "kafka: no broker answers on 127.0.0.1:9092 since 11:20:05\n" {
		t.Errorf("%d %q", status, body)
	}
	status, body := get(t, url+"?verbose")
	var verbose struct {
		Ready  bool
		Checks []CheckResult
	}
	if err := json.Unmarshal([]byte(body), &verbose); err != nil {
		t.Fatal(err)
	}
	want := []CheckResult{{Name: "clickhouse", Ready: true}, {Name: "kafka", Reason: down.Error()}}
	if status != 503 || verbose.Ready || len(verbose.Checks) != 2 || verbose.Checks[0] != want[0] || verbose.Checks[1] != want[1] {
		t.Errorf("%d %s", status, body)
	}
	if status, body := get(t, "http://"+s.Addr()+"/healthz"); status != 200 || body != "ok\n" {
		t.Errorf("alive all the same: %d %q", status, body)
	}
}

func TestProfilesAreServedOnlyWhenAskedFor(t *testing.T) {
	for asked, want := range map[bool]int{false: 404, true: 200} {
		s := serve(t, HTTPConfig{Listen: "127.0.0.1:0", Profiling: asked}, NewMetrics(), &Readiness{})
		if status, _ := get(t, "http://"+s.Addr()+"/debug/pprof/cmdline"); status != want {
			t.Errorf("profiling %t: %d", asked, status)
		}
	}
}

func TestATakenPortIsToldAtOnce(t *testing.T) {
	s := serve(t, HTTPConfig{Listen: "127.0.0.1:0"}, NewMetrics(), &Readiness{})
	_, err := Serve(HTTPConfig{Listen: s.Addr()}, NewMetrics(), &Readiness{}, nil)
	if err == nil || !strings.Contains(err.Error(), s.Addr()) || !strings.Contains(err.Error(), "http.listen") {
		t.Errorf("told %v", err)
	}
}

func TestNoServerIsServedOnAnEmptyAddress(t *testing.T) {
	s, err := Serve(HTTPConfig{}, NewMetrics(), &Readiness{}, nil)
	if s != nil || err != nil || s.Addr() != "" || s.Close(context.Background()) != nil {
		t.Errorf("%v %v", s, err)
	}
}

func TestTheLogIsJSONUnlessAPersonReadsIt(t *testing.T) {
	var out bytes.Buffer
	Logger(&out, LogConfig{Level: "info", Format: "auto"}).Info("joined", "partitions", 8)
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil || line["msg"] != "joined" || line["partitions"] != 8.0 {
		t.Errorf("%v in %s", err, out.String())
	}
	out.Reset()
	log := Logger(&out, LogConfig{Level: "warn", Format: "text"})
	log.Info("quiet")
	log.Warn("loud", "why", "a reason")
	if got := out.String(); !strings.HasSuffix(got, `Z level=WARN msg=loud why="a reason"`+"\n") || strings.Contains(got, "quiet") {
		t.Errorf("%q", got)
	}
}

func TestWrongSettingsNameWhatIsAllowed(t *testing.T) {
	if err := (HTTPConfig{Listen: "9464"}).Validate(); err == nil || !strings.Contains(err.Error(), "host:port") {
		t.Errorf("told %v", err)
	}
	err := LogConfig{Level: "loud", Format: "xml"}.Validate()
	if err == nil || err.Error() != "level: \"loud\", allowed is debug, info, warn, error\nformat: \"xml\", allowed is auto, text, json" {
		t.Errorf("told %v", err)
	}
	if err := errors.Join(DefaultHTTP().Validate(), DefaultLog().Validate()); err != nil {
		t.Error(err)
	}
}
