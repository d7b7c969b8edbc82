package demo

import "time"

// arrivals puts requests into order of arrival: a bucket for every second of
// arrival time, sorted by the millisecond when its turn comes. Equal ones keep
// their order. The many that arrive soon and the few that arrive late have
// buckets apart, so that only a handful of buckets is ever large.
type arrivals struct {
	near, far [][]request
	second    int64 // the next to be sorted
	waiting   int
	sorted    []request
	given     int
	starts    [1001]int
}

// newArrivals begins at a second of arrival time (Unix). Most requests arrive
// within soon seconds of the current one, all within the horizon.
func newArrivals(second, soon, horizon int64) arrivals {
	return arrivals{near: make([][]request, soon), far: make([][]request, horizon+1), second: second}
}

func (a *arrivals) put(r *request) {
	second := max(r.arrival/int64(time.Second), a.second)
	ring := a.near
	if second-a.second >= int64(len(ring)) {
		ring = a.far
	}
	if second-a.second >= int64(len(ring)) {
		panic("BUG: a record arrives later than the horizon")
	}
	b := &ring[second%int64(len(ring))]
	*b = append(*b, *r)
	a.waiting++
}

func (a *arrivals) ready() bool { return a.given < len(a.sorted) }
func (a *arrivals) empty() bool { return a.waiting == 0 }

func (a *arrivals) next() *request {
	r := &a.sorted[a.given]
	a.given++
	a.waiting--
	return r
}

// advance sorts the requests of the next second for next.
func (a *arrivals) advance() {
	near := &a.near[a.second%int64(len(a.near))]
	far := &a.far[a.second%int64(len(a.far))]
	a.sort(*far, *near)
	*near = (*near)[:0]
	*far = (*far)[:0]
	if cap(*far) > 4096 { // a delayed partition; its memory is not kept
		*far = nil
	}
	a.second++
}

// sort is a counting sort by the millisecond; the far ones were made first.
func (a *arrivals) sort(far, near []request) {
	a.given = 0
	if n := len(far) + len(near); cap(a.sorted) < n {
		a.sorted = make([]request, n+n/2)
	}
	a.sorted = a.sorted[:len(far)+len(near)]
	clear(a.starts[:])
	for _, bucket := range [...][]request{far, near} {
		for i := range bucket {
			a.starts[milli(&bucket[i])+1]++
		}
	}
	for i := 1; i < len(a.starts); i++ {
		a.starts[i] += a.starts[i-1]
	}
	for _, bucket := range [...][]request{far, near} {
		for i := range bucket {
			m := milli(&bucket[i])
			a.sorted[a.starts[m]] = bucket[i]
			a.starts[m]++
		}
	}
}

func milli(r *request) int { return int(r.arrival % int64(time.Second) / int64(time.Millisecond)) }
