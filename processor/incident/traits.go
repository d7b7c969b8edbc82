package incident

import (
	"math"
	"slices"
	"strings"

	"github.com/spikeline/spikeline/ingest/accesslog"
	"github.com/spikeline/spikeline/processor/window"
)

// ledger attributes excess errors. Pops are compared with the traffic they have,
// the rest in proportion to the excess.
type ledger struct {
	requests float64
	excess   float64
	pops     []popShare    // ascending by name
	status   []statusShare // ascending by code
	cache    [accesslog.CacheStates]float64
	edge     float64
	origin   float64
}

type popShare struct {
	name             string
	requests, excess float64
}

type statusShare struct {
	code   uint16
	excess float64
}

// pop gives the entry of a pop, a new one if there is none yet.
func (l *ledger) pop(name string) *popShare {
	i, found := slices.BinarySearchFunc(l.pops, name, func(p popShare, name string) int { return strings.Compare(p.name, name) })
	if !found {
		l.pops = slices.Insert(l.pops, i, popShare{name: name})
	}
	return &l.pops[i]
}

func (l *ledger) addStatus(code uint16, excess float64) {
	i, found := slices.BinarySearchFunc(l.status, code, func(s statusShare, code uint16) int { return int(s.code) - int(code) })
	if !found {
		l.status = slices.Insert(l.status, i, statusShare{code: code})
	}
	l.status[i].excess += excess
}

// take adds the rows of one service in one window; usual is its usual error rate.
func (l *ledger) take(rows []window.Row, usual float64) {
	var n, k float64
	for i := range rows {
		c := &rows[i].Counts
		n, k = n+float64(c.Requests), k+float64(c.Errors)
		p := l.pop(rows[i].Pop)
		p.requests += float64(c.Requests)
		p.excess += float64(c.Errors) - usual*float64(c.Requests)
	}
	l.requests += n
	excess := k - n*usual
	if excess <= 0 || k == 0 {
		return
	}
	l.excess += excess
	for i := range rows {
		l.attribute(&rows[i].Counts, excess/k)
	}
}

func (l *ledger) attribute(c *window.Counts, weight float64) {
	if c.Errors == 0 {
		return
	}
	for _, s := range c.Status {
		if s.Code >= 500 {
			l.addStatus(s.Code, weight*float64(s.Count))
		}
	}
	for i, n := range c.CacheErrors {
		l.cache[i] += weight * float64(n)
	}
	l.edge += weight * float64(c.EdgeErrors)
	l.origin += weight * float64(c.OriginErrors)
}

// merge adds another ledger.
func (l *ledger) merge(o *ledger) {
	l.requests += o.requests
	l.excess += o.excess
	l.edge += o.edge
	l.origin += o.origin
	for _, s := range o.pops {
		p := l.pop(s.name)
		p.requests += s.requests
		p.excess += s.excess
	}
	for _, s := range o.status {
		l.addStatus(s.code, s.excess)
	}
	for i, n := range o.cache {
		l.cache[i] += n
	}
}

// side says who made the errors.
type side uint8

const (
	unknownSide side = iota
	edgeSide
	originSide
)

const dominant = 0.6 // share from which one status speaks for all errors

// side needs five errors in six on one side.
func (l *ledger) side() side {
	switch all := l.edge + l.origin; {
	case all < 3:
		return unknownSide
	case l.edge >= all*5/6:
		return edgeSide
	case l.origin >= all*5/6:
		return originSide
	}
	return unknownSide
}

// statusExcess gives the status with most excess errors, of equals the lowest, and the sum over all.
func (l *ledger) statusExcess() (top statusShare, all float64) {
	for _, s := range l.status {
		all += s.excess
		if s.excess > top.excess {
			top = s
		}
	}
	return top, all
}

// topStatus gives the status of most excess errors and its share; of equals the lowest.
func (l *ledger) topStatus() (code uint16, share float64) {
	top, all := l.statusExcess()
	if all < 3 {
		return 0, 0
	}
	return top.code, top.excess / all
}

// alikeStatus is how far two distributions of errors over statuses agree, 0 to 1; 0 of fewer than three errors.
func (l *ledger) alikeStatus(o *ledger) (sum float64) {
	_, all := l.statusExcess()
	_, others := o.statusExcess()
	if all < 3 || others < 3 {
		return 0
	}
	for _, s := range l.status {
		i, found := slices.BinarySearchFunc(o.status, s.code, func(q statusShare, code uint16) int { return int(q.code) - int(code) })
		if found {
			sum += min(s.excess/all, o.status[i].excess/others)
		}
	}
	return sum
}

// local says that the errors sit in few pops compared with the traffic: of the
// way from what chance would scatter to wholly apart, the two distributions over pops
// are half or more. Four errors of a service with thirty pops lie in few pops by chance.
func (l *ledger) local() bool {
	errs := l.popExcess()
	if errs < 3 || l.requests == 0 || len(l.pops) < 2 {
		return false
	}
	apart, chance := 0.0, 0.0
	for _, p := range l.pops {
		share := p.requests / l.requests
		apart += max(0, max(0, p.excess)/errs-share)
		chance += share * math.Pow(1-share, errs) // that none of the errors falls here
	}
	const slack = 0.01
	return apart >= chance+(1-chance)/2-slack
}

func (l *ledger) popExcess() (sum float64) {
	for _, p := range l.pops {
		sum += max(0, p.excess)
	}
	return sum
}

// overlap is how far two distributions of errors over pops agree, 0 to 1.
func (l *ledger) overlap(o *ledger) (sum float64) {
	a, b := l.popExcess(), o.popExcess()
	if a == 0 || b == 0 {
		return 0
	}
	for _, p := range l.pops {
		i, found := slices.BinarySearchFunc(o.pops, p.name, func(q popShare, name string) int { return strings.Compare(q.name, name) })
		if found {
			sum += min(max(0, p.excess)/a, max(0, o.pops[i].excess)/b)
		}
	}
	return sum
}

// poissonGLR is the log likelihood ratio of a count against its limit, 0 up to the limit.
func poissonGLR(count, limit float64) float64 {
	if count <= limit {
		return 0
	}
	if limit <= 0 {
		return math.Inf(1)
	}
	return count*math.Log(count/limit) - count + limit
}
