package sink

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/spikeline/spikeline/processor/incident"
)

// Reader reads what the writer has written. A user who may only read suffices,
// but for Annotate. Values reach ClickHouse as parameters, never as text of a query.
type Reader struct{ conn driver.Conn }

// OpenReader connects; the first query is the first to touch the network.
func OpenReader(c Config) (*Reader, error) {
	conn, err := Connect(c)
	if err != nil {
		return nil, err
	}
	return &Reader{conn}, nil
}

// Close ends the connections.
func (r *Reader) Close() error { return r.conn.Close() }

// ErrNotFound is an incident that is not there.
var ErrNotFound = errors.New("no such incident")

// ErrAmbiguous is an id that was shortened too much.
var ErrAmbiguous = errors.New("the beginning of several incidents")

// Filter chooses incidents. Zero values choose all.
type Filter struct {
	From, To int64  // Unix nanoseconds: those that overlap the time
	Service  string // those it is part of
	Phase    string // in which they stand
	Words    string // a part of the id or the title, whatever its case
	OpenOnly bool
	Limit    int // newest first; 100 when 0
	Skip     int // so many of the newest
}

const incidentColumns = `incident_id, version, toUInt8(status), toUInt8(phase), started_at, detected_at, ifNull(peak_at, toDateTime(0, 'UTC')),
ifNull(main_impact_ended_at, toDateTime(0, 'UTC')), ifNull(ended_at, toDateTime(0, 'UTC')), severity, title, first_service, services, pops, kinds,
requests, requests_failed, requests_slow, requests_missing, peak_error_rate, peak_fleet_share, budget_burnt,
burn_5m, burn_30m, burn_1h, burn_6h, burn_fast, burn_slow, more_services, merged_into,
member_started_at, member_ended_at, member_requests, member_failed, member_peak_rate, share_by, share_value, share`

// ListIncidents gives incidents, newest first.
func (r *Reader) ListIncidents(ctx context.Context, f Filter) ([]incident.Incident, error) {
	where, parameters := []string{"1"}, []any{}
	if f.OpenOnly {
		where = append(where, "status = 'open'")
	}
	if f.From != 0 {
		where = append(where, "(ended_at IS NULL OR ended_at >= toDateTime({from:UInt32}, 'UTC'))")
		parameters = append(parameters, number("from", ceilSecond(f.From)))
	}
	if f.To != 0 {
		where = append(where, "started_at <= toDateTime({to:UInt32}, 'UTC')")
		parameters = append(parameters, number("to", at(f.To).Unix()))
	}
	if f.Service != "" {
		where = append(where, "has(services, {service:String})")
		parameters = append(parameters, clickhouse.Named("service", f.Service))
	}
	if f.Phase != "" {
		where = append(where, "toString(phase) = {phase:String}")
		parameters = append(parameters, clickhouse.Named("phase", f.Phase))
	}
	if f.Words != "" {
		where = append(where, "positionCaseInsensitiveUTF8(concat(incident_id, ' ', title), {words:String}) > 0")
		parameters = append(parameters, clickhouse.Named("words", f.Words))
	}
	limit := int64(f.Limit)
	if limit == 0 {
		limit = 100
	}
	return r.incidents(ctx, strings.Join(where, " AND "), append(parameters, number("limit", limit), number("skip", int64(f.Skip)))...)
}

// FindIncident gives one incident by its id, or by a beginning of it that no other shares.
func (r *Reader) FindIncident(ctx context.Context, id string) (incident.Incident, error) {
	found, err := r.incidents(ctx, "startsWith(incident_id, {id:String})", clickhouse.Named("id", id), number("limit", 3), number("skip", 0))
	if err != nil {
		return incident.Incident{}, err
	}
	for _, in := range found {
		if in.ID == id {
			return in, nil
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		near, err := r.near(ctx, id)
		if err != nil {
			return incident.Incident{}, err
		}
		return incident.Incident{}, fmt.Errorf("%q: %w%s; spikeline incidents list shows all", id, ErrNotFound, near)
	default:
		return incident.Incident{}, fmt.Errorf("%q is %w, such as %s and %s: give more of it", id, ErrAmbiguous, found[0].ID, found[1].ID)
	}
}

// near names up to three incidents whose ids are a few letters from one that is not there.
func (r *Reader) near(ctx context.Context, id string) (string, error) {
	id = strings.ToValidUTF8(id[:min(len(id), 200)], "")
	rows, err := r.conn.Query(ctx, `SELECT incident_id FROM spikeline.incidents
WHERE editDistance(substring(incident_id, 1, length({id:String})), {id:String}) <= greatest(1, intDiv(length({id:String}), 3))
ORDER BY editDistance(substring(incident_id, 1, length({id:String})), {id:String}), started_at DESC LIMIT 3`, clickhouse.Named("id", id))
	if err != nil {
		return "", failedTo("read incidents", err)
	}
	defer rows.Close()
	var found []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return "", failedTo("read incidents", err)
		}
		found = append(found, name)
	}
	if len(found) == 0 {
		return "", rows.Err()
	}
	return "; did you mean " + strings.Join(found, " or ") + "?", rows.Err()
}

func (r *Reader) incidents(ctx context.Context, where string, parameters ...any) ([]incident.Incident, error) {
	rows, err := r.conn.Query(ctx, "SELECT "+incidentColumns+" FROM spikeline.incidents WHERE "+where+
		" ORDER BY started_at DESC, incident_id LIMIT {limit:UInt32} OFFSET {skip:UInt32}", parameters...)
	if err != nil {
		return nil, failedTo("read incidents", err)
	}
	defer rows.Close()
	var list []incident.Incident
	for rows.Next() {
		in, err := scanIncident(rows)
		if err != nil {
			return nil, failedTo("read incidents", err)
		}
		list = append(list, in)
	}
	return list, rows.Err()
}

func scanIncident(rows driver.Rows) (in incident.Incident, err error) {
	var (
		versionSeconds                          uint64
		status, phase                           uint8
		started, detected, peak, mainEnd, ended time.Time
		services                                []string
		memberStarted, memberEnded              []time.Time
		memberRequests, memberFailed            []uint64
		memberPeak, share                       []float64
		shareBy, shareValue                     []string
	)
	err = rows.Scan(&in.ID, &versionSeconds, &status, &phase, &started, &detected, &peak, &mainEnd, &ended,
		&in.Severity, &in.Title, &in.FirstService, &services, &in.Pops, &in.Kinds,
		&in.Requests, &in.RequestsFailed, &in.RequestsSlow, &in.RequestsMissing, &in.PeakErrorRate, &in.PeakFleetShare, &in.BudgetBurnt,
		&in.Burn.M5, &in.Burn.M30, &in.Burn.H1, &in.Burn.H6, &in.Burn.Fast, &in.Burn.Slow, &in.MoreServices, &in.MergedInto,
		&memberStarted, &memberEnded, &memberRequests, &memberFailed, &memberPeak, &shareBy, &shareValue, &share)
	if err != nil {
		return in, err
	}
	in.Version = int64(versionSeconds) * int64(time.Second)
	in.Open, in.Phase = status == 0, incident.Phase(phase)
	in.StartedAt, in.DetectedAt, in.PeakAt = started.UnixNano(), detected.UnixNano(), peak.UnixNano()
	in.MainImpactEndedAt, in.EndedAt = mainEnd.UnixNano(), ended.UnixNano()
	for i, service := range services {
		in.Services = append(in.Services, incident.Member{Service: service, StartedAt: memberStarted[i].UnixNano(), EndedAt: memberEnded[i].UnixNano(),
			Requests: memberRequests[i], Failed: memberFailed[i], PeakRate: memberPeak[i]})
	}
	for i := range share {
		in.Shares = append(in.Shares, incident.Share{By: shareBy[i], Value: shareValue[i], Share: share[i]})
	}
	return in, nil
}

// Point is one service in one window.
type Point struct {
	Start, End       int64 // Unix nanoseconds
	Service          string
	Requests, Errors uint64
	ErrorRate        float64
	P50, P95, P99    float32 // milliseconds, NaN when unknown
	State            string  // provisional, closed, final
}

// Series gives the windows of some services (of all, when none is named) that
// start from from to before to, in order of time.
func (r *Reader) Series(ctx context.Context, services []string, from, to int64) ([]Point, error) {
	rows, err := r.conn.Query(ctx, `SELECT window_start, window_end, service, requests, errors, error_rate, p50, p95, p99, toString(state)
FROM spikeline.service_windows
WHERE window_start >= toDateTime({from:UInt32}, 'UTC') AND window_start < toDateTime({to:UInt32}, 'UTC')
  AND (empty({services:Array(String)}) OR has({services:Array(String)}, service))
ORDER BY window_start, service`, number("from", ceilSecond(from)), number("to", ceilSecond(to)), clickhouse.Named("services", whole(services)))
	if err != nil {
		return nil, failedTo("read windows", err)
	}
	defer rows.Close()
	var list []Point
	for rows.Next() {
		var p Point
		var start, end time.Time
		if err := rows.Scan(&start, &end, &p.Service, &p.Requests, &p.Errors, &p.ErrorRate, &p.P50, &p.P95, &p.P99, &p.State); err != nil {
			return nil, failedTo("read windows", err)
		}
		p.Start, p.End = start.UnixNano(), end.UnixNano()
		list = append(list, p)
	}
	return list, rows.Err()
}
