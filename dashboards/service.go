package dashboards

//lint:file-ignore SA1019 provisioned files are of the classic schema, which Grafana 12 reads

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// oneService are the rows of the chosen service in the chosen pops.
const oneService = "service = ${service:singlequote} AND {pop}"

// service is everything about one service.
func service() dashboard.Dashboard {
	b := frame(serviceID, "Service", "Is this service well: its rate, errors and latency window by window, what the detector said of them, and where it suffers.", "now-3h").
		WithVariable(services()).WithVariable(many(pops())).WithVariable(report())
	marks(b, overlap+" AND has(services, ${service:singlequote})")
	return finish(b.
		WithPanel(serviceNumber("How much traffic does it get?", "Requests a second at the end of the time range.", "reqps", steps(blue), `sum(requests) / {span}`, "requests")).
		WithPanel(serviceNumber("What share of its requests fails?", "5xx of its requests at the end of the time range.", "percentunit", errorSteps, `sum(errors) / sum(requests)`, "requests, errors")).
		WithPanel(serviceNumber("How slow are its slowest?", "99th percentile of latency at the end of the time range, from merged histograms (within 3.1 %).", "ms", steps(calm, step{1000, yellow}, step{5000, vermilion}), `quantileExactWeightedArrayOrNull(0.99)(mapKeys(latency), mapValues(latency)) / 1000`, "latency")).
		WithPanel(serviceNumber("What share is cached?", "Share of requests answered from the edge cache.", "percentunit", steps(blue), `sum(cache_hits) / sum(requests)`, "requests, cache_hits")).
		WithPanel(found()).
		WithPanel(band("Is the error rate normal?", "5xx of its requests. While the detector has a finding on them, the rate that it expected and the worst that it would call normal.", "percentunit", "error_surge", `sum(errors) / sum(requests)`, "1", 12)).
		WithPanel(band("Is the traffic normal?", "Requests a second. While the detector has a finding on the traffic, what it expected and the highest (or lowest) that it would call normal.", "reqps", "traffic_surge', 'traffic_drop", `sum(requests) / {span}`, "10", 12)).
		WithPanel(sides()).
		WithPanel(codes()).
		WithPanel(quantiles()).
		WithPanel(cache()).
		WithPanel(suffered()).
		WithPanel(popHeat("In which pops do its requests fail?", 12, 13, oneService)).
		WithPanel(popTable()).
		WithPanel(signals()))
}

func serviceNumber(question, about, unitName string, t *dashboard.ThresholdsConfig, value, columns string) built {
	return view{
		question: question, about: about, w: 5, h: 4,
		empty: "no requests in this range", unit: unitName, thresholds: t, min: cog.ToPtr(0.0),
		targets: targets{lines(course(byPop("window_end, "+columns, oneService), "value", value))},
	}.number()
}

func found() built {
	return view{
		question: "How many findings?", w: 4, h: 4,
		about: "Findings of the detector that began in this time range, on the service over all pops.",
		empty: "never in this range", unit: "short", thresholds: badAtOnce,
		targets: targets{rows(`SELECT count() AS findings FROM spikeline.signals
WHERE $__timeFilter(window_start) AND service = ${service:singlequote} AND pop = '' AND opened`)},
	}.number()
}

// band draws a measure and what the detector called normal. Signals on traffic count requests a window, so they are divided by its seconds.
func band(question, about, unitName, kinds, value, seconds string, w uint32) built {
	return view{
		question: question, about: about, w: w, h: 9,
		empty: noRequests, unit: unitName, min: cog.ToPtr(0.0),
		overrides: []dashboard.DashboardFieldConfigSourceOverrides{
			fixed("observed", blue),
			fixed("expected", green, set("custom.fillOpacity", 0), set("custom.lineStyle", map[string]any{"fill": "dash", "dash": []int{10, 6}})),
			fixed("limit", orange, title("limit of normal"), set("custom.fillOpacity", 0), set("custom.lineStyle", map[string]any{"fill": "dash", "dash": []int{2, 4}})),
		},
		targets: targets{lines(sql(`SELECT o.time AS time, toNullable(o.observed) AS observed, e.expected AS expected, e.band AS limit
FROM (SELECT {time} AS time, `+value+` AS observed FROM {rows} GROUP BY time) AS o
LEFT JOIN (
  SELECT {time} AS time, avg(toNullable(expected)) / {seconds} AS expected, avg(toNullable(signals.band)) / {seconds} AS band
  FROM spikeline.signals WHERE $__timeFilter(window_start) AND service = ${service:singlequote} AND pop = '' AND kind IN ('{kinds}')
  GROUP BY time
) AS e ON o.time = e.time
ORDER BY time {filled}`, "{rows}", byPop("window_end, requests, errors", oneService), "{kinds}", kinds, "{seconds}", seconds))},
	}.curve()
}

func sides() built {
	return view{
		question: "Do the errors come from the edge or from the origin?", w: 12, h: 8,
		about: "5xx a second: those that the edge made itself (no origin answered, or it answered well), and those passed on from an origin.",
		empty: noRequests, unit: "reqps", min: cog.ToPtr(0.0),
		overrides: []dashboard.DashboardFieldConfigSourceOverrides{fixed("edge", vermilion), fixed("origin", blue)},
		targets: targets{lines(course(byPop("window_end, edge_errors, origin_errors", oneService),
			"edge", "sum(edge_errors) / {span}", "origin", "sum(origin_errors) / {span}"))},
	}.stack()
}

func codes() built {
	return view{
		question: "With which status are requests answered?", w: 12, h: 8,
		about: "Requests a second by status code; the 12 most frequent of this time range.",
		empty: noRequests, unit: "reqps", min: cog.ToPtr(0.0), name: "${__field.labels.code}",
		overrides: []dashboard.DashboardFieldConfigSourceOverrides{
			family("1", faint), family("2", green), family("3", sky), family("4", yellow), family("5", vermilion),
			family("502", orange), family("503", wine), family("504", pink), family("52", blue),
		},
		targets: targets{lines(sql(`SELECT {time} AS time, toString(answer.1) AS code, sum(answer.2) / {span} AS Value
FROM {rows} AS r ARRAY JOIN CAST(status, 'Array(Tuple(UInt16, UInt64))') AS answer
WHERE answer.1 IN (
  SELECT code FROM (SELECT answer.1 AS code, answer.2 AS n FROM {rows} AS most ARRAY JOIN CAST(status, 'Array(Tuple(UInt16, UInt64))') AS answer)
  GROUP BY code ORDER BY sum(n) DESC LIMIT 12)
GROUP BY time, code ORDER BY time, code`, "{rows}", byPop("window_end, status", oneService)))},
	}.stack()
}

func quantiles() built {
	return view{
		question: "How slow is it?", w: 12, h: 8,
		about: "Latency of half, of 95 % and of 99 % of the requests at most, from histograms merged over pops and windows (within 3.1 %). Nothing where the logs hold no latency.",
		empty: "no latency in the logs of this range", unit: "ms", min: cog.ToPtr(0.0),
		overrides: []dashboard.DashboardFieldConfigSourceOverrides{fixed("p50", sky), fixed("p95", blue), fixed("p99", pink)},
		targets: targets{lines(sql(`SELECT time, toNullable(q[1] / 1000) AS p50, toNullable(q[2] / 1000) AS p95, toNullable(q[3] / 1000) AS p99
FROM (
  SELECT {time} AS time, quantilesExactWeightedArray(0.5, 0.95, 0.99)(mapKeys(latency), mapValues(latency)) AS q
  FROM {rows} WHERE notEmpty(latency) GROUP BY time)
ORDER BY time {filled}`, "{rows}", byPop("window_end, latency", oneService)))},
	}.curve()
}

func cache() built {
	return view{
		question: "Does the cache still help?", w: 12, h: 8,
		about: "Share of requests answered from the edge cache, and share of errors among those that were not.",
		empty: noRequests, unit: "percentunit", min: cog.ToPtr(0.0),
		overrides: []dashboard.DashboardFieldConfigSourceOverrides{fixed("from cache", green), fixed("errors past the cache", vermilion)},
		targets: targets{lines(course(byPop("window_end, requests, errors, cache_hits", oneService),
			"from cache", "sum(cache_hits) / sum(requests)",
			"errors past the cache", "least(1, sum(errors) / greatest(1, sum(requests) - sum(cache_hits)))"))},
	}.curve()
}

func suffered() built {
	return view{
		question: "What was wrong with it, where and when?", w: 24, h: 12,
		about: "What the detector found: over all pops, and in each pop with findings (the 25 with most). Grey is normal. An empty stretch has no requests.",
		empty: noRequests, name: "${__field.labels.pop}", points: 700,
		targets: targets{lines(sql(`SELECT w.time AS time, w.pop AS pop, if(w.seen, toInt8(f.finding), NULL) AS finding
FROM (
  SELECT * FROM {alive} AS a
  CROSS JOIN (
    SELECT arrayJoin(arrayConcat([' all pops'], groupArray(pop))) AS pop FROM (
      SELECT toString(pop) AS pop FROM spikeline.signals
      WHERE $__timeFilter(window_start) AND service = ${service:singlequote} AND pop != '' AND {pop} AND elevated
      GROUP BY pop ORDER BY count() DESC LIMIT 25)
  ) AS p
) AS w
LEFT JOIN (
  SELECT {time} AS time, if(pop = '', ' all pops', toString(pop)) AS pop, max(indexOf({kinds}, kind)) AS finding
  FROM spikeline.signals WHERE $__timeFilter(window_start) AND service = ${service:singlequote} AND elevated GROUP BY time, pop
) AS f ON w.time = f.time AND w.pop = f.pop
WHERE (SELECT count() FROM {rows}) > 0
ORDER BY time, pop`, "{alive}", alive(byPop("window_end", oneService)), "{rows}", byPop("window_end", oneService),
			"{kinds}", `['source_incomplete', 'traffic_surge', 'client_error_surge', 'latency_surge', 'traffic_drop', 'error_surge']`))},
	}.states(findings)
}

func popTable() built {
	return view{
		question: "Which pops serve it, and how well?", w: 12, h: 13,
		about: "Over the whole time range, most errors first.",
		empty: noRequests,
		overrides: []dashboard.DashboardFieldConfigSourceOverrides{
			field("requests", unit("short"), width(85)), field("errors", unit("short"), width(75)),
			field("error_rate", title("error rate"), unit("percentunit"), set("decimals", 2), width(90), set("thresholds", errorCells), filledCell()),
			field("edge", title("by the edge"), unit("percentunit"), set("decimals", 0), width(100)),
			field("cached", title("from cache"), unit("percentunit"), set("decimals", 0), width(95)),
			field("p99", unit("ms"), width(85)),
		},
		targets: targets{rows(sql(`SELECT pop, sum(r.requests) AS requests, sum(r.errors) AS errors, sum(r.errors) / sum(r.requests) AS error_rate,
  if(sum(r.errors) = 0, NULL, sum(edge_errors) / sum(r.errors)) AS edge, sum(cache_hits) / sum(r.requests) AS cached,
  quantileExactWeightedArrayOrNull(0.99)(mapKeys(latency), mapValues(latency)) / 1000 AS p99
FROM {rows} AS r
GROUP BY pop ORDER BY errors DESC, requests DESC LIMIT 200`, "{rows}", byPop("window_end, requests, errors, edge_errors, cache_hits, latency", oneService)))},
	}.table()
}

func signals() built {
	return view{
		question: "What did the detector say, and why?", w: 24, h: 10,
		about: "Findings on this service that began in this time range or ended in it, over all pops first. Observed and expected are rates from 0 to 1, for traffic requests a window.",
		empty: "the detector found nothing on this service in this range",
		overrides: []dashboard.DashboardFieldConfigSourceOverrides{
			field("window_start", title("window"), width(165)), field("onset", width(165)),
			field("severity", append(painted(state{"critical", vermilion}, state{"warning", orange}, state{"info", sky}), width(80))...),
			field("kind", width(150)), field("pop", width(80)), field("step", width(70)),
			field("observed", width(90), unit("short")), field("expected", width(90), unit("short")), field("score", width(75), unit("short")), field("reason", wrapped(), readable()),
		},
		targets: targets{rows(`SELECT window_start, if(opened, 'begins', 'ends') AS step, kind, if(pop = '', 'all', toString(pop)) AS pop, toString(severity) AS severity,
  onset, observed, expected, score, reason
FROM spikeline.signals
WHERE $__timeFilter(window_start) AND service = ${service:singlequote} AND (opened OR ended)
ORDER BY signals.pop = '' DESC, window_start LIMIT 500`)},
	}.table()
}
