package incident

import (
	"github.com/spikeline/spikeline/processor/detect"
)

// The points for and against a signal belonging to an incident. Time alone
// joins in a small fleet unless something speaks against it; in a large one it needs a second witness.
const (
	joinsSmall  = 4
	joinsLarge  = 5
	atOnce      = 3 // onsets within Near
	soon        = 2 // onsets within three times Near
	sameKind    = 1
	manyMembers = 1 // at least three services already
	sameStatus  = 1 // the errors are spread over much the same statuses
	sameEdge    = 2 // both made by the edge itself: services share the edge
	sameOrigin  = 1 // both from origins, which services need not share
	inScope     = 2 // the incident is about all requests of a scope, and the signal lies in it
	otherSide   = -2
	samePlace   = 2 // errors of at least one sit in few pops, and the other's sit there too
	otherPlace  = -3
)

// fit weighs what speaks for a signal (or another incident) belonging to this incident.
type fit struct {
	points int
	shared bool // they have more in common than time and kind
}

func (e *episode) fit(kind detect.Kind, onset int64, l *ledger, cfg *Config) fit {
	var f fit
	switch apart := e.apart(onset); {
	case apart <= int64(cfg.Near):
		f.points += atOnce
	case apart <= 3*int64(cfg.Near):
		f.points += soon
	}
	if e.has(kind) {
		f.points += sameKind
	}
	if len(e.members) >= 3 {
		f.points += manyMembers
	}
	if e.pool != nil && kind == detect.ErrorSurge {
		f.points += inScope
	}
	f.attribution(e.likeness(), l)
	return f
}

// likeness is what is known of the incident's errors.
func (e *episode) likeness() *ledger {
	if e.ledger.excess == 0 {
		return &e.hint
	}
	return &e.ledger
}

// attribution compares who made the errors, which, and where.
func (f *fit) attribution(a, b *ledger) {
	if a.alikeStatus(b) >= 0.5 {
		f.points, f.shared = f.points+sameStatus, true
	}
	switch sa, sb := a.side(), b.side(); {
	case sa == unknownSide || sb == unknownSide:
	case sa != sb:
		f.points, f.shared = f.points+otherSide, false
	case sa == edgeSide:
		f.points += sameEdge
	default:
		f.points += sameOrigin
	}
	if a.excess < 3 || b.excess < 3 || !a.local() && !b.local() {
		return
	}
	switch o := a.overlap(b); {
	case o >= 0.5:
		f.points, f.shared = f.points+samePlace, true
	case o <= 0.1:
		f.points, f.shared = f.points+otherPlace, false
	}
}

// apart is the time between an onset and the nearest one in the incident.
func (e *episode) apart(onset int64) int64 {
	best := abs(onset - e.StartedAt)
	for _, s := range e.series {
		if s.key.kind != detect.ClientErrorSurge {
			best = min(best, abs(onset-s.onset))
		}
	}
	for _, m := range e.members {
		best = min(best, abs(onset-m.StartedAt))
	}
	return best
}

func abs[T int64 | float64](n T) T { return max(n, -n) }

// joins says whether the points suffice in a fleet of this size.
func (f fit) joins(services int, cfg *Config) bool {
	if services > cfg.LargeFleet {
		return f.shared && f.points >= joinsLarge
	}
	return f.points >= joinsSmall
}
