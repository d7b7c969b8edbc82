package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spikeline/spikeline/processor/incident"
	"github.com/spikeline/spikeline/sink"
)

// archive reads incidents from ClickHouse, through the views that anyone may query.
type archive struct {
	selects func(ctx context.Context, into any, sql string, args ...any) error
	close   func() error
}

// query says which incidents to list. Zero values do not filter.
type query struct {
	open    bool
	since   time.Time
	service string
	limit   int
}

func openArchive(ctx context.Context, from *settings) (*archive, error) {
	config, err := from.load()
	if err != nil {
		return nil, err
	}
	conn, err := sink.Connect(config.Sink)
	if err != nil {
		return nil, err
	}
	if err := reach(ctx, conn, config.Sink.DSN); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	return &archive{selects: conn.Select, close: conn.Close}, nil
}

// incidentRow is a row of the view incidents.
type incidentRow struct {
	ID                string      `ch:"incident_id"`
	Status            string      `ch:"status"`
	Phase             string      `ch:"phase"`
	StartedAt         time.Time   `ch:"started_at"`
	DetectedAt        time.Time   `ch:"detected_at"`
	PeakAt            *time.Time  `ch:"peak_at"`
	MainImpactEndedAt *time.Time  `ch:"main_impact_ended_at"`
	EndedAt           *time.Time  `ch:"ended_at"`
	Severity          string      `ch:"severity"`
	Title             string      `ch:"title"`
	FirstService      string      `ch:"first_service"`
	Services          []string    `ch:"services"`
	Pops              []string    `ch:"pops"`
	Kinds             []string    `ch:"kinds"`
	Requests          uint64      `ch:"requests"`
	RequestsFailed    uint64      `ch:"requests_failed"`
	RequestsSlow      uint64      `ch:"requests_slow"`
	RequestsMissing   uint64      `ch:"requests_missing"`
	PeakErrorRate     float64     `ch:"peak_error_rate"`
	PeakFleetShare    float64     `ch:"peak_fleet_share"`
	BudgetBurnt       float64     `ch:"budget_burnt"`
	MoreServices      uint32      `ch:"more_services"`
	MergedInto        string      `ch:"merged_into"`
	MemberStartedAt   []time.Time `ch:"member_started_at"`
	MemberEndedAt     []time.Time `ch:"member_ended_at"`
	MemberRequests    []uint64    `ch:"member_requests"`
	MemberFailed      []uint64    `ch:"member_failed"`
	MemberPeakRate    []float64   `ch:"member_peak_rate"`
	ShareBy           []string    `ch:"share_by"`
	ShareValue        []string    `ch:"share_value"`
	Share             []float64   `ch:"share"`
}

const incidentColumns = `incident_id, status, phase, started_at, detected_at, peak_at, main_impact_ended_at, ended_at,
	severity, title, first_service, services, pops, kinds, requests, requests_failed, requests_slow, requests_missing,
	peak_error_rate, peak_fleet_share, budget_burnt, more_services, merged_into,
	member_started_at, member_ended_at, member_requests, member_failed, member_peak_rate, share_by, share_value, share`

// list gives incidents, the newest first.
func (s *archive) list(ctx context.Context, q query) ([]incident.Incident, error) {
	where, args := []string{"1"}, []any{}
	if q.open {
		where = append(where, "status = 'open'")
	}
	if !q.since.IsZero() {
		where, args = append(where, "(ended_at IS NULL OR ended_at >= toDateTime(?))"), append(args, q.since.Unix())
	}
	if q.service != "" {
		where, args = append(where, "has(services, ?)"), append(args, q.service)
	}
	return s.incidents(ctx, strings.Join(where, " AND ")+" ORDER BY started_at DESC, incident_id LIMIT ?", append(args, q.limit)...)
}

// get finds one incident by its id, by the beginning of it, or the newest by "latest".
func (s *archive) get(ctx context.Context, id string) (incident.Incident, []incident.Event, error) {
	found, err := s.incidents(ctx, "startsWith(incident_id, ?) ORDER BY incident_id != ?, incident_id LIMIT 2", id, id)
	if id == "latest" {
		found, err = s.list(ctx, query{limit: 1})
	}
	switch {
	case err != nil:
		return incident.Incident{}, nil, err
	case len(found) == 0:
		return incident.Incident{}, nil, fmt.Errorf("no incident %q; see spikeline incidents list", id)
	case len(found) > 1 && found[0].ID != id:
		return incident.Incident{}, nil, fmt.Errorf("%q is the beginning of several incidents, such as %s and %s; write more of it", id, found[0].ID, found[1].ID)
	}
	events, err := s.events(ctx, found[0].ID)
	return found[0], events, err
}

func (s *archive) incidents(ctx context.Context, where string, args ...any) ([]incident.Incident, error) {
	var rows []incidentRow
	if err := s.selects(ctx, &rows, "SELECT "+incidentColumns+" FROM spikeline.incidents WHERE "+where, args...); err != nil {
		return nil, fmt.Errorf("read incidents: %w", err)
	}
	list := make([]incident.Incident, len(rows))
	for i := range rows {
		list[i] = rows[i].incident()
	}
	return list, nil
}

// events gives the timeline of one incident.
func (s *archive) events(ctx context.Context, id string) ([]incident.Event, error) {
	var rows []struct {
		At      time.Time `ch:"at"`
		Event   string    `ch:"event"`
		Service string    `ch:"service"`
		Pop     string    `ch:"pop"`
		Value   float64   `ch:"value"`
		Summary string    `ch:"summary"`
	}
	err := s.selects(ctx, &rows, "SELECT at, event, service, pop, value, summary FROM spikeline.incident_events WHERE incident_id = ? ORDER BY at, seq", id)
	if err != nil {
		return nil, fmt.Errorf("read the timeline of %s: %w", id, err)
	}
	list := make([]incident.Event, len(rows))
	for i, r := range rows {
		list[i] = incident.Event{IncidentID: id, Seq: int32(i), At: r.At.UnixNano(), Event: r.Event, Service: r.Service, Pop: r.Pop, Value: r.Value, Summary: r.Summary}
	}
	return list, nil
}

// quality looks at the windows and rejects of an incident's time.
func (s *archive) quality(ctx context.Context, in incident.Incident) (quality, error) {
	from, to := in.StartedAt/int64(time.Second), in.EndedAt/int64(time.Second)
	if to == 0 {
		to = int64(1)<<32 - 1
	}
	services := make([]string, len(in.Services))
	for i, m := range in.Services {
		services[i] = m.Service
	}
	var rows []struct {
		Windows    uint64 `ch:"windows"`
		Incomplete uint64 `ch:"incomplete"`
		Revised    uint64 `ch:"revised_windows"`
		Unfinished uint64 `ch:"unfinished"`
		Late       uint64 `ch:"late_requests"`
	}
	err := s.selects(ctx, &rows, `SELECT count() AS windows, countIf(sources_seen < sources_live) AS incomplete,
		countIf(revised) AS revised_windows, countIf(state != 'final') AS unfinished, sum(late) AS late_requests
		FROM spikeline.service_windows WHERE window_start >= toDateTime(?) AND window_start < toDateTime(?) AND has(?, service)`, from, to, services)
	if err != nil {
		return quality{}, fmt.Errorf("read the windows of %s: %w", in.ID, err)
	}
	var rejects []struct {
		Count uint64 `ch:"rejects"`
	}
	if err := s.selects(ctx, &rejects, "SELECT count() AS rejects FROM spikeline.rejects WHERE at >= toDateTime(?) AND at < toDateTime(?)", from, to); err != nil {
		return quality{}, fmt.Errorf("read the rejects of %s: %w", in.ID, err)
	}
	r := rows[0]
	return quality{Windows: r.Windows, Incomplete: r.Incomplete, Revised: r.Revised, Unfinished: r.Unfinished, Late: r.Late, Rejects: rejects[0].Count}, nil
}

func (r *incidentRow) incident() incident.Incident {
	in := incident.Incident{
		ID: r.ID, Open: r.Status == "open", Phase: phaseOf(r.Phase), Severity: r.Severity, Title: r.Title, FirstService: r.FirstService,
		StartedAt: nanos(&r.StartedAt), DetectedAt: nanos(&r.DetectedAt), PeakAt: nanos(r.PeakAt), MainImpactEndedAt: nanos(r.MainImpactEndedAt), EndedAt: nanos(r.EndedAt),
		Pops: r.Pops, Kinds: r.Kinds, Requests: r.Requests, RequestsFailed: r.RequestsFailed, RequestsSlow: r.RequestsSlow, RequestsMissing: r.RequestsMissing,
		PeakErrorRate: r.PeakErrorRate, PeakFleetShare: r.PeakFleetShare, BudgetBurnt: r.BudgetBurnt, MoreServices: r.MoreServices, MergedInto: r.MergedInto,
	}
	for i, service := range r.Services {
		in.Services = append(in.Services, incident.Member{Service: service, StartedAt: nanos(&r.MemberStartedAt[i]), EndedAt: nanos(&r.MemberEndedAt[i]),
			Requests: r.MemberRequests[i], Failed: r.MemberFailed[i], PeakRate: r.MemberPeakRate[i]})
	}
	for i, by := range r.ShareBy {
		in.Shares = append(in.Shares, incident.Share{By: by, Value: r.ShareValue[i], Share: r.Share[i]})
	}
	return in
}

// nanos gives Unix nanoseconds; 0 for no time, and for 1970, which stands for none in arrays.
func nanos(t *time.Time) int64 {
	if t == nil {
		return 0
	}
	return t.Unix() * int64(time.Second)
}

func phaseOf(name string) incident.Phase {
	for p := range incident.Phases {
		if p.String() == name {
			return p
		}
	}
	panic("BUG: ClickHouse gave a phase that its enum does not hold: " + name)
}
