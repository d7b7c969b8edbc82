package demo

import (
	"slices"

	"github.com/spikeline/spikeline/ingest/accesslog"
	"github.com/spikeline/spikeline/processor/window"
)

// tally sums up requests into the counts of a window.
type tally struct {
	out     *window.Counts
	latency [window.LatencyBuckets]uint64
	low     int // of the buckets in use
	high    int
}

func (t *tally) reset(out *window.Counts) {
	t.out, t.low, t.high = out, len(t.latency), -1
}

// add counts n requests that fared alike.
func (t *tally) add(r *request, n uint64) {
	o := t.out
	o.Requests += n
	o.Bytes += n * uint64(r.bytes)
	cache := accesslog.Cache(r.cache)
	switch {
	case r.failed():
		o.Errors += n
		o.CacheErrors[cache] += n
		if r.byEdge() {
			o.EdgeErrors += n
		} else {
			o.OriginErrors += n
		}
	case r.refused():
		o.ClientErrors += n
	}
	if cache.Hit() {
		o.CacheHits += n
	}
	t.addStatus(r.status, n)
	b := int(window.BucketOf(int64(r.micros)))
	t.latency[b] += n
	t.low, t.high = min(t.low, b), max(t.high, b)
}

func (t *tally) addStatus(code uint16, n uint64) {
	i, found := slices.BinarySearchFunc(t.out.Status, code, func(s window.StatusCount, code uint16) int { return int(s.Code) - int(code) })
	if !found {
		t.out.Status = slices.Insert(t.out.Status, i, window.StatusCount{Code: code})
	}
	t.out.Status[i].Count += n
}

// finish writes the histogram and leaves the scratch space empty.
func (t *tally) finish() {
	for b := t.low; b <= t.high; b++ {
		if n := t.latency[b]; n > 0 {
			t.out.Latency = append(t.out.Latency, window.LatencyBucket{Bucket: uint16(b), Count: n})
			t.latency[b] = 0
		}
	}
}

// stratum is a range of the latency's quantile steps that many requests share;
// the ranges are finer where it is slower.
type stratum struct {
	step  uint32 // its middle
	share float64
}

var strata = func() (list []stratum) {
	for begin, left := 0, 0; begin < latencySteps; begin += left {
		left = 1
		for left < 32 && begin+8*left < latencySteps {
			left *= 2
		}
		list = append(list, stratum{uint32(begin + left/2), float64(left) / latencySteps})
	}
	return list
}()

// many draws how a mean number of requests fares, class by class, which is the
// same as drawing each: the classes of a Poisson number are Poisson and independent.
func (t *tally) many(random *stream, text *serviceText, c *cell, mean float64) {
	mean = float64(mean * (1 - of32(c.lost)))
	edge, origin := of32(c.edge), of32(c.origin-c.edge)
	blocked, client := of32(c.blocked-c.origin), of32(c.client-c.blocked)
	served := max(0, 1-edge-origin-blocked-client)
	hit := float64(served * of32(text.cached[0]) * (1 - of32(c.missed)))
	missed := max(0, float64(served*of32(text.cached[1]))-hit)

	shares := [fates]float64{edge, origin, blocked, client, hit, missed, max(0, served-hit-missed)}
	for f, share := range shares {
		t.class(random, text, c, fate(f), mean*share)
	}
}

// fate is a class of outcomes.
type fate uint8

const (
	failsAtEdge fate = iota
	failsAtOrigin
	isBlocked
	isRefused
	hits
	misses
	passes
	fates
)

// class draws the requests of one class, by strata of latency when they are many.
func (t *tally) class(random *stream, text *serviceText, c *cell, f fate, mean float64) {
	if mean < few {
		for range random.poisson(mean) {
			t.addFated(random.Uint64(), uint32(random.Uint64()), text, c, f, 1)
		}
		return
	}
	for _, s := range strata {
		if n := random.roughly(mean * s.share); n > 0 {
			t.addFated(random.Uint64(), uint32(random.Uint64())/latencySteps*latencySteps+s.step, text, c, f, uint64(n))
		}
	}
}

func (t *tally) addFated(seed uint64, v uint32, text *serviceText, c *cell, f fate, n uint64) {
	r := request{seed: seed}
	r.take(text, c, v)
	switch f {
	case failsAtEdge:
		r.failAtEdge(c.edgeStatus, v)
	case failsAtOrigin:
		r.failAtOrigin(c.originStatus, v)
	case isBlocked:
		r.block()
	case isRefused:
		r.refuse(v)
	case hits:
		r.hit(v)
	case misses:
		r.miss(v)
	case passes:
		r.pass(v)
	}
	r.bytes = r.size(v)
	t.add(&r, n)
}
