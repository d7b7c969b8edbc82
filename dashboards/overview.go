package dashboards

//lint:file-ignore SA1019 provisioned files are of the classic schema, which Grafana 12 reads

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/variants"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

type targets = []variants.Dataquery

// overview is the wall screen: is something wrong now, and where to look.
func overview() dashboard.Dashboard {
	b := frame(overviewID, "Edge overview", "Is something wrong at the edge now, how bad is it, and where to look next. A click on an incident leads to its timeline, a click on a service to the service.", "now-3h").
		WithVariable(report())
	marks(b, overlap)
	return finish(b.
		WithPanel(openNow(5)).
		WithPanel(fleetErrorsNow(5)).
		WithPanel(fleetTrafficNow(5)).
		WithPanel(failedInRange(5)).
		WithPanel(freshness(4)).
		WithPanel(lastIncidents()).
		WithPanel(fleetErrors(12)).
		WithPanel(fleetTraffic(12)).
		WithPanel(movers()).
		WithPanel(popHeat("Which pops suffer, and since when?", 12, 13, "")).
		WithPanel(serviceHeat("Which services suffer, and since when?", 24, 13, "")))
}

func openNow(w uint32) built {
	return view{
		question: "Any incident now?", w: w, h: 4,
		about:      "Incidents that have not recovered, in all of the database whatever the time range.",
		empty:      "unknown: no incidents table",
		unit:       "short",
		thresholds: badAtOnce,
		mappings:   []dashboard.ValueMapping{{ValueMap: &dashboard.ValueMap{Type: dashboard.MappingTypeValueToText, Options: map[string]dashboard.ValueMappingResult{"0": {Text: cog.ToPtr("none"), Color: cog.ToPtr(green)}}}}},
		targets:    targets{rows(`SELECT count() AS open FROM spikeline.incidents WHERE status = 'open'`)},
	}.number()
}

func fleetErrorsNow(w uint32) built {
	return view{
		question: "What share of all requests fails?", w: w, h: 4,
		about: "5xx of all requests of the whole fleet, at the end of the time range and over it.",
		empty: "no requests in this range", unit: "percentunit", decimals: cog.ToPtr(2.0), min: cog.ToPtr(0.0),
		thresholds: errorSteps,
		targets:    targets{lines(course(byService("window_end, requests, errors", ""), "fleet", "sum(errors) / sum(requests)"))},
	}.number()
}

func fleetTrafficNow(w uint32) built {
	return view{
		question: "How much traffic is there?", w: w, h: 4,
		about: "Requests a second of the whole fleet, at the end of the time range and over it.",
		empty: "no requests in this range", unit: "reqps", min: cog.ToPtr(0.0), thresholds: steps(blue),
		targets: targets{lines(course(byService("window_end, requests", ""), "fleet", "sum(requests) / {span}"))},
	}.number()
}

func failedInRange(w uint32) built {
	return view{
		question: "How many failed?", w: w, h: 4,
		about: "Requests that failed beyond what is usual, in the incidents that this time range meets, from their start to their end.",
		empty: "no incident in this range", unit: "short", thresholds: badAtOnce,
		targets: targets{rows(sql(`SELECT sum(requests_failed) AS failed FROM spikeline.incidents WHERE {overlap}`))},
	}.number()
}

func freshness(w uint32) built {
	return view{
		question: "How old is the data?", w: w, h: 4,
		about:      "Time since the end of the newest closed window, whatever the time range. A replay of old logs is as old as they are.",
		empty:      "nothing was ever written",
		unit:       "s",
		thresholds: steps(green, step{60, yellow}, step{300, vermilion}),
		targets:    targets{rows(`SELECT dateDiff('second', max(closed_to), now()) AS age FROM spikeline.progress HAVING count() > 0`)},
	}.number()
}

func incidentColumns() []dashboard.DashboardFieldConfigSourceOverrides {
	return []dashboard.DashboardFieldConfigSourceOverrides{
		field("started_at", title("started"), width(155)),
		field("ended_at", title("ended"), width(155), set("noValue", "still open")),
		field("severity", append(painted(severities...), width(80))...),
		field("phase", append(painted(phaseWords()...), width(115))...),
		linked("title", "Show the timeline of this incident", toTimeline, title("what"), wrapped(), readable()),
		linked("first_service", "Show the service that failed first", toFirst, title("first"), width(190), wrapped()),
		field("services", width(75), unit("short")),
		field("pops", width(60), unit("short")),
		field("failed", title("failed"), unit("short"), width(75)),
		field("peak", unit("percentunit"), set("decimals", 0), width(65)),
		field("lasted", title("lasted"), unit("s"), width(90)),
		linked("incident", "Open the post-mortem of this incident", toPostmortem, title("post-mortem"), width(190), wrapped()),
		linked("report", "Open the report", toReport, width(70)),
		hidden("from_ms"), hidden("to_ms"),
	}
}

const incidentRows = `SELECT started_at, ended_at, title, severity, toString(phase) AS phase, first_service,
  length(services) + more_services AS services, length(pops) AS pops, requests_failed AS failed, peak_error_rate AS peak,
  dateDiff('second', started_at, ifNull(ended_at, toDateTime(version))) AS lasted,
  incident_id AS incident, 'open' AS report,
  ` + rangeOf + `
FROM spikeline.incidents`

func lastIncidents() built {
	return view{
		question: "Which incidents were the last, and which still go on?", w: 24, h: 8,
		about:     "The newest 50 incidents in all of the database, open ones first, whatever the time range. A click on what happened opens the timeline at its time, one on the id the post-mortem.",
		empty:     "no incident was ever found",
		overrides: incidentColumns(),
		targets:   targets{rows(incidentRows + "\nORDER BY status = 'open' DESC, started_at DESC LIMIT 50")},
	}.table()
}

func fleetErrors(w uint32) built {
	return view{
		question: "When did requests fail, and who is to blame, edge or origin?", w: w, h: 9,
		about: "5xx of all requests: those that the edge made itself, and those passed on from an origin. Refused requests (4xx) are drawn for comparison.",
		empty: noRequests, unit: "percentunit", min: cog.ToPtr(0.0),
		overrides: []dashboard.DashboardFieldConfigSourceOverrides{
			fixed("edge errors", vermilion), fixed("origin errors", blue),
			fixed("refused (4xx)", faint, set("custom.lineStyle", map[string]any{"fill": "dash", "dash": []int{6, 6}}), set("custom.fillOpacity", 0)),
		},
		targets: targets{lines(course(byService("window_end, requests, edge_errors, origin_errors, client_errors", ""),
			"edge errors", "sum(edge_errors) / sum(requests)", "origin errors", "sum(origin_errors) / sum(requests)", "refused (4xx)", "sum(client_errors) / sum(requests)"))},
	}.curve()
}

func fleetTraffic(w uint32) built {
	return view{
		question: "Did traffic surge or drop?", w: w, h: 9,
		about: "Requests a second of the whole fleet, and those of them that failed.",
		empty: noRequests, unit: "reqps", min: cog.ToPtr(0.0),
		overrides: []dashboard.DashboardFieldConfigSourceOverrides{fixed("all", blue), fixed("failed", vermilion)},
		targets:   targets{lines(course(byService("window_end, requests, errors", ""), "all", "sum(requests) / {span}", "failed", "sum(errors) / {span}"))},
	}.curve()
}

// movers compares the last tenth of the range with the rest.
func movers() built {
	return view{
		question: "Which services have changed most of late?", w: 12, h: 13,
		about: "The last tenth of the time range (at least a minute) against the rest of it; most additional failed requests first. The factor is that of the traffic: 1 is as before. A dash: it had no requests.",
		empty: noRequests,
		overrides: []dashboard.DashboardFieldConfigSourceOverrides{
			linked("service", "Show this service", toService+"${__value.raw:percentencode}", whole()),
			field("now", title("errors now"), unit("percentunit"), set("decimals", 2), width(95), set("thresholds", errorCells), filledCell()),
			field("before", title("before"), unit("percentunit"), set("decimals", 2), width(85)),
			field("failed", title("failed now"), unit("reqps"), set("decimals", 2), width(100)),
			field("traffic", title("factor"), unit("none"), set("decimals", 2), width(75)),
			field("rate", title("traffic now"), unit("reqps"), set("decimals", 2), width(105)),
		},
		targets: targets{rows(sql(`WITH least($__toTime, (SELECT max(closed_to) FROM spikeline.progress)) AS until,
  greatest(10, toUnixTimestamp(until) - (SELECT min(toUnixTimestamp(window_start)) FROM {rows} AS logged)) AS covered,
  least(covered, greatest(60, intDiv(toUnixTimestamp($__toTime) - toUnixTimestamp($__fromTime), 10))) AS late,
  greatest(1, covered - late) AS early
SELECT service, sumIf(errors, recent) / nullIf(sumIf(requests, recent), 0) AS now, sumIf(errors, NOT recent) / nullIf(sumIf(requests, NOT recent), 0) AS before,
  sumIf(errors, recent) / late AS failed, (sumIf(requests, recent) / late) / nullIf(sumIf(requests, NOT recent) / early, 0) AS traffic, sumIf(requests, recent) / late AS rate
FROM (SELECT service, requests, errors, window_start >= until - late AS recent FROM {rows})
GROUP BY service
ORDER BY sumIf(errors, recent) / late - sumIf(errors, NOT recent) / early DESC, abs(log((1 + sumIf(requests, recent) / late) / (1 + sumIf(requests, NOT recent) / early))) DESC
LIMIT 20`, "{rows}", byService("window_end, requests, errors", "")))},
	}.table()
}

func popHeat(question string, w, h uint32, filter string) built {
	return view{
		question: question, w: w, h: h,
		about: "Share of requests that failed (5xx), a row a pop; the 25 pops with the most errors. The scale ends at 50 %, so that noise stays pale.",
		empty: noRequests, points: 240,
		targets: targets{lines(sql(`SELECT * FROM (SELECT {time} AS time, pop, sum(errors) / sum(requests) AS Value
FROM {rows} AS r
WHERE pop IN (SELECT pop FROM {rows} AS most GROUP BY pop ORDER BY sum(errors) DESC, sum(requests) DESC LIMIT 25)
GROUP BY time, pop
UNION ALL {nobody})
ORDER BY time, pop`, "{nobody}", nobody(byPop("window_end", filter)), "{rows}", byPop("window_end, requests, errors", filter)))},
	}.heat()
}

func serviceHeat(question string, w, h uint32, filter string) built {
	return view{
		question: question, w: w, h: h,
		about: "Share of requests that failed (5xx), a row a service; the 25 services with the most errors. The scale ends at 50 %, so that noise stays pale.",
		empty: noRequests, points: 360,
		targets: targets{lines(sql(`SELECT * FROM (SELECT {time} AS time, service, sum(errors) / sum(requests) AS Value
FROM {rows} AS r
WHERE service IN (SELECT service FROM {rows} AS most GROUP BY service ORDER BY sum(errors) DESC, sum(requests) DESC LIMIT 25)
GROUP BY time, service
UNION ALL {nobody})
ORDER BY time, service`, "{nobody}", nobody(byService("window_end", filter)), "{rows}", byService("window_end, requests, errors", filter)))},
	}.heat()
}

// nobody is the one row of a heat map without data: its label says why. What other panels say when they are empty, Grafana does not let a heat map say.
func nobody(rows string) string {
	return `SELECT $__fromTime AS time, 'no requests in this range' AS label, NULL AS Value WHERE (SELECT count() FROM ` + rows + ` AS any_row) = 0`
}
