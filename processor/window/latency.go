package window

import "math/bits"

// Latency is a mergeable histogram of latencies with bounded relative error:
// log-linear buckets, 16 to a power of two, so a bucket's midpoint is within
// 3.1 % of every value in it (the scheme of HdrHistogram; the bound as in
// Masson, Rim, Lee, "DDSketch", VLDB 2019). Ascending by bucket.
type Latency []LatencyBucket

// LatencyBucket is how many requests fell into one bucket.
type LatencyBucket struct {
	Bucket uint16
	Count  uint64
}

const subBits = 4

// LatencyBuckets is the number of buckets: from 0 to 2^36 microseconds (19 hours); above, the last one.
const LatencyBuckets = (36 - subBits + 1) << subBits

// BucketOf gives the bucket of a latency in microseconds.
func BucketOf(micros int64) uint16 {
	u := uint64(max(micros, 0))
	if u < 1<<subBits {
		return uint16(u)
	}
	shift := bits.Len64(u) - 1 - subBits
	b := (shift+1)<<subBits | int(u>>shift)&(1<<subBits-1)
	return uint16(min(b, LatencyBuckets-1))
}

// Micros gives the midpoint of a bucket in microseconds.
func (b LatencyBucket) Micros() uint64 {
	if b.Bucket < 1<<subBits {
		return uint64(b.Bucket)
	}
	shift := b.Bucket>>subBits - 1
	low := uint64(1<<subBits|b.Bucket&(1<<subBits-1)) << shift
	return low + uint64(1)<<shift/2
}

// Total is the number of requests with a known latency.
func (l Latency) Total() (n uint64) {
	for _, b := range l {
		n += b.Count
	}
	return n
}

// Quantile gives the latency in microseconds below which a share q (0 to 1) of the requests stays; 0 of an empty histogram.
func (l Latency) Quantile(q float64) uint64 {
	total := l.Total()
	if total == 0 {
		return 0
	}
	rank := min(uint64(q*float64(total)), total-1)
	for _, b := range l {
		if rank < b.Count {
			return b.Micros()
		}
		rank -= b.Count
	}
	return l[len(l)-1].Micros()
}

// Above counts the requests slower than a latency in microseconds, whole buckets only.
func (l Latency) Above(micros int64) (n uint64) {
	limit := BucketOf(micros)
	for _, b := range l {
		if b.Bucket > limit {
			n += b.Count
		}
	}
	return n
}
