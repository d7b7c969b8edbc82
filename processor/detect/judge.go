package detect

// said is a finding that lasts or ends in this window, on its way to a signal.
type said struct {
	kind    Kind
	finding *finding
	service *service
	pair    *servicePop // nil for the service over all pops
	whole   *whole      // the fleet or a pop; nil for services
	share   *proportion // errors, latency, client errors
	rate    *rate       // traffic
	bad, of float64     // counts of this window
}

// judge steps every series and collects the findings, in the order of the signals.
func (d *Detector) judge(at moment) {
	for i := range d.active {
		clear(d.active[i])
		d.active[i] = d.active[i][:0]
	}
	d.natures, at.common = d.natures[:0], d.common()
	d.fleet.usual = 0
	for _, p := range d.pops {
		p.usual = 0
	}
	ticks := d.minutesATick()
	for _, s := range d.services {
		d.judgeService(s, at, ticks)
	}
	for _, p := range d.pops {
		if len(d.pops) == 1 {
			d.judgeWhole(p, &d.lone, &d.tuning.traffic[normal], at, ticks)
			d.lone = d.lone[:0] // a single pop says what the fleet says
			continue
		}
		d.judgeWhole(p, &d.active[1], &d.tuning.traffic[normal], at, ticks)
	}
	d.judgeWhole(&d.fleet, &d.active[0], &d.tuning.fleet, at, ticks)
}

func (d *Detector) judgeService(s *service, at moment, ticks int32) {
	k, list, c := d.tuning, &d.active[2], &s.tally
	c.bound()
	traffic := &k.traffic[s.sensitivity]
	s.rate.turn(traffic, &d.clock, ticks)
	errors := s.errors.step(&k.errors[s.sensitivity], at, c.errors, c.requests)
	slow, refused := (*finding)(nil), s.client.step(&k.client[s.sensitivity], at, c.client, c.answered())
	if s.slowness.micros > 0 {
		slow = s.slow.step(&k.slow[s.sensitivity], at, c.slow, c.timed)
	}
	flow := s.rate.step(traffic, at, &d.clock, c.requests, s.errors.open != nil || s.slow.open != nil)
	if errors != nil {
		*list = append(*list, said{kind: ErrorSurge, finding: errors, service: s, share: &s.errors, bad: c.errors, of: c.requests})
		d.noteNature("", errors, &s.errors)
	}
	*list = appendTraffic(*list, said{service: s, rate: &s.rate, bad: c.requests}, flow)
	if slow != nil {
		*list = append(*list, said{kind: LatencySurge, finding: slow, service: s, share: &s.slow, bad: c.slow, of: c.timed})
	}
	if refused != nil {
		*list = append(*list, said{kind: ClientErrorSurge, finding: refused, service: s, share: &s.client, bad: c.client, of: c.answered()})
	}
	d.fleet.usual += float64(s.errors.expected) * c.requests
	for i := range s.pops {
		p := &s.pops[i]
		p.tally.bound()
		f := p.errors.step(&k.errors[s.sensitivity], at, p.tally.errors, p.tally.requests)
		p.pop.usual += float64(p.errors.expected) * p.tally.requests
		if f != nil {
			d.noteNature(p.name, f, &p.errors)
		}
		if f != nil && len(s.pops) > 1 {
			*list = append(*list, said{kind: ErrorSurge, finding: f, service: s, pair: p, share: &p.errors, bad: p.tally.errors, of: p.tally.requests})
		}
	}
}

func (d *Detector) judgeWhole(w *whole, list *[]said, traffic *trafficTuning, at moment, ticks int32) {
	c := &w.tally
	c.bound()
	w.rate.turn(traffic, &d.clock, ticks)
	errors := w.errors.stepWhole(&d.tuning.errors[normal], at, c.errors, c.requests, w.usual/max(c.requests, 1))
	d.settle(w, at)
	flow := w.rate.step(traffic, at, &d.clock, c.requests, w.errors.open != nil)
	if errors != nil {
		*list = append(*list, said{kind: ErrorSurge, finding: errors, whole: w, share: &w.errors, bad: c.errors, of: c.requests})
	}
	*list = appendTraffic(*list, said{whole: w, rate: &w.rate, bad: c.requests}, flow)
}

// appendTraffic adds the traffic finding and the one that it turned from, the surge first.
func appendTraffic(list []said, s said, f *finding) []said {
	add := func(f *finding) {
		if f == nil {
			return
		}
		s.kind, s.finding = TrafficDrop, f
		if f.up {
			s.kind = TrafficSurge
		}
		list = append(list, s)
	}
	if f != nil && f.up {
		add(f)
		add(s.rate.ending)
		return list
	}
	add(s.rate.ending)
	add(f)
	return list
}

// bound keeps the counts in a range where no sum or square overflows.
func (c *tally) bound() {
	for _, v := range []*float64{&c.requests, &c.errors, &c.client, &c.aborts, &c.timed, &c.slow} {
		*v = min(*v, mostRequests)
	}
}

// scope is the fleet, a pop, a service, or a service in a pop.
func (s *said) scope() Scope {
	switch {
	case s.whole != nil:
		return Scope{Pop: s.whole.name}
	case s.pair != nil:
		return Scope{Service: s.service.name, Pop: s.pair.name}
	}
	return Scope{Service: s.service.name}
}
