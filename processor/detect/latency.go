package detect

import (
	"math"

	"github.com/spikeline/spikeline/processor/window"
)

// slowness learns what slow means for a service: twice its usual 95th
// percentile. The threshold moves only when the percentile has moved by a tenth, and never in a finding.
type slowness struct {
	logP95  float32 // mean of the logarithm of the 95th percentile in microseconds
	samples uint32  // windows that it knows
	micros  int64   // threshold; 0 while unknown
}

const (
	slowTimes   = 2.0
	slowMoved   = 0.1
	sampleLeast = 5 // requests a window: fewer say little of a 95th percentile
)

// sample takes the 95th percentile of a calm window.
func (s *slowness) sample(k *tuning, micros uint64) {
	v := math.Log(float64(max(micros, 1)))
	s.samples = min(s.samples+1, math.MaxUint32-1)
	s.logP95 += float32(max(k.latencyGain, 1/float64(s.samples)) * (v - float64(s.logP95)))
	if s.samples < uint32(k.latencyFirst) {
		return
	}
	want := slowTimes * math.Exp(float64(s.logP95))
	if s.micros == 0 || math.Abs(math.Log(want/float64(s.micros))) > slowMoved {
		s.micros = max(1, int64(want))
	}
}

// wants says whether this window should be a sample.
func (s *slowness) wants(k *tuning, t int32, timed uint64) bool {
	return timed >= sampleLeast && (s.samples < uint32(k.latencyFirst) || t%k.latencyEvery == 0)
}

// histogram is the sum of latency histograms, cleared in the range it used.
type histogram struct {
	counts [window.LatencyBuckets]uint64
	lo, hi int // used range
	total  uint64
}

func (h *histogram) clear() {
	if h.total > 0 {
		clear(h.counts[h.lo : h.hi+1])
	}
	h.lo, h.hi, h.total = window.LatencyBuckets, -1, 0
}

func (h *histogram) add(l window.Latency) {
	for _, b := range l {
		at := min(int(b.Bucket), window.LatencyBuckets-1)
		n := min(b.Count, mostRequests)
		h.counts[at] += n
		h.lo, h.hi = min(h.lo, at), max(h.hi, at)
		h.total += n
	}
}

func (h *histogram) quantile(q float64) uint64 {
	rank := min(uint64(q*float64(h.total)), max(h.total, 1)-1)
	for i := h.lo; i <= h.hi; i++ {
		if rank < h.counts[i] {
			return window.LatencyBucket{Bucket: uint16(i)}.Micros()
		}
		rank -= h.counts[i]
	}
	return 0
}

func (h *histogram) above(micros int64) (n uint64) {
	for i := max(h.lo, int(window.BucketOf(micros))+1); i <= h.hi; i++ {
		n += h.counts[i]
	}
	return n
}
