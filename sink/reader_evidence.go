package sink

import (
	"context"
	"strings"
	"time"

	"github.com/spikeline/spikeline/processor/incident"
)

// Evidence is what ClickHouse holds about one incident beside its own row. Its
// size is bounded, however long the incident was and however many services it hit.
type Evidence struct {
	Start, End int64 // of the incident; End is the end of the last judged window while it is open
	From, To   int64 // of the curves, which show some time before and after
	Width      int64 // of a window
	Step       int64 // of a Bucket: a multiple of Width
	HeatStep   int64 // of a HeatCell

	Totals   Totals
	Fleet    []Bucket
	First    []Bucket // of the first service
	Usual    Usual    // of the fleet
	Normal   Usual    // of the first service
	Bands    []BandPoint
	Heat     []HeatCell
	Pops     []PopTotal
	Verdicts []Verdict
	Quality  Quality
	Rejects  []RejectCount
	Ledger   LedgerTotals

	Statements []Statement // the SQL that gave all of this, as it was run
}

// Statement is one piece of SQL that runs as it stands.
type Statement struct {
	Name string `json:"name"`
	SQL  string `json:"sql"`
}

// Totals are sums from the incident's start to its end.
type Totals struct {
	WidthSeconds   uint32 `json:"window_seconds" ch:"width"`
	Windows        uint64 `json:"windows" ch:"windows"` // with a request of any service
	FleetRequests  uint64 `json:"fleet_requests" ch:"fleet_requests"`
	FleetErrors    uint64 `json:"fleet_errors" ch:"fleet_errors"`
	MemberRequests uint64 `json:"member_requests" ch:"member_requests"`
	MemberErrors   uint64 `json:"member_errors" ch:"member_errors"`
	FleetServices  uint64 `json:"fleet_services" ch:"fleet_services"`
}

// Bucket sums the windows that start in one step of a curve.
type Bucket struct {
	Start     time.Time `json:"start" ch:"start"`
	Windows   uint64    `json:"windows" ch:"windows"`
	Requests  uint64    `json:"requests" ch:"requests"`
	Errors    uint64    `json:"errors" ch:"errors"`
	WorstRate float64   `json:"worst_window_error_rate" ch:"worst"` // of a single window
}

// Usual is what windows were like in the hour before the incident.
type Usual struct {
	Windows  uint64  `json:"windows" ch:"windows"` // with a request
	Requests uint64  `json:"requests" ch:"requests"`
	Errors   uint64  `json:"errors" ch:"errors"`
	Low      uint64  `json:"requests_1st_percentile" ch:"low"` // of single windows
	High     uint64  `json:"requests_99th_percentile" ch:"high"`
	Worst    float64 `json:"error_rate_99th_percentile" ch:"worst"`
}

// BandPoint is what the detector expected of the first service while it had a finding on it.
type BandPoint struct {
	Start    time.Time `json:"start" ch:"start"`
	Kind     string    `json:"kind" ch:"kind"`
	Expected float64   `json:"expected" ch:"expected"`
	Band     float64   `json:"band" ch:"band"` // the worst value still called normal
}

// HeatCell is one service in one step of the heat map; an empty Service is all those without a row of their own.
type HeatCell struct {
	Start    time.Time `json:"start" ch:"start"`
	Service  string    `json:"service" ch:"name"`
	Requests uint64    `json:"requests" ch:"requests"`
	Errors   uint64    `json:"errors" ch:"errors"`
}

// PopTotal is one edge location: its requests to the incident's services during it, and in the hour before.
type PopTotal struct {
	Pop            string `json:"pop" ch:"pop"`
	Requests       uint64 `json:"requests" ch:"during"`
	Errors         uint64 `json:"errors" ch:"during_errors"`
	RequestsBefore uint64 `json:"requests_hour_before" ch:"before"`
	ErrorsBefore   uint64 `json:"errors_hour_before" ch:"before_errors"`
}

// Verdict is the first row of a finding: what the detector saw and what it expected.
type Verdict struct {
	Window   time.Time `json:"window" ch:"window_start"`
	Service  string    `json:"service" ch:"service"`
	Pop      string    `json:"pop" ch:"pop"`
	Kind     string    `json:"kind" ch:"kind"`
	Onset    time.Time `json:"onset" ch:"onset"`
	Observed float64   `json:"observed" ch:"observed"`
	Expected float64   `json:"expected" ch:"expected"`
	Band     float64   `json:"band" ch:"band"`
	Score    float64   `json:"score" ch:"score"`
	Impact   float64   `json:"impact" ch:"impact"`
	Requests uint64    `json:"requests" ch:"requests"`
	Severity string    `json:"severity" ch:"severity"`
	Reason   string    `json:"reason" ch:"reason"`
}

// Quality says how far the windows of the incident's services, from its start to its end, can be trusted.
type Quality struct {
	Windows    uint64 `json:"windows" ch:"windows"`                 // of a service
	Incomplete uint64 `json:"windows_incomplete" ch:"incomplete"`   // still filling, and not yet seen from every live partition
	Revised    uint64 `json:"windows_revised" ch:"revised_windows"` // changed after they had closed
	Unfinished uint64 `json:"windows_not_final" ch:"unfinished"`    // can still change
	Late       uint64 `json:"requests_late" ch:"late_requests"`     // came late, and are counted
	Fewer      uint64 `json:"windows_not_all_sources" ch:"fewer"`   // seen from fewer partitions than were live
}

// RejectCount counts the kept samples of records of the time that could not be used.
type RejectCount struct {
	Reason string `json:"reason" ch:"reason"`
	Count  uint64 `json:"samples" ch:"samples"`
}

// LedgerTotals account for every record of all times.
type LedgerTotals struct {
	Consumed    uint64 `json:"consumed" ch:"all_consumed"`
	Counted     int64  `json:"counted" ch:"all_counted"`
	TooLate     uint64 `json:"too_late" ch:"all_too_late"`
	Rejected    uint64 `json:"rejected" ch:"all_rejected"`
	Missing     uint64 `json:"missing" ch:"all_missing"`
	Unaccounted int64  `json:"unaccounted" ch:"all_unaccounted"`
}

// The bounds of Evidence.
const (
	mostBuckets  = 240
	mostHeat     = 96 // steps of the heat map
	HeatServices = 24 // services with a row of their own in the heat map
	MostVerdicts = 40
)

// Evidence reads what a report needs. width is that of a window, for the case that none is stored any more.
func (r *Reader) Evidence(ctx context.Context, in incident.Incident, width time.Duration) (*Evidence, error) {
	e := &Evidence{Start: in.StartedAt, End: in.EndedAt, Width: int64(width)}
	if e.End == 0 {
		e.End = max(in.Version+e.Width, e.Start+e.Width)
	}
	e.record("the incident, its services and shares", "SELECT * FROM spikeline.incidents WHERE incident_id = "+quoted(in.ID))
	e.record("timeline and notes", "SELECT at, event, service, pop, value, summary, author FROM spikeline.incident_events WHERE incident_id = "+quoted(in.ID)+" ORDER BY at, seq")
	if err := r.totals(ctx, e, in.ID); err != nil {
		return nil, err
	}
	e.cut(in.EndedAt == 0)
	q := newQueries(ctx, r, e, in.ID)
	read(q, "traffic and error rate of the fleet", &e.Fleet, e.curve("1"))
	readOne(q, "the fleet in the hour before", &e.Usual, e.usual("1"))
	if first := in.FirstService; first != "" {
		read(q, "traffic and error rate of the first service", &e.First, e.curve("service = "+quoted(first)))
		readOne(q, "the first service in the hour before", &e.Normal, e.usual("service = "+quoted(first)))
		read(q, "expected band of the first service", &e.Bands, e.band(first))
	}
	read(q, "error rate by service and time", &e.Heat, e.heat(in))
	read(q, "the detector's verdicts", &e.Verdicts, e.verdicts(in.ID))
	readOne(q, "data quality", &e.Quality, e.quality(in.ID))
	read(q, "rejects of the time (sampled)", &e.Rejects, e.rejects())
	readOne(q, "the ledger of all records of all times", &e.Ledger, ledgerTotals)
	if err := q.Wait(); err != nil {
		return nil, err
	}
	return e, r.readPops(ctx, e, in.ID)
}

// cut chooses the range of the curves and steps that keep them within their
// bounds. While an incident goes on they end with the last judged window, since
// the windows after it are still filling.
func (e *Evidence) cut(goesOn bool) {
	e.Width = max(e.Width, int64(time.Second))
	pad := min(max((e.End-e.Start)/8, int64(5*time.Minute)), int64(time.Hour))
	pad = (pad + e.Width - 1) / e.Width * e.Width
	e.From, e.To = (e.Start-pad)/e.Width*e.Width, e.End+pad
	if goesOn {
		e.To = e.End
	}
	e.Step = stepFor(e.To-e.From, e.Width, mostBuckets)
	e.HeatStep = stepFor(e.To-e.From, e.Width, mostHeat)
}

func stepFor(span, width, most int64) int64 {
	windows := (span + width - 1) / width
	return (windows + most - 1) / most * width
}

func (e *Evidence) record(name, sql string) {
	e.Statements = append(e.Statements, Statement{name, strings.TrimSpace(sql)})
}

func (r *Reader) totals(ctx context.Context, e *Evidence, id string) error {
	q := newQueries(ctx, r, e, id)
	readOne(q, "totals of the fleet and of the incident's services", &e.Totals, e.totalsSQL(id))
	if err := q.Wait(); err != nil {
		return err
	}
	if e.Totals.WidthSeconds > 0 {
		e.Width = int64(e.Totals.WidthSeconds) * int64(time.Second)
	}
	return nil
}
