package incident

import (
	"fmt"
	"slices"
	"time"
)

// told is an event as it was last written, under the key by which it is found again.
type told struct {
	Event
	key string
}

// shape is what the curve says of an incident.
type shape struct {
	spans []span
	peak  int // index of the point
	rate  float64
	level float64
	main  int64 // end of the main impact
}

// plateau is the share of the highest level at which the peak is reached: noise on a long one must not move it.
const plateau = 0.98

// shapeOf reads the whole curve: again in every window, for a curve is short.
func (e *episode) shapeOf() (s shape) {
	points := e.curve.points
	quiet := slices.IndexFunc(points, func(p point) bool { return p.at >= e.lastBad })
	if quiet < 0 {
		quiet = len(points)
	}
	if !e.Open && quiet > 0 {
		points = points[:quiet]
	}
	lead := e.lead()
	c := e.curve
	c.points = points
	x := c.level(lead, e.usual())
	for _, r := range x[:min(quiet, len(x))] {
		s.level = max(s.level, r.v)
	}
	s.peak = max(0, slices.IndexFunc(x, func(r reading) bool { return r.v >= plateau*s.level }))
	s.level = x[s.peak].v
	s.rate = s.level
	if e.errors() {
		around := c.around(s.peak, true)
		s.rate = around.rate()
	}
	s.spans = phases(points, x, quiet, !e.Open, c.width)
	s.main = e.mainEnd(points, x, s)
	return s
}

// mainEnd is the end of the last point with at least a quarter of the peak.
func (e *episode) mainEnd(points []point, x []reading, s shape) int64 {
	last := s.peak
	for i := s.peak; i < len(x); i++ {
		known := !points[i].gap || points[i].dark && points[i].at < e.lastBad
		if x[i].v >= mainImpact*s.level && known {
			last = i
		}
	}
	lead, usual := e.lead(), e.usual()
	for back := 0; back < fewest && last > s.peak && !points[last].gap && points[last].level(lead, usual) < residualAt*s.level; back++ {
		last--
	}
	if e.Open {
		now := s.spans[len(s.spans)-1].phase
		if now != Residual && now != PartialRecovery || x[len(x)-1].v >= mainImpact*s.level {
			return 0
		}
	}
	return min(points[last].end(e.curve.width), max(e.lastBad, points[0].end(e.curve.width)))
}

// tell brings the incident's story up to date and gives the events that are new or amended.
func (e *episode) tell(m *moment) []Event {
	s := e.shapeOf()
	phase := e.phase(s, m)
	e.dirty = e.dirty || phase != e.Phase || s.main != e.MainImpactEndedAt
	e.Phase, e.MainImpactEndedAt = phase, s.main
	e.PeakAt, e.PeakErrorRate = max(e.curve.points[s.peak].at, e.StartedAt), s.rate
	return e.amend(e.story(s, m), m)
}

// phase is the phase of the moment.
func (e *episode) phase(s shape, m *moment) Phase {
	if !e.Open {
		return Recovered
	}
	now := s.spans[len(s.spans)-1].phase
	switch {
	case now != Peak:
		return now
	case m.end-e.StartedAt <= int64(shortest):
		return FirstSpike
	case e.spreading(m):
		return Cascade
	}
	return Peak
}

const spread = 3 * time.Minute // a service that joined within it makes a cascade

// spreading says that a further service joined of late.
func (e *episode) spreading(m *moment) bool {
	for _, mem := range e.members {
		if mem.Service != e.FirstService && m.end-mem.StartedAt <= int64(spread) {
			return true
		}
	}
	return false
}

// story gives all events the incident should have by now, in order of time.
func (e *episode) story(s shape, m *moment) []told {
	all := []told{e.firstSpike()}
	all = append(all, e.cascade(m)...)
	if !e.Open || m.end-e.StartedAt > int64(shortest) {
		all = append(all, e.peakEvent(s))
	}
	var turn [Phases]int
	for i, sp := range s.spans {
		if sp.phase == Peak || i == 0 {
			continue
		}
		turn[sp.phase]++
		t := e.turn(s, i)
		t.key = fmt.Sprintf("%s/%d", sp.phase, turn[sp.phase])
		all = append(all, t)
	}
	all = append(all, e.dips(s)...)
	gaps := e.gaps
	if e.gapFrom != 0 && m.end-e.gapFrom >= int64(shortest) {
		gaps = append(slices.Clip(gaps), logGap{interval{from: e.gapFrom}, e.dark})
	}
	for _, g := range gaps {
		if e.Open || g.from < e.EndedAt {
			all = append(all, e.gapNote(g))
		}
	}
	if !e.Open {
		all = append(all, e.recovered())
	}
	slices.SortStableFunc(all, func(a, b told) int { return compare(a.At, b.At) })
	return all
}

// cascade gives one event for each further service; beyond the first few, one for all the others.
func (e *episode) cascade(m *moment) (all []told) {
	var rest []*member
	for _, mem := range e.members {
		if mem.Service == e.FirstService {
			continue
		}
		if !mem.single && e.singles < m.cfg.CascadeEvents {
			mem.single = true
			e.singles++
		}
		if mem.single {
			all = append(all, e.joined(mem, m))
		} else {
			rest = append(rest, mem)
		}
	}
	if len(rest) > 0 {
		all = append(all, e.joinedToo(rest))
	}
	return all
}

// amend compares the story with what was told and gives the difference.
func (e *episode) amend(story []told, m *moment) (events []Event) {
	wanted := map[string]bool{}
	for _, t := range story {
		wanted[t.key] = true
	}
	for _, t := range story {
		old := e.find(t, wanted)
		if old == nil {
			t.IncidentID, t.Seq, t.Version = e.ID, int32(len(e.told))+1, m.start
			e.told = append(e.told, t)
			events = append(events, t.Event)
			continue
		}
		if !old.Withdrawn && !differs(old, t, e.Open, m) {
			continue
		}
		t.IncidentID, t.Seq, t.Version = e.ID, old.Seq, m.start
		if !old.Withdrawn {
			t.Was = old.Event.Event
		}
		*old = t
		events = append(events, t.Event)
	}
	for i := range e.told {
		if t := &e.told[i]; !wanted[t.key] && !t.Withdrawn {
			t.Withdrawn, t.Version, t.Was = true, m.start, t.Event.Event
			events = append(events, t.Event)
		}
	}
	e.dirty = e.dirty || len(events) > 0
	return events
}

// find gives the event told under the same key, or else one that is no longer
// wanted and said something of the same moment: the new one corrects it.
func (e *episode) find(t told, wanted map[string]bool) *told {
	for i := range e.told {
		if e.told[i].key == t.key {
			return &e.told[i]
		}
	}
	for i := range e.told {
		old := &e.told[i]
		if !wanted[old.key] && !old.Withdrawn && old.turning() && t.turning() && abs(old.At-t.At) <= int64(shortest) {
			return old
		}
	}
	return nil
}

// turning says that an event is a turn of the curve.
func (t *told) turning() bool {
	switch t.Event.Event {
	case Fluctuating.String(), PartialRecovery.String(), Relapse.String(), Residual.String(), Recovered.String():
		return true
	}
	return false
}

// differs says that an event must be written again: at once if it says something
// else, for a number only when it has moved a good deal, and exactly at the end.
func differs(old *told, t told, open bool, m *moment) bool {
	if old.Event.Event != t.Event.Event || old.Service != t.Service || old.Pop != t.Pop {
		return true
	}
	if !open {
		return old.At != t.At || old.Summary != t.Summary
	}
	if t.Event.Event == Cascade.String() && t.Service != "" {
		return old.At != t.At
	}
	moved := 0.25
	switch t.Event.Event {
	case Peak.String():
		return abs(old.Value-t.Value) > 0.05*abs(old.Value)
	case Fluctuating.String():
		moved = 0.05
	}
	return abs(old.At-t.At) >= int64(shortest) || abs(old.Value-t.Value) > moved*abs(old.Value)
}

// retract takes back every event of an incident that was none, or that is part of another.
func (e *episode) retract(m *moment) (events []Event) {
	for i := range e.told {
		if t := &e.told[i]; !t.Withdrawn {
			t.Withdrawn, t.Version, t.Was = true, m.start, t.Event.Event
			events = append(events, t.Event)
		}
	}
	e.dirty = true
	return events
}
