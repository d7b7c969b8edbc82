package detect

import "math"

// hull is functional online CUSUM (FOCuS; Romano, Eckley, Fearnhead, Rigaill
// 2023; for counts Ward, Dilillo, Eckley, Fearnhead 2022): the likelihood
// ratio over every possible onset at once. The only onsets that can be the
// best are the corners of the lower convex hull of the cumulative sums, so a
// handful of candidates stands for all of them.
//
// u is what grows in a change and v what the guard explains: for a surge u
// counts and v expects, for a drop the other way round.
type hull struct {
	sum  corner
	cand []candidate // oldest first; never empty once fed
}

// corner holds running sums up to a window.
type corner struct {
	u, v float64
	m    float64 // requests seen (proportions) or expected (traffic)
	a    float64 // impact
}

// candidate is the state of the sums just before a possible onset.
type candidate struct {
	u, v, m float64
	a       float32
	t       int32 // the last window before the onset
}

const maxCandidates = 16

// statistic is the likelihood ratio of the counts since a candidate against the guard.
type statistic uint8

const (
	failures statistic = iota // u of m requests, v of them allowed
	more                      // u counted, v allowed
	fewer                     // v counted, u the least allowed
)

func (h *hull) reset(t int32) {
	h.sum = corner{}
	if h.cand == nil {
		h.cand = make([]candidate, 0, 2)
	}
	h.cand = append(h.cand[:0], candidate{t: t})
}

// add takes one window: u and v as above, m and a for the sums. It gives the
// largest statistic over all onsets not older than maxAge windows, and the candidate that has it.
func (h *hull) add(t int32, u, v, m, a float64, kind statistic, maxAge int32) (float64, candidate) {
	if len(h.cand) == 0 {
		h.reset(t - 1)
	}
	h.sum.u += u
	h.sum.v += v
	h.sum.m += m
	h.sum.a += a
	h.dropExplained(t, maxAge)
	best, at := 0.0, candidate{t: t - 1}
	for _, c := range h.cand {
		if g := h.statistic(c, kind); g > best {
			best, at = g, c
		}
	}
	h.push(t, u != 0 || v != 0)
	return best, at
}

func (h *hull) statistic(c candidate, kind statistic) float64 {
	u, v := h.sum.u-c.u, h.sum.v-c.v
	switch kind {
	case failures:
		return binomialRatio(u, h.sum.m-c.m, v)
	case more:
		if u <= v {
			return 0
		}
		return poissonRatio(u, v)
	default:
		if v >= u {
			return 0
		}
		return poissonRatio(v, u)
	}
}

// dropExplained drops the onsets since which the guard explains everything, and those too old.
func (h *hull) dropExplained(t, maxAge int32) {
	n := 0
	for n < len(h.cand) && (h.sum.u-h.cand[n].u <= h.sum.v-h.cand[n].v || t-h.cand[n].t > maxAge) {
		n++
	}
	if n > 0 {
		h.cand = h.cand[:copy(h.cand, h.cand[n:])]
	}
}

// push makes the end of window t a candidate and restores convexity.
func (h *hull) push(t int32, informative bool) {
	if len(h.cand) == 0 {
		h.reset(t) // the sums begin anew: floats never grow for long
		return
	}
	last := len(h.cand) - 1
	if !informative {
		if h.cand[last].v == h.sum.v && h.cand[last].u == h.sum.u {
			h.cand[last].t = t // empty windows are not part of an onset
		}
		return
	}
	for last >= 1 {
		l, p := &h.cand[last], &h.cand[last-1]
		if (h.sum.u-l.u)*(l.v-p.v) > (l.u-p.u)*(h.sum.v-l.v) {
			break
		}
		last--
	}
	h.cand = h.cand[:last+1]
	if len(h.cand) == maxCandidates {
		h.cand = append(h.cand[:1], h.cand[2:]...)
	}
	h.cand = append(h.cand, candidate{u: h.sum.u, v: h.sum.v, m: h.sum.m, a: float32(h.sum.a), t: t})
}

// binomialRatio is the log likelihood ratio of x of n against a guard that explains b of n; 0 when x is within it.
func binomialRatio(x, n, b float64) float64 {
	if x <= b || b <= 0 || n <= b {
		return 0
	}
	g := x * math.Log(x/b)
	if n > x {
		g += (n - x) * math.Log((n-x)/(n-b))
	}
	return max(g, 0)
}

// poissonRatio is the log likelihood ratio of a count x against a mean b.
func poissonRatio(x, b float64) float64 {
	if b <= 0 {
		return 0
	}
	if x <= 0 {
		return b
	}
	return max(x*math.Log(x/b)-x+b, 0)
}
