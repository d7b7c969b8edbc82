package incident

import (
	"slices"
	"strings"
	"time"

	"github.com/spikeline/spikeline/processor/detect"
	"github.com/spikeline/spikeline/processor/window"
)

// Tracker holds the open incidents and what is remembered of the fleet. It is
// not for use by several goroutines.
type Tracker struct {
	cfg      Config
	fleet    fleet
	started  bool
	last     int64 // start of the last window
	open     []*episode
	past     []interval // of the last incidents
	missing  interval   // when logs of the whole fleet were missing, the last time
	returned int64      // when the logs came back, the last time
	order    []int      // scratch: the signals, gravest first
	warnings []int      // scratch: traffic warnings that no incident has taken
}

// interval is a stretch of time; to is 0 while it lasts.
type interval struct{ from, to int64 }

const pastLimit = 16

// New makes a Tracker without any memory.
func New(cfg Config) *Tracker { return &Tracker{cfg: cfg, fleet: newFleet(cfg.MaxServices)} }

// Step takes one closed window and its signals and gives the incidents that
// changed and the events that are new or amended. Windows come in order; one
// that is not later than the last changes nothing. Nothing given is kept.
func (t *Tracker) Step(r *window.Result, signals []detect.Signal) ([]Incident, []Event) {
	if r.End <= r.Start {
		panic("BUG: a window ends before it starts")
	}
	if t.started && r.Start <= t.last {
		return nil, nil
	}
	t.started, t.last = true, r.Start
	m := moment{start: r.Start, end: r.End, width: r.End - r.Start, rows: r.Rows, fleet: &t.fleet, cfg: &t.cfg, open: &t.open}
	m.tick = m.tickOf(r.Start)
	t.fleet.observe(r, m.tick)
	m.incomplete = t.watchSource(signals, &m)
	t.sort(signals)
	t.placeAll(signals, &m)
	t.openTogether(signals, &m)
	if len(t.open) == 0 {
		return nil, nil
	}
	return t.advance(&m)
}

// placeAll lets all signals that belong to an open incident join it before any
// opens one of its own: what a later signal makes of an incident may show that an
// earlier one is part of it.
func (t *Tracker) placeAll(signals []detect.Signal, m *moment) {
	homeless := t.order[:0]
	for _, i := range t.order {
		if !t.settle(&signals[i], m) {
			homeless = append(homeless, i)
		}
	}
	t.warnings = t.warnings[:0]
	for _, i := range homeless {
		if s := &signals[i]; !t.settle(s, m) && !t.inaugurate(s, m) {
			t.setAside(i, s, m)
		}
	}
}

// Open gives the incidents that are open, in the order they opened.
func (t *Tracker) Open() []Incident {
	var open []Incident
	for _, e := range t.open {
		open = append(open, e.snapshot())
	}
	return open
}

// advance moves every open incident on by this window.
func (t *Tracker) advance(m *moment) (changed []Incident, events []Event) {
	still := t.open[:0]
	for _, e := range t.open {
		if !e.Open && e.opened == m.start {
			continue // it opened and was found to be part of another within this window: nobody has heard of it
		}
		e.baptise()
		if e.Open {
			e.observe(m)
			e.judge(m)
			events = append(events, e.tell(m)...)
		} else {
			events = append(events, e.retract(m)...)
		}
		if e.dirty {
			e.Version, e.dirty = m.start, false
			changed = append(changed, e.snapshot())
		}
		if e.Open {
			still = append(still, e)
		} else {
			t.bury(e, m)
		}
	}
	clear(t.open[len(still):])
	t.open = still
	return changed, events
}

func (t *Tracker) bury(e *episode, m *moment) {
	if e.MergedInto != "" {
		return
	}
	for _, mem := range e.members {
		if s := t.fleet.byName[mem.Service]; s != nil {
			s.skipTo = m.tickOf(e.EndedAt)
			if e.newNormal {
				s.relearn()
			}
		}
	}
	t.past = append(t.past, interval{e.StartedAt, e.EndedAt})
	if len(t.past) > pastLimit {
		t.past = slices.Delete(t.past, 0, len(t.past)-pastLimit)
	}
}

// sort puts the gravest signals first, so that what opens an incident is known before what joins it.
func (t *Tracker) sort(signals []detect.Signal) {
	t.order = t.order[:0]
	for i := range signals {
		t.order = append(t.order, i)
	}
	slices.SortStableFunc(t.order, func(a, b int) int { return graver(&signals[a], &signals[b]) })
}

func graver(a, b *detect.Signal) int {
	if c := compare(int(b.Severity), int(a.Severity)); c != 0 {
		return c
	}
	if c := compare(int(a.Kind), int(b.Kind)); c != 0 {
		return c
	}
	if c := compare(breadth(a), breadth(b)); c != 0 {
		return c
	}
	if c := compare(a.Onset, b.Onset); c != 0 {
		return c
	}
	if c := compare(b.Excess, a.Excess); c != 0 {
		return c
	}
	if c := strings.Compare(a.Scope.Service, b.Scope.Service); c != 0 {
		return c
	}
	return strings.Compare(a.Scope.Pop, b.Scope.Pop)
}

// breadth ranks scopes by how well they name what suffers: a service, a service in a pop, a pop, the fleet.
func breadth(s *detect.Signal) (rank int) {
	if s.Scope.Pop != "" {
		rank++
	}
	if s.Scope.Service == "" {
		rank += 2
	}
	if s.Scope == (detect.Scope{}) {
		rank += 2
	}
	return rank
}

// watchSource follows whether the logs of the fleet are incomplete, and takes back
// what their loss has opened.
func (t *Tracker) watchSource(signals []detect.Signal, m *moment) bool {
	on := false
	for i := range signals {
		s := &signals[i]
		if s.Kind != detect.SourceIncomplete || s.Scope != (detect.Scope{}) {
			continue
		}
		if s.Ended {
			t.missing.to = max(s.EndedAt, t.missing.from)
			continue
		}
		on = true
		if t.missing.from == 0 || t.missing.to != 0 {
			t.missing = interval{from: s.Onset}
			t.retractDrops(m)
		}
	}
	if !on && t.missing.from != 0 && t.missing.to == 0 {
		t.missing.to = m.start
	}
	return on
}

// lost says that a drop (or the surge when logs come back) only shows that logs were missing.
func (t *Tracker) lost(s *detect.Signal, m *moment) bool {
	if t.missing.from == 0 || s.Kind != detect.TrafficDrop && s.Kind != detect.TrafficSurge {
		return false
	}
	to := t.missing.to
	if to == 0 {
		to = m.end
	}
	if s.Onset >= t.missing.from-t.fading(s.Kind) && s.Onset <= to+int64(t.cfg.Near) {
		return true
	}
	return s.Kind == detect.TrafficSurge && t.comeBack(s, m)
}

// fading is how long before the fleet's fall a service's finding may begin and still be part of it: some show sooner that less comes.
func (t *Tracker) fading(k detect.Kind) int64 {
	if k == detect.TrafficDrop {
		return 5 * int64(t.cfg.Near)
	}
	return int64(t.cfg.Near)
}

const (
	logsForgotten = 12 * time.Hour // how long after a loss of logs a rise of everything is their return
	riseOfAll     = 1.3
)

// comeBack says that a surge is the return of the logs: the detector may have taken the
// loss for the new level by then, but most services rise in the same moment.
func (t *Tracker) comeBack(s *detect.Signal, m *moment) bool {
	if abs(s.Onset-t.returned) <= 2*int64(t.cfg.Near) {
		return true
	}
	if t.missing.to == 0 || s.Onset-t.missing.to > int64(logsForgotten) || m.start-s.Onset > depth/2*m.width {
		return false
	}
	rose, all := 0, 0
	for _, v := range t.fleet.byName {
		before, after := v.around(m.tickOf(s.Onset))
		if before >= 2 {
			all++
			if after >= riseOfAll*before {
				rose++
			}
		}
	}
	if all < 3 || rose*3 < all*2 {
		return false
	}
	t.returned = s.Onset
	return true
}

// retractDrops takes back the drops that began with the loss of logs, and the incidents made of nothing else.
func (t *Tracker) retractDrops(m *moment) {
	since := t.missing.from - t.fading(detect.TrafficDrop)
	for _, e := range t.open {
		e.strike(detect.TrafficDrop, since)
		if len(e.series) == 0 {
			e.Open, e.Withdrawn, e.Phase = false, true, Recovered
			e.EndedAt = m.start
		}
	}
}

// strike removes the findings of a kind that began at a time or later.
func (e *episode) strike(kind detect.Kind, since int64) {
	var kept []*series
	left := map[string]bool{}
	e.kinds &^= 1 << kind
	for _, f := range e.series {
		if f.key.kind == kind && f.onset >= since {
			delete(e.byKey, f.key)
			continue
		}
		kept = append(kept, f)
		if f.key.kind == kind {
			e.kinds |= 1 << kind
			left[f.key.scope.Service] = true
		}
	}
	e.series = kept
	for _, mem := range e.members {
		if !left[mem.Service] {
			mem.kinds &^= 1 << kind
		}
	}
}
