package plugin

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// selection is what one query asks of ClickHouse.
type selection struct {
	statements []*statement // in the order its frames are made from
	unused     []string     // keys of ad-hoc filters that mean nothing here
}

// selectFor gives the statements of a query. It is pure: the same query, the same text.
func selectFor(q query) (selection, error) {
	switch q.Type {
	case typeTimeline:
		return selectTimeline(q)
	case typeWindows:
		return selectWindows(q)
	case typeIncidents:
		return selectIncidents(q)
	case typeSignals:
		return selectSignals(q)
	case typeEvents:
		return selectEvents(q)
	case typeVariable:
		return selectVariable(q)
	}
	panic("BUG: unchecked query type " + q.Type)
}

func unix(t time.Time) int64 { return max(t.Unix(), 0) }

// incidentOverlap chooses the incidents of the time range and of the query's choices.
func (s *statement) incidentOverlap(q query) []string {
	var where []string
	if q.Incident != "" {
		where = append(where, "incident_id = "+s.bind("incident", "String", q.Incident))
	} else {
		where = append(where, "(ended_at IS NULL OR ended_at >= "+s.from(q)+")", "started_at <= "+s.to(q))
	}
	if q.Status != "" {
		where = append(where, "toString(status) = "+s.bind("status", "String", q.Status))
	}
	where = s.anyOf(where, "services", "services", q.Services)
	where = s.anyOf(where, "pops", "pops", q.Pops)
	where = s.in(where, "severity", "severities", q.Severities)
	return s.anyOf(where, "kinds", "kinds", q.Kinds)
}

// selectTimeline asks for the members of the incidents, their events, and how far the judge is.
func selectTimeline(q query) (selection, error) {
	members := newStatement()
	where, unused, err := members.filter(members.incidentOverlap(q), q.Filters, memberColumns)
	if err != nil {
		return selection{}, err
	}
	chosen := all(where)
	members.text = `SELECT incident_id, toString(member.1) AS service, member.2 AS joined_at, member.3 AS left_at, ended_at
FROM spikeline.incidents
ARRAY JOIN arrayZip(services, member_started_at, member_ended_at) AS member
WHERE ` + chosen
	if len(q.Services) > 0 {
		members.text += "\n  AND member.1 IN " + members.bind("services", "Array(String)", q.Services)
	}
	members.text += "\nORDER BY joined_at, service\nLIMIT " + members.limit(q)

	events := newStatement()
	where, _, err = events.filter(events.incidentOverlap(q), q.Filters, turnColumns)
	if err != nil {
		return selection{}, err
	}
	events.text = `SELECT incident_id, at, event, service
FROM spikeline.incident_events
WHERE event != 'note' AND incident_id IN (SELECT incident_id FROM spikeline.incidents WHERE ` + all(where) + `)
ORDER BY at, seq
LIMIT ` + events.limit(q)
	return selection{[]*statement{members, events, selectHorizon()}, unused}, nil
}

// selectHorizon asks up to when windows have closed.
func selectHorizon() *statement {
	s := newStatement()
	s.text = "SELECT max(closed_to) AS closed_to FROM spikeline.progress"
	return s
}

const point = "toDateTime(intDiv(toUInt32(window_start), {step:UInt32}) * {step:UInt32}, 'UTC') AS time"

// selectWindows asks for the measure a point and series, newest first so that
// a limit cuts the oldest, and for the band where signals give one.
func selectWindows(q query) (selection, error) {
	s := newStatement()
	labels, table := labelsOf(q), "spikeline.service_windows"
	where := s.windowRange(q)
	where = append(where, "state != 'provisional'")
	where = s.in(where, "service", "services", q.Services)
	where = s.in(where, "pop", "pops", q.Pops)
	where, unused, err := s.filter(where, q.Filters, windowColumns)
	if err != nil {
		return selection{}, err
	}
	if len(q.Pops) > 0 || slices.Contains(labels, "pop") || slices.ContainsFunc(q.Filters, func(f filter) bool { return f.Key == "pop" }) {
		table = "spikeline.windows"
	}
	text, columns := measures[q.Measure].text, slices.Clone(labels)
	if q.By == "status" {
		table += "\nARRAY JOIN mapKeys(status) AS code, mapValues(status) AS answered"
		text, columns = "sum(answered) / {seconds}", []string{"toString(code) AS status_code"}
		labels = []string{"status_code"}
	}
	s.bind("step", "UInt32", int64(q.Step/time.Second))
	text = strings.ReplaceAll(text, "{seconds}", spanned)
	s.text = "SELECT " + strings.Join(append(append([]string{point}, columns...), "toFloat64("+text+") AS value"), ", ") +
		"\nFROM " + table + "\nWHERE " + all(where) +
		"\nGROUP BY " + strings.Join(append([]string{"time"}, labels...), ", ") +
		"\nORDER BY " + strings.Join(append([]string{"time DESC"}, labels...), ", ") +
		"\nLIMIT " + s.limit(q)
	made := selection{[]*statement{s}, unused}
	if kinds := measures[q.Measure].kinds; q.Band && len(kinds) > 0 && q.By != "status" {
		band, err := selectBand(q, kinds)
		if err != nil {
			return selection{}, err
		}
		made.statements = append(made.statements, band)
	}
	return made, nil
}

// spanned is how many seconds of a point have closed and begin in the time range: the newest point may be part of one.
const spanned = "greatest(" + windowWidth + ", least({step:UInt32}, " +
	"toUInt32((SELECT max(closed_to) FROM spikeline.progress)) - toUInt32(time), " +
	"(intDiv({to:UInt32}, " + windowWidth + ") + 1) * " + windowWidth + " - toUInt32(time)))"

const windowWidth = "max(toUInt32(window_end) - toUInt32(window_start))"

// windowRange chooses the windows of whole points that begin in the time range.
func (s *statement) windowRange(q query) []string {
	step := int64(q.Step / time.Second)
	aligned := q
	aligned.From = time.Unix(unix(q.From)/step*step, 0)
	return []string{"window_start >= " + s.from(aligned), "window_start <= " + s.to(q)}
}

func labelsOf(q query) []string {
	switch q.By {
	case "service":
		return []string{"service"}
	case "pop":
		return []string{"pop"}
	case "service_pop":
		return []string{"service", "pop"}
	}
	return nil
}

// selectBand asks what was expected while something was abnormal. The scope of
// the signals is that of the series: a service over all pops has no pop.
func selectBand(q query, kinds []string) (*statement, error) {
	s := newStatement()
	where := append(s.windowRange(q), "kind IN "+s.bind("kinds", "Array(String)", kinds))
	labels := labelsOf(q)
	for _, name := range []string{"service", "pop"} {
		if !slices.Contains(labels, name) {
			where = append(where, name+" = ''")
			continue
		}
		where = append(where, name+" != ''")
		where = s.in(where, name, name+"s", map[string][]string{"service": q.Services, "pop": q.Pops}[name])
	}
	relevant := slices.DeleteFunc(slices.Clone(q.Filters), func(f filter) bool { return !slices.Contains(labels, f.Key) })
	where, _, err := s.filter(where, relevant, windowColumns)
	if err != nil {
		return nil, err
	}
	per := ""
	if measures[q.Measure].perWindow {
		per = " / (SELECT toUInt32(window_end) - toUInt32(window_start) FROM spikeline.service_windows_rev LIMIT 1)"
	}
	s.bind("step", "UInt32", int64(q.Step/time.Second))
	columns := append([]string{point}, labels...)
	columns = append(columns, "avg(expected)"+per+" AS expected_value",
		"maxOrNullIf(band, kind != 'traffic_drop')"+per+" AS upper", "minOrNullIf(band, kind = 'traffic_drop')"+per+" AS lower")
	s.text = "SELECT " + strings.Join(columns, ", ") + "\nFROM spikeline.signals\nWHERE " + all(where) +
		"\nGROUP BY " + strings.Join(append([]string{"time"}, labels...), ", ") +
		"\nORDER BY " + strings.Join(append([]string{"time DESC"}, labels...), ", ") + "\nLIMIT " + s.limit(q)
	return s, nil
}

const incidentColumnsText = `started_at, ended_at, dateDiff('second', started_at, ifNull(ended_at, greatest(started_at, (SELECT max(closed_to) FROM spikeline.progress)))) AS duration,
  toString(status) AS state, toUInt8(phase) + 1 AS phase_number, severity, title, first_service,
  arrayStringConcat(services, ', ') AS cascade, arrayStringConcat(pops, ', ') AS pop_list,
  requests_failed, requests_slow, requests_missing, peak_error_rate, peak_fleet_share, budget_burnt,
  detected_at, peak_at, main_impact_ended_at, incident_id`

func selectIncidents(q query) (selection, error) {
	s := newStatement()
	where, unused, err := s.filter(s.incidentOverlap(q), q.Filters, incidentColumns)
	if err != nil {
		return selection{}, err
	}
	s.text = "SELECT " + incidentColumnsText + "\nFROM spikeline.incidents\nWHERE " + all(where) +
		"\nORDER BY started_at DESC, incident_id\nLIMIT " + s.limit(q)
	if q.Count {
		s.text = "SELECT severity AS name, count() AS number\nFROM spikeline.incidents\nWHERE " + all(where) + "\nGROUP BY name\nORDER BY name"
	}
	return selection{[]*statement{s}, unused}, nil
}

func selectSignals(q query) (selection, error) {
	s := newStatement()
	where := []string{"window_start >= " + s.from(q), "window_start <= " + s.to(q)}
	if !q.AllWindows {
		where = append(where, "opened")
	}
	where = s.in(where, "service", "services", q.Services)
	where = s.in(where, "pop", "pops", q.Pops)
	where = s.in(where, "kind", "kinds", q.Kinds)
	where = s.in(where, "toString(severity)", "severities", q.Severities)
	where, unused, err := s.filter(where, q.Filters, signalColumns)
	if err != nil {
		return selection{}, err
	}
	s.text = `SELECT window_start, kind, service, pop, toString(severity) AS grade, observed, expected, band, score, impact,
  requests, excess, elevated, onset, ended_at, reason
FROM spikeline.signals
WHERE ` + all(where) + "\nORDER BY window_start DESC, kind, service, pop\nLIMIT " + s.limit(q)
	if q.Count {
		s.text = "SELECT kind AS name, count() AS number\nFROM spikeline.signals\nWHERE " + all(where) + "\nGROUP BY name\nORDER BY name"
	}
	return selection{[]*statement{s}, unused}, nil
}

// selectEvents asks for the steps of incidents and, with regions, for whole incidents.
func selectEvents(q query) (selection, error) {
	s := newStatement()
	var where []string
	if q.Incident != "" {
		where = append(where, "incident_id = "+s.bind("incident", "String", q.Incident))
	} else {
		where = append(where, "at >= "+s.from(q), "at <= "+s.to(q))
	}
	where = s.in(where, "service", "services", q.Services)
	where = s.in(where, "pop", "pops", q.Pops)
	where, unused, err := s.filter(where, q.Filters, eventColumns)
	if err != nil {
		return selection{}, err
	}
	s.text = "SELECT at, incident_id, seq, event, service, pop, value, summary\nFROM spikeline.incident_events\nWHERE " + all(where) +
		"\nORDER BY at DESC, seq DESC\nLIMIT " + s.limit(q)
	made := selection{[]*statement{s}, unused}
	if !q.Regions {
		return made, nil
	}
	r := newStatement()
	where, _, err = r.filter(r.incidentOverlap(q), q.Filters, incidentColumns)
	if err != nil {
		return selection{}, err
	}
	r.text = "SELECT started_at, ended_at, incident_id, severity, first_service, title\nFROM spikeline.incidents\nWHERE " + all(where) +
		"\nORDER BY started_at DESC\nLIMIT " + r.limit(q)
	made.statements = append(made.statements, r)
	return made, nil
}

// variables: what a variable of a dashboard can list.
var variables = map[string]string{
	"services": `SELECT DISTINCT toString(service) AS text, text AS value FROM spikeline.service_windows_rev
WHERE window_start >= {from} AND window_start <= {to} ORDER BY text LIMIT {limit}`,
	"pops": `SELECT DISTINCT toString(pop) AS text, text AS value FROM spikeline.windows_rev
WHERE window_start >= {from} AND window_start <= {to} ORDER BY text LIMIT {limit}`,
	"incidents": `SELECT concat(formatDateTime(started_at, '%F %H:%i', 'UTC'), ' ', title) AS text, incident_id AS value FROM spikeline.incidents
WHERE started_at <= {to} AND (ended_at IS NULL OR ended_at >= {from}) ORDER BY started_at DESC, incident_id LIMIT {limit}`,
	"kinds": `SELECT DISTINCT toString(kind) AS text, text AS value FROM spikeline.signals_rev
WHERE window_start >= {from} AND window_start <= {to} ORDER BY text LIMIT {limit}`,
	"severities": `SELECT text, text AS value FROM (SELECT arrayJoin(['minor', 'major', 'critical']) AS text) LIMIT {limit}`,
}

func variableNames() []string { return slices.Sorted(maps.Keys(variables)) }

// selectVariable lists the names of one kind, of the time range.
func selectVariable(q query) (selection, error) {
	s, text := newStatement(), variables[q.Variable]
	for place, put := range map[string]func(query) string{"{from}": s.from, "{to}": s.to, "{limit}": s.limit} {
		if strings.Contains(text, place) {
			text = strings.ReplaceAll(text, place, put(q))
		}
	}
	slices.Sort(s.names)
	s.text = text
	if s.text == "" {
		panic(fmt.Sprintf("BUG: unchecked variable %q", q.Variable))
	}
	return selection{statements: []*statement{s}}, nil
}
