package incident

import "fmt"

func (e *episode) state(c *codec) {
	e.Incident.state(c)
	c.times(&e.opened, &e.lastBad, &e.lastSignal, &e.calm, &e.longest, &e.silent, &e.gapFrom)
	if c.version >= 3 {
		c.times(&e.strayed)
	}
	c.floats(&e.silence, &e.lost, &e.slow, &e.missed)
	integer(c, &e.beyond)
	integer(c, &e.singles)
	integer(c, &e.kinds)
	integer(c, &e.grade)
	if e.grade < 0 || e.grade >= len(severities) {
		c.fail(fmt.Errorf("severity %d: there are %d", e.grade, len(severities)))
		e.grade = 0
	}
	c.bool(&e.dark)
	slice(c, &e.gaps, func(c *codec, g *logGap) {
		c.interval(&g.interval)
		c.bool(&g.dark)
	})
	for i := range e.recent {
		c.floats(&e.recent[i].failed, &e.recent[i].all)
	}
	e.tail.state(c)
	e.ledger.state(c)
	e.curve.state(c)
	slice(c, &e.members, func(c *codec, m **member) {
		if c.reading {
			*m = &member{}
		}
		(*m).state(c)
		e.byName[(*m).Service] = *m
	})
	pooled := e.pool != nil
	c.bool(&pooled)
	if pooled && c.reading {
		e.pool = &member{}
	}
	if pooled {
		e.pool.state(c)
	}
	slice(c, &e.series, func(c *codec, f **series) {
		if c.reading {
			*f = &series{}
		}
		(*f).state(c)
		e.byKey[(*f).key] = *f
	})
	slice(c, &e.told, func(c *codec, t *told) { t.state(c) })
}

// state holds what the episode does not recompute in each window.
func (i *Incident) state(c *codec) {
	c.string(&i.ID)
	c.bool(&i.Open)
	c.bool(&i.Withdrawn)
	c.string(&i.MergedInto)
	integer(c, &i.Phase)
	if i.Phase >= Phases {
		c.fail(fmt.Errorf("phase %d: there are %d", i.Phase, Phases))
		i.Phase = 0
	}
	c.times(&i.Version, &i.StartedAt, &i.DetectedAt, &i.PeakAt, &i.MainImpactEndedAt, &i.EndedAt)
	c.string(&i.FirstService)
	c.floats(&i.PeakErrorRate, &i.PeakFleetShare, &i.BudgetBurnt)
	c.floats(&i.Burn.M5, &i.Burn.M30, &i.Burn.H1, &i.Burn.H6, &i.Burn.Fast, &i.Burn.Slow)
}

func (m *member) state(c *codec) {
	c.string(&m.Service)
	c.string(&m.pop)
	c.times(&m.StartedAt, &m.EndedAt, &m.lastBad, &m.failing)
	c.uint(&m.Requests)
	integer(c, &m.kinds)
	c.floats(&m.PeakRate, &m.usual, &m.weight, &m.failed, &m.surge, &m.pending.requests, &m.pending.failed)
	for i := range m.recent {
		c.tally(&m.recent[i])
	}
	c.times(&m.again.at)
	c.floats(&m.again.requests, &m.again.errors)
	c.bool(&m.early)
	c.bool(&m.single)
	c.bool(&m.sure)
	c.bool(&m.adopted)
	if c.version >= 3 {
		c.float(&m.native)
	}
}

func (f *series) state(c *codec) {
	f.key.state(c)
	c.times(&f.onset, &f.seen, &f.last)
	c.bool(&f.ended)
	c.bool(&f.holding)
	c.floats(&f.weight, &f.harm, &f.excess, &f.worst)
}

func (t *told) state(c *codec) {
	c.string(&t.key)
	c.string(&t.IncidentID)
	integer(c, &t.Seq)
	c.times(&t.Version, &t.At)
	c.string(&t.Event.Event)
	c.string(&t.Service)
	c.string(&t.Pop)
	c.float(&t.Value)
	c.string(&t.Summary)
	c.bool(&t.Withdrawn)
}

func (t *tail) state(c *codec) {
	integer(c, &t.n)
	if t.n < 0 {
		c.fail(fmt.Errorf("%d calm windows", t.n))
		t.n = 0
	}
	for i := range min(t.n, len(t.ring)) {
		c.floats(&t.ring[i].requests, &t.ring[i].errors, &t.ring[i].usual)
	}
}

func (l *ledger) state(c *codec) {
	c.floats(&l.requests, &l.excess, &l.edge, &l.origin)
	slice(c, &l.pops, func(c *codec, p *popShare) {
		c.string(&p.name)
		c.floats(&p.requests, &p.excess)
	})
	slice(c, &l.status, func(c *codec, s *statusShare) {
		integer(c, &s.code)
		c.float(&s.excess)
	})
	for i := range l.cache {
		c.float(&l.cache[i])
	}
}

// state checks what the arithmetic of a curve relies on.
func (v *curve) state(c *codec) {
	c.times(&v.stride, &v.width)
	slice(c, &v.points, func(c *codec, p *point) { p.state(c) })
	if v.stride < 1 || v.width < 1 || len(v.points) == 0 {
		c.fail(fmt.Errorf("a curve of %d points of %d windows of %d ns", len(v.points), v.stride, v.width))
	}
	for i := range v.points {
		if p := &v.points[i]; p.windows < 1 || i > 0 && p.at < v.points[i-1].at {
			c.fail(fmt.Errorf("point %d of a curve is out of order", i))
			return
		}
	}
}

func (p *point) state(c *codec) {
	c.times(&p.at, &p.windows)
	c.floats(&p.requests, &p.errors, &p.excess, &p.usual)
	for i := range p.other {
		c.float(&p.other[i])
	}
	c.bool(&p.gap)
	c.bool(&p.dark)
}
