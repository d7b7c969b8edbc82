package incident

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"github.com/spikeline/spikeline/processor/detect"
)

func newEpisode(cfg *Config, m *moment) *episode {
	return &episode{
		Incident: Incident{Open: true, DetectedAt: m.end},
		opened:   m.start,
		lastBad:  m.start,
		quiet:    cfg.Quiet,
		byName:   map[string]*member{},
		byKey:    map[seriesKey]*series{},
		curve:    curve{stride: 1, width: m.width, limit: cfg.MaxPoints},
	}
}

// baptise gives a new incident its name, for good.
func (e *episode) baptise() {
	if e.ID == "" && len(e.series) > 0 {
		scope := e.series[0].key.scope
		scope.Service = e.FirstService
		e.ID = identify(e.StartedAt, scope)
	}
}

const idNameLimit = 80

// identify names an incident by its first onset and service. What a URL would not
// carry becomes a dash, and then a short hash keeps two such names apart.
func identify(onset int64, scope detect.Scope) string {
	name := scope.Service
	switch {
	case name != "":
	case scope.Pop != "":
		name = "pop-" + scope.Pop
	default:
		name = "fleet"
	}
	safe := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '_' || r == '-' {
			return r
		}
		return '-'
	}, name)
	if safe = safe[:min(len(safe), idNameLimit)]; safe != name {
		h := fnv.New32a()
		h.Write([]byte(name))
		safe = fmt.Sprintf("%s-%08x", safe, h.Sum32())
	}
	return time.Unix(0, onset).UTC().Format("20060102-150405") + "-" + safe
}

// add gives the series of a signal, a new one if there is none.
func (e *episode) add(s *detect.Signal) *series {
	key := seriesKey{s.Scope, s.Kind}
	f := e.byKey[key]
	if f == nil {
		f = &series{key: key, onset: s.Onset, worst: ratio(s), weight: float64(s.Requests)}
		if s.Kind == detect.TrafficSurge || s.Kind == detect.TrafficDrop {
			f.weight = s.Expected
		}
		e.byKey[key] = f
		e.series = append(e.series, f)
	}
	return f
}

func ratio(s *detect.Signal) float64 { return s.Observed / max(s.Expected, 1e-9) }

// harm says how badly a signal's window was struck, 0 to 1.
func harm(s *detect.Signal) float64 {
	switch s.Kind {
	case detect.TrafficDrop:
		return max(0, 1-ratio(s))
	case detect.TrafficSurge:
		return max(0, 1-1/max(ratio(s), 1e-9))
	}
	return max(0, s.Observed-s.Expected)
}

// take takes in a signal of one of the incident's series.
func (e *episode) take(f *series, s *detect.Signal, m *moment) {
	fresh := f.seen == 0
	f.seen, f.ended = s.Window, s.Ended
	if s.Adopted > 0 && s.Kind == detect.ErrorSurge {
		e.adopt(s, m)
	}
	if !s.Elevated || s.Ended {
		return
	}
	f.last, f.harm, f.excess = m.end, harm(s), abs(s.Excess)
	f.holding = f.holding || s.Severity >= detect.Warning
	if s.Kind == detect.TrafficDrop {
		f.worst = min(f.worst, ratio(s))
	} else {
		f.worst = max(f.worst, ratio(s))
	}
	e.kinds |= 1 << s.Kind
	onset := m.align(s.Onset)
	if s.Scope.Service != "" {
		e.enlist(s, s.Scope.Service, onset, fresh, m)
		return
	}
	if e.StartedAt == 0 {
		e.StartedAt = onset
	}
	if s.Kind == detect.ErrorSurge && (fresh || e.calm == 0 && (m.start-e.opened)/m.width%6 == 0) { // in a calm, stray errors name nobody
		if !fresh {
			onset = m.start
		}
		e.enlistStruck(s, onset, fresh, m)
	}
}

// adopt takes what a finding saw last as usual from now on: the detector does so too.
// Of a service whose fellows still fail it is not believed yet: it suffers for as long as it fails beside them.
func (e *episode) adopt(s *detect.Signal, m *moment) {
	if s.Scope.Service == "" && e.pool != nil {
		e.pool.usual, e.pool.adopted = s.Adopted, true
	}
	mem := e.byName[s.Scope.Service]
	if mem == nil || s.Scope.Pop != "" {
		return
	}
	mem.adopted = true
	if e.others(mem) {
		mem.native = s.Adopted
		return
	}
	mem.usual = s.Adopted
	if v := m.fleet.byName[mem.Service]; v != nil {
		v.relearn()
	}
}

// others says that the incident is about errors of others that go on, and are nobody's nature.
func (e *episode) others(mem *member) bool {
	return e.pool != nil && !e.pool.adopted || slices.ContainsFunc(e.members, func(o *member) bool {
		return o != mem && !o.adopted && o.EndedAt == 0 && o.has(detect.ErrorSurge)
	})
}

// adopted says that the errors of all whom the incident is about were taken as normal.
func (e *episode) adopted() bool {
	if e.pool != nil && !e.pool.adopted || e.pool == nil && len(e.members) == 0 {
		return false
	}
	return !slices.ContainsFunc(e.members, func(mem *member) bool { return !mem.adopted })
}

// enlistStruck makes members of the services behind a signal that names none.
// If a new incident finds none that stands out, it is about all requests of the signal's scope.
func (e *episode) enlistStruck(s *detect.Signal, onset int64, fresh bool, m *moment) {
	like := *e.likeness()
	for _, v := range m.struck(s.Scope.Pop) {
		if e.byName[v.name] != nil || m.home(v.name) != nil {
			continue
		}
		var l ledger
		m.blame(&l, v.name)
		if len(e.members) == 0 {
			like = l
		} else if !akin(&like, &l) {
			continue
		}
		e.enlist(s, v.name, onset, fresh, m)
	}
	if fresh && len(e.members) == 0 && e.pool == nil {
		e.pool = &member{Member: Member{StartedAt: onset, PeakRate: s.Observed}, pop: s.Scope.Pop, usual: s.Expected, weight: float64(s.Requests)}
		e.curve.cover(onset, m.start)
	}
}

// akin says that errors of a service that no signal names are of the kind of the others, and plainly so.
func akin(a, b *ledger) bool {
	var f fit
	f.attribution(a, b)
	return f.shared && b.excess >= 10
}

// enlist makes a service a member for a signal, or gives it a further kind or an earlier onset.
func (e *episode) enlist(s *detect.Signal, name string, onset int64, fresh bool, m *moment) {
	mem := e.byName[name]
	if mem == nil {
		if len(e.members) >= m.cfg.MaxMembers {
			if fresh {
				e.beyond++
			}
			return
		}
		mem = &member{Member: Member{Service: name, StartedAt: m.start}}
		mem.usual, mem.weight = m.usual(name, onset)
		if mem.weight == 0 {
			mem.weight = float64(s.Requests) // a service nobody has seen before
		}
		e.byName[name] = mem
		e.members = append(e.members, mem)
		if s.Kind == detect.ClientErrorSurge && e.lead() != detect.ClientErrorSurge {
			onset = max(onset, e.StartedAt) // refusals may go with an outage, they do not begin it
		}
		e.admit(mem, s, onset, m)
	} else if fresh && mem.leads(s, onset, m) || !mem.has(s.Kind) {
		e.admit(mem, s, max(onset, mem.earliest(s, m)), m)
	}
	if s.Kind != detect.TrafficSurge {
		mem.lastBad = m.end
	}
}

// leads says that a new finding on a member began before the trouble known so far.
func (mem *member) leads(s *detect.Signal, onset int64, m *moment) bool {
	return onset < mem.StartedAt && onset >= mem.earliest(s, m)
}

// earliest is how far back a finding may date a member: a surge no further than
// surges are remembered, mere information, and what one pop alone shows besides errors, not at all.
func (mem *member) earliest(s *detect.Signal, m *moment) int64 {
	switch {
	case s.Severity < detect.Warning || s.Kind == detect.ClientErrorSurge || s.Kind != detect.ErrorSurge && s.Scope.Pop != "":
		return mem.StartedAt
	case s.Kind == detect.TrafficSurge:
		return mem.StartedAt - int64(m.cfg.Precursor)
	}
	return mem.StartedAt - depth*m.width
}

const surgeCalm = 5 * time.Minute // a surge that ended longer before the errors has nothing to do with them

// admit gives a member a kind and perhaps an earlier start, and counts what it suffered since.
func (e *episode) admit(mem *member, s *detect.Signal, onset int64, m *moment) {
	from, knew := mem.StartedAt, mem.has(detect.ErrorSurge)
	mem.kinds |= 1 << s.Kind
	e.dirty = true
	if s.Kind == detect.ErrorSurge {
		if s.Scope == (detect.Scope{Service: mem.Service}) && !mem.sure && s.Expected >= 0 && s.Expected < 1 {
			mem.usual, mem.sure = s.Expected, true
		}
		if onset < e.StartedAt && (len(e.members) > 1 || mem.failing != 0) && !m.failed(mem, s.Scope.Pop, onset, e.StartedAt) {
			onset = e.StartedAt
		}
		if mem.failing == 0 || onset < mem.failing {
			mem.failing = onset
		}
		if v := m.fleet.byName[mem.Service]; v != nil && e.leading(mem, m) {
			if surge := v.surged(onset, int64(m.cfg.Precursor), int64(surgeCalm)); surge != 0 {
				onset, mem.surge = m.align(surge), v.surgeRatio
				mem.early = true
				mem.kinds |= 1 << detect.TrafficSurge
				e.kinds |= 1 << detect.TrafficSurge
			}
		}
	}
	if s.Kind == detect.TrafficSurge && !e.leading(mem, m) {
		onset = max(onset, mem.StartedAt)
	}
	mem.early = mem.early || s.Kind == detect.TrafficSurge && mem.failing != 0 && onset < mem.StartedAt
	mem.StartedAt = min(mem.StartedAt, onset)
	m.fleet.spare(mem.Service, m.tickOf(mem.StartedAt), m.tick)
	e.recall(mem, from, knew, m)
	e.order(m)
}

// leading says that a member's errors are among the first. Where many services
// begin to fail at once, a surge before that at one of them is a coincidence.
func (e *episode) leading(mem *member, m *moment) bool {
	before := 0
	for _, o := range e.members {
		if o != mem && o.failing != 0 && (mem.failing == 0 || o.failing <= mem.failing+int64(m.cfg.Near)) {
			before++
		}
	}
	return before < 2
}

// recall counts the windows of a member that had passed before it was known to be one.
func (e *episode) recall(mem *member, from int64, knew bool, m *moment) {
	e.curve.cover(mem.StartedAt, m.start)
	v := m.fleet.byName[mem.Service]
	if v == nil {
		return
	}
	for at := max(mem.StartedAt, m.start-(depth-1)*m.width); at < m.start; at += m.width {
		c := v.at(m.tickOf(at))
		if at < from {
			mem.Requests += uint64(c.requests)
		}
		if !mem.has(detect.ErrorSurge) || knew && at >= from {
			continue
		}
		failed := float64(c.errors) - mem.usual*float64(c.requests)
		mem.failed += failed
		mem.peak(c)
		if p := e.curve.find(at); p != nil {
			p.add(c, failed, mem.weight)
		}
	}
}

// add counts one window of one member in a point.
func (p *point) add(c tally, failed, weight float64) {
	p.requests += float64(c.requests)
	p.errors += float64(c.errors)
	p.excess += failed
	p.usual += weight / float64(p.windows)
}

// peak keeps the highest error rate over one window, or over up to three of a
// service that has fewer than a hundred requests in one.
func (mem *member) peak(c tally) {
	copy(mem.recent[:], mem.recent[1:])
	mem.recent[fewest-1] = c
	var n, k float64
	for i := fewest - 1; i >= 0 && n < enough; i-- {
		n, k = n+float64(mem.recent[i].requests), k+float64(mem.recent[i].errors)
	}
	if n >= 10 {
		mem.PeakRate = max(mem.PeakRate, k/n)
	}
}

// absorb takes over the members, findings and curve of an incident that turned out to be part of this one.
func (e *episode) absorb(o *episode, m *moment) {
	e.baptise()
	o.baptise()
	for _, s := range o.series {
		if e.byKey[s.key] == nil {
			e.byKey[s.key] = s
			e.series = append(e.series, s)
		}
	}
	for _, mem := range o.members {
		if e.byName[mem.Service] == nil {
			mem.single = false
			e.byName[mem.Service] = mem
			e.members = append(e.members, mem)
		}
	}
	e.curve.cover(o.StartedAt, m.start)
	for _, p := range o.curve.points {
		if q := e.curve.find(p.at); q != nil {
			q.join(p)
		}
	}
	if e.pool == nil {
		e.pool = o.pool
	}
	e.ledger.merge(&o.ledger)
	e.kinds |= o.kinds
	e.lost, e.slow, e.missed, e.beyond = e.lost+o.lost, e.slow+o.slow, e.missed+o.missed, e.beyond+o.beyond
	e.lastBad, e.lastSignal = max(e.lastBad, o.lastBad), max(e.lastSignal, o.lastSignal)
	e.calm = min(e.calm, o.calm)
	e.order(m)
	o.Open, o.Withdrawn, o.MergedInto, o.Phase, o.EndedAt = false, true, e.ID, Recovered, m.start
}

// join adds another incident's point of the same time.
func (p *point) join(q point) {
	p.requests += q.requests
	p.errors += q.errors
	p.excess += q.excess
	p.usual += q.usual * float64(q.windows) / float64(p.windows)
	for i := range p.other {
		p.other[i] += q.other[i]
	}
}
