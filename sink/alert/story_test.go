package alert

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spikeline/spikeline/demo"
	"github.com/spikeline/spikeline/processor"
	"github.com/spikeline/spikeline/processor/detect"
	"github.com/spikeline/spikeline/processor/incident"
)

// TestWhatAPagerGetsOfARealOutage runs the outage of Fastly of 8 June 2021
// through the real detector and tracker, and has two webhooks told of it.
func TestWhatAPagerGetsOfARealOutage(t *testing.T) {
	script, err := demo.Find("fastly-2021-06-08")
	if err != nil {
		t.Fatal(err)
	}
	meter, err := demo.NewMeter(script, demo.Default())
	if err != nil {
		t.Fatal(err)
	}
	chat, pager := receive(t, nil), receive(t, nil)
	c := Default()
	c.Webhooks = []Webhook{
		{Name: "chat", URL: chat.URL},
		{Name: "pager", URL: pager.URL, Events: []string{"first_spike", "relapse", "recovered"}, MinSeverity: "critical"},
	}
	s := start(t, c)
	detector, tracker := detect.New(detect.Default()), incident.New(incident.Default())
	for r := meter.Next(); r != nil; r = meter.Next() {
		s.now = time.Unix(0, r.End).Add(20 * time.Second)
		b := processor.Batch{Signals: detector.Step(r), ClosedTo: r.End}
		b.Incidents, b.Events = tracker.Step(r, b.Signals)
		s.Put(b)
	}
	s.drain(t)
	all, urgent := chat.got(t), pager.got(t)
	if len(all) < 5 || all[0] != "first_spike" || all[len(all)-1] != "recovered" || slices.Contains(all, Raised) {
		t.Errorf("chat got %v", all)
	}
	want(t, urgent, Raised, "recovered")
	ids := map[string]bool{}
	for _, r := range chat.requests {
		incident, _, _ := strings.Cut(r.Header.Get(IDHeader), "/")
		ids[incident], ids[r.Header.Get(IDHeader)] = true, true
	}
	if len(ids) != len(all)+1 {
		t.Errorf("%d messages of one incident have %d ids", len(all), len(ids)-1)
	}
}
