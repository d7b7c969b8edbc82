package dashboards

import (
	"bytes"
	"fmt"

	"github.com/goccy/go-yaml"
)

// DatasourceUID is the id of the provisioned ClickHouse data source, which the alert rules ask.
const DatasourceUID = "spikeline"

// Rule is one alert rule: it fires for every series whose last value is beyond the limit.
type Rule struct {
	UID, Title string
	SQL        string
	Above      float64 // it fires above this
	For        string
	Severity   string
	Panel      string // the question of the panel that it leads to
	Dashboard  string
	Summary    string // a template on the value of a series
	More       string
	Labels     map[string]string
}

// Rules are the alert rules. Their SQL has no macros on intervals, which alerting does not know, and their
// times are of the clock of ClickHouse, so that a replay of last year's logs alerts too while it is written.
func Rules() []Rule {
	rules := make([]Rule, 0, 8)
	for _, severity := range []struct{ name, patience string }{{"critical", "0s"}, {"major", "0s"}, {"minor", "5m"}} {
		rules = append(rules, incidentRule(severity.name, severity.patience))
	}
	return append(rules,
		burnRule("fast", "critical", "burn_1h", "burn_5m", 14.4, "2 % of the budget of 30 days in an hour"),
		burnRule("slow", "major", "burn_6h", "burn_30m", 6, "5 % of the budget of 30 days in six hours"),
		Rule{
			UID: "spikeline-stalled", Title: "Spikeline has stopped writing", Severity: "critical", For: "1m", Above: 300,
			SQL:       `SELECT now() AS time, toFloat64(if(count() = 0, 0, dateDiff('second', max(written_at), now()))) AS value FROM spikeline.progress`,
			Dashboard: pipelineID, Panel: "When did it write?",
			Summary: `Nothing was written for {{ humanizeDuration .Value }}`,
			More:    "No worker judges, ClickHouse takes no rows, or no records come. Until it writes again, no incident can be seen.",
		},
		Rule{
			UID: "spikeline-behind", Title: "Spikeline's watermark is behind", Severity: "major", For: "2m", Above: 300,
			SQL: `SELECT now() AS time, toFloat64(max(if(written_at > now() - INTERVAL 10 MINUTE, dateDiff('second', closed_to, written_at), 0))) AS value
FROM spikeline.progress`,
			Dashboard: pipelineID, Panel: "How old is the data?",
			Summary: `The newest closed window was {{ humanizeDuration .Value }} old when it was written`,
			More:    "It writes, but is far behind the clock: it catches up, a partition lags, or old logs are replayed. Incidents are seen that much later.",
		},
		Rule{
			UID: "spikeline-rejects", Title: "Spikeline cannot use some records", Severity: "major", For: "5m", Above: 0.01,
			SQL: `SELECT now() AS time, if(sum(consumed) = 0, 0, (sum(rejected_total) + sum(too_late)) / sum(consumed)) AS value
FROM spikeline.ledger WHERE written_at > now() - INTERVAL 30 MINUTE`,
			Dashboard: pipelineID, Panel: "What could not be used, and why?",
			Summary: `{{ humanizePercentage .Value }} of the records of the last half hour were rejected or too late`,
			More:    "They are in no window. Their reasons are in the table rejects, their exact number in ledger.",
		},
		Rule{
			UID: "spikeline-all-fell", Title: "Traffic of the whole edge fell, or its logs are missing", Severity: "critical", For: "1m", Above: 0,
			SQL: `SELECT now() AS time, toFloat64(count()) AS value
FROM spikeline.signals_rev WHERE service = '' AND pop = '' AND kind = 'source_incomplete' AND NOT ended AND written_at > now() - INTERVAL 1 MINUTE`,
			Dashboard: pipelineID, Panel: "Were all sources there?",
			Summary: `{{ if gt .Value 0.0 }}All services and pops have less traffic, alike and at once{{ else }}Traffic is back{{ end }}`,
			More:    "That is how lost logs look, so it opens no incident; names that no longer resolve look the same. Ask the edge itself.",
		},
		Rule{
			UID: "spikeline-damaged", Title: "ClickHouse has lost a part of Spikeline's tables", Severity: "major", For: "0s", Above: 0,
			SQL:       `SELECT now() AS time, toFloat64(count()) AS value FROM system.detached_parts WHERE database = 'spikeline' AND startsWith(reason, 'broken')`,
			Dashboard: pipelineID, Panel: "When did it write?",
			Summary: `ClickHouse could not read {{ printf "%.0f" .Value }} parts and took them out`,
			More:    "Rows may be missing since. docs/operations.md says how they are brought back; it fires until the parts are dropped.",
		})
}

// incidentRule fires for each open incident of a severity.
func incidentRule(severity, patience string) Rule {
	return Rule{
		UID: "spikeline-incident-" + severity, Title: "Incident at the edge: " + severity, Severity: severity, For: patience, Above: -1,
		SQL:       openIncidents("status = 'open' AND severity = '" + severity + "', toFloat64(requests_failed + requests_missing + requests_slow)"),
		Dashboard: timelineID, Panel: "In which phase was each incident?",
		Summary: `Incident {{ $labels.incident_id }} {{ if lt .Value 0.0 }}is over, or of another severity now{{ else }}goes on: {{ printf "%.0f" .Value }} requests failed, slow or missing so far{{ end }}`,
		More:    "It fires while the incident is open, once for each incident.",
		Labels:  map[string]string{"incident": "true"},
	}
}

// openIncidents gives each incident of late its value while a condition holds. All others, those that are over too, have
// the value -1, so that an alert resolves by its value and not for want of data; and "none" is always there, so that a
// quiet day is no lack of data.
func openIncidents(conditionAndValue string) string {
	return fmt.Sprintf(`SELECT now() AS time, incident_id, value
FROM (
  SELECT toString(incident_id) AS incident_id, if(%s, -1) AS value
  FROM spikeline.incidents WHERE written_at > now() - INTERVAL 1 DAY
  ORDER BY value DESC LIMIT 100
  UNION ALL
  SELECT 'none', -1
)
ORDER BY time, incident_id`, conditionAndValue)
}

// burnRule fires while an open incident burns the error budget of its services faster than limit in both spans: the long
// one says that it matters, the short one that it still goes on. Both pairs are those of Google's SRE Workbook.
func burnRule(pace, severity, long, short string, limit float64, spends string) Rule {
	return Rule{
		UID: "spikeline-burn-" + pace, Title: "Error budget burns: " + pace, Severity: severity, For: "0s", Above: limit,
		SQL:       openIncidents(fmt.Sprintf("status = 'open', least(%s, %s)", long, short)),
		Dashboard: timelineID, Panel: "In which phase was each incident?",
		Summary: fmt.Sprintf(`Incident {{ $labels.incident_id }} {{ if gt .Value %.1[1]f }}burns the error budget of its services {{ printf "%%.1f" .Value }} times as fast as their objectives allow{{ else }}no longer burns error budget %[1]g times as fast as allowed{{ end }}`, limit),
		More:    fmt.Sprintf("%g times as fast spends %s. It fires while %s and %s of an open incident are both above, once for each incident.", limit, spends, long, short),
		Labels:  map[string]string{"burn": pace},
	}
}

const grafanaLink = `{{ reReplaceAll "/+\\z" "" externalURL }}`

// AlertFile is the provisioning file of the rules.
func AlertFile() []byte {
	rules := make([]map[string]any, 0, 8)
	for _, r := range Rules() {
		rules = append(rules, r.provision())
	}
	file := map[string]any{"apiVersion": 1, "groups": []map[string]any{{
		"orgId": 1, "name": "spikeline", "folder": "Spikeline", "interval": "30s", "rules": rules,
	}}}
	var b bytes.Buffer
	b.WriteString("# Made by go generate ./dashboards from dashboards/alerts.go; do not edit.\n")
	must(yaml.NewEncoder(&b, yaml.UseLiteralStyleIfMultiline(true), yaml.Indent(2), yaml.IndentSequence(true)).Encode(file))
	return b.Bytes()
}

func (r Rule) provision() map[string]any {
	return map[string]any{
		"uid": r.UID, "title": r.Title, "condition": "C", "for": r.For, "isPaused": false,
		"noDataState": "OK", "execErrState": "Error",
		"dashboardUid": r.Dashboard, "panelId": panelID(r.Dashboard, r.Panel),
		"labels": r.labels(), "annotations": r.annotations(), "data": r.data(),
	}
}

// labels carry the link to the report: Grafana fills in environment variables in labels, but not in annotations.
// Annotations cannot take it from a label either, since they see only the labels of the query.
func (r Rule) labels() map[string]string {
	labels := map[string]string{"service": "spikeline", "severity": r.Severity, "report": "$SPIKELINE_URL/readyz?verbose"}
	if r.Dashboard == timelineID {
		labels["report"] = "$SPIKELINE_URL/incidents{{ with .Labels.incident_id }}/{{ urlquery . }}{{ end }}"
	}
	for name, value := range r.Labels {
		labels[name] = value
	}
	return labels
}

// annotations have neither value nor incident while ClickHouse cannot be asked: Grafana then alerts of that, with the same templates.
// They carry the panel once more: from the fields of a provisioned rule Grafana makes no link to it.
func (r Rule) annotations() map[string]string {
	link := grafanaLink + "/d/" + r.Dashboard
	if r.Dashboard == timelineID {
		link = grafanaLink + "/d/" + postmortemID + "{{ with $labels.incident_id }}?var-incident={{ urlquery . }}{{ end }}"
	}
	return map[string]string{
		"summary": "{{ with $values.B }}" + r.Summary + "{{ else }}Not known: ClickHouse did not answer{{ end }}", "description": r.More, "dashboard": link,
		"__dashboardUid__": r.Dashboard, "__panelId__": fmt.Sprint(panelID(r.Dashboard, r.Panel)),
	}
}

// data is the query, the last value of each of its series, and the comparison.
func (r Rule) data() []map[string]any {
	expression := func(ref string, model map[string]any) map[string]any {
		model["refId"] = ref
		model["datasource"] = map[string]any{"type": "__expr__", "uid": "__expr__"}
		return map[string]any{"refId": ref, "datasourceUid": "__expr__", "relativeTimeRange": map[string]int{"from": 0, "to": 0}, "model": model}
	}
	return []map[string]any{
		{
			"refId": "A", "datasourceUid": DatasourceUID, "relativeTimeRange": map[string]int{"from": 600, "to": 0},
			"model": map[string]any{
				"refId": "A", "datasource": map[string]any{"type": ClickHouseType, "uid": DatasourceUID},
				"editorType": "sql", "queryType": "timeseries", "format": Series, "rawSql": r.SQL, "intervalMs": 10000, "maxDataPoints": 1000,
			},
		},
		expression("B", map[string]any{"type": "reduce", "expression": "A", "reducer": "last", "settings": map[string]any{"mode": "dropNN"}}),
		expression("C", map[string]any{"type": "threshold", "expression": "B", "conditions": []map[string]any{
			{"evaluator": map[string]any{"type": "gt", "params": []float64{r.Above}}},
		}}),
	}
}

func panelID(uid, question string) uint32 {
	for _, d := range All() {
		for _, p := range d.Panels {
			if *d.Uid == uid && p.Panel != nil && *p.Panel.Title == question {
				return *p.Panel.Id
			}
		}
	}
	panic("BUG: an alert rule leads to no panel: " + question)
}
