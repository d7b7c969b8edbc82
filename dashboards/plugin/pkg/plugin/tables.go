package plugin

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"
)

// look is how a column of a table appears.
type look struct {
	title, unit string
}

var incidentLooks = map[string]look{
	"started_at": {"Started", ""}, "ended_at": {"Ended", ""}, "duration": {"Duration", "s"}, "state": {"Status", ""},
	"phase_number": {"Phase", ""}, "severity": {"Severity", ""}, "title": {"What happened", ""}, "first_service": {"First service", ""},
	"cascade": {"Services in order", ""}, "pop_list": {"Pops", ""}, "requests_failed": {"Requests failed", "short"},
	"requests_slow": {"Requests slow", "short"}, "requests_missing": {"Requests missing", "short"},
	"peak_error_rate": {"Peak error rate", percent}, "peak_fleet_share": {"Peak share of fleet", percent},
	"budget_burnt": {"Error budget burnt", percent}, "detected_at": {"Detected", ""}, "peak_at": {"Peak", ""},
	"main_impact_ended_at": {"Main impact over", ""}, "incident_id": {"Incident", ""},
}

var signalLooks = map[string]look{
	"window_start": {"Window", ""}, "kind": {"Kind", ""}, "service": {"Service", ""}, "pop": {"Pop", ""}, "grade": {"Severity", ""},
	"observed": {"Observed", ""}, "expected": {"Expected", ""}, "band": {"Still normal", ""}, "score": {"Score", ""}, "impact": {"Impact", ""},
	"requests": {"Requests", "short"}, "excess": {"Excess", "short"}, "elevated": {"Abnormal", ""}, "onset": {"Onset", ""},
	"ended_at": {"Ended", ""}, "reason": {"Why", ""},
}

// tableFrame gives the rows their titles and units. The rows are shared with
// the cache, so the fields are new and only the values the same.
func tableFrame(name string, rows *data.Frame, looks map[string]look) *data.Frame {
	f := data.NewFrame(name)
	for _, field := range rows.Fields {
		shown := copyField(field)
		if l, known := looks[field.Name]; known {
			shown.Config = &data.FieldConfig{DisplayNameFromDS: l.title, Unit: l.unit}
		}
		f.Fields = append(f.Fields, shown)
	}
	f.Meta = &data.FrameMeta{Type: data.FrameTypeTable, TypeVersion: data.FrameTypeVersion{0, 1}, PreferredVisualization: data.VisTypeTable}
	return f
}

func copyField(from *data.Field) *data.Field {
	field := data.NewFieldFromFieldType(from.Type(), from.Len())
	field.Name = from.Name
	for i := range from.Len() {
		field.Set(i, from.CopyAt(i))
	}
	return field
}

// incidentsFrame is the table of incidents, with its phases in words and a link to the report.
func incidentsFrame(rows *data.Frame, source string) *data.Frame {
	f := tableFrame("incidents", rows, incidentLooks)
	if field, _ := f.FieldByName("phase_number"); field != nil {
		field.Name, field.Config.Mappings = "phase", phaseMappings()
	}
	if field, _ := f.FieldByName("state"); field != nil {
		field.Name = "status"
	}
	if field, _ := f.FieldByName("incident_id"); field != nil && source != "" {
		field.Config.Links = []data.DataLink{{Title: "Report", TargetBlank: true,
			URL: "/api/datasources/uid/" + url.PathEscape(source) + "/resources/report/${__value.raw}"}}
	}
	return f
}

// countFrame gives one number a name, those without rows as 0, so that an alert always has its data.
func countFrame(name, label string, rows *data.Frame, names []string) *data.Frame {
	counted := map[string]float64{}
	for i := range rows.Rows() {
		value, _ := number(rows.Fields[1], i)
		counted[text(rows, 0, i)] = value
	}
	f := data.NewFrame(name)
	for _, n := range names {
		f.Fields = append(f.Fields, data.NewField(name, data.Labels{label: n}, []float64{counted[n]}))
		delete(counted, n)
	}
	for n := range counted {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		if v, left := counted[n]; left {
			f.Fields = append(f.Fields, data.NewField(name, data.Labels{label: n}, []float64{v}))
		}
	}
	f.Meta = &data.FrameMeta{Type: data.FrameTypeNumericWide, TypeVersion: data.FrameTypeVersion{0, 1}}
	return f
}

var (
	severities = []string{"minor", "major", "critical"}
	kinds      = []string{"error_surge", "traffic_surge", "traffic_drop", "latency_surge", "client_error_surge", "source_incomplete"}
)

// annotation is one mark over a graph. A mark without length ends when it begins: Grafana
// reads the fields from the first one, so timeEnd is never null.
type annotation struct {
	from, to              time.Time
	title, text, tags, id string
	incident, service     string
}

// eventsFrame gives annotations, sorted by time.
func eventsFrame(events, regions *data.Frame, now time.Time) *data.Frame {
	marks := make([]annotation, 0, events.Rows())
	for i := range events.Rows() {
		marks = append(marks, eventMark(events, i))
	}
	if regions != nil {
		for i := range regions.Rows() {
			marks = append(marks, regionMark(regions, i, now))
		}
	}
	slices.SortStableFunc(marks, func(a, b annotation) int { return a.from.Compare(b.from) })
	return annotationsFrame(marks)
}

func eventMark(f *data.Frame, i int) annotation {
	at, event, service := moment(f, 0, i), text(f, 3, i), text(f, 4, i)
	title := event
	if p, known := phaseNamed(event); known {
		title = phases[p].words
	}
	if service != "" {
		title += ": " + service
	}
	seq, _ := f.Fields[2].ConcreteAt(i)
	return annotation{from: at, to: at, title: title, text: text(f, 7, i), tags: tags("spikeline", event, service, text(f, 5, i)),
		id: fmt.Sprintf("%s/%d", text(f, 1, i), seq), incident: text(f, 1, i), service: service}
}

func regionMark(f *data.Frame, i int, now time.Time) annotation {
	from, to := moment(f, 0, i), moment(f, 1, i)
	if to.IsZero() {
		to = now
	}
	if to.Before(from) {
		to = from
	}
	return annotation{from: from, to: to, title: "Incident", text: text(f, 5, i), tags: tags("spikeline", "incident", text(f, 3, i), text(f, 4, i)),
		id: text(f, 2, i), incident: text(f, 2, i), service: text(f, 4, i)}
}

// tags are joined by commas, at which Grafana splits them.
func tags(all ...string) string {
	kept := slices.DeleteFunc(all, func(s string) bool { return s == "" || strings.Contains(s, ",") })
	return strings.Join(kept, ",")
}

func annotationsFrame(marks []annotation) *data.Frame {
	n := len(marks)
	from, to := make([]time.Time, n), make([]time.Time, n)
	words := [6][]string{}
	for i, m := range marks {
		from[i], to[i] = m.from, m.to
		for k, w := range [6]string{m.title, m.text, m.tags, m.id, m.incident, m.service} {
			words[k] = append(words[k], w)
		}
	}
	f := data.NewFrame("events", data.NewField("time", nil, from), data.NewField("timeEnd", nil, to))
	for k, name := range []string{"title", "text", "tags", "id", "incident", "service"} {
		f.Fields = append(f.Fields, data.NewField(name, nil, append([]string{}, words[k]...)))
	}
	f.Meta = &data.FrameMeta{Type: data.FrameTypeTable, TypeVersion: data.FrameTypeVersion{0, 1}, PreferredVisualization: data.VisTypeTable}
	return f
}
