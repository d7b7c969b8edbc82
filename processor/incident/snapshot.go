package incident

import (
	"slices"
	"strconv"
	"time"

	"github.com/spikeline/spikeline/ingest/accesslog"
	"github.com/spikeline/spikeline/processor/detect"
)

// snapshot gives the incident as it now stands; it shares no memory with the episode.
func (e *episode) snapshot() Incident {
	i := e.Incident
	i.Services = make([]Member, len(e.members))
	for n, mem := range e.members {
		i.Services[n] = mem.Member
		i.Services[n].Failed = uint64(max(0, mem.failed))
	}
	i.Pops = e.ledger.badPops(0.01)
	for _, f := range e.series {
		if p := f.key.scope.Pop; p != "" && f.holding && !slices.Contains(i.Pops, p) {
			i.Pops = append(i.Pops, p)
		}
	}
	slices.Sort(i.Pops)
	for k := range detect.Kinds {
		if e.has(k) {
			i.Kinds = append(i.Kinds, k.String())
		}
	}
	i.Requests, i.RequestsFailed = e.totals()
	i.RequestsSlow, i.RequestsMissing = uint64(e.slow), uint64(e.missed)
	i.MoreServices = uint32(e.beyond)
	i.Shares = e.ledger.shares()
	i.Severity = severities[e.grade]
	i.Title = e.title()
	if e.MergedInto != "" {
		i.Title = "part of " + e.MergedInto
	} else if e.Withdrawn {
		i.Title = "withdrawn: traffic of all fell alike, as when logs are missing"
	}
	return i
}

// totals gives the requests of the members and their excess errors.
func (e *episode) totals() (requests, failed uint64) {
	sum := 0.0
	for _, mem := range e.everyone() {
		requests += mem.Requests
		sum += max(0, mem.failed)
	}
	return requests, uint64(sum)
}

var severities = [...]string{"minor", "major", "critical"}

// regrade raises the severity by what users felt: the share of the fleet's requests
// that failed, for how long, and at how many services. It never falls.
func (e *episode) regrade(m *moment) {
	minutes := e.lost * float64(m.width) / float64(time.Minute) // of a full outage of the whole fleet
	n := len(e.members)
	grade := 0
	switch {
	case e.PeakFleetShare >= 0.05 && minutes >= 0.25, n >= 20 && e.PeakErrorRate >= 0.2, minutes >= 5:
		grade = 2
	case e.PeakFleetShare >= 0.01, e.PeakErrorRate >= 0.2 && e.errors(), n >= 5, minutes >= 0.25:
		grade = 1
	}
	e.grade = max(e.grade, grade)
}

// burn says how much of the members' error budget of 30 days is gone.
func (e *episode) burn(m *moment) {
	allowed := 0.0 // failures a window
	for _, mem := range e.everyone() {
		allowed += mem.weight * (1 - m.cfg.ObjectiveOf(mem.Service))
	}
	_, failed := e.totals()
	budget := allowed * float64(30*24*time.Hour) / float64(m.width)
	if budget > 0 {
		e.BudgetBurnt = float64(failed) / budget
	}
}

// badPops names the pops with at least a share of the excess errors, by name.
func (l *ledger) badPops(least float64) (names []string) {
	all := l.popExcess()
	for _, p := range l.pops {
		if p.name != "" && p.excess >= 1 && p.excess >= least*all {
			names = append(names, p.name)
		}
	}
	return names
}

const (
	sharesEach = 10   // listed of each attribute
	leastShare = 0.01 // and none below
)

// shares attributes the excess errors: largest first within each attribute.
func (l *ledger) shares() []Share {
	var pops, status, cache []Share
	all := l.popExcess()
	for _, p := range l.pops {
		pops = append(pops, Share{"pop", p.name, max(0, p.excess) / max(all, 1)})
	}
	sum := max(l.excess, 1)
	for _, s := range l.status {
		status = append(status, Share{"status", strconv.Itoa(int(s.code)), s.excess / sum})
	}
	for c, n := range l.cache {
		cache = append(cache, Share{"cache", accesslog.Cache(c).String(), n / sum})
	}
	sides := []Share{{"side", "edge", l.edge / sum}, {"side", "origin", l.origin / sum}}
	return slices.Concat(largest(pops), largest(status), largest(cache), largest(sides))
}

func largest(s []Share) []Share {
	s = slices.DeleteFunc(s, func(s Share) bool { return s.Share < leastShare })
	slices.SortStableFunc(s, func(a, b Share) int { return compare(b.Share, a.Share) })
	return s[:min(len(s), sharesEach)]
}
