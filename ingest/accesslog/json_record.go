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

// time is the timestamp at slot. precise says that it has more than whole seconds.
func (r *jsonReader) time(c *clock, slot uint8) (ns int64, precise bool, reason Reason) {
	if !r.has(slot) {
		return 0, false, NoTimestamp
	}
	ns, precise, ok := c.text(r.scalar(slot))
	if !ok {
		return 0, false, BadTimestamp
	}
	return ns, precise, OK
}

// host is the host name at slot, normalised; empty when there is none that is usable.
func (r *jsonReader) host(slot uint8) (name []byte) {
	name, r.scratch = host(r.text(slot), r.scratch)
	return name
}

// finish reads the status and is the first reason not to use the record.
func (r *jsonReader) finish(rec *Record, reason Reason, slot uint8, zero bool) Reason {
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
