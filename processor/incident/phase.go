package incident

import "time"

// The shape of a phase, as shares of the highest level so far.
const (
	leaveHigh   = 0.60 // below it the incident has partly recovered
	reachHigh   = 0.75 // from there it must climb to this to be back
	relapseFrom = 0.50 // from the residual, this is a relapse already
	residualAt  = 0.10
	partialAt   = 0.25 // from the residual
	mainImpact  = 0.25
	swingLow    = 0.30
	swingHigh   = 0.50
	swingFloor  = 0.05 // levels below this share of traffic do not swing, they are noise
)

// How long a phase must last to be one; a shorter one belongs to the phase before.
const (
	shortest         = time.Minute
	shortestRecovery = 3 * time.Minute
	longestWait      = 15 * time.Minute // a recovery after relapses must outlast 1.5 times the longest calm before it, up to this
	longestSwing     = 30 * time.Minute
	manyRelapses     = 12 // from here on relapses are swings, whatever their distance
)

// span is a stretch of the curve in one phase: points from to to-1.
type span struct {
	phase    Phase
	from, to int
	swings   int // of a fluctuating one
}

// phases cuts a curve of levels into spans. Points from quiet on show no sign of
// trouble; closed says that the curve is complete. The thresholds follow the highest level so far, so
// what has been said of the past is seldom taken back.
func phases(points []point, x []reading, quiet int, closed bool, width int64) []span {
	raw := label(x, quiet)
	raw = settle(points, raw, closed, width)
	raw = swings(points, x, raw, width)
	return name(raw)
}

// label gives each point its phase without regard to length: Peak while high, then PartialRecovery or Residual.
func label(x []reading, quiet int) []span {
	var spans []span
	state, low, top := Peak, false, 0.0
	for i, r := range x {
		top = max(top, r.v-r.sd)
		state = next(state, low, r, top)
		low = state == Residual || low && state == PartialRecovery
		shown := state
		if i >= quiet && state == Residual && (len(spans) == 0 || spans[len(spans)-1].phase != Residual) {
			shown = PartialRecovery // nothing is wrong any more: whether it stays so is not known yet
		}
		spans = extend(spans, span{phase: shown, from: i, to: i + 1})
	}
	return spans
}

// next gives the phase of one reading. Noise may not end a phase: to leave the
// high level takes two standard deviations.
func next(state Phase, low bool, r reading, top float64) Phase {
	back := reachHigh
	if low {
		back = relapseFrom
	}
	switch {
	case state == Peak && r.v+2*r.sd >= leaveHigh*top, state != Peak && r.v >= back*top:
		return Peak
	case r.v < residualAt*top, state == Residual && r.v-r.sd < partialAt*top:
		return Residual
	}
	return PartialRecovery
}

// extend appends a span, or lengthens the last one if it is of the same phase.
func extend(spans []span, s span) []span {
	if n := len(spans); n > 0 && spans[n-1].phase == s.phase {
		spans[n-1].to = s.to
		return spans
	}
	return append(spans, s)
}

// settle merges what is too short into what was before it.
func settle(points []point, raw []span, closed bool, width int64) []span {
	var out []span
	var calm time.Duration // the longest recovery that did not last
	for i := 0; i < len(raw); i++ {
		s := raw[i]
		if len(out) == 0 || s.phase == Peak {
			if n := len(out); n > 0 && out[n-1].phase != Peak && length(points, s, width) >= shortest {
				calm = max(calm, length(points, lull(out), width))
			}
			out = keep(out, s, length(points, s, width) >= shortest)
			continue
		}
		need := max(shortestRecovery, min(longestWait, calm*3/2))
		whole := s
		for j := i + 1; j < len(raw) && raw[j].phase != Peak; j++ {
			whole.to = raw[j].to
		}
		long := length(points, s, width) >= shortestRecovery && length(points, whole, width) >= need
		out = keep(out, s, long)
	}
	return out
}

func keep(out []span, s span, long bool) []span {
	if len(out) > 0 && !long {
		out[len(out)-1].to = s.to
		return out
	}
	return extend(out, s)
}

// lull is the whole recovery at the end of some spans.
func lull(spans []span) span {
	n := len(spans) - 1
	l := spans[n]
	for ; n >= 0 && spans[n].phase != Peak; n-- {
		l.from = spans[n].from
	}
	return l
}

func length(points []point, s span, width int64) time.Duration {
	return time.Duration(points[s.to-1].end(width) - points[s.from].at)
}

// swing is a fall to almost nothing and the rise that followed.
type swing struct{ fall, rise int }

// findSwings looks for falls below 0.3 and rises above 0.5 of the highest level so far.
func findSwings(x []reading) []swing {
	var found []swing
	high, fall, top := false, -1, 0.0
	for i, r := range x {
		top = max(top, r.v-r.sd)
		switch {
		case top < swingFloor:
		case high && r.v+2*r.sd < swingLow*top:
			high, fall = false, i
		case !high && r.v-r.sd >= swingHigh*top:
			if fall >= 0 {
				found = append(found, swing{fall, i})
			}
			high = true
		}
	}
	return found
}

// swings lays the fluctuating spans over the others: from the first fall to the
// last rise of two swings or more that follow each other closely.
func swings(points []point, x []reading, spans []span, width int64) []span {
	found := findSwings(x)
	for i := 0; i < len(found); {
		j := i + 1
		for j < len(found) && (len(found) > manyRelapses || near(points, found[j-1], found[j])) {
			j++
		}
		if j-i >= 2 && (len(found) > manyRelapses || short(points, found[i])) {
			spans = overlay(spans, span{phase: Fluctuating, from: found[i].fall, to: found[j-1].rise, swings: j - i})
		}
		i = j
	}
	return spans
}

func short(points []point, s swing) bool {
	return points[s.rise].at-points[s.fall].at <= int64(longestSwing)
}

func near(points []point, a, b swing) bool {
	return short(points, a) && short(points, b) && points[b.fall].at-points[a.rise].at <= int64(longestSwing)
}

// overlay puts one span over the others.
func overlay(spans []span, top span) []span {
	var out []span
	put := false
	for _, s := range spans {
		if before := s; before.from < top.from {
			before.to = min(before.to, top.from)
			out = append(out, before)
		}
		if !put && s.to > top.from {
			out, put = append(out, top), true
		}
		if s.to > top.to {
			s.from = max(s.from, top.to)
			out = append(out, s)
		}
	}
	return out
}

// name tells a first peak from a relapse: a high span right after a recovery is a relapse.
func name(spans []span) []span {
	for i := 1; i < len(spans); i++ {
		before := spans[i-1].phase
		if spans[i].phase == Peak && (before == PartialRecovery || before == Residual) {
			spans[i].phase = Relapse
		}
	}
	return spans
}
