package window

import (
	"hash/maphash"

	"github.com/spikeline/spikeline/ingest/accesslog"
)

var hashSeed = maphash.MakeSeed()

const (
	inlineStatus  = 5 // nearly every cell sees fewer codes than this in one window
	inlineLatency = 8 // a cell with no more requests than this needs no histogram
)

// cell counts one service in one pop. A window is at most a minute of one
// partition, so 32 bits hold every count but the bytes.
type cell struct {
	hash                                                      uint32
	service, pop                                              uint32
	requests, errors, edgeErrors, clientErrors, aborts, cache uint32
	late                                                      uint32
	measured                                                  uint32 // requests with a known latency
	bytes                                                     uint64
	codes                                                     [inlineStatus]uint16
	base                                                      uint16 // bucket of buckets[0]
	perCode                                                   [inlineStatus]uint32
	first                                                     [inlineLatency]uint16
	buckets                                                   []uint32
	rare                                                      *rare
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
	cells    []cell
	slots    []uint32 // cell number + 1, open addressing
}

// names numbers the distinct services or pops of a window.
type names struct {
	number map[string]uint32
	list   []string
}

func newNames() names { return names{number: map[string]uint32{}} }

// of gives the number of a name, or that of Other beyond the limit.
func (n *names) of(name string, limit int) uint32 {
	if i, ok := n.number[name]; ok {
		return i
	}
	if len(n.list) >= limit && name != Other {
		return n.other()
	}
	return n.put(name)
}

// add is of for a name in a buffer.
func (n *names) add(name []byte, limit int) uint32 {
	if i, ok := n.number[string(name)]; ok {
		return i
	}
	if len(n.list) >= limit && string(name) != Other {
		return n.other()
	}
	return n.put(string(name))
}

func (n *names) other() uint32 {
	if i, ok := n.number[Other]; ok {
		return i
	}
	return n.put(Other)
}

func (n *names) put(name string) uint32 {
	i := uint32(len(n.list))
	n.number[name] = i
	n.list = append(n.list, name)
	return i
}

func (n *names) reset() {
	clear(n.number)
	n.list = n.list[:0]
}

func newTable(limits Config) *table {
	return &table{limits: limits, services: newNames(), pops: newNames(), slots: make([]uint32, 64)}
}

// reset empties the table and keeps its memory.
func (t *table) reset() {
	t.services.reset()
	t.pops.reset()
	clear(t.slots)
	for i := range t.cells {
		t.cells[i] = cell{buckets: t.cells[i].buckets[:0]}
	}
	t.cells = t.cells[:0]
}

func hashOf(service, pop []byte) uint32 {
	h := maphash.Bytes(hashSeed, service) + 31*maphash.Bytes(hashSeed, pop)
	return uint32(h>>32) ^ uint32(h)
}

// at finds or makes the cell of a service in a pop.
func (t *table) at(service, pop []byte) *cell {
	h := hashOf(service, pop)
	mask := uint32(len(t.slots) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		n := t.slots[i]
		if n == 0 {
			return t.make(h, service, pop)
		}
		c := &t.cells[n-1]
		if c.hash == h && t.services.list[c.service] == string(service) && t.pops.list[c.pop] == string(pop) {
			return c
		}
	}
}

// make adds a cell, or gives the one that stands for all beyond the limits.
func (t *table) make(h uint32, service, pop []byte) *cell {
	if len(t.cells) >= t.limits.Cells && !(string(service) == Other && string(pop) == Other) {
		return t.at([]byte(Other), []byte(Other))
	}
	s, p := t.services.add(service, t.limits.Services), t.pops.add(pop, t.limits.Pops)
	if t.services.list[s] != string(service) || t.pops.list[p] != string(pop) {
		return t.at([]byte(t.services.list[s]), []byte(t.pops.list[p]))
	}
	if n := len(t.cells); n < cap(t.cells) {
		t.cells = t.cells[:n+1]
		t.cells[n] = cell{buckets: t.cells[n].buckets[:0]}
	} else {
		t.cells = append(t.cells, cell{})
	}
	c := &t.cells[len(t.cells)-1]
	c.hash, c.service, c.pop = h, s, p
	if 4*len(t.cells) > 3*len(t.slots) {
		t.grow()
	} else {
		t.place(h, uint32(len(t.cells)))
	}
	return c
}

func (t *table) place(h, number uint32) {
	mask := uint32(len(t.slots) - 1)
	i := h & mask
	for t.slots[i] != 0 {
		i = (i + 1) & mask
	}
	t.slots[i] = number
}

func (t *table) grow() {
	t.slots = make([]uint32, 2*len(t.slots))
	for i := range t.cells {
		t.place(t.cells[i].hash, uint32(i+1))
	}
}

// count adds one request.
func (c *cell) count(r *accesslog.Record, late bool) {
	c.requests++
	c.bytes += r.Bytes
	switch {
	case r.Status >= 500:
		c.failed(r)
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
	c.countStatus(r.Status)
	if r.LatencyMicros >= 0 {
		c.countLatency(BucketOf(r.LatencyMicros))
	}
}

func (c *cell) failed(r *accesslog.Record) {
	c.errors++
	if r.EdgeError() {
		c.edgeErrors++
	}
	c.rarely().cacheErrors[r.Cache]++
}

func (c *cell) rarely() *rare {
	if c.rare == nil {
		c.rare = &rare{}
	}
	return c.rare
}

func (c *cell) countStatus(code uint16) {
	for i := range c.codes {
		if c.perCode[i] == 0 {
			c.codes[i] = code
		}
		if c.codes[i] == code {
			c.perCode[i]++
			return
		}
	}
	c.rarely().status = addStatus(c.rare.status, StatusCount{code, 1})
}

func (c *cell) countLatency(bucket uint16) {
	n := c.measured
	c.measured++
	if n < inlineLatency {
		c.first[n] = bucket
		return
	}
	if n == inlineLatency {
		for _, b := range c.first {
			c.bucket(b)
		}
	}
	c.bucket(bucket)
}

// bucket counts into the dense range of buckets, which grows by whole octaves.
func (c *cell) bucket(b uint16) {
	i := int(b) - int(c.base)
	if uint(i) >= uint(len(c.buckets)) {
		c.widen(b)
		i = int(b) - int(c.base)
	}
	c.buckets[i]++
}

func (c *cell) widen(b uint16) {
	const octave = 1 << subBits
	low, high := b&^(octave-1), b|(octave-1)
	if n := len(c.buckets); n > 0 {
		low, high = min(low, c.base), max(high, c.base+uint16(n-1))
	}
	size := int(high-low) + 1
	shift := int(c.base) - int(low)
	old := c.buckets
	if cap(old) < size {
		c.buckets = make([]uint32, size)
		if len(old) > 0 {
			copy(c.buckets[shift:], old)
		}
	} else {
		c.buckets = old[:size]
		if n := len(old); n > 0 {
			copy(c.buckets[shift:], old)
			clear(c.buckets[:shift])
			clear(c.buckets[shift+n:])
		} else {
			clear(c.buckets)
		}
	}
	c.base = low
}

// rows gives the table as rows of a partial.
func (t *table) rows() []Row {
	rows := make([]Row, len(t.cells))
	for i := range t.cells {
		c := &t.cells[i]
		rows[i] = Row{Service: t.services.list[c.service], Pop: t.pops.list[c.pop], Counts: c.counts()}
	}
	return rows
}

func (c *cell) counts() Counts {
	n := Counts{
		Requests: uint64(c.requests), Errors: uint64(c.errors), EdgeErrors: uint64(c.edgeErrors), OriginErrors: uint64(c.errors - c.edgeErrors),
		ClientErrors: uint64(c.clientErrors), Aborts: uint64(c.aborts), Bytes: c.bytes, CacheHits: uint64(c.cache), Late: uint64(c.late),
	}
	if c.rare != nil {
		for i, e := range c.rare.cacheErrors {
			n.CacheErrors[i] = uint64(e)
		}
		n.Status = append(n.Status, c.rare.status...)
	}
	for i, code := range c.codes {
		if c.perCode[i] > 0 {
			n.Status = addStatus(n.Status, StatusCount{code, uint64(c.perCode[i])})
		}
	}
	n.Latency = c.latency()
	return n
}

func (c *cell) latency() Latency {
	if c.measured <= inlineLatency {
		var l Latency
		for _, b := range c.first[:c.measured] {
			l = l.add(LatencyBucket{b, 1})
		}
		return l
	}
	var n int
	for _, k := range c.buckets {
		if k > 0 {
			n++
		}
	}
	l := make(Latency, 0, n)
	for i, k := range c.buckets {
		if k > 0 {
			l = append(l, LatencyBucket{c.base + uint16(i), uint64(k)})
		}
	}
	return l
}
