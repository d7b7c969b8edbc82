package report

import (
	"encoding/json"
	"io"

	"github.com/spikeline/spikeline/processor/incident"
	"github.com/spikeline/spikeline/sink"
)

// document is a report as programs read it.
type document struct {
	Document
	GeneratedAt   string             `json:"generated_at"`
	DataThrough   string             `json:"data_through"`
	AnnouncedAt   string             `json:"announced_at,omitempty"`
	Objective     float64            `json:"objective"`
	BudgetBurnt   float64            `json:"error_budget_burnt"`
	Measured      float64            `json:"objective_configured"`
	StoredBurnt   float64            `json:"error_budget_burnt_stored"`
	WindowSeconds int64              `json:"window_seconds"`
	StepSeconds   int64              `json:"step_seconds"`
	HeatSeconds   int64              `json:"heat_step_seconds"`
	Totals        sink.Totals        `json:"totals"`
	Fleet         []sink.Bucket      `json:"fleet"`
	Usual         sink.Usual         `json:"fleet_hour_before"`
	First         []sink.Bucket      `json:"first_service_series"`
	Normal        sink.Usual         `json:"first_service_hour_before"`
	Bands         []sink.BandPoint   `json:"first_service_expected"`
	Heat          []sink.HeatCell    `json:"heat"`
	PopTotals     []sink.PopTotal    `json:"pop_totals"`
	Verdicts      []sink.Verdict     `json:"verdicts"`
	Quality       sink.Quality       `json:"data_quality"`
	Rejects       []sink.RejectCount `json:"rejects_sampled"`
	Ledger        sink.LedgerTotals  `json:"ledger_of_all_times"`
	Statements    []sink.Statement   `json:"sql"`
}

func writeJSON(w io.Writer, d Data) error {
	e := d.Evidence
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(document{
		Document: Describe(d.Incident, d.Events), GeneratedAt: Stamp(d.Now), DataThrough: Stamp(e.End), AnnouncedAt: Stamp(d.announced()),
		Objective: d.Objective, BudgetBurnt: d.burnt(), Measured: d.Measured, StoredBurnt: d.Incident.BudgetBurnt, WindowSeconds: e.Width / 1e9, StepSeconds: e.Step / 1e9, HeatSeconds: e.HeatStep / 1e9,
		Totals: e.Totals, Fleet: list(e.Fleet), Usual: e.Usual, First: list(e.First), Normal: e.Normal, Bands: list(e.Bands), Heat: list(e.Heat), PopTotals: list(e.Pops), Verdicts: list(e.Verdicts),
		Quality: e.Quality, Rejects: list(e.Rejects), Ledger: e.Ledger, Statements: list(e.Statements),
	})
}

// list is never null in JSON.
func list[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return l
}

// Document is an incident as programs read it. Times are RFC 3339 in UTC, left out while unknown.
type Document struct {
	ID                string        `json:"incident_id"`
	Status            string        `json:"status"`
	Phase             string        `json:"phase"`
	Severity          string        `json:"severity"`
	Title             string        `json:"title"`
	StartedAt         string        `json:"started_at"`
	DetectedAt        string        `json:"detected_at"`
	PeakAt            string        `json:"peak_at,omitempty"`
	MainImpactEndedAt string        `json:"main_impact_ended_at,omitempty"`
	EndedAt           string        `json:"ended_at,omitempty"`
	FirstService      string        `json:"first_service"`
	Services          []Service     `json:"services"`
	Pops              []string      `json:"pops"`
	Kinds             []string      `json:"kinds"`
	Requests          uint64        `json:"requests"`
	RequestsFailed    uint64        `json:"requests_failed"`
	PeakErrorRate     float64       `json:"peak_error_rate"`
	Burn              incident.Burn `json:"burn_rates"` // of the error budget: 1 spends exactly what the objectives allow
	Shares            []Share       `json:"shares"`
	Events            []Step        `json:"events"`
}

// Service is one service of a Document.
type Service struct {
	Service   string  `json:"service"`
	StartedAt string  `json:"started_at"`
	EndedAt   string  `json:"ended_at,omitempty"`
	Requests  uint64  `json:"requests"`
	Failed    uint64  `json:"failed"`
	PeakRate  float64 `json:"peak_rate"`
}

// Share is a part of a Document's excess errors.
type Share struct {
	By    string  `json:"by"`
	Value string  `json:"value"`
	Share float64 `json:"share"`
}

// Step is one event of a Document.
type Step struct {
	At      string  `json:"at"`
	Event   string  `json:"event"`
	Service string  `json:"service,omitempty"`
	Pop     string  `json:"pop,omitempty"`
	Value   float64 `json:"value"`
	Summary string  `json:"summary"`
	Author  string  `json:"author,omitempty"`
}

// Describe gives an incident as programs read it.
func Describe(in incident.Incident, events []sink.Event) Document {
	d := Document{
		ID: in.ID, Status: "resolved", Phase: in.Phase.String(), Severity: in.Severity, Title: in.Title,
		StartedAt: Stamp(in.StartedAt), DetectedAt: Stamp(in.DetectedAt), PeakAt: Stamp(in.PeakAt), MainImpactEndedAt: Stamp(in.MainImpactEndedAt), EndedAt: Stamp(in.EndedAt),
		FirstService: in.FirstService, Pops: in.Pops, Kinds: in.Kinds, Requests: in.Requests, RequestsFailed: in.RequestsFailed, PeakErrorRate: in.PeakErrorRate, Burn: in.Burn,
		Services: []Service{}, Shares: []Share{}, Events: []Step{},
	}
	if in.Open {
		d.Status = "open"
	}
	for _, m := range in.Services {
		d.Services = append(d.Services, Service{m.Service, Stamp(m.StartedAt), Stamp(m.EndedAt), m.Requests, m.Failed, m.PeakRate})
	}
	for _, s := range in.Shares {
		d.Shares = append(d.Shares, Share(s))
	}
	for _, e := range Steps(events) {
		d.Events = append(d.Events, Step{Stamp(e.At), e.Event.Event, e.Service, e.Pop, e.Value, e.Summary, e.Author})
	}
	return d
}
