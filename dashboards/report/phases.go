package report

import "github.com/spikeline/spikeline/processor/incident"

// phase is a stretch of time between two steps of the timeline.
type phase struct {
	Name     string
	From, To int64
}

// phases gives the stretches of an incident; each goes on until the next begins.
func (d Data) phases() (list []phase) {
	for _, e := range Steps(d.Events) {
		if !isPhase(e.Event.Event) || len(list) > 0 && list[len(list)-1].Name == e.Event.Event {
			continue
		}
		if n := len(list); n > 0 {
			list[n-1].To = e.At
		}
		if e.Event.Event == incident.Recovered.String() {
			return list
		}
		list = append(list, phase{e.Event.Event, e.At, max(d.Evidence.End, e.At)})
	}
	return list
}

func isPhase(event string) bool {
	for p := incident.FirstSpike; p <= incident.Recovered; p++ {
		if p.String() == event {
			return true
		}
	}
	return false
}

// shade colours the phases between two heights.
func (c canvas) shade(d Data, a axis, top, bottom float64) {
	for _, p := range d.phases() {
		if p.To <= p.From {
			continue
		}
		x := a.x(p.From)
		c.Rect(x, top, max(a.x(p.To)-x, 1), bottom-top, class("phase "+p.Name))
	}
}

// marks draws the clocks and people's notes as upright lines.
func (c canvas) marks(d Data, a axis, top, bottom float64) {
	mark := func(t int64, letter, anchor, name string) {
		if t < a.from || t > a.to {
			return
		}
		x := a.x(t)
		c.Line(x, top-2, x, bottom, class("mark "+name))
		shift := 3.0
		if anchor == "end" {
			shift = -3
		}
		c.label(x+shift, top-4, letter, anchor)
	}
	for _, e := range Steps(d.Events) {
		if human(e) && e.Event.Event != "announced" {
			mark(e.At, "N", "middle", "noted")
		}
	}
	mark(d.Incident.StartedAt, "S", "end", "started")
	mark(d.Incident.DetectedAt, "D", "start", "detected")
	if t := d.announced(); t > 0 {
		mark(t, "A", "start", "announced")
	}
	if t := d.Incident.EndedAt; t > 0 {
		mark(t, "E", "start", "ended")
	}
}
