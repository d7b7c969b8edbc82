package incident

import (
	"math"

	"github.com/spikeline/spikeline/processor/detect"
)

// point is one stretch of an incident's curve, over the members that had begun by then.
type point struct {
	at       int64 // start
	windows  int64
	requests float64
	errors   float64
	excess   float64               // errors beyond what is usual
	usual    float64               // requests a window that those members usually have
	other    [detect.Kinds]float64 // by kind: usual requests of the members it struck, times how badly
	gap      bool                  // nothing is known of it
	dark     bool                  // a gap, while the rest of the fleet had requests
}

// curve is bounded: when it is full, each two points become one.
type curve struct {
	points []point
	stride int64 // windows a point
	width  int64 // nanoseconds a window
	limit  int
}

func (c *curve) add(p point) {
	if n := len(c.points); n > 0 && c.points[n-1].windows < c.stride && p.at == c.points[n-1].end(c.width) {
		c.points[n-1].merge(p)
		return
	}
	c.points = append(c.points, p)
	if len(c.points) > max(c.limit, 2) {
		c.coarsen()
	}
}

func (c *curve) coarsen() {
	half := c.points[:0]
	for i := 0; i < len(c.points); i += 2 {
		p := c.points[i]
		if i+1 < len(c.points) {
			p.merge(c.points[i+1])
		}
		half = append(half, p)
	}
	c.points, c.stride = half, c.stride*2
}

func (p *point) end(width int64) int64 { return p.at + p.windows*width }

func (p *point) merge(q point) {
	all := float64(p.windows + q.windows)
	p.usual = (p.usual*float64(p.windows) + q.usual*float64(q.windows)) / all
	for i := range p.other {
		p.other[i] += q.other[i]
	}
	p.windows += q.windows
	p.requests += q.requests
	p.errors += q.errors
	p.excess += q.excess
	p.gap, p.dark = p.gap && q.gap, p.dark && q.dark
}

// cover makes sure that the curve begins at a time, and reaches another; what is added is empty.
func (c *curve) cover(from, to int64) {
	if len(c.points) > 0 {
		to = c.points[0].at
	}
	if from >= to {
		return
	}
	var front []point
	for at := from; at < to; at += c.width * c.stride {
		front = append(front, point{at: at, windows: min(c.stride, (to-at)/c.width)})
	}
	c.points = append(front, c.points...)
	for len(c.points) > max(c.limit, 2) {
		c.coarsen()
	}
}

// find gives the point that holds a time, nil if none does.
func (c *curve) find(at int64) *point {
	lo, hi := 0, len(c.points)
	for lo < hi {
		if mid := (lo + hi) / 2; c.points[mid].at <= at {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo == 0 || at >= c.points[lo-1].end(c.width) {
		return nil
	}
	return &c.points[lo-1]
}

// smoothing: a value is the mean over at least three windows, and over as many
// more, up to thirty, as are needed to see a hundred requests.
const (
	fewest, most = 3, 30
	enough       = 100
)

// reading is a smoothed value of the curve and its standard deviation from counting.
type reading struct{ v, sd float64 }

// level gives, for each point, the share of the members' usual traffic that
// suffers, centred so that a step stays where it is. A gap keeps the value before it.
func (c *curve) level(lead detect.Kind, usual float64) []reading {
	x := make([]reading, len(c.points))
	for i := range c.points {
		if c.points[i].gap {
			if i > 0 {
				x[i] = x[i-1]
			}
			continue
		}
		sum := c.around(i, lead == detect.ErrorSurge)
		x[i].v = sum.level(lead, usual)
		if lead == detect.ErrorSurge && sum.requests > 0 {
			x[i].sd = math.Sqrt(x[i].v / sum.requests)
		}
	}
	return x
}

// around sums the points about i that are not gaps.
func (c *curve) around(i int, byRequests bool) point {
	sum := c.points[i]
	for r := 1; sum.windows < most && (sum.windows < fewest || byRequests && sum.requests < enough); r++ {
		before := sum.windows
		if j := i - r; j >= 0 && !c.points[j].gap {
			sum.merge(c.points[j])
		}
		if j := i + r; j < len(c.points) && !c.points[j].gap {
			sum.merge(c.points[j])
		}
		if sum.windows == before {
			break
		}
	}
	return sum
}

// level is the share of usual traffic (of all members, usual requests a window) that suffers.
func (p *point) level(lead detect.Kind, usual float64) float64 {
	if usual <= 0 {
		return 0
	}
	if lead != detect.ErrorSurge {
		return max(0, p.other[lead]/float64(p.windows)/usual)
	}
	if p.requests == 0 {
		return 0
	}
	return max(0, p.excess/p.requests*min(1, p.usual/usual))
}

// rate is the plain share of requests that failed.
func (p *point) rate() float64 {
	if p.requests == 0 {
		return 0
	}
	return p.errors / p.requests
}
