package alert

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/spikeline/spikeline/processor"
	"github.com/spikeline/spikeline/processor/incident"
)

// chosen runs batches through one webhook's filter and gives the events it gets.
func chosen(w Webhook, quiet []Quiet, batches ...processor.Batch) (events []string) {
	f := newFilter(w, "")
	for i := range batches {
		steps := stepsOf(&batches[i], rulesOf(quiet), "")
		for n := range steps {
			messages, _ := f.choose(&steps[n])
			for _, m := range messages {
				name := m.Event
				if m.Was != "" {
					name = m.Was + ">" + name
				}
				if m.Withdrawn {
					name = "-" + name
				}
				events = append(events, name)
			}
		}
	}
	return events
}

func want(t *testing.T, got []string, events ...string) {
	t.Helper()
	if !reflect.DeepEqual(got, events) {
		t.Errorf("got %v, want %v", got, events)
	}
}

func was(b processor.Batch, name string) processor.Batch {
	for i := range b.Events {
		b.Events[i].Was = name
	}
	return b
}

func ended(in incident.Incident) incident.Incident {
	in.Open, in.Phase = false, incident.Recovered
	return in
}

func TestAnAmendedEventIsToldOnlyIfItSaysSomethingElse(t *testing.T) {
	in := outage(0, "minor")
	want(t, chosen(Webhook{}, nil,
		told(in, 1, "peak"),
		was(told(in, 1, "peak"), "peak"),
		told(in, 2, "partial_recovery"),
		was(told(in, 2, "recovered"), "partial_recovery"),
	), "peak", "partial_recovery", "partial_recovery>recovered")
	want(t, chosen(Webhook{Events: []string{"recovered"}}, nil,
		told(in, 1, "first_spike"),
		told(in, 2, "recovered"),
		was(told(in, 2, "relapse"), "recovered"),
	), "recovered", "recovered>relapse")
}

func TestAnIncidentBelowMinSeverityIsToldOnceItGetsThere(t *testing.T) {
	critical := Webhook{MinSeverity: "critical", Events: []string{"first_spike", "recovered"}}
	want(t, chosen(critical, nil,
		told(outage(0, "minor"), 1, "first_spike"),
		told(outage(10*time.Second, "major"), 2),
		told(outage(20*time.Second, "critical"), 2),
		told(outage(30*time.Second, "critical"), 2, "peak"),
		told(ended(outage(40*time.Second, "critical")), 3, "recovered"),
	), "raised", "recovered")
	want(t, chosen(critical, nil,
		told(outage(0, "minor"), 1, "first_spike"),
		told(ended(outage(10*time.Second, "minor")), 2, "recovered"),
	))
}

func TestAnIncidentTakenBackIsToldOnceAndOnlyToThoseWhoKnewIt(t *testing.T) {
	in := ended(outage(10*time.Second, "minor"))
	in.Withdrawn = true
	b := was(told(in, 1, "first_spike", "peak"), "x")
	for i := range b.Events {
		b.Events[i].Withdrawn, b.Events[i].Was = true, b.Events[i].Event
	}
	want(t, chosen(Webhook{}, nil, told(outage(0, "minor"), 1, "first_spike", "peak"), b), "first_spike", "peak", "-peak")
	in.Severity = "major"
	b.Incidents[0] = in
	want(t, chosen(Webhook{MinSeverity: "major"}, nil, told(outage(0, "minor"), 1, "first_spike", "peak"), b))
}

func TestAnIncidentIsQuietWhileEachOfItsServicesIs(t *testing.T) {
	one, both := []Quiet{{Services: []string{"api.*"}}}, []Quiet{{Services: []string{"api.*"}}, {Services: []string{"[a-c]dn.example"}, Kinds: []string{"error_surge", "latency_surge"}}}
	spike := told(outage(0, "minor"), 1, "first_spike")
	want(t, chosen(Webhook{}, nil, spike), "first_spike")
	want(t, chosen(Webhook{}, one, spike), "first_spike")
	want(t, chosen(Webhook{}, both, spike))

	grown := outage(10*time.Second, "major")
	grown.Services = append(grown.Services, incident.Member{Service: "shop.example"})
	want(t, chosen(Webhook{}, both, spike, told(grown, 2)), "raised")
	other := outage(10*time.Second, "major")
	other.Kinds = append(other.Kinds, "traffic_drop")
	want(t, chosen(Webhook{}, both, spike, told(other, 2, "peak")), "peak")
	more := outage(10*time.Second, "major")
	more.MoreServices = 1
	want(t, chosen(Webhook{}, both, told(more, 2, "peak")), "peak")
}

func TestAQuietRuleHasItsHoursOfTheWeek(t *testing.T) {
	night := Quiet{Services: []string{"*"}, Days: []string{"sat"}, From: "22:00", To: "06:00", Timezone: "Europe/Berlin"}
	for text, quiet := range map[string]bool{ // UTC, an hour behind Berlin in November
		"2025-11-22 20:59": false, // Saturday
		"2025-11-22 21:00": true,
		"2025-11-23 04:59": true, // Sunday, the night that began on Saturday
		"2025-11-23 05:00": false,
		"2025-11-23 21:30": false,
		"2025-11-21 23:30": false, // Saturday in Berlin, the night that began on Friday
	} {
		now, err := time.Parse("2006-01-02 15:04", text)
		if err != nil {
			t.Fatal(err)
		}
		if got := covered(rulesOf([]Quiet{night}), "a/b.example", nil, now); got != quiet {
			t.Errorf("%s: quiet is %v", text, got)
		}
	}
	day := Quiet{Services: []string{"*"}, Days: []string{"sun"}}
	if !covered(rulesOf([]Quiet{day}), "a", nil, noon.AddDate(0, 0, 5)) || covered(rulesOf([]Quiet{day}), "a", nil, noon) {
		t.Error("a rule without hours is not on for its whole day alone")
	}
}

func TestListsInAMessageAreBoundedAndTheRestIsCounted(t *testing.T) {
	in := outage(0, "critical")
	in.Services, in.Pops, in.MoreServices = nil, nil, 7
	for i := range 3000 {
		in.Services = append(in.Services, incident.Member{Service: fmt.Sprintf("s%d", i)})
		in.Pops = append(in.Pops, fmt.Sprintf("P%d", i))
	}
	j := incidentJSON(&in)
	if len(j.Services) != 50 || j.MoreServices != 2957 || len(j.Pops) != 50 || j.MorePops != 2950 {
		t.Errorf("%d + %d services, %d + %d pops", len(j.Services), j.MoreServices, len(j.Pops), j.MorePops)
	}
}

func TestTheSameBatchesGiveTheSameIDsAgain(t *testing.T) {
	ids := func() (all []string) {
		f := newFilter(Webhook{MinSeverity: "major"}, "")
		for _, b := range []processor.Batch{told(outage(0, "minor"), 1, "first_spike"), told(outage(10*time.Second, "major"), 2), told(outage(20*time.Second, "major"), 2, "peak")} {
			for _, s := range stepsOf(&b, nil, "") {
				messages, _ := f.choose(&s)
				for _, m := range messages {
					all = append(all, m.ID)
				}
			}
		}
		return all
	}
	if first := ids(); len(first) != 2 || !reflect.DeepEqual(first, ids()) {
		t.Errorf("ids: %v, then %v", first, ids())
	}
}
