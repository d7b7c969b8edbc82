package incident

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
