package window

import (
	"encoding/binary"
	"math/bits"
)

// A packed row holds a Counts in few bytes, since nearly all of its numbers
// are small: the requests; a mask of the other fields that are not zero; those
// fields; then cache errors, status and latency, each as the number of its entries and, for
// every entry, the step from the key before and the count. All are uvarints.
// A judge keeps the newest partial of every source of every open window: packed, a row takes
// about 40 bytes in place of 500, and none of them is a pointer.

const (
	hasCache = 1 << (8 + iota)
	hasStatus
	hasLatency
)

// fields are the plain counters after the requests, in the order of their bits.
func (c *Counts) fields() [8]*uint64 {
	return [8]*uint64{&c.Bytes, &c.CacheHits, &c.ClientErrors, &c.Errors, &c.OriginErrors, &c.EdgeErrors, &c.Aborts, &c.Late}
}

// pack appends c to b.
func pack(b []byte, c *Counts) []byte {
	mask, caches := uint64(0), 0
	fields := c.fields()
	for i, f := range fields {
		if *f != 0 {
			mask |= 1 << i
		}
	}
	for _, n := range c.CacheErrors {
		if n != 0 {
			mask |= hasCache
			caches++
		}
	}
	if len(c.Status) > 0 {
		mask |= hasStatus
	}
	if len(c.Latency) > 0 {
		mask |= hasLatency
	}
	b = binary.AppendUvarint(binary.AppendUvarint(b, c.Requests), mask)
	for _, f := range fields {
		if *f != 0 {
			b = binary.AppendUvarint(b, *f)
		}
	}
	if caches > 0 {
		b = packCache(b, c, caches)
	}
	if len(c.Status) > 0 {
		b = binary.AppendUvarint(b, uint64(len(c.Status)))
		last := uint16(0)
		for _, s := range c.Status {
			b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(s.Code-last)), s.Count)
			last = s.Code
		}
	}
	return packLatency(b, c.Latency)
}

func packCache(b []byte, c *Counts, caches int) []byte {
	b = binary.AppendUvarint(b, uint64(caches))
	last := 0
	for i, n := range c.CacheErrors {
		if n != 0 {
			b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(i-last)), n)
			last = i
		}
	}
	return b
}

func packLatency(b []byte, l Latency) []byte {
	if len(l) == 0 {
		return b
	}
	b = binary.AppendUvarint(b, uint64(len(l)))
	last := uint16(0)
	for _, k := range l {
		b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(k.Bucket-last)), k.Count)
		last = k.Bucket
	}
	return b
}

// unpacker reads what pack wrote.
type unpacker []byte

func (u *unpacker) next() uint64 {
	b := *u
	if v := b[0]; v < 0x80 {
		*u = b[1:]
		return uint64(v)
	}
	v, n := binary.Uvarint(b)
	*u = b[n:]
	return v
}

// packedRequests is the number of requests of a packed row.
func packedRequests(row []byte) uint64 {
	u := unpacker(row)
	return u.next()
}

// sum adds up rows, packed or not.
type sum struct {
	Counts  // but for status and latency
	status  []StatusCount
	latency [LatencyBuckets]uint64
	some    [(LatencyBuckets + 63) / 64]uint64 // bits of the buckets that are not zero
}

func (s *sum) add(row []byte) {
	u := unpacker(row)
	s.Requests += u.next()
	mask := u.next()
	fields := s.fields()
	for m := mask & 0xff; m != 0; m &= m - 1 {
		*fields[bits.TrailingZeros64(m)] += u.next()
	}
	if mask&hasCache != 0 {
		key := uint64(0)
		for range u.next() {
			key += u.next()
			s.CacheErrors[key] += u.next()
		}
	}
	if mask&hasStatus != 0 {
		code := uint64(0)
		for range u.next() {
			code += u.next()
			s.status = addStatus(s.status, StatusCount{uint16(code), u.next()})
		}
	}
	if mask&hasLatency != 0 {
		bucket := uint64(0)
		for range u.next() {
			bucket += u.next()
			s.measure(uint16(bucket), u.next())
		}
	}
}

func (s *sum) measure(bucket uint16, count uint64) {
	s.latency[bucket] += count
	s.some[bucket/64] |= 1 << (bucket % 64)
}

// take gives the sum, with lists in slabs, and begins anew.
func (s *sum) take(to *slabs) Counts {
	c := s.Counts
	c.Status = to.statuses(s.status)
	n := 0
	for _, word := range s.some {
		n += bits.OnesCount64(word)
	}
	c.Latency = to.latencies(n)
	n = 0
	for i, word := range s.some {
		for ; word != 0; word &= word - 1 {
			bucket := i*64 + bits.TrailingZeros64(word)
			c.Latency[n] = LatencyBucket{uint16(bucket), s.latency[bucket]}
			s.latency[bucket] = 0
			n++
		}
	}
	s.Counts, s.status, s.some = Counts{}, s.status[:0], [len(s.some)]uint64{}
	return c
}

// slabs are what the lists of many rows are cut from, so that few of them are allocated.
type slabs struct {
	status  []StatusCount
	latency []LatencyBucket
}

const slabSize = 4096 // entries at most; the first is small, each next one twice as large

func nextSlab(last, wanted int) int { return max(wanted, min(2*last, slabSize), 32) }

func (s *slabs) statuses(list []StatusCount) []StatusCount {
	if len(list) == 0 {
		return nil
	}
	if cap(s.status)-len(s.status) < len(list) {
		s.status = make([]StatusCount, 0, nextSlab(cap(s.status), len(list)))
	}
	at := len(s.status)
	s.status = append(s.status, list...)
	return s.status[at:len(s.status):len(s.status)]
}

func (s *slabs) latencies(n int) Latency {
	if n == 0 {
		return nil
	}
	if cap(s.latency)-len(s.latency) < n {
		s.latency = make([]LatencyBucket, 0, nextSlab(cap(s.latency), n))
	}
	at := len(s.latency)
	s.latency = s.latency[:at+n]
	return s.latency[at : at+n : at+n]
}
