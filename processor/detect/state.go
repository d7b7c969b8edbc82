package detect

import (
	"fmt"
	"math"
)

// The state begins with these bytes; the last is the version of its layout.
// Version 1, without what is native, is read too.
const (
	stateMagic   = "SLD"
	stateVersion = 2
)

// AppendState adds the whole state to b. A detector that loads it judges as this one would.
func (d *Detector) AppendState(b []byte) []byte {
	c := coder{b: append(append(b, stateMagic...), stateVersion), version: stateVersion}
	d.code(&c)
	return c.b
}

// LoadState takes in a state that AppendState wrote. On an error the
// detector is as it was. Sensitivity and quiet rules are those of the present configuration.
func (d *Detector) LoadState(b []byte) error {
	head := len(stateMagic)
	if len(b) <= head || string(b[:head]) != stateMagic || b[head] < 1 || b[head] > stateVersion {
		return fmt.Errorf("detect: this is no state of a detector, or one of another version (wanted %q and 1 to %d first); start without it: errors are judged again after %v, traffic after %v", stateMagic, stateVersion, errorWarm, trafficWarm)
	}
	loaded := New(d.config)
	c := coder{b: b[head+1:], reading: true, version: b[head]}
	loaded.code(&c)
	if c.err == nil && len(c.b) > 0 {
		c.fail("%d bytes follow after the end of the state", len(c.b))
	}
	if c.err != nil {
		return fmt.Errorf("detect: state of %d bytes: %w; start without it, and the baselines are learned again", len(b), c.err)
	}
	*d = *loaded
	return nil
}

func (d *Detector) code(c *coder) {
	if width := c.integer(int64(d.config.Width), 0, math.MaxInt64); width != int64(d.config.Width) {
		c.fail("it was made with windows of %d ns, these are of %d ns", width, int64(d.config.Width))
		return
	}
	c.int32(&d.t, 0, math.MaxInt32/2) // 340 years of windows of 10 s
	c.flag(&d.started)
	c.flag(&d.skip)
	c.int64(&d.end)
	c.int64(&d.clock.day)
	c.int32(&d.clock.weekday, 0, 6)
	c.int32(&d.clock.bin, 0, binsADay-1)
	c.int32(&d.clock.minute, 0, minutesDay-1)
	c.flag(&d.clock.gap)
	c.byte((*uint8)(&d.source.state))
	c.int64(&d.source.onset)
	c.uint64(&d.unjudged.Services)
	c.uint64(&d.unjudged.ServicePops)
	c.uint64(&d.unjudged.Pops)
	d.fleet.code(c, d.t)
	d.codePops(c)
	d.codeServices(c)
}

func (d *Detector) codePops(c *coder) {
	n := c.length(len(d.pops))
	for i := 0; i < n && c.err == nil; i++ {
		if c.reading {
			d.pops = append(d.pops, &whole{})
		}
		d.pops[i].code(c, d.t)
		if i > 0 && d.pops[i-1].name >= d.pops[i].name {
			c.fail("pop %q stands after %q", d.pops[i].name, d.pops[i-1].name)
		}
	}
}

func (d *Detector) codeServices(c *coder) {
	n := c.length(len(d.services))
	for i := 0; i < n && c.err == nil; i++ {
		var name string
		if !c.reading {
			name = d.services[i].name
		}
		c.string(&name)
		if c.reading {
			d.services = append(d.services, d.newService(name))
		}
		d.services[i].code(c, d)
		if i > 0 && d.services[i-1].name >= name {
			c.fail("service %q stands after %q", name, d.services[i-1].name)
		}
	}
}

func (s *service) code(c *coder, d *Detector) {
	c.int32(&s.seen, 0, d.t)
	s.errors.code(c, d.t)
	s.slow.code(c, d.t)
	s.client.code(c, d.t)
	c.float32(&s.slowness.logP95)
	c.uint32(&s.slowness.samples)
	c.int64(&s.slowness.micros)
	s.rate.code(c, d.t)
	n := c.length(len(s.pops))
	for i := 0; i < n && c.err == nil; i++ {
		at := 0
		if !c.reading {
			at, _ = d.findPop(s.pops[i].name)
		}
		at = int(c.integer(int64(at), 0, int64(len(d.pops)-1)))
		if c.err != nil {
			return
		}
		if c.reading {
			s.pops = append(s.pops, servicePop{pop: d.pops[at], name: d.pops[at].name})
			d.pairs++
		}
		c.int32(&s.pops[i].seen, 0, d.t)
		s.pops[i].errors.code(c, d.t)
		if i > 0 && s.pops[i-1].name >= s.pops[i].name {
			c.fail("pop %q stands after %q", s.pops[i].name, s.pops[i-1].name)
		}
	}
}

func (w *whole) code(c *coder, t int32) {
	c.string(&w.name)
	c.int32(&w.seen, 0, t)
	w.errors.code(c, t)
	w.rate.code(c, t)
}

func (p *proportion) code(c *coder, t int32) {
	c.int32(&p.age, 0, math.MaxInt32)
	if p.age == 0 {
		return
	}
	for _, v := range []*float32{&p.good, &p.all, &p.phi, &p.vnum, &p.vden, &p.expected, &p.allowed, &p.score} {
		c.float32(v)
	}
	c.uint32(&p.learned)
	if c.version >= 2 {
		c.float32(&p.lately.x)
		c.float32(&p.lately.m)
	}
	p.hull.code(c, t)
	codeFinding(&p.open, c, t)
}

func (r *rate) code(c *coder, t int32) {
	for _, v := range []*float32{
		&r.num, &r.den, &r.phi, &r.cnum, &r.cden, &r.plainNum, &r.plainDen, &r.low, &r.high, &r.guard,
		&r.envelope, &r.season, &r.peak, &r.up, &r.down, &r.lately.x, &r.lately.m,
	} {
		c.float32(v)
	}
	c.int32(&r.age, 0, math.MaxInt32)
	r.binCount = uint16(c.integer(int64(r.binCount), 0, math.MaxUint16))
	c.float64(&r.binSum)
	r.rise.code(c, t)
	r.fall.code(c, t)
	codeFinding(&r.open, c, t)
	if has := r.profile != nil; codePresent(c, &has) {
		if c.reading {
			r.profile = newProfile()
		}
		c.flag(&r.profile.ready)
		c.steps(r.profile.week[:])
		c.steps(r.profile.active[:])
	}
	if has := r.peaks != nil; codePresent(c, &has) {
		if c.reading {
			r.peaks = &envelope{}
		}
		c.byte(&r.peaks.next)
		c.bytes(r.peaks.day[:])
		for i := range r.peaks.hour {
			c.bytes(r.peaks.hour[i][:])
		}
		c.bytes(r.peaks.pending[:])
	}
}

func codePresent(c *coder, has *bool) bool {
	c.flag(has)
	return *has && c.err == nil
}

// code writes one byte for a hull without a suspicion.
func (h *hull) code(c *coder, t int32) {
	calm := len(h.cand) == 1 && h.cand[0] == candidate{t: t} && h.sum == corner{}
	c.flag(&calm)
	if calm {
		if c.reading {
			h.reset(t)
		}
		return
	}
	h.sum.code(c)
	n := int(c.integer(int64(len(h.cand)), 0, maxCandidates))
	for i := 0; i < n && c.err == nil; i++ {
		if c.reading {
			h.cand = append(h.cand, candidate{})
		}
		v := &h.cand[i]
		c.float64(&v.u)
		c.float64(&v.v)
		c.float64(&v.m)
		c.float32(&v.a)
		c.int32(&v.t, -1, t)
	}
}

func (s *corner) code(c *coder) {
	c.float64(&s.u)
	c.float64(&s.v)
	c.float64(&s.m)
	c.float64(&s.a)
}

func codeFinding(open **finding, c *coder, t int32) {
	has := *open != nil
	if !codePresent(c, &has) {
		return
	}
	if c.reading {
		*open = &finding{}
	}
	f := *open
	for _, v := range []*int32{&f.opened, &f.took, &f.lastBad, &f.age, &f.gap, &f.deep} {
		c.int32(v, 0, t)
	}
	c.int64(&f.onset)
	c.int64(&f.lastBadEnd)
	for _, v := range []*bool{&f.up, &f.learning, &f.elevated, &f.told, &f.muted} {
		c.flag(v)
	}
	if c.version >= 2 {
		c.flag(&f.native)
		c.float32(&f.block.x)
		c.float32(&f.block.m)
	}
	f.severity = Severity(c.integer(int64(f.severity), 0, int64(Critical)))
	c.float64(&f.score)
	c.float64(&f.peak)
	f.total.code(c)
	c.int32(&f.count, 0, 2*ringWindows)
	for i := range min(f.count, ringWindows) {
		c.float32(&f.ring[i].x)
		c.float32(&f.ring[i].m)
	}
}
