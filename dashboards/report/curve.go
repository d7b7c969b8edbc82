package report

import (
	"fmt"
	"html/template"
	"strings"

	"github.com/spikeline/spikeline/sink"
)

// panelHeight is that of one curve; a chart has two, on one axis of time.
const (
	panelHeight = 150.0
	panelTop    = 34.0
	panelGap    = 56.0
)

// curves draws traffic above and error rate beneath, with the phases shaded.
func (d Data) curves(name string, buckets []sink.Bucket, usual sink.Usual, bands []sink.BandPoint) template.HTML {
	description := fmt.Sprintf("%s. Traffic in requests a second, and the share of requests that failed, from %s to %s UTC. %s", d.peakOf(buckets), Day(d.Evidence.From), Day(d.Evidence.To), d.resolution())
	upper, lower := panelTop, panelTop+panelHeight+panelGap
	return chart("Traffic and error rate of "+name, description, lower+panelHeight+24, func(c canvas) {
		a := axis{d.Evidence.From, d.Evidence.To}
		c.panel(d, a, panel{name: "requests a second", top: upper, write: short, values: d.traffic(buckets), usual: d.usualTraffic(usual), bands: d.bandsOf(bands, "traffic")})
		c.panel(d, a, panel{name: "share of requests that failed (5xx)", top: lower, write: percentTick, values: rates(buckets), worst: d.worst(buckets), usual: usualErrors(usual), bands: d.bandsOf(bands, "error")})
	})
}

func percentTick(v float64) string { return fmt.Sprintf("%.4g %%", v*100) }

// point is a value at a step of the curve.
type point struct {
	at int64
	v  float64
}

type panel struct {
	name          string
	top           float64
	write         func(float64) string
	values, worst []point
	usual         *level
	bands         []bandPoint
}

// level is what was usual in the hour before: the mean, and where all but the rarest single windows lay.
type level struct{ low, mean, high float64 }

// fewUsual is how many windows of the hour before say too little of what is usual.
const fewUsual = 10

func (d Data) usualTraffic(u sink.Usual) *level {
	if u.Windows < fewUsual {
		return nil
	}
	seconds := float64(d.Evidence.Width) / 1e9
	return &level{float64(u.Low) / seconds, float64(u.Requests) / float64(u.Windows) / seconds, float64(u.High) / seconds}
}

func usualErrors(u sink.Usual) *level {
	if u.Windows < fewUsual {
		return nil
	}
	return &level{0, ratio(u.Errors, u.Requests), u.Worst}
}

type bandPoint struct {
	at             int64
	expected, band float64
}

func (c canvas) panel(d Data, a axis, p panel) {
	highest := 0.0
	for _, v := range append(append([]point{}, p.values...), p.worst...) {
		highest = max(highest, v.v)
	}
	for _, b := range p.bands {
		highest = max(highest, b.band, b.expected)
	}
	if p.usual != nil {
		highest = max(highest, p.usual.high)
	}
	bottom := p.top + panelHeight
	s := scaleFor(highest, p.top, bottom)
	c.shade(d, a, p.top, bottom)
	c.times(a, p.top, bottom)
	c.values(s, p.write)
	c.Text(left, p.top-20, p.name, class("name"))
	if u := p.usual; u != nil {
		c.Rect(left, s.y(u.high), inside, s.y(u.low)-s.y(u.high), class("usual"))
		c.Line(left, s.y(u.mean), right, s.y(u.mean), class("mean"))
	}
	step := d.Evidence.Step
	for _, run := range runsOf(p.bands, step) {
		c.drawBand(a, s, run, step)
	}
	c.curve(a, s, p.worst, step, "worst")
	c.curve(a, s, p.values, step, "line")
	c.marks(d, a, p.top, bottom)
	if len(p.values) == 0 {
		c.Text(left+inside/2, (p.top+bottom)/2, "no windows of this time are stored", class("name"), `text-anchor="middle"`)
	}
}

// curve draws a line that breaks where a step has no data.
func (c canvas) curve(a axis, s scale, points []point, step int64, name string) {
	var path strings.Builder
	for i, p := range points {
		command := "L"
		if i == 0 || p.at-points[i-1].at > step {
			command = "M"
		}
		fmt.Fprintf(&path, "%s%.1f %.1f", command, a.x(p.at+step/2), s.y(p.v))
		if alone := command == "M" && (i == len(points)-1 || points[i+1].at-p.at > step); alone {
			path.WriteString("h0.1")
		}
	}
	if path.Len() > 0 {
		c.Path(path.String(), class(name))
	}
}

// drawBand fills what lies between the expected and the worst that is still normal.
func (c canvas) drawBand(a axis, s scale, run []bandPoint, step int64) {
	var path, expected strings.Builder
	command := "M"
	for _, b := range run {
		fmt.Fprintf(&path, "%s%.1f %.1fH%.1f", command, a.x(b.at), s.y(b.band), a.x(b.at+step))
		fmt.Fprintf(&expected, "%s%.1f %.1fH%.1f", command, a.x(b.at), s.y(b.expected), a.x(b.at+step))
		command = "L"
	}
	for i := len(run) - 1; i >= 0; i-- {
		fmt.Fprintf(&path, "L%.1f %.1fH%.1f", a.x(run[i].at+step), s.y(run[i].expected), a.x(run[i].at))
	}
	c.Path(path.String()+"Z", class("band"))
	c.Path(expected.String(), class("expected"))
}

// runsOf cuts a band where it has no data.
func runsOf(all []bandPoint, step int64) (runs [][]bandPoint) {
	for i, b := range all {
		if i == 0 || b.at-all[i-1].at > step {
			runs = append(runs, nil)
		}
		runs[len(runs)-1] = append(runs[len(runs)-1], b)
	}
	return runs
}

// perSecond is a bucket's traffic; windows without a row do not count as silence.
func (d Data) perSecond(b sink.Bucket) float64 {
	return float64(b.Requests) / (float64(max(b.Windows, 1)) * float64(d.Evidence.Width) / 1e9)
}

func (d Data) traffic(buckets []sink.Bucket) (list []point) {
	for _, b := range buckets {
		list = append(list, point{b.Start.UnixNano(), d.perSecond(b)})
	}
	return list
}

func rates(buckets []sink.Bucket) (list []point) {
	for _, b := range buckets {
		list = append(list, point{b.Start.UnixNano(), ratio(b.Errors, b.Requests)})
	}
	return list
}

// worst is the highest rate of a single window in each step; nothing when a step is a window.
func (d Data) worst(buckets []sink.Bucket) (list []point) {
	if d.Evidence.Step <= d.Evidence.Width {
		return nil
	}
	for _, b := range buckets {
		list = append(list, point{b.Start.UnixNano(), b.WorstRate})
	}
	return list
}

// bandsOf gives the bands of one kind; those of traffic count requests a window.
func (d Data) bandsOf(all []sink.BandPoint, kind string) (list []bandPoint) {
	unit := 1.0
	if kind == "traffic" {
		unit = float64(d.Evidence.Width) / 1e9
	}
	for _, b := range all {
		if at := b.Start.UnixNano(); strings.HasPrefix(b.Kind, kind) && (len(list) == 0 || list[len(list)-1].at != at) {
			list = append(list, bandPoint{at, b.Expected / unit, b.Band / unit})
		}
	}
	return list
}

// peakOf says in words what a curve shows.
func (d Data) peakOf(buckets []sink.Bucket) string {
	var worst sink.Bucket
	for _, b := range buckets {
		if b.WorstRate > worst.WorstRate {
			worst = b
		}
	}
	if worst.Windows == 0 {
		return "No window of this time has an error"
	}
	return fmt.Sprintf("The error rate was highest near %s, with %s in a single window", Clock(worst.Start.UnixNano()), Percent(worst.WorstRate))
}
