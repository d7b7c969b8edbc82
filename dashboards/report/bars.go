package report

import (
	"fmt"
	"html/template"
)

const (
	barHeight   = 18.0
	barLeft     = 190.0
	barEnd      = right - 74 // room for the number behind a bar
	mostCascade = 40
)

// cascade draws the services in the order in which they joined, each from its start to its end.
func (d Data) cascade() template.HTML {
	rows := services(d.Incident, mostCascade)
	height := 24 + barHeight*float64(len(rows))
	description := fmt.Sprintf("One row a service, %s in all, in the order in which they joined; a bar reaches from its start to its end. The table of services has the times.", Grouped(uint64(members(d.Incident))))
	return chart("Order of the cascade", description, height+8, func(c canvas) {
		a := axis{d.Incident.StartedAt, d.Evidence.End}
		place := func(t int64) float64 { return barLeft + (a.x(t)-left)*(barEnd-barLeft)/inside }
		c.label(barLeft, 14, Clock(a.from), "start")
		c.label(barEnd, 14, Clock(a.to), "end")
		for i, r := range rows {
			y := 24 + barHeight*float64(i)
			if r.Rest > 0 {
				c.label(barLeft-6, y+13, "and "+Grouped(uint64(r.Rest))+" more", "end")
				continue
			}
			end, name := r.EndedAt, "bar"
			if end == 0 {
				end, name = a.to, "bar goes-on"
			}
			c.label(barLeft-6, y+13, clip(fmt.Sprintf("%d  %s", r.Position, r.Service), 30), "end")
			c.Rect(place(r.StartedAt), y+3, max(place(end)-place(r.StartedAt), 2), barHeight-6, class(name))
			c.label(barEnd+6, y+13, Percent(r.PeakRate), "start")
		}
	})
}

// popBars draws the error rate of each pop, with that of the hour before as a notch.
func (d Data) popBars() template.HTML {
	rows, rest := pops(d.Evidence.Pops, mostPops)
	highest := 0.0
	for _, p := range rows {
		highest = max(highest, ratio(p.Errors, p.Requests), ratio(p.ErrorsBefore, p.RequestsBefore))
	}
	s := scaleFor(highest, 0, barEnd-barLeft)
	length := func(v float64) float64 { return s.bottom - s.y(v) }
	description := fmt.Sprintf("The %d pops with most failed requests; the longest bar is %s. The notch is the hour before.", len(rows), Percent(highest))
	return chart("Error rate by pop", description, 8+barHeight*float64(len(rows)), func(c canvas) {
		for i, p := range rows {
			y := barHeight * float64(i)
			name := p.Pop
			switch {
			case rest > 0 && i == len(rows)-1:
				name = fmt.Sprintf("%d more, summed", rest)
			case name == "":
				name = "unknown"
			}
			rate, before := ratio(p.Errors, p.Requests), ratio(p.ErrorsBefore, p.RequestsBefore)
			c.label(barLeft-6, y+13, clip(name, 30), "end")
			c.Rect(barLeft, y+3, max(length(rate), 0.5), barHeight-6, class("bar"))
			if p.RequestsBefore > 0 {
				c.Line(barLeft+length(before), y+1, barLeft+length(before), y+barHeight-1, class("notch"))
			}
			c.label(barEnd+6, y+13, Percent(rate), "start")
		}
	})
}
