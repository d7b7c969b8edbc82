package sink

import (
	"time"

	"github.com/spikeline/spikeline/processor"
	"github.com/spikeline/spikeline/processor/incident"
)

var signals = table{
	name: "signals_rev",
	columns: columns("window_start", seconds, "service", lowString, "pop", lowString, "kind", lowString,
		"opened", "Bool", "ended", "Bool", "onset", seconds, "ended_at", seconds,
		"observed", "Float64", "expected", "Float64", "band", "Float64", "score", "Float64", "impact", "Float64",
		"requests", "UInt64", "excess", "Float64", "elevated", "Bool",
		"severity", "Enum8('info' = 0, 'warning' = 1, 'critical' = 2)", "reason", "String",
		"effect", "Float64", "effect_least", "Float64", "narrowest", lowString, "margin", "Float64", "run", lowString),
	fill: func(b *processor.Batch, run string, add func(...any)) {
		for i := range b.Signals {
			s := &b.Signals[i]
			add(at(s.Window), s.Scope.Service, s.Scope.Pop, s.Kind.String(),
				s.Opened, s.Ended, at(s.Onset), at(s.EndedAt),
				s.Observed, s.Expected, s.Band, s.Score, s.Impact,
				s.Requests, s.Excess, s.Elevated, s.Severity.String(), s.Reason,
				s.Effect, s.Least, s.Narrowest.String(), s.Margin, run)
		}
	},
}

var incidents = table{
	name: "incidents_rev",
	columns: columns("incident_id", "String", "version", "UInt64", "status", "Enum8('open' = 0, 'resolved' = 1)",
		"phase", "Enum8('first_spike' = 0, 'cascade' = 1, 'peak' = 2, 'fluctuating' = 3, 'partial_recovery' = 4, 'relapse' = 5, 'residual' = 6, 'recovered' = 7)",
		"started_at", seconds, "detected_at", seconds, "peak_at", seconds, "main_impact_ended_at", seconds, "ended_at", seconds,
		"severity", lowString, "title", "String", "first_service", lowString, "services", lowArray, "pops", lowArray, "kinds", lowArray,
		"requests", "UInt64", "requests_failed", "UInt64", "requests_slow", "UInt64", "requests_missing", "UInt64",
		"peak_error_rate", "Float64", "peak_fleet_share", "Float64", "budget_burnt", "Float64",
		"burn_5m", "Float64", "burn_30m", "Float64", "burn_1h", "Float64", "burn_6h", "Float64", "burn_fast", "Float64", "burn_slow", "Float64", "more_services", "UInt32",
		"merged_into", "String", "withdrawn", "Bool",
		"member_started_at", "Array("+seconds+")", "member_ended_at", "Array("+seconds+")", "member_requests", "Array(UInt64)",
		"member_failed", "Array(UInt64)", "member_peak_rate", "Array(Float64)",
		"share_by", lowArray, "share_value", "Array(String)", "share", "Array(Float64)", "run", lowString),
	fill: func(b *processor.Batch, run string, add func(...any)) {
		for i := range b.Incidents {
			in := &b.Incidents[i]
			add(append(incidentValues(in), append(memberValues(in.Services), append(shareValues(in.Shares), run)...)...)...)
		}
	},
}

func incidentValues(in *incident.Incident) []any {
	status := "resolved"
	if in.Open {
		status = "open"
	}
	return []any{
		in.ID, version(in.Version), status, in.Phase.String(),
		at(in.StartedAt), at(in.DetectedAt), at(in.PeakAt), at(in.MainImpactEndedAt), at(in.EndedAt),
		in.Severity, in.Title, in.FirstService, each(in.Services, func(m incident.Member) string { return m.Service }), whole(in.Pops), whole(in.Kinds),
		in.Requests, in.RequestsFailed, in.RequestsSlow, in.RequestsMissing,
		in.PeakErrorRate, in.PeakFleetShare, in.BudgetBurnt,
		in.Burn.M5, in.Burn.M30, in.Burn.H1, in.Burn.H6, in.Burn.Fast, in.Burn.Slow, in.MoreServices, in.MergedInto, in.Withdrawn,
	}
}

func memberValues(members []incident.Member) []any {
	return []any{
		each(members, func(m incident.Member) time.Time { return at(m.StartedAt) }),
		each(members, func(m incident.Member) time.Time { return at(m.EndedAt) }),
		each(members, func(m incident.Member) uint64 { return m.Requests }),
		each(members, func(m incident.Member) uint64 { return m.Failed }),
		each(members, func(m incident.Member) float64 { return m.PeakRate }),
	}
}

func shareValues(shares []incident.Share) []any {
	return []any{
		each(shares, func(s incident.Share) string { return s.By }),
		each(shares, func(s incident.Share) string { return s.Value }),
		each(shares, func(s incident.Share) float64 { return s.Share }),
	}
}

// each gives one field of every element, as an Array column wants it: empty, never nil.
func each[T, V any](list []T, field func(T) V) []V {
	values := make([]V, len(list))
	for i, element := range list {
		values[i] = field(element)
	}
	return values
}

func whole(list []string) []string { return each(list, func(s string) string { return s }) }

var events = table{
	name: "incident_events_rev",
	columns: columns("incident_id", "String", "seq", "Int64", "version", "UInt64", "at", seconds, "event", lowString,
		"service", lowString, "pop", lowString, "value", "Float64", "summary", "String", "withdrawn", "Bool", "run", lowString),
	fill: func(b *processor.Batch, run string, add func(...any)) {
		for i := range b.Events {
			e := &b.Events[i]
			add(e.IncidentID, int64(e.Seq), version(e.Version), at(e.At), e.Event, e.Service, e.Pop, e.Value, e.Summary, e.Withdrawn, run)
		}
	},
}
