package plugin

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"
)

func at(minutes int) time.Time { return noon.Add(time.Duration(minutes) * time.Minute) }

// bars draws a timeline as text: a line a service, "minute phase" at each change.
func bars(f *data.Frame) string {
	var b strings.Builder
	for _, field := range f.Fields[1:] {
		b.WriteString(field.Labels["service"] + ":")
		last := "none"
		for i := range f.Rows() {
			state := "end"
			if v, known := field.ConcreteAt(i); known {
				state = phases[v.(int8)].name
			}
			if state != last {
				fmt.Fprintf(&b, " %g %s", f.At(0, i).(time.Time).Sub(noon).Minutes(), state)
			}
			last = state
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestTheTimelineTellsAnIncidentFromNormalToNormal(t *testing.T) {
	members := []member{
		{"i", "api", at(10), at(40), at(50)},
		{"i", "shop", at(12), at(50), at(50)},
		{"i", "late", at(25), time.Time{}, at(50)},
	}
	turns := map[string][]turn{"i": {{at(10), firstSpike, "api"}, {at(12), cascade, "shop"}, {at(20), 3, ""},
		{at(25), cascade, "late"}, {at(30), 5, ""}, {at(50), recovered, ""}}}
	q := query{From: at(0), To: at(90), Services: []string{"well"}}
	want := `api: 0 normal 10 first_spike 12 cascade 20 peak 30 partial_recovery 40 recovered 50 normal 60 end
shop: 0 normal 12 cascade 20 peak 30 partial_recovery 50 normal 60 end
late: 0 normal 25 cascade 30 partial_recovery 50 normal 60 end
well: 0 normal 60 end
`
	if got := bars(timelineFrame(members, turns, q, at(60))); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestAnOpenIncidentLastsUntilTheHorizonAndNoFurther(t *testing.T) {
	f := timelineFrame([]member{{incident: "i", service: "api", joined: at(-5)}}, nil, query{From: at(0), To: at(90)}, at(30))
	if got := bars(f); got != "api: 0 first_spike 30 end\n" {
		t.Error(got)
	}
	if f := timelineFrame(nil, nil, query{From: at(0), To: at(90)}, time.Time{}); f.Rows() != 0 {
		t.Errorf("without any window there are %d rows", f.Rows())
	}
}

func windowRows(rows ...any) *data.Frame {
	f := data.NewFrame("", data.NewField("time", nil, []time.Time{}), data.NewField("service", nil, []string{}), data.NewField("value", nil, []float64{}))
	for i := 0; i < len(rows); i += 3 {
		f.AppendRow(at(rows[i].(int)), rows[i+1], rows[i+2])
	}
	return f
}

func TestSeriesAreWideSortedAndFilledByWhatTheirMeasureMeans(t *testing.T) {
	rows := windowRows(2, "a", 0.5, 1, "b", 3.0, 0, "a", math.NaN(), 0, "b", 1.0)
	show := func(measure string) string {
		f, err := seriesFrame(query{Measure: measure}, rows, nil)
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		for _, field := range f.Fields[1:] {
			fmt.Fprintf(&b, "%s{%s}", field.Name, field.Labels)
			for i := range field.Len() {
				if v, known := field.ConcreteAt(i); known {
					fmt.Fprintf(&b, " %v", v)
				} else {
					b.WriteString(" -")
				}
			}
			b.WriteString("\n")
		}
		if schema := f.TimeSeriesSchema(); schema.Type != data.TimeSeriesTypeWide {
			t.Errorf("the frame is %v", schema.Type)
		}
		return b.String()
	}
	if got := show("error_rate"); got != "error_rate{service=a} - - 0.5\nerror_rate{service=b} 1 3 -\n" {
		t.Error(got)
	}
	if got := show("requests"); got != "requests{service=a} 0 0 0.5\nrequests{service=b} 1 3 0\n" {
		t.Error(got)
	}
}

func TestALegendNamesWhatTellsSeriesApart(t *testing.T) {
	name := func(rows *data.Frame) string {
		f, err := seriesFrame(query{Measure: "error_rate"}, rows, nil)
		if err != nil {
			t.Fatal(err)
		}
		return f.Fields[1].Config.DisplayNameFromDS
	}
	fleet := data.NewFrame("", data.NewField("time", nil, []time.Time{at(0)}), data.NewField("value", nil, []float64{1}))
	inPop := data.NewFrame("", data.NewField("time", nil, []time.Time{at(0)}), data.NewField("service", nil, []string{"a"}),
		data.NewField("pop", nil, []string{"FRA"}), data.NewField("value", nil, []float64{1}))
	for want, rows := range map[string]*data.Frame{"a": windowRows(0, "a", 1.0), "a FRA": inPop, "error rate": fleet} {
		if got := name(rows); got != want {
			t.Errorf("named %q, want %q", got, want)
		}
	}
}

func TestACountHasEveryNameSoThatAnAlertAlwaysHasData(t *testing.T) {
	rows := data.NewFrame("", data.NewField("name", nil, []string{"major", "new"}), data.NewField("number", nil, []uint64{2, 1}))
	var got []string
	for _, f := range countFrame("incidents", "severity", rows, severities).Fields {
		got = append(got, fmt.Sprintf("%s=%v", f.Labels["severity"], f.At(0)))
	}
	if s := strings.Join(got, " "); s != "minor=0 major=2 critical=0 new=1" {
		t.Error(s)
	}
}

func TestATagWithACommaIsLeftOutSinceItWouldBeSplit(t *testing.T) {
	if got := tags("a", "", "b,c", "d"); got != "a,d" {
		t.Error(got)
	}
}

func TestShapingLeavesTheSharedRowsAlone(t *testing.T) {
	rows := data.NewFrame("", data.NewField("phase_number", nil, []uint16{3}), data.NewField("incident_id", nil, []string{"x"}))
	incidentsFrame(rows, "uid")
	if rows.Fields[0].Name != "phase_number" || rows.Fields[0].Config != nil || rows.Fields[1].Config != nil {
		t.Error("the cached frame was changed")
	}
}

func TestSeriesThatWouldFillTheMemoryAreRefused(t *testing.T) {
	var rows []any
	for i := range 2400 {
		rows = append(rows, i, fmt.Sprint("service", i), 1.0)
	}
	if _, err := seriesFrame(query{Measure: "requests"}, windowRows(rows...), nil); !errors.Is(err, errMoreRows) {
		t.Error(err)
	}
}
