package dashboards

//lint:file-ignore SA1019 provisioned files are of the classic schema, which Grafana 12 reads

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// The ids of the dashboards, which their addresses and links are made of.
const (
	overviewID   = "spikeline-overview"
	timelineID   = "spikeline-timeline"
	serviceID    = "spikeline-service"
	postmortemID = "spikeline-postmortem"
	pipelineID   = "spikeline-pipeline"
)

// Addresses of the other dashboards. keep takes the time range along.
const (
	keep         = "?${__url_time_range}&var-ds=${ds}"
	toService    = "/d/" + serviceID + keep + "&var-service="
	toTimeline   = "/d/" + timelineID + "?var-ds=${ds}&from=${__data.fields.from_ms}&to=${__data.fields.to_ms}"
	toFirst      = "/d/" + serviceID + "?var-ds=${ds}&from=${__data.fields.from_ms}&to=${__data.fields.to_ms}&var-service=${__value.raw:percentencode}"
	toPostmortem = "/d/" + postmortemID + "?var-ds=${ds}&var-incident=${__data.fields.incident:percentencode}&from=${__data.fields.from_ms}&to=${__data.fields.to_ms}"
	toReport     = "${report}/incidents/${__data.fields.incident:percentencode}"
)

// noRequests is what an empty panel says: as a rule old logs were replayed, and the range is of today.
const noRequests = "no requests in this time range: choose another, or click an incident in Edge overview"

// All gives every dashboard, the first one being the one to start from.
func All() []dashboard.Dashboard {
	return []dashboard.Dashboard{overview(), timeline(), service(), postmortem(), pipeline()}
}

// frame is an empty dashboard with what all have in common.
func frame(uid, name, about, from string) *dashboard.DashboardBuilder {
	uidOfOurs := dashboard.StringOrArrayOfString{String: cog.ToPtr(DatasourceUID)}
	return dashboard.NewDashboardBuilder("Spikeline: "+name).Uid(uid).Description(about+" Needs the ClickHouse data source.").
		Tags([]string{"spikeline"}).Timezone("utc").Time(from, "now").Refresh("30s").
		Tooltip(dashboard.DashboardCursorSyncCrosshair).
		Timepicker(dashboard.NewTimePickerBuilder().RefreshIntervals([]string{"10s", "30s", "1m", "5m", "15m"})).
		Link(dashboard.NewDashboardLinkBuilder("Spikeline").Type(dashboard.DashboardLinkTypeDashboards).
			Tags([]string{"spikeline"}).AsDropdown(true).KeepTime(true).IncludeVars(false)).
		WithVariable(dashboard.NewDatasourceVariableBuilder("ds").Label("ClickHouse").Type(ClickHouseType).
			Current(dashboard.VariableOption{Selected: cog.ToPtr(true), Text: dashboard.StringOrArrayOfString{String: cog.ToPtr("Spikeline ClickHouse")}, Value: uidOfOurs}).
			Description("The ClickHouse data source that holds the database spikeline."))
}

// finish numbers the panels, in and outside of rows.
func finish(b *dashboard.DashboardBuilder) dashboard.Dashboard {
	d, err := b.Build()
	must(err)
	visible(&d)
	id := uint32(0)
	next := func() uint32 { id++; return id }
	for i := range d.Panels {
		if p := d.Panels[i].Panel; p != nil {
			p.Id = cog.ToPtr(next())
			continue
		}
		r := d.Panels[i].RowPanel
		r.Id = next()
		for k := range r.Panels {
			r.Panels[k].Id = cog.ToPtr(next())
		}
	}
	return d
}

// visible takes links and annotations out of the menu in which the SDK hides them.
func visible(d *dashboard.Dashboard) {
	for i := range d.Links {
		d.Links[i].Placement = nil
	}
	for i := range d.Annotations.List {
		d.Annotations.List[i].Placement = nil
	}
}

// choice is a variable whose values come from ClickHouse.
func choice(name, label, about, sqlText string) *dashboard.QueryVariableBuilder {
	q := map[string]any{"editorType": "sql", "format": Rows, "rawSql": sqlText, "refId": "Var"}
	return dashboard.NewQueryVariableBuilder(name).Label(label).Description(about).Datasource(clickhouse()).
		Query(dashboard.StringOrMap{Map: q}).Definition(sqlText).
		Refresh(dashboard.VariableRefreshOnTimeRangeChanged).Sort(dashboard.VariableSortDisabled)
}

// many lets a variable take several values, all at first.
func many(b *dashboard.QueryVariableBuilder) *dashboard.QueryVariableBuilder {
	all := dashboard.StringOrArrayOfString{ArrayOfString: []string{"All"}}
	value := dashboard.StringOrArrayOfString{ArrayOfString: []string{"$__all"}}
	return b.Multi(true).IncludeAll(true).Current(dashboard.VariableOption{Selected: cog.ToPtr(true), Text: all, Value: value})
}

// services are those in the range, the ones in trouble first.
func services() *dashboard.QueryVariableBuilder {
	return choice("service", "Service", "Hosts that were asked for in this time range, those with the most errors first.",
		`SELECT service FROM (SELECT service, requests, errors FROM spikeline.service_windows WHERE $__timeFilter(window_start) AND $__toTime - $__fromTime <= 259200 UNION ALL SELECT service, requests, errors FROM spikeline.windows_1h WHERE $__timeFilter(window_start) AND $__toTime - $__fromTime > 259200) GROUP BY service ORDER BY sum(errors) DESC, sum(requests) DESC LIMIT 1000`)
}

func pops() *dashboard.QueryVariableBuilder {
	return choice("pop", "Pop", "Edge locations that answered in this time range.",
		`SELECT pop FROM (SELECT pop FROM spikeline.windows WHERE $__timeFilter(window_start) AND $__toTime - $__fromTime <= 21600 UNION ALL SELECT pop FROM spikeline.windows_1h WHERE window_start >= toStartOfHour($__fromTime) AND window_start <= $__toTime AND $__toTime - $__fromTime > 21600) GROUP BY pop ORDER BY pop LIMIT 1000`)
}

// report is the address of a worker, which serves the reports.
func report() *dashboard.TextBoxVariableBuilder {
	return dashboard.NewTextBoxVariableBuilder("report").Label("Reports at").DefaultValue(dashboard.StringOrMap{String: cog.ToPtr("http://127.0.0.1:9464")}).
		Description("Address of a Spikeline worker as your browser reaches it; the links to reports lead there.")
}

func annotation(name, color, sqlText string) *dashboard.AnnotationQueryBuilder {
	q := query(Rows, sqlText)
	q.RefID = "Anno"
	return dashboard.NewAnnotationQueryBuilder().Name(name).Enable(true).IconColor(color).Datasource(clickhouse()).Target(q)
}

// marks are the incidents on every panel with a time axis: the span, the peak and the end. An open one is
// marked as far as it has been judged: what comes after is not known, and in a replay not yet there.
// The first row decides the fields, so timeEnd is never NULL.
func marks(b *dashboard.DashboardBuilder, filter string) *dashboard.DashboardBuilder {
	with := func(text string) string { return sql(text, "{filter}", filter) }
	return b.
		Annotation(annotation("Onset", orange, with(`SELECT started_at AS time,
  greatest(started_at, if(status = 'open', least(toDateTime(version), $__toTime), ifNull(ended_at, started_at))) AS timeEnd,
  concat(if(status = 'open', 'Still open: ', 'Onset: '), title) AS title,
  concat(if(status = 'open', concat('Open since ', formatDateTime(started_at, '%F %T'), ', judged up to ', formatDateTime(toDateTime(version), '%F %T'), '. '), ''), 'Incident ', incident_id, ', first ', first_service, ', seen ', toString(dateDiff('second', started_at, detected_at)), ' s after its onset') AS text,
  concat(toString(status), ',', severity, ',onset') AS tags, incident_id AS id
FROM spikeline.incidents WHERE {filter} ORDER BY time LIMIT 100`))).
		Annotation(annotation("Peak", vermilion, with(`SELECT assumeNotNull(peak_at) AS time, assumeNotNull(peak_at) AS timeEnd, concat('Peak: ', title) AS title,
  concat(toString(round(100 * peak_error_rate, 1)), ' % of the requests of its services failed') AS text,
  concat(severity, ',peak') AS tags, incident_id AS id
FROM spikeline.incidents WHERE {filter} AND peak_at IS NOT NULL ORDER BY time LIMIT 100`))).
		Annotation(annotation("Recovery", green, with(`SELECT assumeNotNull(ended_at) AS time, assumeNotNull(ended_at) AS timeEnd, concat('Recovered: ', title) AS title,
  concat('After ', toString(dateDiff('minute', started_at, assumeNotNull(ended_at))), ' min') AS text,
  concat(severity, ',recovery') AS tags, incident_id AS id
FROM spikeline.incidents WHERE {filter} AND ended_at IS NOT NULL ORDER BY time LIMIT 100`)))
}
