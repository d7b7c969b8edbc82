package sink

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spikeline/spikeline/processor/incident"
)

// The statements of a report hold their values as text, so that what is
// printed beneath a report is what was run, and runs again. Every text that a
// sender chose passes quoted.

// quoted writes a text as a literal of ClickHouse.
func quoted(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(text) + "'"
}

// moment is a bound of a range. Times in the tables are whole seconds, but for
// those of rejects; a bound between two seconds keeps its fraction.
func moment(nanos int64) string {
	if nanos%int64(time.Second) != 0 {
		return "toDateTime64('" + time.Unix(0, nanos).UTC().Format(time.DateTime+".000000000") + "', 9, 'UTC')"
	}
	return "toDateTime('" + at(nanos).UTC().Format(time.DateTime) + "', 'UTC')"
}

// during limits a column of times to [from, to).
func during(column string, from, to int64) string {
	return fmt.Sprintf("%[1]s >= %[2]s AND %[1]s < %[3]s", column, moment(from), moment(to))
}

func membersOf(id string) string {
	return "service IN (SELECT service FROM spikeline.incident_members WHERE incident_id = " + quoted(id) + ")"
}

// stepOf gives the start of the step in which a window starts.
func stepOf(from, step int64) string {
	seconds, origin := step/int64(time.Second), at(from).Unix()
	return fmt.Sprintf("toDateTime(%[1]d + intDiv(toUnixTimestamp(window_start) - %[1]d, %[2]d) * %[2]d, 'UTC')", origin, seconds)
}

func (e *Evidence) totalsSQL(id string) string {
	return `
SELECT toUInt32(max(dateDiff('second', window_start, window_end))) AS width, uniqExact(window_start) AS windows,
  sum(requests) AS fleet_requests, sum(errors) AS fleet_errors,
  sumIf(requests, ` + membersOf(id) + `) AS member_requests,
  sumIf(errors, ` + membersOf(id) + `) AS member_errors,
  uniqExact(service) AS fleet_services
FROM spikeline.service_windows
WHERE ` + during("window_start", e.Start, e.End)
}

func (e *Evidence) curve(where string) string {
	return `
SELECT ` + stepOf(e.From, e.Step) + ` AS start,
  count() AS windows, sum(window_requests) AS requests, sum(window_errors) AS errors, max(window_errors / window_requests) AS worst
FROM (
  SELECT window_start, sum(requests) AS window_requests, sum(errors) AS window_errors
  FROM spikeline.service_windows
  WHERE ` + during("window_start", e.From, e.To) + ` AND ` + where + `
  GROUP BY window_start)
GROUP BY start ORDER BY start`
}

func (e *Evidence) band(service string) string {
	return `
SELECT ` + stepOf(e.From, e.Step) + ` AS start, toString(kind) AS kind, avg(signals.expected) AS expected, avg(signals.band) AS band
FROM spikeline.signals
WHERE ` + during("window_start", e.From, e.To) + ` AND service = ` + quoted(service) + ` AND pop = ''
  AND kind IN ('error_surge', 'traffic_surge', 'traffic_drop')
GROUP BY start, kind ORDER BY start, kind`
}

// usual is what single windows were like in the hour before.
func (e *Evidence) usual(where string) string {
	return `
SELECT count() AS windows, sum(window_requests) AS requests, sum(window_errors) AS errors,
  quantileExact(0.01)(window_requests) AS low, quantileExact(0.99)(window_requests) AS high, ifNotFinite(quantileExact(0.99)(window_errors / window_requests), 0) AS worst
FROM (
  SELECT window_start, sum(requests) AS window_requests, sum(errors) AS window_errors
  FROM spikeline.service_windows
  WHERE ` + during("window_start", e.Start-int64(time.Hour), e.Start) + ` AND ` + where + `
  GROUP BY window_start)`
}

func (e *Evidence) heat(in incident.Incident) string {
	named := make([]string, 0, HeatServices)
	for _, m := range Worst(in.Services, HeatServices) {
		named = append(named, quoted(m.Service))
	}
	name := "''"
	if len(named) > 0 {
		name = "if(service IN (" + strings.Join(named, ", ") + "), toString(service), '')"
	}
	return `
SELECT ` + stepOf(e.From, e.HeatStep) + ` AS start, ` + name + ` AS name, sum(service_windows.requests) AS requests, sum(service_windows.errors) AS errors
FROM spikeline.service_windows
WHERE ` + during("window_start", e.From, e.To) + ` AND ` + membersOf(in.ID) + `
GROUP BY start, name ORDER BY start, name`
}

// Worst gives the services with most failed requests, at most n, in the order of the cascade.
func Worst(members []incident.Member, n int) []incident.Member {
	if len(members) <= n {
		return members
	}
	order := make([]int, len(members))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(members[b].Failed, members[a].Failed) })
	order = order[:n]
	slices.Sort(order)
	list := make([]incident.Member, n)
	for i, o := range order {
		list[i] = members[o]
	}
	return list
}

func (e *Evidence) verdicts(id string) string {
	return `
SELECT window_start, toString(service) AS service, toString(pop) AS pop, toString(kind) AS kind, onset, observed, expected, band, score, impact, requests,
  toString(severity) AS severity, reason
FROM spikeline.signals
WHERE opened AND onset >= ` + moment(e.Start-int64(time.Minute)) + ` AND ` + during("window_start", e.Start-int64(time.Minute), e.End) + ` AND (` + membersOf(id) + ` OR service = '')
ORDER BY window_start, score DESC, service, pop, kind LIMIT ` + fmt.Sprint(MostVerdicts+1)
}

func (e *Evidence) quality(id string) string {
	return `
SELECT count() AS windows, countIf(sources_seen < sources_live AND state = 'provisional') AS incomplete, countIf(sources_seen < sources_live) AS fewer,
  countIf(revised) AS revised_windows, countIf(state != 'final') AS unfinished, sum(late) AS late_requests
FROM spikeline.service_windows
WHERE ` + during("window_start", e.Start, e.End) + ` AND ` + membersOf(id)
}

func (e *Evidence) rejects() string {
	return `
SELECT toString(rejects.reason) AS reason, count() AS samples
FROM spikeline.rejects
WHERE ` + during("at", e.Start, e.End) + `
GROUP BY reason ORDER BY samples DESC, reason`
}

const ledgerTotals = `
SELECT sum(consumed) AS all_consumed, sum(counted) AS all_counted, sum(too_late) AS all_too_late, sum(rejected_total) AS all_rejected,
  sum(missing) AS all_missing, sum(unaccounted) AS all_unaccounted
FROM spikeline.ledger`
