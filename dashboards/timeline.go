package dashboards

//lint:file-ignore SA1019 provisioned files are of the classic schema, which Grafana 12 reads

import (
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// timeline tells how an incident went, from the first spike to the recovery.
func timeline() dashboard.Dashboard {
	b := frame(timelineID, "Incident timeline", "What spiked first, what it pulled down, which pops, who still suffers, when it was over.", "now-3h").
		WithVariable(many(services())).WithVariable(report())
	marks(b, overlap)
	return finish(b.
		WithPanel(openNow(4)).
		WithPanel(firstService()).
		WithPanel(counted("How many services?", "Services in the incidents that this time range meets.", `uniqExact(service)`, "spikeline.incident_members", touched)).
		WithPanel(counted("How many pops?", "Edge locations in the incidents that this time range meets.", `length(arrayDistinct(arrayFlatten(groupArray(pops))))`, "spikeline.incidents", overlap)).
		WithPanel(failedInRange(4)).
		WithPanel(stillSuffering()).
		WithPanel(phaseTimeline()).
		WithPanel(serviceTimeline()).
		WithPanel(firstAndFleet("What failed first, and how far did it reach?",
			"Share of requests that failed (5xx): of the service that failed first in the largest incident of this range, and of the fleet.", "percentunit", `sum(errors) / sum(requests)`, `sumIf(errors, service = {worst}) / sumIf(requests, service = {worst})`,
			fixed("fleet", blue))).
		WithPanel(firstAndFleet("Did a surge of traffic come first?",
			"Requests a second, of the service that failed first in the largest incident of this range (left) and of the fleet (right).", "reqps", `sum(requests) / {span}`, `sumIf(requests, service = {worst}) / {span}`,
			fixed("fleet", faint, set("custom.axisPlacement", "right")))).
		WithPanel(cascade(touched, 12)).
		WithPanel(happened(`incident_id IN (SELECT incident_id FROM spikeline.incidents WHERE `+overlap+`)`, 12)).
		WithPanel(serviceHeat("Where did requests fail, and when?", 12, 13, "{service}")).
		WithPanel(popHeat("Which pops were hit?", 12, 13, "{service}")).
		WithPanel(incidentsInRange()))
}

func firstService() built {
	return view{
		question: "What failed first?", w: 4, h: 4,
		about: "The first service of the largest incident that this time range meets.",
		empty: "no incident in this range", thresholds: steps(blue),
		links:   []dashboard.DashboardLink{seriesLink("Show this service", toService+"${__value.text:percentencode}")},
		targets: targets{rows(sql(`SELECT first_service FROM spikeline.incidents WHERE {overlap} ORDER BY requests_failed + requests_missing DESC LIMIT 1`))},
	}.number()
}

func counted(question, about, what, from, filter string) built {
	return view{
		question: question, w: 4, h: 4, about: about,
		empty: "no incident in this range", unit: "short", thresholds: badAtOnce,
		targets: targets{rows(sql(`SELECT {what} AS n FROM {from} WHERE {filter}`, "{what}", what, "{from}", from, "{filter}", filter))},
	}.number()
}

func stillSuffering() built {
	return view{
		question: "Who still suffers?", w: 4, h: 4,
		about: "Services of open incidents that have not recovered, whatever the time range.",
		empty: "nobody", unit: "short", thresholds: badAtOnce,
		targets: targets{rows(`SELECT uniqExact(service) AS n FROM spikeline.incident_members
WHERE ended_at IS NULL AND incident_id IN (SELECT incident_id FROM spikeline.incidents WHERE status = 'open')`)},
	}.number()
}

func seriesLink(name, url string) dashboard.DashboardLink {
	return dashboard.DashboardLink{Title: name, Url: &url, Tags: []string{}}
}

// phaseTimeline has one row an incident.
func phaseTimeline() built {
	return view{
		question: "In which phase was each incident?", w: 24, h: 5,
		about: "One row an incident; the largest 20 of this time range. Grey is before and after it. An empty stretch has no data: it is no recovery.",
		empty: "no incident in this range", name: "${__field.labels.incident}", points: 700, spelt: true,
		links: []dashboard.DashboardLink{seriesLink("Open the post-mortem of this incident", "/d/"+postmortemID+keep+"&var-incident=${__field.labels.incident:percentencode}")},
		targets: targets{lines(sql(`SELECT w.time AS time, w.incident_id AS incident,
  if(w.seen, toInt8(multiIf(w.last < w.started_at, 0, w.status != 'open' AND w.last >= ifNull(w.ended_at, w.started_at) + INTERVAL 5 MINUTE, 0, e.phase = 0, 1, e.phase)), NULL) AS phase
FROM (
  SELECT * FROM {alive} AS a
  CROSS JOIN (
    SELECT incident_id, status, started_at, ended_at FROM spikeline.incidents
    WHERE {overlap} ORDER BY requests_failed + requests_missing DESC LIMIT 20
  ) AS i
) AS w
ASOF LEFT JOIN (
  SELECT incident_id, at, indexOf({names}, event) AS phase FROM spikeline.incident_events WHERE event IN {names}
) AS e ON w.incident_id = e.incident_id AND w.last >= e.at
ORDER BY time, incident`, "{alive}", alive(byService("window_end", "")), "{names}", phaseNumbers))},
	}.states(phases)
}

// serviceTimeline has one row a service in the order of the cascade.
func serviceTimeline() built {
	return view{
		question: "Which services were pulled down, and in which order?", w: 24, h: 12,
		about: "One row a service in the order in which it joined an incident, its phase in colour; the 60 first. Grey is normal. An empty stretch has no data: it is no recovery.",
		empty: "no service was in an incident in this range", name: "${__field.labels.place} ${__field.labels.service}", points: 700, page: 20,
		links:   []dashboard.DashboardLink{seriesLink("Show this service", toService+"${__field.labels.service:percentencode}")},
		targets: targets{lines(memberPhases("{touched} AND {service}"))},
	}.states(phases)
}

// memberPhases gives the state of each member in each step: the phase of its incident while it is in it.
// A label of its place in the cascade keeps the rows in order, since series are sorted by their labels.
func memberPhases(members string) string {
	return sql(`SELECT w.time AS time, w.place AS place, w.service AS service,
  if(w.seen, toInt8(multiIf(m.incident_id = '' OR w.last >= m.until + INTERVAL 5 MINUTE, 0, w.last >= m.until, 8, e.phase = 0, 2, e.phase)), NULL) AS phase
FROM (
  SELECT * FROM {alive} AS a
  CROSS JOIN (
    SELECT service, leftPad(toString(row_number() OVER (ORDER BY min(started_at), min(position))), 2, '0') AS place
    FROM spikeline.incident_members WHERE {members} GROUP BY service ORDER BY min(started_at), min(position) LIMIT 60
  ) AS p
) AS w
ASOF LEFT JOIN (
  SELECT incident_id, service, started_at, ifNull(ended_at, toDateTime(4294960000)) AS until
  FROM spikeline.incident_members WHERE {members}
) AS m ON w.service = m.service AND w.last >= m.started_at
ASOF LEFT JOIN (
  SELECT incident_id, at, indexOf({names}, event) AS phase FROM spikeline.incident_events WHERE event IN {names}
) AS e ON m.incident_id = e.incident_id AND w.last >= e.at
ORDER BY time, place`, "{alive}", alive(byService("window_end", "")), "{members}", members, "{names}", phaseNumbers)
}

func firstAndFleet(question, about, unitName, fleet, first string, more ...dashboard.DashboardFieldConfigSourceOverrides) built {
	return view{
		question: question, about: about, w: 12, h: 9,
		empty: noRequests, unit: unitName, min: cog.ToPtr(0.0),
		overrides: append([]dashboard.DashboardFieldConfigSourceOverrides{fixed("first to fail", vermilion)}, more...),
		targets:   targets{lines(strings.ReplaceAll(course(byService("window_end, requests, errors", ""), "first to fail", first, "fleet", fleet), "{worst}", worst))},
	}.curve()
}

func cascade(filter string, w uint32) built {
	return view{
		question: "In which order did services fall, and who recovered when?", w: w, h: 11,
		about: "Members of the incidents in the order in which they joined. No end: it still suffers.",
		empty: "no service was in an incident in this range",
		overrides: []dashboard.DashboardFieldConfigSourceOverrides{
			field("position", title("#"), unit("none"), width(45)),
			linked("service", "Show this service", toService+"${__value.raw:percentencode}", wrapped(), whole()),
			field("started_at", title("joined"), width(155)),
			field("ended_at", title("recovered"), width(155), set("noValue", "not yet")),
			field("requests", unit("short"), width(80)),
			field("failed", unit("short"), width(70)),
			field("peak_rate", title("peak"), unit("percentunit"), set("decimals", 0), width(65), set("thresholds", errorCells), filledCell()),
		},
		targets: targets{rows(sql(`SELECT position, service, started_at, ended_at, requests, failed, peak_rate
FROM spikeline.incident_members WHERE ` + filter + `
ORDER BY started_at, position LIMIT 500`))},
	}.table()
}

func happened(filter string, w uint32) built {
	return view{
		question: "What happened, step by step?", w: w, h: 11,
		about: "Events of the incidents, newest last: what the logs say, and notes that people have added with spikeline incidents annotate.",
		empty: "no incident in this range",
		overrides: []dashboard.DashboardFieldConfigSourceOverrides{
			field("at", title("time"), width(155)),
			field("event", append(painted(phaseWords()...), width(115))...),
			linked("service", "Show this service", toService+"${__value.raw:percentencode}", width(190)),
			field("pop", width(60)),
			field("summary", title("what the logs say"), wrapped(), readable()),
		},
		targets: targets{rows(sql(`SELECT at, event, service, pop, ` + said + ` AS summary
FROM spikeline.incident_events WHERE ` + filter + `
ORDER BY at, seq LIMIT 1000`))},
	}.table()
}

// said is what an event tells, with the name of whoever wrote it.
const said = `if(author = '', summary, concat(summary, ' (', author, ')'))`

func incidentsInRange() built {
	return view{
		question: "Which incidents does this time range meet?", w: 24, h: 7,
		about:     "Incidents that were open at some time of the range. A click on the id opens the post-mortem at its time; the report is a page to hand on.",
		empty:     "no incident in this range",
		overrides: incidentColumns(),
		targets:   targets{rows(sql(incidentRows + "\nWHERE {overlap} ORDER BY started_at DESC LIMIT 100"))},
	}.table()
}
