package dashboards

//lint:file-ignore SA1019 provisioned files are of the classic schema, which Grafana 12 reads

import (
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// pipeline is Spikeline itself: whether its numbers can be trusted. The upper
// part needs ClickHouse alone, the lower part a Prometheus that scrapes the workers.
func pipeline() dashboard.Dashboard {
	b := frame(pipelineID, "Pipeline", "Whether Spikeline keeps up and loses nothing. The first part needs ClickHouse alone; the second needs a Prometheus that scrapes the workers' /metrics.", "now-3h").
		WithVariable(dashboard.NewDatasourceVariableBuilder("prom").Label("Prometheus").Type(PrometheusType).
			Description("A Prometheus that scrapes the workers. Only the second part of this dashboard needs it."))
	b.WithPanel(silence()).WithPanel(freshness(4)).
		WithPanel(booked("All accounted for?", "Records read, less those counted, too late and rejected: 0, whatever died. Of the last day in which records were read.", "short", `sum(unaccounted)`, steps(vermilion, step{0, green}, step{1, vermilion}))).
		WithPanel(booked("Share not usable?", "Rejected records of all that were read, in the last day in which records were read.", "percentunit", `if(sum(consumed) = 0, 0, sum(rejected_total) / sum(consumed))`, steps(green, step{0.001, yellow}, step{0.01, vermilion}))).
		WithPanel(booked("Share too late?", "Records whose window was final already, of all that were read, in the last day in which records were read.", "percentunit", `if(sum(consumed) = 0, 0, sum(too_late) / sum(consumed))`, steps(green, step{0.001, yellow}, step{0.01, vermilion}))).
		WithPanel(booked("Offsets missing?", "Offsets that Kafka no longer had (retention), or never gave (markers, compaction), in the last day in which records were read.", "short", `sum(missing)`, steps(green, step{1, yellow}))).
		WithPanel(trust()).WithPanel(lateness()).WithPanel(rejectsOver()).WithPanel(rejectSamples()).WithPanel(ledgerTable())
	own := dashboard.NewRowBuilder("What the workers say of themselves (needs Prometheus)").Collapsed(true)
	for _, m := range workers {
		own.WithPanel(m.panel())
	}
	return finish(b.WithRow(own))
}

func silence() built {
	return view{
		question: "When did it write?", w: 4, h: 4,
		about:      "Time since the judge last wrote to ClickHouse, by the clock of ClickHouse. It writes as long as there are records.",
		empty:      "never",
		unit:       "s",
		decimals:   cog.ToPtr(0.0),
		thresholds: steps(green, step{60, yellow}, step{300, vermilion}),
		targets:    targets{rows(`SELECT dateDiff('second', max(written_at), now()) AS age FROM spikeline.progress HAVING count() > 0`)},
	}.number()
}

func booked(question, about, unitName, value string, t *dashboard.ThresholdsConfig) built {
	return view{
		question: question, about: about, w: 4, h: 4,
		empty: "nothing was read", unit: unitName, thresholds: t,
		targets: targets{rows(`SELECT ` + value + ` AS n FROM spikeline.ledger
WHERE written_at > (SELECT max(written_at) FROM spikeline.ledger) - INTERVAL 1 DAY HAVING count() > 0`)},
	}.number()
}

func trust() built {
	return view{
		question: "Were all sources there?", w: 12, h: 8,
		about: "Of the windows of all services: share without a partial from every live source, and share that late records changed after it had closed.",
		empty: "no windows in this range", unit: "percentunit", min: cog.ToPtr(0.0),
		overrides: []dashboard.DashboardFieldConfigSourceOverrides{fixed("without all sources", vermilion), fixed("changed later", blue)},
		targets: targets{lines(course(byService("window_end, sources_seen, sources_live, revised", ""),
			"without all sources", "countIf(sources_seen < sources_live) / count()", "changed later", "countIf(revised) / count()"))},
	}.curve()
}

func lateness() built {
	return view{
		question: "How many records came late, yet in time?", w: 12, h: 8,
		about: "Share of the requests that were counted after the watermark of their partition had passed the end of their window.",
		empty: "no windows in this range", unit: "percentunit", min: cog.ToPtr(0.0),
		overrides: []dashboard.DashboardFieldConfigSourceOverrides{fixed("late share", orange)},
		targets:   targets{lines(course(byService("window_end, requests, late", ""), "late share", "sum(late) / sum(requests)"))},
	}.curve()
}

func rejectsOver() built {
	return view{
		question: "What could not be used, and why?", w: 12, h: 9,
		about: "Rejected and too late records by reason, at the time that they carry. Sampled in a storm: the ledger has all counts.",
		empty: "no rejects in this range", unit: "short", min: cog.ToPtr(0.0), name: "${__field.labels.reason}",
		targets: targets{lines(`SELECT toStartOfInterval(toDateTime(at), toIntervalSecond(intDiv($__interval_s + 9, 10) * 10)) AS time, reason, toUInt64(count()) AS Value
FROM spikeline.rejects WHERE $__timeFilter(at)
GROUP BY time, reason ORDER BY time, reason`)},
	}.stack()
}

func rejectSamples() built {
	return view{
		question: "What do such records look like?", w: 12, h: 9,
		about: "The newest 100 rejects of this time range, client addresses masked.",
		empty: "no rejects in this range",
		overrides: []dashboard.DashboardFieldConfigSourceOverrides{
			field("at", title("time"), width(165)), field("reason", width(115)), field("service", width(150)), field("place", width(170)), field("sample", set("custom.inspect", true)),
		},
		targets: targets{rows(`SELECT at, reason, service, concat(topic, '/', toString(partition), '/', toString(offset)) AS place, sample
FROM spikeline.rejects WHERE $__timeFilter(at) ORDER BY at DESC LIMIT 100`)},
	}.table()
}

func ledgerTable() built {
	return view{
		question: "How far is each partition read, and what became of its records?", w: 24, h: 8,
		about: "The ledger, summed by partition over all blocks that it still holds.",
		empty: "nothing was read",
		overrides: []dashboard.DashboardFieldConfigSourceOverrides{
			field("consumed", unit("short")), field("counted", unit("short")), field("too_late", title("too late"), unit("short")), field("rejected", unit("short")),
			field("missing", unit("short")), field("unaccounted", unit("short")), field("through", title("through offset"), unit("none")), field("partition", unit("none")), field("last", title("last written")),
		},
		targets: targets{rows(`SELECT topic, partition, max(through) AS through, sum(consumed) AS consumed, sum(counted) AS counted, sum(too_late) AS too_late,
  sum(rejected_total) AS rejected, sum(missing) AS missing, sum(unaccounted) AS unaccounted, max(written_at) AS last
FROM spikeline.ledger GROUP BY topic, partition ORDER BY topic, partition LIMIT 1000`)},
	}.table()
}

// measure is one panel on the workers' own metrics.
type measure struct {
	question, about, unit string
	series                [][2]string // expression, name
}

var workers = []measure{
	{"Does it keep up with Kafka?", "Records between the next one to read and the end of each partition.", "short", [][2]string{
		{`max by (topic, partition) (spikeline_partition_lag_records)`, `{{topic}}/{{partition}}`}}},
	{"How far is event time behind the clock?", "Now, less the watermark of each partition, and less the time up to which all windows have closed.", "s", [][2]string{
		{`time() - max by (topic, partition) (spikeline_partition_watermark_timestamp_seconds > 0)`, `{{topic}}/{{partition}}`},
		{`time() - max(spikeline_frontier_timestamp_seconds > 0)`, `closed windows`}}},
	{"How much does it read?", "Records a second: read, counted, too late, rejected, missing in Kafka.", "cps", [][2]string{
		{`sum(rate(spikeline_records_read_total[$__rate_interval]))`, `read`},
		{`sum(rate(spikeline_records_counted_total[$__rate_interval]))`, `counted`},
		{`sum(rate(spikeline_records_too_late_total[$__rate_interval]))`, `too late`},
		{`sum(rate(spikeline_records_rejected_total[$__rate_interval]))`, `rejected`},
		{`sum(rate(spikeline_records_missing_total[$__rate_interval]))`, `missing`}}},
	{"Why are records rejected?", "Rejected records a second by reason.", "cps", [][2]string{
		{`sum by (reason) (rate(spikeline_records_rejected_total[$__rate_interval])) > 0`, `{{reason}}`}}},
	{"Does ClickHouse take the rows?", "Batches that wait, the most that may wait before the judge stops reading, seconds for which ClickHouse has taken none or has summed no minutes, and parts that it could not read.", "short", [][2]string{
		{`max(spikeline_sink_queue_batches)`, `waiting`},
		{`max(spikeline_sink_queue_limit_batches)`, `limit`},
		{`max((time() - spikeline_sink_stalled_since_timestamp_seconds) and (spikeline_sink_stalled_since_timestamp_seconds > 0)) or vector(0)`, `stalled for (s)`},
		{`max((time() - spikeline_sink_rollups_stalled_since_timestamp_seconds) and (spikeline_sink_rollups_stalled_since_timestamp_seconds > 0)) or vector(0)`, `rollups stalled for (s)`},
		{`max(spikeline_sink_parts_taken_out)`, `parts taken out`}}},
	{"What has to be tried again?", "A second: inserts into ClickHouse and fetches from Kafka that failed and were tried again, commits that came too late, rebalances.", "cps", [][2]string{
		{`sum(rate(spikeline_sink_retries_total[$__rate_interval]))`, `inserts`},
		{`sum by (kind) (rate(spikeline_fetch_errors_total[$__rate_interval])) > 0`, `fetch: {{kind}}`},
		{`sum(rate(spikeline_commits_total{result="fenced"}[$__rate_interval]))`, `fenced commits`},
		{`sum(rate(spikeline_rebalances_total[$__rate_interval]))`, `rebalances`}}},
	{"What does it hold in memory?", "Windows that are not retired, by side, and their cells; series with a baseline.", "short", [][2]string{
		{`sum by (side) (spikeline_open_windows)`, `windows: {{side}}`},
		{`sum(spikeline_open_cells)`, `cells`},
		{`max(spikeline_series_watched)`, `series watched`}}},
	{"Is exactly one worker the judge?", "Workers that judge (1 is right), workers in all, and the share of a core that judging takes.", "short", [][2]string{
		{`sum(spikeline_judge_active)`, `judges`},
		{`count(spikeline_build_info)`, `workers`},
		{`sum(rate(spikeline_judge_step_seconds_total[$__rate_interval]))`, `cores for judging`}}},
}

func (m measure) panel() built {
	v := view{
		question: m.question, about: m.about, w: 12, h: 8, unit: m.unit, min: cog.ToPtr(0.0),
		empty: "nothing in this range: none occurred, or this Prometheus does not scrape the workers' /metrics",
	}
	for i, s := range m.series {
		v.targets = append(v.targets, promql(s[0], s[1]))
		if !strings.Contains(s[1], "{{") {
			v.overrides = append(v.overrides, fixed(s[1], []string{blue, orange, green, vermilion, wine}[i]))
		}
	}
	return v.curve()
}
