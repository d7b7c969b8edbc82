package incident

import (
	"math"

	"github.com/spikeline/spikeline/processor/detect"
	"github.com/spikeline/spikeline/processor/window"
)

const (
	depth       = 64     // windows of counts remembered of each service: the time a detector may need
	priorRate   = 0.001  // error rate of a service nobody has seen
	priorWeight = 200    // requests that the prior is worth
	memory      = 8640.0 // windows of the usual rate that are remembered (a day of 10 s)
)

// tally is what one window holds of one service over its pops.
type tally struct{ requests, errors, clients uint32 }

// service remembers the last windows of one service, and what was usual before
// them. A window teaches only when it leaves the ring, so that an outage found
// late has not yet spoiled what it is compared with.
type service struct {
	last       int64 // number of its latest window
	first      int64
	ring       [depth]tally
	n, k       float64 // usual requests and errors, decayed
	windows    float64 // weight of the windows in n and k
	skipFrom   int64   // windows from this number to skipTo teach nothing: they are part of an incident
	skipTo     int64
	surgeOnset int64 // of its latest traffic surge, 0 for none
	surgeSeen  int64 // start of the latest window in which that surge was on
	surgeRatio float64
	spending   spending
}

// fleet is all services seen of late.
type fleet struct {
	byName map[string]*service
	limit  int
	tick   int64 // number of the current window
	total  float64
	usual  float64 // requests a window over the fleet, decayed over an hour

	spending spending
}

func newFleet(limit int) fleet { return fleet{byName: map[string]*service{}, limit: limit} }

// observe takes in one window. Rows come in order of service.
func (f *fleet) observe(r *window.Result, tick int64) {
	f.tick, f.total = tick, 0
	width := r.End - r.Start
	for i := 0; i < len(r.Rows); {
		name, sum := r.Rows[i].Service, tally{}
		for ; i < len(r.Rows) && r.Rows[i].Service == name; i++ {
			sum.add(&r.Rows[i].Counts)
		}
		f.total += float64(sum.requests)
		if s := f.find(name); s != nil {
			s.push(tick, sum)
			s.spending.add(r.Start, width, sum)
		}
		f.spending.add(r.Start, width, sum)
	}
	if f.usual == 0 {
		f.usual = f.total
	}
	f.usual += (f.total - f.usual) / 360
	if tick%360 == 0 {
		f.forget(tick)
	}
}

func (t *tally) add(c *window.Counts) {
	t.requests = saturate(uint64(t.requests) + c.Requests)
	t.errors = saturate(uint64(t.errors) + c.Errors)
	t.clients = saturate(uint64(t.clients) + c.ClientErrors)
}

func saturate(n uint64) uint32 { return uint32(min(n, math.MaxUint32)) }

func (f *fleet) find(name string) *service {
	s := f.byName[name]
	if s == nil && len(f.byName) < f.limit {
		s = &service{first: f.tick, last: f.tick - 1, skipTo: -1}
		f.byName[name] = s
	}
	return s
}

// forget drops services unseen for a day.
func (f *fleet) forget(tick int64) {
	for name, s := range f.byName {
		if tick-s.last > memory {
			delete(f.byName, name)
		}
	}
}

func (s *service) push(tick int64, sum tally) {
	for t := max(s.last+1, tick-depth); t < tick; t++ {
		s.put(t, tally{})
	}
	s.put(tick, sum)
	s.last = tick
}

func (s *service) put(tick int64, sum tally) {
	slot, old := &s.ring[uint64(tick)%depth], tick-depth
	if old >= s.first && !s.skips(old) {
		s.learn(*slot)
	}
	*slot = sum
}

func (s *service) learn(old tally) {
	const keep = 1 - 1/memory
	s.n = s.n*keep + float64(old.requests)
	s.k = s.k*keep + float64(old.errors)
	s.windows = s.windows*keep + 1
}

// at gives the counts of a window that is still remembered.
func (s *service) at(tick int64) tally {
	if tick > s.last || tick <= s.last-depth || tick < s.first {
		return tally{}
	}
	return s.ring[uint64(tick)%depth]
}

// known is how many windows it takes to believe a service's own rate if it is above
// detect.Believed: a service may be broken from its first request on.
const known = 30

// usual gives the error rate and the requests a window of the time before a window.
func (s *service) usual(before int64) (rate, perWindow float64) {
	n, k, windows := s.n, s.k, s.windows
	for t := max(s.last-depth+1, s.first); t < before && t <= s.last; t++ {
		if s.skips(t) {
			continue
		}
		c := s.ring[uint64(t)%depth]
		n, k, windows = n+float64(c.requests), k+float64(c.errors), windows+1
	}
	rate = (k + priorRate*priorWeight) / (n + priorWeight)
	if windows < known {
		rate = min(rate, detect.Believed)
	}
	if windows == 0 {
		return rate, float64(s.at(s.last).requests)
	}
	return rate, n / windows
}

func (s *service) skips(tick int64) bool { return tick >= s.skipFrom && tick <= s.skipTo }

// spare keeps the windows of an incident out of what is usual.
func (f *fleet) spare(name string, from, to int64) {
	if s := f.byName[name]; s != nil {
		s.skipFrom, s.skipTo = from, to
	}
}

// around gives the mean requests of the windows before and after a moment, a window between left out.
func (s *service) around(tick int64) (before, after float64) {
	for t := tick - 12; t < tick-1; t++ {
		before += float64(s.at(t).requests) / 11
	}
	n := 0.0
	for t := tick + 1; t <= min(s.last, tick+6); t++ {
		after += float64(s.at(t).requests)
		n++
	}
	return before, after / max(n, 1)
}

// relearn takes what came of late as the usual.
func (s *service) relearn() {
	s.n, s.k, s.windows = 0, 0, 0
	s.skipFrom, s.skipTo = 0, -1
}

// surged says since when a surge had gone on when errors began at onset, 0 if none had.
func (s *service) surged(onset int64, longest, calm int64) int64 {
	if s.surgeOnset == 0 || s.surgeOnset >= onset || onset-s.surgeOnset > longest || onset-s.surgeSeen > calm {
		return 0
	}
	return s.surgeOnset
}
