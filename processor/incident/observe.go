package incident

import (
	"slices"
	"time"

	"github.com/spikeline/spikeline/processor/detect"
	"github.com/spikeline/spikeline/processor/window"
)

// absent is how many requests must be missing before "none came" means that
// traffic has vanished: by chance it happens once in 150 times.
const absent = 5

// fleetShare is the excess errors of an incident and the requests of the fleet in one window.
type fleetShare struct{ failed, all float64 }

// count is what one window holds of all members.
type count struct {
	all      float64 // requests of all members
	expected float64 // requests they usually have
	usual    float64 // errors that are usual for the requests of those with errors
}

// observe takes in one window of the members.
func (e *episode) observe(m *moment) {
	p := point{at: m.start, windows: 1}
	c := e.count(m, &p)
	missing := e.harms(m, &p)
	gap := e.gone(c, m)
	signal := e.signalled(m)
	bad := !gap && e.tail.raised(p.requests, p.errors, c.usual) || signal
	if bad && !gap && e.stray(&p, m) {
		bad, signal = false, false
	}
	e.curve.cover(m.align(e.StartedAt), m.start)
	if gap {
		p = point{at: m.start, windows: 1, gap: true, dark: m.dark()}
	}
	e.curve.add(p)
	e.share(max(0, p.excess), missing, m)
	e.mark(bad, signal, gap, m)
	if bad {
		e.blame(m)
	}
	e.hint = ledger{}
}

// count adds this window to the members and to the curve's point.
func (e *episode) count(m *moment, p *point) (sum count) {
	for _, mem := range e.members {
		var c tally
		rows := m.of(mem.Service)
		for i := range rows {
			c.add(&rows[i].Counts)
		}
		n := float64(c.requests)
		sum.all += n
		sum.expected += mem.weight
		mem.pending.requests += n
		if !mem.has(detect.ErrorSurge) {
			continue
		}
		sum.usual += n * mem.tolerated()
		failed := float64(c.errors) - mem.usual*n
		mem.pending.failed += failed
		mem.peak(c)
		p.add(c, failed, mem.weight)
		if poissonGLR(float64(c.errors), n*(1.5*mem.usual+0.005)) > 6 {
			mem.suffer(c, m)
		}
	}
	e.countPool(m, p, &sum)
	return sum
}

// everyone gives the members, and the pool if there is one.
func (e *episode) everyone() []*member {
	if e.pool == nil {
		return e.members
	}
	return append(slices.Clip(e.members), e.pool)
}

// countPool adds the services that are no members, if the incident is about them too.
func (e *episode) countPool(m *moment, p *point, sum *count) {
	if e.pool == nil {
		return
	}
	var c tally
	for i := range m.rows {
		if e.pools(&m.rows[i], m) {
			c.add(&m.rows[i].Counts)
		}
	}
	n := float64(c.requests)
	failed := float64(c.errors) - e.pool.usual*n
	sum.all += n
	sum.expected += e.pool.weight
	sum.usual += n * e.pool.usual
	e.pool.pending.requests += n
	e.pool.pending.failed += failed
	p.add(c, failed, e.pool.weight)
}

func (e *episode) pools(r *window.Row, m *moment) bool {
	return (e.pool.pop == "" || e.pool.pop == r.Pop) && m.home(r.Service) == nil
}

// suffer notes an abnormal window of a member, and its first one after it had recovered.
func (mem *member) suffer(c tally, m *moment) {
	mem.lastBad = m.end
	if mem.again.at == 0 && mem.EndedAt != 0 {
		mem.again.at = m.start
	}
	if mem.again.at != 0 {
		mem.again.requests += float64(c.requests)
		mem.again.errors += float64(c.errors)
	}
}

// harms adds what signals other than errors say of this window, and gives the requests that are missing.
func (e *episode) harms(m *moment, p *point) (missing float64) {
	for _, f := range e.series {
		if f.last != m.end || f.key.kind == detect.ErrorSurge {
			continue
		}
		switch f.key.kind {
		case detect.LatencySurge:
			e.slow += f.excess
		case detect.TrafficDrop:
			e.missed += f.excess
			if e.lead() == detect.TrafficDrop {
				missing += f.excess
			}
		}
		weight := f.weight
		if mem := e.byName[f.key.scope.Service]; mem != nil {
			if f.key.scope.Pop == "" {
				weight = mem.weight
			} else if whole := e.byKey[seriesKey{detect.Scope{Service: mem.Service}, f.key.kind}]; whole != nil && whole.last == m.end {
				continue
			}
		}
		p.other[f.key.kind] += weight * f.harm
	}
	return missing
}

// gone says that this window shows nothing, since logs are missing or the members' traffic has vanished.
func (e *episode) gone(c count, m *moment) bool {
	if c.all > 0 {
		e.silence, e.silent = 0, 0
	} else {
		e.silence, e.silent = e.silence+c.expected, e.silent+1
	}
	// where missing traffic is the trouble itself, silence is no gap
	gap := m.incomplete || e.silence >= absent && !(e.lead() == detect.TrafficDrop && e.signalled(m))
	switch {
	case gap && e.gapFrom == 0:
		e.dark = m.dark()
		e.gapFrom = m.start - max(0, e.silent-1)*m.width
	case !gap && e.gapFrom != 0:
		if m.start-e.gapFrom >= int64(time.Minute) && len(e.gaps) < gapLimit {
			e.gaps = append(e.gaps, logGap{interval{e.gapFrom, m.start}, e.dark})
		}
		e.gapFrom = 0
	}
	return gap
}

const gapLimit = 10

// logGap is a time of which nothing is known; dark if only the members were silent.
type logGap struct {
	interval
	dark bool
}

// signalled says that a signal that holds this incident open is abnormal in this window.
func (e *episode) signalled(m *moment) bool {
	scopes := false
	for _, f := range e.series {
		switch {
		case f.last != m.end || !f.holding || !e.holds(f.key.kind):
		case f.key.kind == detect.ErrorSurge && f.key.scope.Service == "" && e.pool == nil:
			scopes = true
		default:
			return true
		}
	}
	return scopes && e.makesErrors(m)
}

// makesErrors says that in a pop or in the fleet, where errors are abnormal, the
// members make most of those beyond the usual: stray errors of others do not make the incident longer.
func (e *episode) makesErrors(m *moment) bool {
	excess := map[string]struct{ own, others float64 }{}
	for i := 0; i < len(m.rows); {
		name, rate := m.rows[i].Service, -1.0
		mem := e.byName[name]
		for ; i < len(m.rows) && m.rows[i].Service == name; i++ {
			r := &m.rows[i]
			if r.Errors == 0 {
				continue
			}
			if rate < 0 && mem != nil {
				rate = mem.usual
			} else if rate < 0 {
				rate, _ = m.usual(name, m.start)
			}
			failed, foreign := float64(r.Errors)-rate*float64(r.Requests), 0.0
			switch {
			case mem == nil:
				foreign = failed
			case mem.native > 0:
				foreign = min(failed, (mem.tolerated()-rate)*float64(r.Requests))
			}
			for _, scope := range [2]string{r.Pop, ""} {
				x := excess[scope]
				x.own, x.others = x.own+failed-foreign, x.others+foreign
				excess[scope] = x
			}
		}
	}
	for _, f := range e.series {
		if f.last == m.end && f.key.kind == detect.ErrorSurge && f.key.scope.Service == "" {
			if x := excess[f.key.scope.Pop]; x.own > 0 && x.own >= x.others {
				return true
			}
		}
	}
	return false
}

// mark moves the end of the trouble, or counts the calm.
func (e *episode) mark(bad, signal, gap bool, m *moment) {
	if signal {
		e.lastSignal = m.end
	}
	switch {
	case bad:
		e.longest = max(e.longest, e.calm)
		e.calm, e.lastBad, e.dirty = 0, m.end, true
		e.tail.reset()
		for _, mem := range e.everyone() {
			mem.Requests += uint64(mem.pending.requests)
			mem.failed += mem.pending.failed
			mem.pending = pending{}
			if mem.Requests >= 10 { // the mean is no more than the peak, and all that a tiny service shows
				mem.PeakRate = max(mem.PeakRate, mem.failed/float64(mem.Requests))
			}
		}
	case !gap:
		e.calm++
		if n := e.lingering(m); n > 0 {
			e.calm, e.lastBad, e.dirty = e.calm-n, e.lastBad+n*m.width, true
		}
	}
	for _, mem := range e.members {
		m.fleet.spare(mem.Service, m.tickOf(mem.StartedAt), m.tick)
		var end int64
		if m.end-mem.lastBad >= int64(m.cfg.Quiet)*2/3 && mem.lastBad > 0 {
			end = max(mem.lastBad, mem.StartedAt)
		}
		e.dirty = e.dirty || end != mem.EndedAt
		mem.EndedAt = end
	}
}

// share follows what part of the whole fleet's requests fail or never come.
func (e *episode) share(failed, missing float64, m *moment) {
	copy(e.recent[:], e.recent[1:])
	e.recent[fewest-1] = fleetShare{failed + missing, m.fleet.total + missing}
	var sum fleetShare
	for _, s := range e.recent {
		sum.failed, sum.all = sum.failed+s.failed, sum.all+s.all
	}
	if sum.all > 0 {
		e.PeakFleetShare = max(e.PeakFleetShare, sum.failed/sum.all)
	}
	if m.fleet.usual > 0 {
		e.lost += (failed + missing) / m.fleet.usual
	}
}

// blame attributes the errors of an abnormal window.
func (e *episode) blame(m *moment) {
	for _, mem := range e.members {
		if mem.has(detect.ErrorSurge) {
			e.ledger.take(m.of(mem.Service), mem.usual)
		}
	}
	if e.pool == nil {
		return
	}
	for i := range m.rows {
		if e.pools(&m.rows[i], m) {
			e.ledger.take(m.rows[i:i+1], e.pool.usual)
		}
	}
}

// judge closes the incident when it is over.
func (e *episode) judge(m *moment) {
	calm := time.Duration(e.calm * m.width)
	e.regrade(m)
	e.burn(m)
	e.burning(m)
	need := max(m.cfg.Quiet, min(m.cfg.QuietLimit, time.Duration(e.longest*m.width)*5/2))
	e.newNormal = e.lastSignal > 0 && e.lastBad-e.lastSignal >= int64(m.cfg.ResidualLimit) || e.calm > 0 && e.adopted() && !e.followed(m)
	e.abandoned = e.silent*m.width >= int64(m.cfg.Silence)
	over := calm >= need && (!e.followed(m) || calm >= m.cfg.QuietLimit)
	if !over && !e.newNormal && !e.abandoned {
		return
	}
	e.Open, e.EndedAt, e.Phase = false, e.lastBad, Recovered
	for _, mem := range e.members {
		if mem.EndedAt == 0 {
			mem.EndedAt = mem.lastBad
		}
		mem.EndedAt = max(mem.StartedAt, min(e.EndedAt, mem.EndedAt))
	}
}

// followed says that the detector still watches for the end of a finding that holds this incident open.
func (e *episode) followed(m *moment) bool {
	for _, f := range e.series {
		if f.seen == m.start && !f.ended && f.holding && e.holds(f.key.kind) {
			return true
		}
	}
	return false
}
