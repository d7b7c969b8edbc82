package demo

import (
	"github.com/spikeline/spikeline/ingest/accesslog"
)

// decide draws how a request fares. It returns false when the source loses its record.
func (r *request) decide(random *stream, text *serviceText, c *cell) bool {
	if c.lost > 0 && uint32(random.Uint64()) < c.lost {
		return false
	}
	r.seed = random.Uint64()
	draw := random.Uint64()
	u, v := uint32(draw), uint32(draw>>32)
	r.take(text, c, v)
	switch {
	case u < c.edge:
		r.failAtEdge(c.edgeStatus, v)
	case u < c.origin:
		r.failAtOrigin(c.originStatus, v)
	case u < c.blocked:
		r.block()
	case u < c.client:
		r.refuse(v)
	case uint32(r.seed) < text.cached[0] && uint32(r.seed>>32) >= c.missed:
		r.hit(v)
	case uint32(r.seed) < text.cached[1]:
		r.miss(v)
	default:
		r.pass(v)
	}
	r.bytes = r.size(v)
	return true
}

// take sets how long a request takes, if nothing else holds it up.
func (r *request) take(text *serviceText, c *cell, v uint32) {
	r.micros = uint32(min(uint64(text.latencies[v%latencySteps])*uint64(c.slow)>>8, 60e6))
}

// slowest is added to the latency of a request that timed out, at most.
const slowest = 1_500_000 // microseconds

func (r *request) failAtEdge(code uint16, v uint32) {
	if code == 0 {
		code = [...]uint16{500, 502, 520, 522, 500, 503, 502, 504}[v>>9&7]
	} else if v>>9&15 == 0 { // a few fail in another way
		code = [...]uint16{500, 502, 503, 504}[v>>13&3]
	}
	r.status, r.cache = code, uint8(accesslog.CacheUnknown)
	if v>>16&1 == 0 {
		r.cache = uint8(accesslog.CacheDynamic)
	}
	if code == 522 || code == 504 {
		r.micros += slowest/2 + v%(slowest/2)
	}
}

func (r *request) failAtOrigin(code uint16, v uint32) {
	if code == 0 {
		code = [...]uint16{500, 503, 502, 500}[v>>9&3]
	}
	r.status, r.originStatus = code, code
	r.cache = uint8([...]accesslog.Cache{accesslog.CacheDynamic, accesslog.CacheMiss, accesslog.CacheBypass, accesslog.CacheDynamic}[v>>16&3])
}

func (r *request) refuse(v uint32) {
	r.status = [...]uint16{404, 404, 404, 401, 403, 400, 429, 404}[v>>9&7]
	r.originStatus = r.status
	r.cache = uint8(accesslog.CacheDynamic)
	if r.status == 429 {
		r.originStatus = 0
	}
}

func (r *request) block() {
	r.status, r.cache = 403, uint8(accesslog.CacheUnknown)
	r.micros = r.micros/8 + 800
}

// hit, miss and pass are the ways to succeed: from the cache, past it, or without it.
func (r *request) hit(v uint32) {
	r.status = success(v)
	r.cache = uint8([...]accesslog.Cache{
		accesslog.CacheHit, accesslog.CacheHit, accesslog.CacheHit, accesslog.CacheHit, accesslog.CacheHit,
		accesslog.CacheHit, accesslog.CacheRevalidated, accesslog.CacheStale}[v>>16&7])
	r.micros = r.micros/3 + 500
}

func (r *request) miss(v uint32) {
	r.status = success(v)
	r.originStatus = r.status
	r.cache = uint8([...]accesslog.Cache{accesslog.CacheMiss, accesslog.CacheMiss, accesslog.CacheExpired, accesslog.CacheBypass}[v>>16&3])
}

func (r *request) pass(v uint32) {
	r.status = success(v)
	r.originStatus = r.status
	r.cache = uint8(accesslog.CacheDynamic)
}

func success(v uint32) uint16 {
	switch v >> 9 & 31 {
	case 0:
		return [...]uint16{301, 302, 204, 206}[v>>14&3]
	case 1:
		return 304
	}
	return 200
}

// size is the answer's length: a few hundred bytes to some hundred thousand, mostly small.
func (r *request) size(v uint32) uint32 {
	if r.status >= 400 {
		return 380 + v%6000
	}
	if r.status == 304 || r.status == 204 {
		return 180 + v%400
	}
	return 420 + v%3000 + uint32(r.seed>>40&1023)<<(v>>20&7)
}

// failed, byEdge and refused class a status as the pipeline does.
func (r *request) failed() bool  { return r.status >= 500 }
func (r *request) byEdge() bool  { return r.failed() && r.originStatus < 500 }
func (r *request) refused() bool { return r.status >= 400 && r.status < 500 }

// damage is how a line is broken.
type damage uint8

const (
	intact damage = iota
	cutShort
	blank
	noTimestamp
	badTimestamp
	noStatus
	badStatus
	noService
	damages
)

// reason is what a decoder should say of a damaged line.
func (d damage) reason() accesslog.Reason {
	return [damages]accesslog.Reason{
		accesslog.OK, accesslog.Malformed, accesslog.Empty, accesslog.NoTimestamp, accesslog.BadTimestamp,
		accesslog.NoStatus, accesslog.BadStatus, accesslog.NoService}[d]
}

func damageOf(seed uint64, f Format) damage {
	if f == Combined {
		return cutShort + damage(seed>>7&1)
	}
	return cutShort + damage(seed>>7%uint64(damages-cutShort))
}
