package alert

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/spikeline/spikeline/processor/incident"
)

func TestOneMessageAnEventInOrder(t *testing.T) {
	r := receive(t, nil)
	s := start(t, r.config(nil))
	s.Put(told(outage(20*time.Second, "minor"), 1, "first_spike", "cascade"))
	s.Put(told(outage(30*time.Second, "major"), 3))
	s.Put(told(outage(40*time.Second, "major"), 3, "peak"))
	s.drain(t)
	if got, want := r.got(t), []string{"first_spike", "cascade", "peak"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if n := s.count("pager", Sent); n != 3 {
		t.Errorf("%d counted as sent", n)
	}
}

func TestTheBodyIsWhatTheDocumentationShows(t *testing.T) {
	r := receive(t, nil)
	s := start(t, r.config(nil))
	s.Put(told(outage(20*time.Second, "critical"), 1, "first_spike"))
	s.drain(t)
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, []byte(r.bodies[0]), "", "  "); err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/incident.json", pretty.String()+"\n")
	if id := r.requests[0].Header.Get(IDHeader); id != "20251118-120000-api.example/1/1763467220000000000" {
		t.Errorf("%s: %s", IDHeader, id)
	}
}

func TestTheSignatureIsOfTimeAndBody(t *testing.T) {
	r := receive(t, nil)
	t.Setenv("PAGER_KEY", "a key of some length")
	s := start(t, r.config(func(w *Webhook) { w.SecretEnv = "PAGER_KEY" }))
	s.Put(told(outage(20*time.Second, "minor"), 1, "first_spike"))
	s.drain(t)
	if got, want := r.requests[0].Header.Get(SignatureHeader), Sign([]byte("a key of some length"), []byte(r.bodies[0]), s.now); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	// openssl dgst -sha256 -hmac key <<< '1763467200.{}', without its line end
	if got, want := Sign([]byte("key"), []byte("{}"), noon), "t=1763467200,v1=6e71b55841aaf6e090cf606438abbb2497e6f51b99f62d49a8eb560370ca0281"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestAMessageIsTriedAgainUnchangedUntilItIsTaken(t *testing.T) {
	statuses := []int{500, 429, 503, 408, 200}
	r := receive(t, func(n int, w http.ResponseWriter) { w.WriteHeader(statuses[n]) })
	s := start(t, r.config(nil))
	s.Put(told(outage(20*time.Second, "minor"), 1, "first_spike"))
	s.drain(t)
	if len(r.bodies) != len(statuses) {
		t.Fatalf("%d requests", len(r.bodies))
	}
	for _, body := range r.bodies {
		if body != r.bodies[0] {
			t.Errorf("another body:\n%s\n%s", r.bodies[0], body)
		}
	}
	if n := strings.Count(s.log.String(), "alerts wait"); n != 1 || !strings.Contains(s.log.String(), "takes alerts again") {
		t.Errorf("log:\n%s", s.log)
	}
}

func TestAReceiverThatIsAwayIsTriedAgain(t *testing.T) {
	r := receive(t, func(n int, _ http.ResponseWriter) {
		if n == 0 {
			panic(http.ErrAbortHandler) // cuts the connection
		}
	})
	s := start(t, r.config(nil))
	s.Put(told(outage(20*time.Second, "minor"), 1, "first_spike"))
	s.drain(t)
	if s.count("pager", Sent) != 1 || len(r.bodies) != 2 {
		t.Errorf("%d requests, log:\n%s", len(r.bodies), s.log)
	}
}

func TestARefusalIsNotTriedAgainAndTellsTheNextStep(t *testing.T) {
	for status, advice := range map[int]string{403: "same secret", 404: "check the URL", 422: "docs/alerts.md", 302: "its real address"} {
		r := receive(t, func(n int, w http.ResponseWriter) {
			if n == 0 {
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(status)
				_, _ = w.Write([]byte("no, thanks"))
			}
		})
		s := start(t, r.config(nil))
		s.Put(told(outage(20*time.Second, "minor"), 1, "first_spike", "cascade"))
		s.drain(t)
		if got := r.got(t); !reflect.DeepEqual(got, []string{"first_spike", "cascade"}) || s.count("pager", Refused) != 1 || s.count("pager", Sent) != 1 {
			t.Errorf("%d: got %v", status, got)
		}
		for _, part := range []string{advice, "no, thanks", "api.example/1/", http.StatusText(status)} {
			if !strings.Contains(s.log.String(), part) {
				t.Errorf("%d: no %q in the log:\n%s", status, part, s.log)
			}
		}
		if strings.Contains(s.log.String(), r.URL) {
			t.Errorf("the URL, which may be a secret, is in the log:\n%s", s.log)
		}
	}
}

func TestAMessageIsGivenUpAfterRetryForAndTheNextOneGoesOut(t *testing.T) {
	r := receive(t, func(_ int, w http.ResponseWriter) { w.WriteHeader(500) })
	s := start(t, r.config(nil))
	s.lanes[0].target.(*webhook).retryFor = 20 * time.Millisecond
	s.Put(told(outage(20*time.Second, "minor"), 1, "first_spike", "cascade"))
	s.drain(t)
	got := r.got(t)
	if s.count("pager", Failed) != 2 || got[len(got)-1] != "cascade" || !strings.Contains(s.log.String(), "answered 500") {
		t.Errorf("got %v, log:\n%s", got, s.log)
	}
}

func TestASlowReceiverBlocksNobodyAndItsQueueKeepsTheNewest(t *testing.T) {
	hold := make(chan struct{})
	slow := receive(t, func(int, http.ResponseWriter) { <-hold })
	quick := receive(t, nil)
	c := slow.config(nil)
	c.Queue = 2
	c.Webhooks = append(c.Webhooks, Webhook{Name: "chat", URL: quick.URL})
	s := start(t, c)
	s.Put(told(outage(20*time.Second, "minor"), 1, "first_spike"))
	for len(slow.got(t)) == 0 {
		time.Sleep(time.Millisecond)
	}
	if s.Settled() {
		t.Error("settled while a message is on its way")
	}
	for i, name := range []string{"cascade", "peak", "residual", "recovered"} {
		s.Put(told(outage(time.Duration(30+i)*time.Second, "minor"), int32(2+i), name))
		for s.count("chat", Sent) != uint64(2+i) {
			time.Sleep(time.Millisecond)
		}
	}
	s.now = s.now.Add(patience)
	if !s.Settled() {
		t.Error("snapshots wait for a receiver that has been away for long")
	}
	close(hold)
	s.drain(t)
	if got, want := slow.got(t), []string{"first_spike", "residual", "recovered"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if s.count("pager", Dropped) != 2 || strings.Count(s.log.String(), "an alert is dropped") != 2 {
		t.Errorf("log:\n%s", s.log)
	}
	if !s.Settled() {
		t.Error("not settled though all is delivered")
	}
}

func TestClosingGivesUpInTimeAndCountsWhatIsLost(t *testing.T) {
	hold := make(chan struct{})
	r := receive(t, func(int, http.ResponseWriter) { <-hold })
	defer close(hold)
	s := start(t, r.config(nil))
	s.Put(told(outage(20*time.Second, "minor"), 1, "first_spike", "cascade", "peak"))
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := s.Close(ctx); err == nil {
		t.Error("told that all was delivered")
	}
	if n := s.count("pager", Dropped); n != 3 {
		t.Errorf("%d counted as dropped", n)
	}
}

func TestOldNewsIsToldOncePerIncidentAsItStandsWhenCaughtUp(t *testing.T) {
	r := receive(t, nil)
	s := start(t, r.config(nil))
	s.now = noon.Add(2 * time.Hour)
	other := outage(30*time.Second, "minor")
	other.ID = "other"
	s.Put(told(outage(20*time.Second, "minor"), 1, "first_spike", "cascade"))
	s.Put(told(other, 1, "first_spike"))
	s.Put(told(outage(time.Minute, "major"), 3, "peak", "recovered"))
	if len(r.got(t)) != 0 || s.Settled() {
		t.Error("old news was sent at once, or a snapshot may forget it")
	}
	s.Put(told(outage(2*time.Hour-time.Minute, "major"), 5, "relapse"))
	s.drain(t)
	if got, want := r.got(t), []string{"recovered", "first_spike", "relapse"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if n := s.count("pager", Superseded); n != 3 {
		t.Errorf("%d counted as superseded", n)
	}
}

func TestOldNewsIsNotHeldForever(t *testing.T) {
	r := receive(t, nil)
	c := r.config(nil)
	s := start(t, c)
	s.config.LateEvery = 10 * time.Millisecond
	s.now = noon.Add(2 * time.Hour)
	s.Put(told(outage(20*time.Second, "minor"), 1, "first_spike", "recovered"))
	for s.count("pager", Sent) == 0 {
		time.Sleep(time.Millisecond)
	}
	s.drain(t)
	if got := r.got(t); !reflect.DeepEqual(got, []string{"recovered"}) {
		t.Errorf("got %v", got)
	}
}

func TestAnAbsentSecretIsToldBeforeAnythingStarts(t *testing.T) {
	c := Default()
	c.Webhooks = []Webhook{{URL: "http://127.0.0.1:1/", SecretEnv: "NO_SUCH_VARIABLE"}, {Name: "x", URLFile: "testdata/none"}}
	_, err := Open(c, Options{Log: start(t, Default()).Sender.log})
	for _, part := range []string{"alerts.webhooks[0].secret_env: the environment variable NO_SUCH_VARIABLE is empty or not set", "alerts.webhooks[1].url_file: open testdata/none"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("told %v", err)
		}
	}
}

func TestPutWithoutTargetsOrNewsAllocatesNothing(t *testing.T) {
	s := start(t, Default())
	b := told(outage(20*time.Second, "minor"), 1, "first_spike")
	if n := testing.AllocsPerRun(100, func() { s.Put(b) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	s.drain(t)
	r := receive(t, nil)
	w := start(t, r.config(nil))
	b.Incidents, b.Events = []incident.Incident{}, nil
	if n := testing.AllocsPerRun(100, func() { w.Put(b) }); n > 1 {
		t.Errorf("%v allocations", n)
	}
	w.drain(t)
}
