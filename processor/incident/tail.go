package incident

import (
	"time"

	"github.com/spikeline/spikeline/processor/detect"
)

// tail is the test for errors that are too few for any one service to show: all
// members together, since the last abnormal window. Sums that reached further
// back would hold the outage itself and end it late.
type tail struct {
	ring [60]tailCount
	n    int // windows since the last abnormal one
}

type tailCount struct{ requests, errors, usual float64 }

const (
	tailFactor = 1.5    // errors up to this many times the usual are usual
	tailRate   = 0.0005 // and this share of requests on top
	tailGLR    = 6.0
)

func (t *tail) reset() { t.n = 0 }

// raised takes in a window that no signal calls abnormal and says whether the
// pooled errors of the last 6, 30 or 60 of such windows do.
func (t *tail) raised(requests, errors, usual float64) bool {
	t.ring[t.n%len(t.ring)] = tailCount{requests, errors, usual}
	t.n++
	if errors <= usual {
		return false
	}
	var sum tailCount
	for i := 1; i <= min(t.n, len(t.ring)); i++ {
		c := t.ring[(t.n-i)%len(t.ring)]
		sum.requests, sum.errors, sum.usual = sum.requests+c.requests, sum.errors+c.errors, sum.usual+c.usual
		whole := i == min(t.n, len(t.ring)) && i < len(t.ring)
		if (i == 6 || i == 30 || i == 60 || whole) && poissonGLR(sum.errors, tailFactor*sum.usual+tailRate*sum.requests) > tailGLR {
			return true
		}
	}
	return false
}

const (
	settled    = 2 * time.Minute // after so much calm a single bad window does not make an outage go on ...
	strayAgain = time.Minute     // ... unless another follows so soon
)

// stray says that after some calm one window alone is bad: it holds most of the errors since
// the trouble, and few compared with it. A few seconds of one service's own errors are not the outage.
func (e *episode) stray(p *point, m *moment) bool {
	if e.lead() != detect.ErrorSurge || e.calm*m.width < int64(settled) || m.width >= int64(strayAgain) || e.strayed != 0 && m.end-e.strayed <= int64(strayAgain) {
		return false
	}
	if p.requests == 0 || p.excess >= mainImpact*e.PeakErrorRate*p.requests || 2*p.excess <= e.tail.excess() {
		return false
	}
	e.strayed = m.end
	e.tail.drop()
	return true
}

// excess is the errors beyond the usual since the last abnormal window.
func (t *tail) excess() (sum float64) {
	for i := range min(t.n, len(t.ring)) {
		sum += t.ring[i].errors - t.ring[i].usual
	}
	return sum
}

// drop makes nothing of the window taken in last.
func (t *tail) drop() {
	c := &t.ring[(t.n-1)%len(t.ring)]
	c.errors = c.usual
}

const (
	fellows    = 3   // members that a tail must be shared by, to be one: what a single service shows has its own test
	sameFactor = 1.5 // a rate up to this many times that of the calm after it is the same
)

// lingering looks at a calm once, when it has lasted for two thirds of what ends
// an incident, and gives how many of its first windows belong to the trouble still: those in which
// the members' errors are more than in the rest of the calm, which is a finer measure
// than what was usual before. A half may be so at most, and no member may make more than
// half of the excess: one service's own errors are not the tail of an outage.
func (e *episode) lingering(m *moment) int64 {
	from, n := m.tickOf(e.lastBad), e.calm
	if n != min(depth-4, int64(m.cfg.Quiet)*2/3/m.width) || m.tick-from+1 != n || n < 2 {
		return 0
	}
	sums := e.sinceLastBad(from, n, m)
	if len(sums) < fellows {
		return 0
	}
	var until int64
	best := tailGLR
	for i := int64(1); i <= n/2; i++ {
		var first, all pending
		for _, s := range sums {
			first.requests, first.failed = first.requests+s[i].requests, first.failed+s[i].failed
			all.requests, all.failed = all.requests+s[n].requests, all.failed+s[n].failed
		}
		rate := (all.failed - first.failed + 1) / max(all.requests-first.requests, 1)
		most := 0.0
		for _, s := range sums {
			most = max(most, s[i].failed-rate*s[i].requests)
		}
		if g := poissonGLR(first.failed, sameFactor*rate*first.requests); g > best && 2*most <= first.failed-rate*first.requests {
			best, until = g, i
		}
	}
	return until
}

// sinceLastBad gives, for each member that fails, its requests and errors in the first 0, 1, 2 ... windows from one on.
func (e *episode) sinceLastBad(from, n int64, m *moment) (sums [][]pending) {
	for _, mem := range e.members {
		v := m.fleet.byName[mem.Service]
		if v == nil || !mem.has(detect.ErrorSurge) {
			continue
		}
		s := make([]pending, n+1)
		for i := range n {
			c := v.at(from + i)
			s[i+1] = pending{s[i].requests + float64(c.requests), s[i].failed + float64(c.errors)}
		}
		sums = append(sums, s)
	}
	return sums
}
