package alert

import (
	"context"
	"encoding/json"
	"flag"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/spikeline/spikeline/processor"
	"github.com/spikeline/spikeline/processor/incident"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2025, 11, 18, 12, 0, 0, 0, time.UTC)

func at(d time.Duration) int64 { return noon.Add(d).UnixNano() }

// outage is an incident as it stands at a moment after noon.
func outage(now time.Duration, severity string) incident.Incident {
	return incident.Incident{
		ID: "20251118-120000-api.example", Version: at(now), Open: true, Phase: incident.FirstSpike, Severity: severity,
		StartedAt: at(0), DetectedAt: at(20 * time.Second), FirstService: "api.example",
		Services: []incident.Member{{Service: "api.example", StartedAt: at(0)}, {Service: "cdn.example", StartedAt: at(10 * time.Second)}},
		Pops:     []string{"AMS", "FRA"}, Kinds: []string{"error_surge"}, Requests: 120_000, RequestsFailed: 30_000, PeakErrorRate: 0.25, PeakFleetShare: 0.0625,
		Shares: []incident.Share{{By: "pop", Value: "FRA", Share: 0.75}, {By: "pop", Value: "AMS", Share: 0.25}},
		Title:  "5xx at 2 services, first api.example; up to 25 % of requests failed",
	}
}

// told is a batch of one window: an incident, and events of its story by name, numbered from seq on.
func told(in incident.Incident, seq int32, names ...string) processor.Batch {
	b := processor.Batch{ClosedTo: in.Version + int64(10*time.Second), Incidents: []incident.Incident{in}}
	for _, name := range names {
		b.Events = append(b.Events, incident.Event{IncidentID: in.ID, Seq: seq, Version: in.Version, At: in.StartedAt, Event: name, Service: in.FirstService, Value: 0.25, Summary: name + " of " + in.FirstService})
		seq++
	}
	return b
}

// receiver is a webhook's other end. answer gives the status of the nth request, from 0.
type receiver struct {
	*httptest.Server
	mu       sync.Mutex
	requests []*http.Request
	bodies   []string
	answer   func(n int, w http.ResponseWriter)
}

func receive(t testing.TB, answer func(n int, w http.ResponseWriter)) *receiver {
	r := &receiver{answer: answer}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, _ := io.ReadAll(request.Body)
	r.mu.Lock()
	n := len(r.bodies)
	r.bodies, r.requests = append(r.bodies, string(body)), append(r.requests, request)
	r.mu.Unlock()
	if r.answer != nil {
		r.answer(n, w)
	}
}

// got gives each request's event, withdrawn ones with a minus.
func (r *receiver) got(t testing.TB) (events []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, body := range r.bodies {
		var m Message
		if err := json.Unmarshal([]byte(body), &m); err != nil {
			t.Fatal(err)
		}
		if m.Withdrawn {
			m.Event = "-" + m.Event
		}
		events = append(events, m.Event)
	}
	return events
}

func (r *receiver) config(change func(*Webhook)) Config {
	c := Default()
	c.Webhooks = []Webhook{{Name: "pager", URL: r.URL}}
	if change != nil {
		change(&c.Webhooks[0])
	}
	return c
}

type bench struct {
	*Sender
	log *strings.Builder
	now time.Time
}

// start opens a sender whose clock stands still a minute after noon, and whose pauses are short.
func start(t testing.TB, c Config) *bench {
	t.Helper()
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	b := &bench{log: &strings.Builder{}, now: noon.Add(time.Minute)}
	s, err := Open(c, Options{Log: slog.New(slog.NewTextHandler(b.log, nil)), Now: func() time.Time { return b.now }})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range s.lanes {
		if w, ok := l.target.(*webhook); ok {
			w.pause = time.Millisecond
		}
	}
	b.Sender = s
	return b
}

// drain waits until all is sent, and ends the sender.
func (b *bench) drain(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := b.Close(ctx); err != nil {
		t.Fatal(err)
	}
}

func (b *bench) count(target string, r Result) (n uint64) {
	b.Counted(func(name string, result Result, count uint64) {
		if name == target && result == r {
			n = count
		}
	})
	return n
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the text differs from %s (go test -update writes it):\n%s", file, got)
	}
}
