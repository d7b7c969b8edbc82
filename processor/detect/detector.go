package detect

import (
	"slices"
	"strings"
	"time"

	"github.com/spikeline/spikeline/processor/window"
)

// Detector judges closed windows. It belongs to one goroutine.
type Detector struct {
	config   Config
	tuning   *tuning
	zone     *time.Location
	clock    clock
	t        int32 // windows judged; it stands still in a gap
	started  bool
	skip     bool  // the next window may be partial
	whole    bool  // no window is partial (backtest)
	end      int64 // of the last window
	fleet    whole
	pops     []*whole   // ascending by name
	services []*service // ascending by name
	pairs    int        // (service, pop) series
	unjudged Unjudged
	source   completeness
	hist     histogram
	news     []*service
	active   [3][]said // findings of this window: fleet, pops, services
	lone     []said
	ratios   []float64
	natures  []natured // of this window
	scale    float64   // units of a signal's traffic (backtest)
}

// whole is a series over all services: the fleet, or a pop.
type whole struct {
	name   string // of the pop; empty for the fleet
	seen   int32
	tally  tally
	usual  float64 // errors that its services usually have among the requests of this window
	errors proportion
	rate   rate
}

// service is one service over all pops, and in each.
type service struct {
	name        string
	seen        int32
	sensitivity sensitivity
	quiet       kindSet
	lo, hi      int32 // its rows in this window
	tally       tally
	errors      proportion
	slow        proportion
	client      proportion
	slowness    slowness
	rate        rate
	pops        []servicePop // ascending by name
}

type servicePop struct {
	pop    *whole
	name   string
	seen   int32
	errors proportion
	tally  tally
}

// Unjudged counts what the limits kept from being judged by itself, in rows of windows.
type Unjudged struct{ Services, ServicePops, Pops uint64 }

// Size is how many series there are.
type Size struct{ Services, ServicePops, Pops int }

// mostRequests is the largest count that is believed of one window.
const mostRequests = 1_000_000_000_000

// New makes a detector that knows nothing. The configuration must be valid.
func New(c Config) *Detector {
	zone, err := time.LoadLocation(c.Timezone)
	if err != nil || c.Width <= 0 {
		panic("BUG: detect.New with a configuration that Validate refuses")
	}
	d := &Detector{config: c, tuning: newTuning(c), zone: zone, skip: true, scale: 1}
	d.hist.clear()
	return d
}

// Unjudged tells what the limits left out so far.
func (d *Detector) Unjudged() Unjudged { return d.unjudged }

// Size tells how many series are kept.
func (d *Detector) Size() Size { return Size{len(d.services), d.pairs, len(d.pops)} }

// Step judges a closed window. Windows come once and in order, those in which
// nothing came as empty results; where windows are missing the clock stands
// still. A window that does not lie after the last one is ignored, and so is the first one of all and
// the first after a gap, since both may be partial. Signals come by scope (fleet, pops, services), then by kind.
func (d *Detector) Step(r *window.Result) []Signal {
	at, ok := d.advance(r)
	if !ok {
		return nil
	}
	d.count(r)
	d.judge(at)
	d.source.step(d, at)
	signals := d.tell(r, at)
	if at.t%d.tuning.latencyEvery == 0 {
		d.forget(at.t)
	}
	return signals
}

// advance moves the clock, and says whether the window is to be judged.
func (d *Detector) advance(r *window.Result) (moment, bool) {
	if r.End <= r.Start || d.started && r.Start < d.end {
		return moment{}, false
	}
	now := clockAt(r.Start, r.End, d.zone)
	gap := d.started && r.Start != d.end
	if d.started {
		now = now.after(d.clock)
	}
	now.gap = gap
	if gap {
		d.skip = true
		d.forgetOnsets(time.Duration(r.Start-d.end) >= oldestTraffic)
	}
	d.clock, d.end = now, r.End
	d.started = true
	partial := d.skip && !d.whole
	d.skip = false
	if partial {
		d.turn()
		return moment{}, false
	}
	d.t++
	return moment{t: d.t, start: r.Start, end: r.End}, true
}

// turn takes the time of a window that is not judged into the seasons.
func (d *Detector) turn() {
	for _, s := range d.services {
		s.rate.turn(&d.tuning.traffic[s.sensitivity], &d.clock, d.minutesATick())
	}
	for _, p := range d.pops {
		p.rate.turn(&d.tuning.traffic[normal], &d.clock, d.minutesATick())
	}
	d.fleet.rate.turn(&d.tuning.fleet, &d.clock, d.minutesATick())
}

// forgetOnsets drops the candidates: no onset reaches over a gap. After a
// long one a level without a season is out of date, and learned again.
func (d *Detector) forgetOnsets(long bool) {
	for _, s := range d.services {
		s.errors.hull.reset(d.t)
		s.slow.hull.reset(d.t)
		s.client.hull.reset(d.t)
		s.rate.interrupt(d.t, long)
		for i := range s.pops {
			s.pops[i].errors.hull.reset(d.t)
		}
	}
	for _, p := range d.pops {
		p.errors.hull.reset(d.t)
		p.rate.interrupt(d.t, long)
	}
	d.fleet.errors.hull.reset(d.t)
	d.fleet.rate.interrupt(d.t, long)
}

// count sums the rows by service, by service and pop, by pop, and over all.
func (d *Detector) count(r *window.Result) {
	d.fleet.tally = tally{}
	for _, p := range d.pops {
		p.tally = tally{}
	}
	next := 0
	for i := 0; i < len(r.Rows); {
		name := r.Rows[i].Service
		if i > 0 && name < r.Rows[i-1].Service {
			panic("BUG: the rows of a window are not in the order of their services: " + name + " after " + r.Rows[i-1].Service)
		}
		j := i + 1
		for j < len(r.Rows) && r.Rows[j].Service == name {
			j++
		}
		for next < len(d.services) && d.services[next].name < name {
			d.services[next].absent()
			next++
		}
		var s *service
		switch {
		case next < len(d.services) && d.services[next].name == name:
			s = d.services[next]
			next++
		case name == "": // a service without a name would pass for a pop or the fleet
		case len(d.services)+len(d.news) < d.config.Services:
			s = d.newService(name)
			d.news = append(d.news, s)
		default:
			d.unjudged.Services += uint64(j - i)
		}
		d.countRows(s, r.Rows[i:j], int32(i))
		i = j
	}
	for ; next < len(d.services); next++ {
		d.services[next].absent()
	}
	if len(d.news) > 0 {
		d.services = append(d.services, d.news...)
		slices.SortFunc(d.services, func(a, b *service) int { return strings.Compare(a.name, b.name) })
		d.news = d.news[:0]
	}
}

func (d *Detector) newService(name string) *service {
	return &service{name: name, sensitivity: d.config.sensitivityOf(name), quiet: d.config.quietOf(name)}
}

func (s *service) absent() {
	s.lo, s.hi = 0, 0
	s.tally = tally{}
	for i := range s.pops {
		s.pops[i].tally = tally{}
	}
}

// countRows adds the rows of one service, which is nil beyond the limit.
func (d *Detector) countRows(s *service, rows []window.Row, first int32) {
	if s == nil {
		for i := range rows {
			var c tally
			c.add(&rows[i].Counts)
			d.fleet.tally.addTally(&c)
			if p := d.pop(rows[i].Pop); p != nil {
				p.tally.addTally(&c)
			}
		}
		return
	}
	s.absent()
	s.lo, s.hi, s.seen = first, first+int32(len(rows)), d.t
	d.hist.clear()
	next := 0
	for i := range rows {
		var c tally
		c.add(&rows[i].Counts)
		d.hist.add(rows[i].Latency)
		s.tally.addTally(&c)
		for next < len(s.pops) && s.pops[next].name < rows[i].Pop {
			next++
		}
		if p := d.pair(s, rows[i].Pop, next); p != nil {
			p.tally, p.seen = c, d.t
			p.pop.tally.addTally(&c)
			p.pop.seen = d.t
			continue
		}
		if p := d.pop(rows[i].Pop); p != nil {
			p.tally.addTally(&c)
		}
	}
	d.fleet.tally.addTally(&s.tally)
	s.tally.timed = float64(d.hist.total)
	if s.slowness.micros > 0 {
		s.tally.slow = float64(d.hist.above(s.slowness.micros))
	}
	if s.slow.open == nil && s.errors.open == nil && s.slowness.wants(d.tuning, d.t, d.hist.total) {
		s.slowness.sample(d.tuning, d.hist.quantile(0.95))
	}
}

// pair finds the series of a service in a pop, or makes it, at a place in the service's list.
func (d *Detector) pair(s *service, name string, at int) *servicePop {
	if at < len(s.pops) && s.pops[at].name == name {
		return &s.pops[at]
	}
	if name == "" {
		return nil
	}
	if d.pairs >= d.config.ServicePops {
		d.unjudged.ServicePops++
		return nil
	}
	p := d.pop(name)
	if p == nil {
		return nil
	}
	d.pairs++
	s.pops = slices.Insert(s.pops, at, servicePop{pop: p, name: p.name})
	return &s.pops[at]
}

// pop finds the series of a pop, or makes it; nil beyond the limit and for no pop.
func (d *Detector) pop(name string) *whole {
	if name == "" {
		return nil
	}
	i, found := d.findPop(name)
	if found {
		d.pops[i].seen = d.t
		return d.pops[i]
	}
	if len(d.pops) >= d.config.Pops {
		d.unjudged.Pops++
		return nil
	}
	d.pops = slices.Insert(d.pops, i, &whole{name: name, seen: d.t})
	return d.pops[i]
}

func (d *Detector) findPop(name string) (int, bool) {
	return slices.BinarySearchFunc(d.pops, name, func(p *whole, name string) int { return strings.Compare(p.name, name) })
}

func (d *Detector) minutesATick() int32 {
	return max(1, int32(d.config.Width/time.Minute))
}

// forget drops the series that were not seen for long.
func (d *Detector) forget(t int32) {
	old := func(seen int32) bool { return t-seen > d.tuning.forget }
	d.services = slices.DeleteFunc(d.services, func(s *service) bool {
		before := len(s.pops)
		s.pops = slices.DeleteFunc(s.pops, func(p servicePop) bool { return old(p.seen) })
		d.pairs -= before - len(s.pops)
		return old(s.seen)
	})
	d.pops = slices.DeleteFunc(d.pops, func(p *whole) bool { return old(p.seen) })
}
