package window

import "slices"

// shelved is a window that the watermark has passed: its rows packed, in
// order of first appearance. Records for it are rare from then on; the first
// one brings its table back.
type shelved struct {
	services, pops []string
	pairs          []uint64 // of a service's and a pop's number
	ends           []uint32 // of the rows, in packed
	packed         []byte
}

// shelve packs rows, which are those of the table; it is as good as new then. buf is scratch space.
func (t *table) shelve(rows []Row, buf []byte) (s *shelved, scratch []byte) {
	s = &shelved{services: slices.Clone(t.services.list), pops: slices.Clone(t.pops.list), pairs: slices.Clone(t.pairs.pairs), ends: make([]uint32, len(rows))}
	buf = buf[:0]
	for i := range rows {
		buf = pack(buf, &rows[i].Counts)
		s.ends[i] = uint32(len(buf))
	}
	s.packed = slices.Clone(buf)
	return s, buf
}

// restore fills an empty table with what was shelved.
func (t *table) restore(s *shelved) {
	for _, name := range s.services {
		t.services.put(name)
	}
	for _, name := range s.pops {
		t.pops.put(name)
	}
	var total sum
	var lists slabs
	start := uint32(0)
	for i, pair := range s.pairs {
		t.pairs.at(uint32(pair>>32), uint32(pair))
		total.add(s.packed[start:s.ends[i]])
		start = s.ends[i]
		n := total.take(&lists)
		t.cells = append(t.cells, t.cellOf(&n))
	}
}

func (t *table) cellOf(n *Counts) cell {
	c := cell{requests: uint32(n.Requests), errors: uint32(n.Errors), edgeErrors: uint32(n.EdgeErrors), clientErrors: uint32(n.ClientErrors),
		aborts: uint32(n.Aborts), cache: uint32(n.CacheHits), late: uint32(n.Late), bytes: n.Bytes}
	if c.errors > 0 {
		r := t.rarely(&c)
		for i, e := range n.CacheErrors {
			r.cacheErrors[i] = uint32(e)
		}
	}
	for i, s := range n.Status {
		if i < inlineStatus {
			c.codes[i], c.perCode[i] = s.Code, uint32(s.Count)
		} else {
			r := t.rarely(&c)
			r.status = append(r.status, s)
		}
	}
	many := n.Latency.Total() > inlineLatency
	for _, b := range n.Latency {
		if many {
			t.bucket(&c, b.Bucket)
			t.buckets[c.buckets+uint32(b.Bucket-c.base)] = uint32(b.Count)
		} else {
			for range b.Count {
				c.first[c.measured] = b.Bucket
				c.measured++
			}
		}
	}
	if many {
		c.measured = uint32(n.Latency.Total())
	}
	return c
}
