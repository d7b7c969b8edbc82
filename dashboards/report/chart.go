package report

import (
	"bytes"
	"fmt"
	"html/template"
	"math"
	"time"

	svg "github.com/ajstarks/svgo/float"
)

// The charts are drawn with svgo, and laid out here. Libraries that lay charts
// out bake their colours in, so that one page cannot serve light, dark and
// print, and have no shading of time; here every shape has a class, and the
// page's style sheet says what it looks like.

// The measures of a chart, in the units of its view box.
const (
	wide   = 760.0
	left   = 64.0
	right  = wide - 12
	inside = right - left
)

// canvas is one chart. Texts pass svgo, which escapes them; attributes are constants of this package.
type canvas struct {
	*svg.SVG
	out *bytes.Buffer
}

// chart draws a picture that a screen reader can name and describe.
func chart(title, description string, height float64, draw func(canvas)) template.HTML {
	var out bytes.Buffer
	c := canvas{svg.New(&out), &out}
	c.Decimals = 1
	fmt.Fprintf(&out, "<svg role=\"img\" viewBox=\"0 0 %.0f %.0f\">\n", wide, height)
	c.Title(title)
	c.Desc(description)
	draw(c)
	c.End()
	return template.HTML(out.String())
}

func class(name string) string { return `class="` + name + `"` }

// label writes a text beside what it names.
func (c canvas) label(x, y float64, text, anchor string) {
	c.Text(x, y, text, class("label"), `text-anchor="`+anchor+`"`)
}

// axis maps times to places.
type axis struct{ from, to int64 }

func (a axis) x(t int64) float64 {
	return left + inside*float64(min(max(t, a.from), a.to)-a.from)/float64(max(a.to-a.from, 1))
}

// timeSteps are the distances between ticks that people read easily.
var timeSteps = []time.Duration{
	10 * time.Second, 30 * time.Second, time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 48 * time.Hour, 7 * 24 * time.Hour, 30 * 24 * time.Hour,
}

// times draws the ticks of time between two heights, with their labels under the lower one.
func (c canvas) times(a axis, top, bottom float64) {
	const most = 9
	step := timeSteps[len(timeSteps)-1]
	for _, s := range timeSteps {
		if (a.to-a.from)/int64(s) <= most {
			step = s
			break
		}
	}
	for t := (a.from + int64(step) - 1) / int64(step) * int64(step); t <= a.to; t += int64(step) {
		x := a.x(t)
		c.Line(x, top, x, bottom, class("grid"))
		layout := "15:04"
		switch {
		case step >= 24*time.Hour:
			layout = "Jan 2"
		case step < time.Minute:
			layout = "15:04:05"
		}
		c.label(x, bottom+14, time.Unix(0, t).UTC().Format(layout), "middle")
	}
}

// scale maps values from 0 up to heights.
type scale struct {
	top, bottom float64
	most, step  float64
}

// scaleFor has the highest value just below its top.
func scaleFor(highest, top, bottom float64) scale {
	if !(highest > 0) || math.IsInf(highest, 0) {
		highest = 1
	}
	step := math.Pow(10, math.Floor(math.Log10(highest)))
	for _, m := range []float64{0.2, 0.25, 0.5, 1, 2, 2.5, 5} {
		if highest/(step*m) <= 4 {
			step *= m
			break
		}
	}
	return scale{top, bottom, math.Ceil(highest/step) * step, step}
}

func (s scale) y(v float64) float64 {
	return s.bottom - (s.bottom-s.top)*min(max(v, 0), s.most)/s.most
}

// values draws the ticks of a scale.
func (c canvas) values(s scale, write func(float64) string) {
	for i := 0; ; i++ {
		v := float64(i) * s.step
		if v > s.most*1.0001 {
			return
		}
		c.Line(left, s.y(v), right, s.y(v), class("grid"))
		c.label(left-6, s.y(v)+4, write(v), "end")
	}
}

// short writes a number in a narrow place: 950, 12k, 3.4M.
func short(v float64) string {
	switch {
	case v >= 1e9:
		return fmt.Sprintf("%.3gG", v/1e9)
	case v >= 1e6:
		return fmt.Sprintf("%.3gM", v/1e6)
	case v >= 1e4:
		return fmt.Sprintf("%.3gk", v/1e3)
	}
	return fmt.Sprintf("%.4g", v)
}

// clip shortens a name to fit its place; the tables have it whole.
func clip(name string, most int) string {
	runes := []rune(name)
	if len(runes) <= most {
		return name
	}
	return string(runes[:most-1]) + "…"
}
