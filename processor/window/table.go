package window

import (
	"slices"

	"github.com/spikeline/spikeline/ingest/accesslog"
)

const (
	inlineStatus  = 5 // nearly every cell sees fewer codes than this in one window
	inlineLatency = 8 // a cell with no more requests than this needs no histogram
)

// cell counts one service in one pop. A window is at most a minute of one
// partition, so 32 bits hold every count but the bytes. It has no pointers:
// there are many, and the garbage collector never looks into them.
type cell struct {
	requests, errors, edgeErrors, clientErrors, aborts, cache uint32
	late                                                      uint32
	measured                                                  uint32 // requests with a known latency
	bytes                                                     uint64
	perCode                                                   [inlineStatus]uint32
	codes                                                     [inlineStatus]uint16
	first                                                     [inlineLatency]uint16
	base                                                      uint16 // bucket of the first one counted
	span                                                      uint16 // how many buckets are counted
	buckets                                                   uint32 // where, in table.buckets
	rare                                                      uint32 // number in table.rares + 1, 0 for none
}

// rare is what few cells have: errors, and more status codes than fit.
type rare struct {
	cacheErrors [accesslog.CacheStates]uint32
	status      []StatusCount
}

// table is the cells of one window of one source, in order of first appearance.
type table struct {
	limits   Config
	services names
	pops     names
	pairs    cells
	cells    []cell
	buckets  []uint32 // ranges of latency buckets
	rares    []rare
}

func newTable(limits Config) *table { return &table{limits: limits} }

// reset empties the table and keeps its memory.
func (t *table) reset() {
	t.services.reset()
	t.pops.reset()
	t.pairs.reset()
	t.cells, t.buckets, t.rares = t.cells[:0], t.buckets[:0], t.rares[:0]
}

// at finds or makes the cell of a service in a pop, or gives the one that stands for all beyond the limits.
func (t *table) at(service, pop []byte) *cell {
	s, p := t.services.add(service, t.limits.Services), t.pops.add(pop, t.limits.Pops)
	n, known := t.pairs.find(s, p)
	if !known {
		if len(t.cells) >= t.limits.Cells {
			s, p = t.services.other(), t.pops.other()
		}
		n = t.pairs.at(s, p)
		if int(n) == len(t.cells) {
			t.cells = append(t.cells, cell{})
		}
	}
	return &t.cells[n]
}

// count adds one request.
func (t *table) count(service []byte, r *accesslog.Record, late bool) {
	c := t.at(service, r.Pop)
	c.requests++
	c.bytes += r.Bytes
	switch {
	case r.Status >= 500:
		t.failed(c, r)
	case r.Status >= 400:
		c.clientErrors++
	}
	if r.Aborted() {
		c.aborts++
	}
	if r.Cache.Hit() {
		c.cache++
	}
	if late {
		c.late++
	}
	t.countStatus(c, r.Status)
	if r.LatencyMicros >= 0 {
		t.countLatency(c, BucketOf(r.LatencyMicros))
	}
}

func (t *table) failed(c *cell, r *accesslog.Record) {
	c.errors++
	if r.EdgeError() {
		c.edgeErrors++
	}
	t.rarely(c).cacheErrors[r.Cache]++
}

func (t *table) rarely(c *cell) *rare {
	if c.rare == 0 {
		t.rares = append(t.rares, rare{})
		c.rare = uint32(len(t.rares))
	}
	return &t.rares[c.rare-1]
}

func (t *table) countStatus(c *cell, code uint16) {
	for i := range c.codes {
		if c.perCode[i] == 0 {
			c.codes[i] = code
		}
		if c.codes[i] == code {
			c.perCode[i]++
			return
		}
	}
	r := t.rarely(c)
	r.status = addStatus(r.status, StatusCount{code, 1})
}

func (t *table) countLatency(c *cell, bucket uint16) {
	n := c.measured
	c.measured++
	if n < inlineLatency {
		c.first[n] = bucket
		return
	}
	if n == inlineLatency {
		for _, b := range c.first {
			t.bucket(c, b)
		}
	}
	t.bucket(c, bucket)
}

// bucket counts into the cell's range of buckets, which grows by whole octaves.
func (t *table) bucket(c *cell, b uint16) {
	i := uint32(b) - uint32(c.base)
	if i >= uint32(c.span) {
		t.widen(c, b)
		i = uint32(b) - uint32(c.base)
	}
	t.buckets[c.buckets+i]++
}

// widen gives the cell a range that has the bucket too. The old one is left as it is until the table is reset.
func (t *table) widen(c *cell, b uint16) {
	const octave = 1 << subBits
	low, high := b&^(octave-1), b|(octave-1)
	if c.span > 0 {
		low, high = min(low, c.base), max(high, c.base+c.span-1)
	}
	at, size := len(t.buckets), int(high-low)+1
	t.buckets = slices.Grow(t.buckets, size)[:at+size]
	clear(t.buckets[at:])
	if c.span > 0 {
		copy(t.buckets[at+int(c.base-low):], t.buckets[c.buckets:c.buckets+uint32(c.span)])
	}
	c.buckets, c.base, c.span = uint32(at), low, uint16(size)
}

// rows gives the table as rows of a partial.
func (t *table) rows() []Row {
	rows := make([]Row, len(t.cells))
	var lists slabs
	for i := range t.cells {
		service, pop := t.pairs.of(uint32(i))
		rows[i] = Row{Service: t.services.list[service], Pop: t.pops.list[pop]}
		t.counts(&t.cells[i], &rows[i].Counts, &lists)
	}
	return rows
}

func (t *table) counts(c *cell, n *Counts, lists *slabs) {
	n.Requests, n.Errors, n.EdgeErrors, n.OriginErrors = uint64(c.requests), uint64(c.errors), uint64(c.edgeErrors), uint64(c.errors-c.edgeErrors)
	n.ClientErrors, n.Aborts, n.Bytes, n.CacheHits, n.Late = uint64(c.clientErrors), uint64(c.aborts), c.bytes, uint64(c.cache), uint64(c.late)
	var room [2 * inlineStatus]StatusCount
	status := room[:0]
	if c.rare > 0 {
		r := &t.rares[c.rare-1]
		for i, e := range r.cacheErrors {
			n.CacheErrors[i] = uint64(e)
		}
		status = append(status, r.status...)
	}
	for i, code := range c.codes {
		if c.perCode[i] > 0 {
			status = addStatus(status, StatusCount{code, uint64(c.perCode[i])})
		}
	}
	n.Status = lists.statuses(status)
	n.Latency = t.latency(c, lists)
}

func (t *table) latency(c *cell, lists *slabs) Latency {
	if c.measured <= inlineLatency {
		var room [inlineLatency]LatencyBucket
		l := Latency(room[:0])
		for _, b := range c.first[:c.measured] {
			l = l.add(LatencyBucket{b, 1})
		}
		return append(lists.latencies(len(l))[:0], l...)
	}
	buckets := t.buckets[c.buckets : c.buckets+uint32(c.span)]
	n := 0
	for _, k := range buckets {
		if k > 0 {
			n++
		}
	}
	l := lists.latencies(n)[:0]
	for i, k := range buckets {
		if k > 0 {
			l = append(l, LatencyBucket{c.base + uint16(i), uint64(k)})
		}
	}
	return l
}
