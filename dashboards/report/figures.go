package report

import (
	"cmp"
	"fmt"

	"github.com/spikeline/spikeline/sink"
)

// figures are the charts with their legends and the tables that say the same.
func (d Data) figures() (list []figure) {
	e := d.Evidence
	list = append(list, figure{Name: "fleet", Title: "Traffic and error rate of the fleet", About: d.peakOf(e.Fleet) + ".",
		Picture: d.curves("the fleet", e.Fleet, e.Usual, nil), Legend: d.curveKeys(e.Usual, nil), Table: d.bucketTable(e.Fleet)})
	if first := d.Incident.FirstService; first != "" {
		list = append(list, figure{Name: "first-service", Title: "Traffic and error rate of " + first + ", the first service", About: d.peakOf(e.First) + ". The green band reaches from what the detector expected to the worst that it still called normal; it is stored while there is a finding.",
			Picture: d.curves(first, e.First, e.Normal, e.Bands), Legend: d.curveKeys(e.Normal, e.Bands), Table: d.bucketTable(e.First)})
	}
	heat := figure{Name: "services", Title: "Error rate by service and time", About: fmt.Sprintf("A cell is %s. Services in the order of the cascade.", span(1, 1+e.HeatStep)), Picture: d.heatMap(), Table: d.heatTable()}
	for _, k := range heatKeys() {
		heat.Legend = append(heat.Legend, key{fmt.Sprintf("heat h%d", k.Level), k.Text})
	}
	list = append(list, heat)
	if len(e.Pops) > 0 {
		list = append(list, figure{Name: "pops", Title: "Error rate by pop", About: "Requests to the incident's services, from its start to its end; the notch is the hour before. The table of pops has the numbers.", Picture: d.popBars()})
	}
	return append(list, figure{Name: "cascade", Title: "Order of the cascade", About: "From each service's start to its end, and the highest share of its requests that failed (5xx); one that was only refused (4xx), slow or surging has 0 %. The table of services has the numbers.", Picture: d.cascade()})
}

// chartMarks says what is drawn in every chart.
const chartMarks = "S: started, D: detected, A: announced, N: a note, E: ended. Where a line or a row breaks, no data is stored: that is no recovery."

func (d Data) curveKeys(usual sink.Usual, bands []sink.BandPoint) (keys []key) {
	seen := map[string]bool{}
	for _, p := range d.phases() {
		if !seen[p.Name] {
			seen[p.Name] = true
			keys = append(keys, key{"phase " + p.Name, words(p.Name)})
		}
	}
	if usual.Windows >= fewUsual {
		keys = append(keys, key{"usual", "the hour before: its mean (dashed), and where 98 % (traffic) or 99 % (errors) of its single windows lay"})
	}
	if len(bands) > 0 {
		keys = append(keys, key{"band", "expected by the detector, and still normal"})
	}
	return keys
}

func (d Data) bucketTable(buckets []sink.Bucket) *table {
	if len(buckets) == 0 {
		return nil
	}
	t := &table{Caption: d.resolution(), Columns: []column{{"from (UTC)", "t"}, {"requests a second", "n"}, {"requests", "n"}, {"failed", "n"}, {"error rate", "n"}, {"worst window", "n"}}}
	for _, b := range buckets {
		t.add(Day(b.Start.UnixNano()), fmt.Sprintf("%.4g", d.perSecond(b)), Grouped(b.Requests), Grouped(b.Errors), Percent(ratio(b.Errors, b.Requests)), Percent(b.WorstRate))
	}
	return t
}

func (d Data) heatTable() *table {
	t := &table{Caption: "Over the time of the chart, which begins before the incident", Columns: []column{{"service", "name"}, {"requests", "n"}, {"failed", "n"}, {"worst cell", "n"}, {"at (UTC)", "t"}}}
	for _, r := range d.heatRows() {
		t.add(r.Name, Grouped(r.Requests), Grouped(r.Errors), Percent(r.Worst), cmp.Or(Clock(r.WorstAt), "no errors"))
	}
	return t
}
