package cli

import (
	"cmp"
	"iter"
	"slices"
	"time"

	"github.com/spikeline/spikeline/processor/incident"
)

// incidentJSON is an incident as programs read it. Times are RFC 3339 in UTC, left out while unknown.
type incidentJSON struct {
	ID                string       `json:"incident_id"`
	Status            string       `json:"status"`
	Phase             string       `json:"phase"`
	Severity          string       `json:"severity"`
	Title             string       `json:"title"`
	StartedAt         string       `json:"started_at"`
	DetectedAt        string       `json:"detected_at"`
	PeakAt            string       `json:"peak_at,omitempty"`
	MainImpactEndedAt string       `json:"main_impact_ended_at,omitempty"`
	EndedAt           string       `json:"ended_at,omitempty"`
	FirstService      string       `json:"first_service"`
	Services          []memberJSON `json:"services"`
	Pops              []string     `json:"pops"`
	Kinds             []string     `json:"kinds"`
	Requests          uint64       `json:"requests"`
	RequestsFailed    uint64       `json:"requests_failed"`
	PeakErrorRate     float64      `json:"peak_error_rate"`
	Shares            []shareJSON  `json:"shares"`
	Events            []eventJSON  `json:"events"`
}

type memberJSON struct {
	Service   string  `json:"service"`
	StartedAt string  `json:"started_at"`
	EndedAt   string  `json:"ended_at,omitempty"`
	Requests  uint64  `json:"requests"`
	Failed    uint64  `json:"failed"`
	PeakRate  float64 `json:"peak_rate"`
}

type shareJSON struct {
	By    string  `json:"by"`
	Value string  `json:"value"`
	Share float64 `json:"share"`
}

type eventJSON struct {
	At      string  `json:"at"`
	Event   string  `json:"event"`
	Service string  `json:"service,omitempty"`
	Pop     string  `json:"pop,omitempty"`
	Value   float64 `json:"value"`
	Summary string  `json:"summary"`
}

func incidentDocument(in incident.Incident, events []incident.Event) incidentJSON {
	d := incidentJSON{
		ID: in.ID, Status: "resolved", Phase: in.Phase.String(), Severity: in.Severity, Title: in.Title,
		StartedAt: stamp(in.StartedAt), DetectedAt: stamp(in.DetectedAt), PeakAt: stamp(in.PeakAt), MainImpactEndedAt: stamp(in.MainImpactEndedAt), EndedAt: stamp(in.EndedAt),
		FirstService: in.FirstService, Pops: in.Pops, Kinds: in.Kinds, Requests: in.Requests, RequestsFailed: in.RequestsFailed, PeakErrorRate: in.PeakErrorRate,
		Services: []memberJSON{}, Shares: []shareJSON{}, Events: []eventJSON{},
	}
	if in.Open {
		d.Status = "open"
	}
	for _, m := range in.Services {
		d.Services = append(d.Services, memberJSON{m.Service, stamp(m.StartedAt), stamp(m.EndedAt), m.Requests, m.Failed, m.PeakRate})
	}
	for _, s := range in.Shares {
		d.Shares = append(d.Shares, shareJSON(s))
	}
	for _, e := range inOrder(events) {
		d.Events = append(d.Events, eventJSON{stamp(e.At), e.Event, e.Service, e.Pop, e.Value, e.Summary})
	}
	return d
}

// inOrder gives the events that stand, by time.
func inOrder(events []incident.Event) []incident.Event {
	list := slices.DeleteFunc(slices.Clone(events), func(e incident.Event) bool { return e.Withdrawn })
	slices.SortStableFunc(list, func(a, b incident.Event) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Seq, b.Seq))
	})
	return list
}

// stamp writes Unix nanoseconds as RFC 3339 in UTC, and nothing for an unknown time.
func stamp(nanos int64) string {
	if nanos == 0 {
		return ""
	}
	return time.Unix(0, nanos).UTC().Format(time.RFC3339)
}

func mapKeys[V any](m map[string]V) iter.Seq[string] {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}
