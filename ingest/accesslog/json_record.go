package accesslog

// MaxLine is the longest line a decoder reads, in bytes. The longest records
// seen in the wild, with every header logged, stay below 100 kB.
const MaxLine = 1 << 20

// begin clears r and tests what every format tests of a line.
func begin(line []byte, r *Record) Reason {
	*r = Record{LatencyMicros: -1}
	if len(line) > MaxLine {
		return TooLarge
	}
	if len(line) == 0 || line[0] <= ' ' && spaces(line, 0) == len(line) {
		return Empty
	}
	return OK
}

// start clears r and reads line.
func (r *jsonReader) start(line []byte, rec *Record) Reason {
	if reason := begin(line, rec); reason != OK {
		return reason
	}
	if !r.read(line) {
		return Malformed
	}
	return OK
}

// inside reads the object that is a value of outer. When that is none, it is as if empty.
func (r *jsonReader) inside(outer *jsonReader, slot uint8) {
	if outer.values[slot].kind != other || !r.read(outer.raw(slot)) {
		r.values = [maxSlots]value{}
	}
}

// time is the timestamp at slot. precise says that it has more than whole seconds.
func (r *jsonReader) time(c *clock, slot uint8) (ns int64, precise bool, reason Reason) {
	b := r.scalar(slot)
	if len(b) < 2 && !r.has(slot) {
		return 0, false, NoTimestamp
	}
	ns, precise, ok := c.text(b)
	if !ok {
		return 0, false, BadTimestamp
	}
	return ns, precise, OK
}

// origin is the status that the origin gave, 0 when it gave none.
func (r *jsonReader) origin(slot uint8) uint16 {
	if n := r.count(slot); n >= 0 && n < 1000 {
		return uint16(n) * uint16(min(n/100, 1))
	}
	return originStatus(r.scalar(slot))
}

// size is a count of bytes, 0 when there is none ("-" is how many formats write 0).
func (r *jsonReader) size(slot uint8) uint64 {
	if n := r.count(slot); n >= 0 {
		return uint64(n)
	}
	return size(r.scalar(slot))
}

// millis is a duration in milliseconds, in microseconds; -1 when there is none.
func (r *jsonReader) millis(slot uint8) int64 {
	if n := r.count(slot); n >= 0 && n < 1e9 {
		return n * 1000
	}
	return micros(r.scalar(slot), 3)
}

// path is the request target at slot without its query, unescaped only where it has to be.
func (r *jsonReader) path(slot uint8) []byte {
	if r.values[slot%maxSlots].kind == escaped {
		raw := r.raw(slot)
		head := raw[:plainLen(raw)]
		if path := pathOf(head); len(path) < len(head) {
			return path
		}
	}
	return pathOf(r.text(slot))
}

// host is the host name at slot, normalised; empty when there is none that is usable.
func (r *jsonReader) host(slot uint8) (name []byte) {
	name, r.scratch = host(r.text(slot), r.scratch)
	return name
}

// finish reads the status and is the first reason not to use the record.
func (r *jsonReader) finish(rec *Record, reason Reason, slot uint8, zero bool) Reason {
	if n := r.count(slot); n >= 100 && n <= 999 {
		rec.Status = uint16(n)
		return reason
	}
	if !r.has(slot) {
		return first(reason, NoStatus)
	}
	code, bad := status(r.scalar(slot), zero)
	rec.Status = code
	if bad == NoStatus { // true, an object: there, but no status
		bad = BadStatus
	}
	return first(reason, bad)
}

// first is the first reason that is not OK.
func first(a, b Reason) Reason {
	if a != OK {
		return a
	}
	return b
}

// oneOf is the first of the slots that holds a value, noSlot if none does.
func (r *jsonReader) oneOf(slots ...uint8) uint8 {
	for _, slot := range slots {
		if r.has(slot) {
			return slot
		}
	}
	return noSlot
}
