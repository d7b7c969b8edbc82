package alert

import (
	"fmt"
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/spikeline/spikeline/processor/detect"
	"github.com/spikeline/spikeline/processor/incident"
)

// Message is one alert as a receiver gets it. Times are RFC 3339 in UTC, left
// out while unknown. The same message has the same ID however often it is sent.
type Message struct {
	ID        string        `json:"id"`
	Type      string        `json:"type"`            // incident, signal or test
	Event     string        `json:"event"`           // a phase, note or raised; opened or ended of a signal; test
	At        string        `json:"at"`              // when it happened, by the records' own time
	Summary   string        `json:"summary"`         // one line in plain words
	Text      string        `json:"text"`            // summary with severity and title before it, for a chat
	Amended   bool          `json:"amended"`         // an event told before, told better
	Was       string        `json:"was,omitempty"`   // the event that an amended one had been
	Withdrawn bool          `json:"withdrawn"`       // take this event back: it was none
	Quiet     bool          `json:"quiet,omitempty"` // a quiet rule covers it; on the topic only
	Service   string        `json:"service,omitempty"`
	Pop       string        `json:"pop,omitempty"`
	Value     float64       `json:"value"` // the number in the summary: a share, or for recovered seconds
	Incident  *IncidentJSON `json:"incident,omitempty"`
	Signal    *SignalJSON   `json:"signal,omitempty"`
	Links     *Links        `json:"links,omitempty"`

	key string // of the record on the topic
}

// IncidentJSON is the incident as it stood with the event. Lists are cut at listed, the rest is counted.
type IncidentJSON struct {
	ID                string        `json:"id"`
	Title             string        `json:"title"`
	Severity          string        `json:"severity"` // minor, major, critical
	Phase             string        `json:"phase"`
	Status            string        `json:"status"` // open, resolved, withdrawn, merged
	MergedInto        string        `json:"merged_into,omitempty"`
	StartedAt         string        `json:"started_at,omitempty"`
	DetectedAt        string        `json:"detected_at,omitempty"`
	PeakAt            string        `json:"peak_at,omitempty"`
	MainImpactEndedAt string        `json:"main_impact_ended_at,omitempty"`
	EndedAt           string        `json:"ended_at,omitempty"`
	FirstService      string        `json:"first_service"`
	Services          []string      `json:"services"` // in order of the cascade
	MoreServices      int           `json:"more_services"`
	Pops              []string      `json:"pops"`
	MorePops          int           `json:"more_pops"`
	Kinds             []string      `json:"kinds"`
	Requests          uint64        `json:"requests"`
	RequestsFailed    uint64        `json:"requests_failed"`
	RequestsSlow      uint64        `json:"requests_slow"`
	RequestsMissing   uint64        `json:"requests_missing"`
	PeakErrorRate     float64       `json:"peak_error_rate"`  // 0 to 1
	PeakFleetShare    float64       `json:"peak_fleet_share"` // 0 to 1
	BudgetBurnt       float64       `json:"budget_burnt"`     // 1 is the whole error budget of 30 days
	Burn              incident.Burn `json:"burn_rates"`       // how many times faster than allowed the error budget goes
	Shares            []ShareJSON   `json:"shares"`
}

// ShareJSON attributes a part of the excess errors.
type ShareJSON struct {
	By    string  `json:"by"` // pop, status, cache, side
	Value string  `json:"value"`
	Share float64 `json:"share"` // 0 to 1
}

// SignalJSON is a finding on one series.
type SignalJSON struct {
	Kind     string  `json:"kind"`
	Severity string  `json:"severity"` // info, warning, critical
	Window   string  `json:"window"`   // start of the window that was judged
	Onset    string  `json:"onset,omitempty"`
	EndedAt  string  `json:"ended_at,omitempty"`
	Observed float64 `json:"observed"` // a share (0 to 1), or requests a window for traffic
	Expected float64 `json:"expected"`
	Band     float64 `json:"band"` // the worst value still called normal
	Score    float64 `json:"score"`
	Requests uint64  `json:"requests"`
	Excess   float64 `json:"excess"`

	Effect    float64 `json:"effect"`       // for traffic times the expected requests, else windows of full outage in excess since the onset
	Least     float64 `json:"effect_least"` // the least that opens a signal; for a drop the most
	Narrowest string  `json:"narrowest"`    // the bar it passed by the least: score, effect, duration
	Margin    float64 `json:"margin"`       // how many times over that bar
}

// Links are addresses for people.
type Links struct {
	Incident string `json:"incident"`
}

// listed bounds each list in a message.
const listed = 50

func incidentMessage(in *incident.Incident, e *incident.Event, base string) *Message {
	m := &Message{
		ID: e.IncidentID + "/" + strconv.Itoa(int(e.Seq)) + "/" + strconv.FormatInt(e.Version, 10), Type: "incident", Event: e.Event,
		At: stamp(e.At), Summary: e.Summary, Amended: e.Was != "", Withdrawn: e.Withdrawn, Service: e.Service, Pop: e.Pop, Value: finite(e.Value),
		Incident: incidentJSON(in), Links: linksTo(base, in.ID), key: in.ID,
	}
	if e.Was != e.Event {
		m.Was = e.Was
	}
	m.Text = text(in, e.Summary)
	if e.Withdrawn {
		m.Text = text(in, "withdrawn: "+e.Summary)
	}
	return m
}

// raisedMessage tells of an incident that has been going on unheard.
func raisedMessage(in *incident.Incident, base string) *Message {
	summary := fmt.Sprintf("now %s, and to be told: going on since %s", in.Severity, stamp(in.StartedAt))
	return &Message{
		ID: in.ID + "/" + Raised + "/" + strconv.FormatInt(in.Version, 10), Type: "incident", Event: Raised, At: stamp(in.Version), Summary: summary,
		Text: text(in, summary), Service: in.FirstService, Incident: incidentJSON(in), Links: linksTo(base, in.ID), key: in.ID,
	}
}

func text(in *incident.Incident, summary string) string {
	return "[" + in.Severity + "] " + in.Title + " | " + summary
}

func incidentJSON(in *incident.Incident) *IncidentJSON {
	j := &IncidentJSON{
		ID: in.ID, Title: in.Title, Severity: in.Severity, Phase: in.Phase.String(), Status: status(in), MergedInto: in.MergedInto,
		StartedAt: stamp(in.StartedAt), DetectedAt: stamp(in.DetectedAt), PeakAt: stamp(in.PeakAt), MainImpactEndedAt: stamp(in.MainImpactEndedAt), EndedAt: stamp(in.EndedAt),
		FirstService: in.FirstService, Services: []string{}, Kinds: append([]string{}, in.Kinds...),
		Requests: in.Requests, RequestsFailed: in.RequestsFailed, RequestsSlow: in.RequestsSlow, RequestsMissing: in.RequestsMissing,
		PeakErrorRate: finite(in.PeakErrorRate), PeakFleetShare: finite(in.PeakFleetShare), BudgetBurnt: finite(in.BudgetBurnt), Burn: in.Burn, Shares: []ShareJSON{},
	}
	for _, m := range in.Services[:min(len(in.Services), listed)] {
		j.Services = append(j.Services, m.Service)
	}
	j.MoreServices = len(in.Services) - len(j.Services) + int(in.MoreServices)
	j.Pops = append([]string{}, in.Pops[:min(len(in.Pops), listed)]...)
	j.MorePops = len(in.Pops) - len(j.Pops)
	for _, s := range in.Shares[:min(len(in.Shares), listed)] {
		j.Shares = append(j.Shares, ShareJSON(s))
	}
	return j
}

func status(in *incident.Incident) string {
	switch {
	case in.MergedInto != "":
		return "merged"
	case in.Withdrawn:
		return "withdrawn"
	case in.Open:
		return "open"
	}
	return "resolved"
}

func linksTo(base, id string) *Links {
	if base == "" {
		return nil
	}
	return &Links{Incident: strings.TrimRight(base, "/") + "/incidents/" + url.PathEscape(id)}
}

func signalMessage(s *detect.Signal) *Message {
	event, at := "opened", s.Onset
	if s.Ended {
		event, at = "ended", s.EndedAt
	}
	m := &Message{
		ID:   strings.Join([]string{"signal", s.Kind.String(), s.Scope.Service, s.Scope.Pop, event, strconv.FormatInt(s.Window, 10)}, "/"),
		Type: "signal", Event: event, At: stamp(at), Summary: s.Reason, Service: s.Scope.Service, Pop: s.Scope.Pop, Value: finite(s.Observed),
		Signal: &SignalJSON{
			Kind: s.Kind.String(), Severity: s.Severity.String(), Window: stamp(s.Window), Onset: stamp(s.Onset), EndedAt: stamp(s.EndedAt),
			Observed: finite(s.Observed), Expected: finite(s.Expected), Band: finite(s.Band), Score: finite(s.Score), Requests: s.Requests, Excess: finite(s.Excess),
			Effect: finite(s.Effect), Least: finite(s.Least), Narrowest: s.Narrowest.String(), Margin: finite(s.Margin),
		},
		key: s.Scope.Service,
	}
	m.Text = "[" + s.Severity.String() + "] " + s.Kind.String() + " " + event + " | " + s.Reason
	return m
}

// testMessage is an alert that says that it is none.
func testMessage(now time.Time) *Message {
	at := stamp(now.UnixNano())
	const summary = "a test of Spikeline's alerts: nothing has happened"
	return &Message{ID: "test/" + at, Type: "test", Event: "test", At: at, Summary: summary, Text: "[test] " + summary, key: "test"}
}

// stamp writes Unix nanoseconds as RFC 3339 in UTC, and nothing for an unknown time.
func stamp(nanos int64) string {
	if nanos == 0 {
		return ""
	}
	return time.Unix(0, nanos).UTC().Format(time.RFC3339)
}

// finite keeps numbers within what JSON can say.
func finite(v float64) float64 {
	if math.IsNaN(v) {
		return 0
	}
	return min(max(v, -math.MaxFloat64), math.MaxFloat64)
}
