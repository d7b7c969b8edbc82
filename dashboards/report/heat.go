package report

import (
	"fmt"
	"html/template"

	"github.com/spikeline/spikeline/sink"
)

// heatLevels are error rates from which a cell is drawn darker; the same in every report, so that two can be compared.
var heatLevels = []float64{0, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5}

func heatLevel(rate float64) int {
	level := 0
	for i, from := range heatLevels {
		if rate >= from {
			level = i
		}
	}
	return level
}

// heatRow is one service in the heat map.
type heatRow struct {
	Name             string
	Requests, Errors uint64
	Worst            float64
	WorstAt          int64
	cells            []sink.HeatCell
}

// heatRows gives the rows in the order of the cascade; the services without a row of their own come last, as one.
func (d Data) heatRows() (rows []heatRow) {
	at := map[string]int{}
	for _, m := range sink.Worst(d.Incident.Services, sink.HeatServices) {
		at[m.Service] = len(rows)
		rows = append(rows, heatRow{Name: m.Service})
	}
	others := members(d.Incident) - len(rows)
	if others > 0 {
		at[""] = len(rows)
		rows = append(rows, heatRow{Name: fmt.Sprintf("%s more, summed", Grouped(uint64(others)))})
	}
	for _, c := range d.Evidence.Heat {
		i, known := at[c.Service]
		if !known {
			continue
		}
		r := &rows[i]
		r.cells = append(r.cells, c)
		r.Requests += c.Requests
		r.Errors += c.Errors
		if rate := ratio(c.Errors, c.Requests); rate > r.Worst {
			r.Worst, r.WorstAt = rate, c.Start.UnixNano()
		}
	}
	return rows
}

const (
	heatHeight = 16.0
	heatLeft   = 190.0
)

// heatMap draws services by time; neighbours of one colour are one shape.
func (d Data) heatMap() template.HTML {
	rows := d.heatRows()
	top := 24.0
	bottom := top + heatHeight*float64(len(rows))
	description := fmt.Sprintf("%d rows, each a service in the order of the cascade; a cell is %s. The table beneath has each row's sum and its worst cell.", len(rows), span(1, 1+d.Evidence.HeatStep))
	return chart("Error rate by service and time", description, bottom+24, func(c canvas) {
		a := heatAxis{axis{d.Evidence.From, d.Evidence.To}}
		for i, r := range rows {
			y := top + heatHeight*float64(i)
			c.label(heatLeft-6, y+12, clip(r.Name, 29), "end")
			c.Rect(heatLeft, y+1, right-heatLeft, heatHeight-2, class("nodata"))
			c.heatRow(a, r, y, d.Evidence.HeatStep)
		}
		c.heatTimes(a, d, top, bottom)
	})
}

// heatAxis is an axis beside longer names.
type heatAxis struct{ axis }

func (a heatAxis) x(t int64) float64 {
	return heatLeft + (a.axis.x(t)-left)*(right-heatLeft)/inside
}

func (c canvas) heatRow(a heatAxis, r heatRow, y float64, step int64) {
	for i := 0; i < len(r.cells); {
		from, level := r.cells[i].Start.UnixNano(), heatLevel(ratio(r.cells[i].Errors, r.cells[i].Requests))
		to := from + step
		for i++; i < len(r.cells) && r.cells[i].Start.UnixNano() == to && heatLevel(ratio(r.cells[i].Errors, r.cells[i].Requests)) == level; i++ {
			to += step
		}
		c.Rect(a.x(from), y+1, a.x(to)-a.x(from), heatHeight-2, class(fmt.Sprintf("heat h%d", level)))
	}
}

func (c canvas) heatTimes(a heatAxis, d Data, top, bottom float64) {
	for _, t := range []struct {
		at   int64
		name string
	}{{d.Incident.StartedAt, "S"}, {d.Incident.DetectedAt, "D"}, {d.announced(), "A"}, {d.Incident.EndedAt, "E"}} {
		if t.at == 0 || t.at < a.from || t.at > a.to {
			continue
		}
		anchor := "start"
		if t.name == "S" {
			anchor = "end"
		}
		c.Line(a.x(t.at), top-2, a.x(t.at), bottom, class("mark"))
		c.label(a.x(t.at), top-6, t.name, anchor)
	}
	for i := range int64(5) {
		t := a.from + (a.to-a.from)*i/4
		anchor := "middle"
		switch i {
		case 0:
			anchor = "start"
		case 4:
			anchor = "end"
		}
		text := Clock(t)
		if d.Evidence.To-d.Evidence.From > 24*3600*1e9 {
			text = Day(t)[5:16]
		}
		c.label(a.x(t), bottom+14, text, anchor)
	}
}

// heatKey is the legend of the heat map.
type heatKey struct {
	Level int
	Text  string
}

func heatKeys() (list []heatKey) {
	for i, from := range heatLevels {
		text := "from " + Percent(from)
		if i == 0 {
			text = "below " + Percent(heatLevels[1])
		}
		list = append(list, heatKey{i, text})
	}
	return list
}
