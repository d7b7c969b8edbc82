package dashboards

//lint:file-ignore SA1019 provisioned files are of the classic schema, which Grafana 12 reads

import (
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

const (
	theIncident = "incident_id = ${incident:singlequote}"
	itsServices = "service IN (SELECT service FROM spikeline.incident_members WHERE " + theIncident + ")"
)

// worstMembers are as many services as there are colours; their rank begins the names of their series.
const worstMembers = `(SELECT groupArray(toString(service)) FROM (SELECT service FROM spikeline.incident_members WHERE ` + theIncident + ` ORDER BY failed DESC, position LIMIT 8))`

// ranked gives each rank its colour.
func ranked() (all []dashboard.DashboardFieldConfigSourceOverrides) {
	for i, color := range []string{vermilion, blue, orange, sky, wine, green, pink, yellow} {
		all = append(all, family(fmt.Sprint(i+1)+" ", color))
	}
	return all
}

// postmortem is one incident, for those who were not there.
func postmortem() dashboard.Dashboard {
	b := frame(postmortemID, "Post-mortem", "One incident: when it began, when it was seen, what it cost, how it spread, where its errors came from, and how far the data can be trusted. The link in its first table sets the time range to it.", "now-24h").
		WithVariable(choice("incident", "Incident", "Incidents of all times, the newest first.",
			`SELECT incident_id FROM spikeline.incidents ORDER BY started_at DESC LIMIT 500`)).
		WithVariable(report())
	marks(b, theIncident)
	b.Annotation(annotation("Steps", sky, `SELECT at AS time, at AS timeEnd, event AS title, `+said+` AS text, event AS tags, concat(incident_id, '/', toString(seq)) AS id
FROM spikeline.incident_events WHERE `+theIncident+` AND event NOT IN ('first_spike', 'peak', 'recovered') ORDER BY time LIMIT 100`))
	return finish(b.
		WithPanel(itself()).
		WithPanel(fact("How long did it last?", "From the onset to the recovery, or to the last window while it goes on.", "s", `dateDiff('second', started_at, ifNull(ended_at, toDateTime(version)))`, plain)).
		WithPanel(fact("How soon was it seen?", "From the onset that the detector estimates to the end of the window whose judgement opened the incident. Event time: add what the pipeline lagged.", "s", `dateDiff('second', started_at, detected_at)`, steps(green, step{60, yellow}, step{300, vermilion}))).
		WithPanel(fact("How many failed?", "5xx beyond what is usual, of its services from its start to its end.", "short", `requests_failed`, badAtOnce)).
		WithPanel(fact("How many missing?", "Requests that were missing while traffic had dropped.", "short", `requests_missing`, badAtOnce)).
		WithPanel(fact("How bad at its worst?", "Highest share of the requests of its services that failed.", "percentunit", `peak_error_rate`, errorSteps)).
		WithPanel(fact("Error budget spent?", "Part of the 30-day error budget of its services, at their usual traffic; 100 % is all of it.", "percentunit", `budget_burnt`, steps(green, step{0.1, yellow}, step{1, vermilion}))).
		WithPanel(view{
			question: "How did each service fare?", w: 24, h: 12,
			about: "One row a service in the order in which it joined, its phase in colour. Grey is normal. An empty stretch has no data: it is no recovery.",
			empty: elsewhere, name: "${__field.labels.place} ${__field.labels.service}", points: 700, page: 20,
			links:   []dashboard.DashboardLink{seriesLink("Show this service", toService+"${__field.labels.service:percentencode}")},
			targets: targets{lines(memberPhases(theIncident + " AND incident_id IN (SELECT incident_id FROM spikeline.incidents WHERE {overlap})"))},
		}.states(phases)).
		WithPanel(memberErrors()).
		WithPanel(cost()).
		WithPanel(happened(theIncident, 12)).
		WithPanel(cascade(theIncident, 12)).
		WithPanel(shareOf("pop", "In which pops did requests fail?")).
		WithPanel(shareOf("status", "With which status did they fail?")).
		WithPanel(shareOf("cache", "In which state of the cache?")).
		WithPanel(shareOf("side", "At the edge or at the origin?")).
		WithPanel(quality()))
}

// elsewhere is what a panel says when its range does not hold the incident.
const elsewhere = "this incident is not in the time range: click its title in the first table"

func itself() built {
	return view{
		question: "What was it?", w: 24, h: 5,
		about:     "The incident as it now stands. A click on what happened sets the time range to it; the report is a page to hand on.",
		empty:     "no such incident: choose one above",
		overrides: append(incidentColumns(), linked("title", "Set the time range to this incident", toPostmortem, title("what"), wrapped(), readable())),
		targets:   targets{rows(incidentRows + "\nWHERE " + theIncident)},
	}.table()
}

func fact(question, about, unitName, value string, t *dashboard.ThresholdsConfig) built {
	return view{
		question: question, about: about, w: 4, h: 4,
		empty: "no such incident", unit: unitName, thresholds: t,
		targets: targets{rows(`SELECT ` + value + ` AS value FROM spikeline.incidents WHERE ` + theIncident)},
	}.number()
}

func memberErrors() built {
	return view{
		question: "How did its services fail, beside the fleet?", w: 12, h: 9,
		about: "Share of requests that failed (5xx) at the eight services with most failed requests, worst first, and at the fleet.",
		empty: elsewhere, unit: "percentunit", min: cog.ToPtr(0.0), name: "${__field.labels.service}", bare: true,
		overrides: append(ranked(), fixed("fleet", faint, set("custom.lineWidth", 3), set("custom.fillOpacity", 0))),
		targets: targets{lines(sql(`WITH {worst} AS shown
SELECT {time} AS time, arrayJoin(if(has(shown, who), ['fleet', concat(toString(indexOf(shown, who)), ' ', who)], ['fleet'])) AS service, sum(errors) / sum(requests) AS Value
FROM (SELECT window_start, toString(service) AS who, requests, errors FROM {rows})
GROUP BY time, service ORDER BY time, service`, "{worst}", worstMembers, "{rows}", byService("window_end, requests, errors", "")))},
	}.curve()
}

func cost() built {
	return view{
		question: "Which services lost requests, and when?", w: 12, h: 9,
		about: "Failed requests (5xx) a second at the eight services of the incident with most of them, worst first.",
		empty: elsewhere, unit: "reqps", min: cog.ToPtr(0.0), name: "${__field.labels.service}",
		overrides: ranked(),
		targets: targets{lines(sql(`WITH {worst} AS shown
SELECT {time} AS time, concat(toString(indexOf(shown, who)), ' ', who) AS service, sum(errors) / {span} AS Value
FROM (SELECT window_start, toString(service) AS who, errors FROM {rows})
WHERE has(shown, who)
GROUP BY time, service ORDER BY time, service`, "{worst}", worstMembers, "{rows}", byService("window_end, errors", itsServices)))},
	}.stack()
}

func shareOf(what, question string) built {
	return view{
		question: question, w: 6, h: 9,
		about: "Shares of the excess errors of the incident. It says where errors were seen, not why.",
		empty: "no part stood out, or there were too few errors", min: cog.ToPtr(0.0), max: cog.ToPtr(1.0),
		thresholds: steps(blue),
		overrides: []dashboard.DashboardFieldConfigSourceOverrides{
			field("name", title(what), width(90)),
			field("share", unit("percentunit"), set("decimals", 1), set("custom.cellOptions", map[string]any{"type": "gauge", "mode": "basic", "valueDisplayMode": "text"})),
		},
		targets: targets{rows(`SELECT if(value = '', 'unknown', value) AS name, share FROM spikeline.incident_shares WHERE ` + theIncident + ` AND by = '` + what + `' ORDER BY share DESC LIMIT 10`)},
	}.table()
}

func quality() built {
	return view{
		question: "How far can the data be trusted?", w: 24, h: 4,
		about: "Windows of the incident's services from its start to its end: those without all sources, those that late records changed, those that can still change; and late requests. Rejects are of all services, in that time.",
		empty: "no such incident",
		overrides: []dashboard.DashboardFieldConfigSourceOverrides{
			field("windows", unit("short")), field("incomplete", title("without all sources"), unit("short")), field("revised", title("changed by late records"), unit("short")),
			field("unfinished", title("can still change"), unit("short")), field("late", title("late requests"), unit("short")), field("rejects", title("rejects (sampled)"), unit("short")),
		},
		targets: targets{rows(sql(`WITH (SELECT max(started_at) FROM spikeline.incidents WHERE {incident}) AS began,
  (SELECT max(ifNull(ended_at, toDateTime(version))) FROM spikeline.incidents WHERE {incident}) AS ended
SELECT count() AS windows, countIf(sources_seen < sources_live) AS incomplete, countIf(revised) AS revised, countIf(state != 'final') AS unfinished, sum(late) AS late,
  (SELECT count() FROM spikeline.rejects WHERE at >= began AND at < ended) AS rejects
FROM spikeline.service_windows WHERE window_start >= began AND window_start < ended AND {members}`, "{incident}", theIncident, "{members}", itsServices))},
	}.table()
}
