package plugin

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
)

// The query types, as queryType of a query.
const (
	typeTimeline  = "timeline"
	typeWindows   = "windows"
	typeIncidents = "incidents"
	typeSignals   = "signals"
	typeEvents    = "events"
	typeVariable  = "variable"
)

var queryTypes = []string{typeTimeline, typeWindows, typeIncidents, typeSignals, typeEvents, typeVariable}

// Bounds of what a query may hold, since a dashboard's URL can fill variables with anything.
const (
	maxNames   = 500
	maxFilters = 50
	maxText    = 1024
)

// query is what the query editor stores. Empty lists choose all.
type query struct {
	Type       string   `json:"-"`
	Services   []string `json:"services"`
	Pops       []string `json:"pops"`
	Measure    string   `json:"measure"`    // of windows
	By         string   `json:"by"`         // of windows: fleet, service, pop, service_pop, status
	Band       bool     `json:"band"`       // of windows: add the expected value and its band
	Status     string   `json:"status"`     // of incidents: open, resolved or empty
	Severities []string `json:"severities"` // of incidents, signals
	Kinds      []string `json:"kinds"`      // of signals
	Incident   string   `json:"incident"`   // of timeline, incidents, events: one id
	Count      bool     `json:"count"`      // of incidents, signals: numbers in place of rows
	AllWindows bool     `json:"allWindows"` // of signals: every window of a finding, not its first alone
	Regions    bool     `json:"regions"`    // of events: whole incidents too
	Variable   string   `json:"variable"`   // of variable
	Limit      int      `json:"limit"`
	Filters    []filter `json:"filters"` // ad hoc

	From, To time.Time     `json:"-"`
	Step     time.Duration `json:"-"` // whole seconds
	Alert    bool          `json:"-"` // asked by an alert rule
}

// filter is one ad-hoc filter of the dashboard.
type filter struct {
	Key      string   `json:"key"`
	Operator string   `json:"operator"`
	Value    string   `json:"value"`
	Values   []string `json:"values"` // of the operators =| and !=|
}

// parseQuery reads and checks one query; its error is fit for the panel.
func parseQuery(q backend.DataQuery, alert bool, rowLimit int) (query, error) {
	var parsed query
	if err := json.Unmarshal(q.JSON, &parsed); err != nil {
		return query{}, fmt.Errorf("the query cannot be read: %w", err)
	}
	parsed.Type, parsed.Alert = q.QueryType, alert
	parsed.From, parsed.To = q.TimeRange.From.UTC(), q.TimeRange.To.UTC()
	parsed.Step = step(q)
	parsed.Band = parsed.Band && !alert
	if parsed.Limit <= 0 || parsed.Limit > rowLimit {
		parsed.Limit = rowLimit
	}
	return parsed, parsed.check()
}

func (q *query) check() error {
	if err := oneOf("queryType", q.Type, queryTypes...); err != nil {
		return err
	}
	switch q.Type {
	case typeWindows:
		if err := q.checkWindows(); err != nil {
			return err
		}
	case typeIncidents:
		if err := oneOf("status", q.Status, "", "open", "resolved"); err != nil {
			return err
		}
	case typeVariable:
		if err := oneOf("variable", q.Variable, variableNames()...); err != nil {
			return err
		}
	}
	if q.Type != typeVariable && !q.From.Before(q.To) {
		return fmt.Errorf("the time range ends (%s) before it begins (%s)", q.To.Format(time.RFC3339), q.From.Format(time.RFC3339))
	}
	return q.checkBounds()
}

func (q *query) checkWindows() error {
	if q.Measure == "" {
		q.Measure = "error_rate"
	}
	if q.By == "" {
		q.By = "service"
	}
	if err := oneOf("measure", q.Measure, measureNames()...); err != nil {
		return err
	}
	if err := oneOf("by", q.By, "fleet", "service", "pop", "service_pop", "status"); err != nil {
		return err
	}
	if q.By == "status" && q.Measure != "requests" {
		return fmt.Errorf("by is status, which goes with measure requests alone; measure is %s", q.Measure)
	}
	return nil
}

func (q *query) checkBounds() error {
	for _, list := range [][]string{q.Services, q.Pops, q.Severities, q.Kinds} {
		if len(list) > maxNames {
			return fmt.Errorf("%d names are chosen; at most %d fit one query: choose All or fewer", len(list), maxNames)
		}
		if i := slices.IndexFunc(list, tooLong); i >= 0 {
			return fmt.Errorf("a chosen name has %d bytes; at most %d are allowed", len(list[i]), maxText)
		}
	}
	if len(q.Filters) > maxFilters {
		return fmt.Errorf("%d ad-hoc filters are set; at most %d are allowed", len(q.Filters), maxFilters)
	}
	for _, f := range q.Filters {
		if tooLong(f.Value) || len(f.Values) > maxNames || slices.ContainsFunc(f.Values, tooLong) {
			return fmt.Errorf("the ad-hoc filter on %.50s is too long; at most %d values of %d bytes are allowed", f.Key, maxNames, maxText)
		}
	}
	if tooLong(q.Incident) {
		return fmt.Errorf("the incident id has %d bytes; at most %d are allowed", len(q.Incident), maxText)
	}
	return nil
}

func tooLong(s string) bool { return len(s) > maxText }

func oneOf(name, value string, allowed ...string) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return fmt.Errorf("%s is %q; allowed are %q", name, value, allowed)
}

// step is the width of a point: the panel's interval up to a multiple of ten
// seconds (the default window), and wide enough for the panel's points.
func step(q backend.DataQuery) time.Duration {
	const unit, mostPoints = 10 * time.Second, 11_000
	points := q.MaxDataPoints
	if points < 1 || points > mostPoints {
		points = mostPoints
	}
	s := max(q.Interval, q.TimeRange.Duration()/time.Duration(points), unit)
	return (s + unit - 1) / unit * unit
}
