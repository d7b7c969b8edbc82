package demo

import "time"

// arrivals puts requests into order of arrival: one bucket a second of arrival
// time, sorted by the millisecond when its turn comes. Equal ones keep their order.
type arrivals struct {
	buckets [][]request
	second  int64 // the next bucket to be sorted
	waiting int
	sorted  []request
	given   int
	starts  [1001]int32
}

func newArrivals(second, horizon int64) arrivals {
	return arrivals{buckets: make([][]request, horizon+1), second: second}
}

func (a *arrivals) put(r *request) {
	second := max(r.arrival/int64(time.Second), a.second)
	if second-a.second >= int64(len(a.buckets)) {
		panic("BUG: a record arrives later than the horizon")
	}
	b := &a.buckets[second%int64(len(a.buckets))]
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

// advance sorts the next second's bucket for next.
func (a *arrivals) advance() {
	b := &a.buckets[a.second%int64(len(a.buckets))]
	a.sorted, a.given = a.sort(*b), 0
	*b = (*b)[:0]
	a.second++
}

func (a *arrivals) sort(bucket []request) []request {
	clear(a.starts[:])
	for i := range bucket {
		a.starts[milli(&bucket[i])+1]++
	}
	for i := 1; i < len(a.starts); i++ {
		a.starts[i] += a.starts[i-1]
	}
	if cap(a.sorted) < len(bucket) {
		a.sorted = make([]request, len(bucket)+len(bucket)/2)
	}
	sorted := a.sorted[:len(bucket)]
	for i := range bucket {
		m := milli(&bucket[i])
		sorted[a.starts[m]] = bucket[i]
		a.starts[m]++
	}
	return sorted
}

func milli(r *request) int { return int(r.arrival % int64(time.Second) / int64(time.Millisecond)) }
