package cli

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/spikeline/spikeline/processor/incident"
	"github.com/spikeline/spikeline/sink"
)

func utc(clock string) int64 {
	t, err := time.Parse(time.DateTime, "2025-11-18 "+clock)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return t.UnixNano()
}

// resolved is an incident that is over, with its timeline; open is one that goes on.
func resolved() (incident.Incident, []incident.Event) {
	in := incident.Incident{
		ID: "20251118-112010-x.com", Version: utc("17:06:00"), Phase: incident.Recovered, Severity: "critical",
		StartedAt: utc("11:20:10"), DetectedAt: utc("11:20:30"), PeakAt: utc("12:12:00"), MainImpactEndedAt: utc("14:34:10"), EndedAt: utc("17:06:00"),
		FirstService: "x.com", Pops: []string{"FRA", "IAD"}, Kinds: []string{"error_surge"}, Requests: 1_234_567, RequestsFailed: 345_678,
		PeakErrorRate: 0.62, PeakFleetShare: 0.41, BudgetBurnt: 2.5, MoreServices: 1, Title: "2 services fail, x.com first",
		Services: []incident.Member{
			{Service: "x.com", StartedAt: utc("11:20:10"), EndedAt: utc("17:06:00"), Failed: 300_000, Requests: 1_000_000, PeakRate: 0.62},
			{Service: "chatgpt.com", StartedAt: utc("11:20:40"), EndedAt: utc("14:34:10"), Failed: 45_678, Requests: 234_567, PeakRate: 0.3},
		},
		Shares: []incident.Share{{By: "side", Value: "edge", Share: 0.97}, {By: "pop", Value: "FRA", Share: 0.081}, {By: "cache", Value: "", Share: 0.004}},
	}
	events := []incident.Event{
		{IncidentID: in.ID, Seq: 1, Version: utc("11:20:10"), At: utc("11:20:10"), Event: "first_spike", Service: "x.com", Value: 0.12, Summary: "12 % of requests to x.com fail, 0.1 % are usual"},
		{IncidentID: in.ID, Seq: 2, Version: utc("11:20:40"), At: utc("11:20:40"), Event: "cascade", Service: "chatgpt.com", Value: 0.1, Summary: "chatgpt.com joins | 30 s later"},
		{IncidentID: in.ID, Seq: 3, Version: utc("12:12:00"), At: utc("12:12:00"), Event: "peak", Service: "x.com", Value: 0.62, Summary: "62 % fail"},
		{IncidentID: in.ID, Seq: 4, Version: utc("17:06:00"), At: utc("17:06:00"), Event: "recovered", Value: 0, Summary: "all services are as usual"},
	}
	return in, events
}

func open() incident.Incident {
	return incident.Incident{
		ID: "20251118-180000-shop.example.com", Version: utc("18:00:00"), Open: true, Phase: incident.FirstSpike, Severity: "minor",
		StartedAt: utc("18:00:00"), DetectedAt: utc("18:00:20"), FirstService: "shop.example.com", Pops: []string{}, Kinds: []string{"error_surge"},
		Requests: 900, RequestsFailed: 45, PeakErrorRate: 0.05, Title: "shop.example.com fails",
		Services: []incident.Member{{Service: "shop.example.com", StartedAt: utc("18:00:00"), Failed: 45, Requests: 900, PeakRate: 0.05}},
	}
}

// golden compares a text with a file; UPDATE=1 writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := "testdata/golden/" + name
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("differs from %s (UPDATE=1 writes it):\n%s", file, got)
	}
}

func TestIncidentsAreListedAsATable(t *testing.T) {
	in, _ := resolved()
	var out bytes.Buffer
	if err := writeIncidents(&out, []incident.Incident{open(), in}, false); err != nil {
		t.Fatal(err)
	}
	golden(t, "list.txt", out.String())
}

func TestColourChangesNoWordAndMarksWhatIsOpen(t *testing.T) {
	in, _ := resolved()
	list := []incident.Incident{open(), in}
	var plain, painted bytes.Buffer
	if err := writeIncidents(&plain, list, false); err != nil {
		t.Fatal(err)
	}
	if err := writeIncidents(&painted, list, true); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(painted.String(), "\n")
	if !strings.HasPrefix(lines[1], "\x1b[31m") || strings.Contains(lines[0]+lines[2], "\x1b") {
		t.Errorf("%q", painted.String())
	}
	if got := strings.NewReplacer("\x1b[31m", "", "\x1b[0m", "").Replace(painted.String()); got != plain.String() {
		t.Errorf("without colour:\n%s", got)
	}
}

// noted has a note by a person in its place.
func noted(events []incident.Event) []sink.Event {
	note := incident.Event{At: utc("11:48:00"), Event: sink.KindAnnounced, Summary: "status page: investigating"}
	return append(withoutNotes(events), sink.Event{Event: note, Author: "anna"})
}

func TestAnIncidentIsShownWithItsTimelineAndServices(t *testing.T) {
	in, events := resolved()
	var out bytes.Buffer
	if err := writeIncident(&out, in, noted(events), false); err != nil {
		t.Fatal(err)
	}
	golden(t, "show.txt", out.String())
}

func TestSinceIsATimeOrAnAge(t *testing.T) {
	now := time.Date(2025, 11, 18, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{"": {}, "24h": now.Add(-24 * time.Hour), "2025-11-18T11:20:00Z": time.Date(2025, 11, 18, 11, 20, 0, 0, time.UTC)} {
		if got, err := sinceTime(text, now); err != nil || !got.Equal(want) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	if _, err := sinceTime("yesterday", now); err == nil || !strings.Contains(err.Error(), "such as 24h") {
		t.Errorf("told %v", err)
	}
}

func TestANoteKnowsWhatItSpeaksOfAndWhenItWasWritten(t *testing.T) {
	now := time.Date(2025, 11, 18, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		kind, at, announced string
		want                sink.Note
		fault               string
	}{
		"now":              {kind: "note", want: sink.Note{Event: "note", At: utc("12:00:00"), Written: utc("12:00:00")}},
		"before":           {kind: "note", at: "2025-11-18T11:48:00Z", want: sink.Note{Event: "note", At: utc("11:48:00"), Written: utc("12:00:00")}},
		"announced":        {kind: "note", announced: "2025-11-18T11:48:00Z", want: sink.Note{Event: "announced", At: utc("11:48:00"), Written: utc("12:00:00")}},
		"announced as now": {kind: "announced", want: sink.Note{Event: "announced", At: utc("12:00:00"), Written: utc("12:00:00")}},
		"no time":          {kind: "note", announced: "noon", fault: "--announced is \"noon\""},
		"no kind":          {kind: "peak", fault: "choose note or announced"},
		"before all":       {kind: "note", at: "1812-01-01T00:00:00Z", fault: "allowed is 1970 to 2106"},
	} {
		note := sink.Note{Event: c.kind}
		err := noteTimes(&note, c.at, c.announced, now)
		if c.fault == "" && (err != nil || note != c.want) {
			t.Errorf("%s: %+v, %v; want %+v", name, note, err, c.want)
		}
		if c.fault != "" && (err == nil || !strings.Contains(err.Error(), c.fault)) {
			t.Errorf("%s: told %v, want %q", name, err, c.fault)
		}
	}
}
