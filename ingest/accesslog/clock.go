package accesslog

import (
	"encoding/binary"
	"math"
	"math/bits"
)

// clock reads timestamps. It keeps the last day it read, since a log stays on
// one for long. Times up to the start of 1970 and from 2262 on, where
// nanoseconds no longer fit, are not valid.
type clock struct {
	isoHead, isoTail uint64 // "2025-11-" and "5-11-18T": the day that isoDay is the start of
	isoDay           int64
	isoSecond        [3]uint64 // bytes 0, 8 and 12 on of the last time in whole seconds
	isoNanos         int64
	clfHead          uint64 // "18/Nov/2"
	clfTail          uint32 // "025:"
	clfDay           int64
}

const (
	second = int64(1e9)
	day    = 86400 * second
)

// text reads a timestamp of any form: RFC 3339, the common log format's, or
// Unix time as a number. precise says that it has more than whole seconds.
func (c *clock) text(b []byte) (ns int64, precise, ok bool) {
	if len(b) >= 20 && b[4] == '-' {
		return c.rfc3339(b)
	}
	if len(b) == clfLen && b[2] == '/' {
		ns, ok = c.clf(b)
		return ns, false, ok
	}
	return unix(b)
}

// unix reads Unix time in seconds, milliseconds, microseconds or nanoseconds,
// told apart by size: 10^11 seconds are in the year 5138, 10^11 milliseconds in 1973.
func unix(b []byte) (ns int64, precise, ok bool) {
	v, whole := natural(b)
	if !whole {
		if v, ok = decimal(b, 0); !ok || v < 0 {
			return 0, false, false
		}
	}
	scale := 0
	switch {
	case v < 1e11:
		scale = 9
	case v < 1e14:
		scale = 6
	case v < 1e17:
		scale = 3
	}
	if whole {
		hi, lo := bits.Mul64(uint64(v), pow10[scale])
		return int64(lo), scale < 9, hi == 0 && lo-1 < math.MaxInt64
	}
	ns, ok = decimal(b, scale)
	return ns, scale < 9 || digits(b, 0) < len(b), ok && ns > 0
}

// rfc3339 reads "2025-11-18T11:28:04.123Z" as time.Time.UnmarshalText does, but for the offset 24:00.
// The offset may also be written without a colon (strftime's %z).
func (c *clock) rfc3339(b []byte) (ns int64, precise, ok bool) {
	if len(b) < 20 {
		return 0, false, false
	}
	head, tail := load64(b, 0), load64(b, 3)
	whole := [3]uint64{head, load64(b, 8), load64(b, 12)}
	if len(b) == 20 && whole == c.isoSecond {
		return c.isoNanos, false, true
	}
	if head != c.isoHead || tail != c.isoTail {
		start, ok := isoDay(b)
		if !ok {
			return 0, false, false
		}
		c.isoHead, c.isoTail, c.isoDay = head, tail, start
	}
	ns, ok = timeOfDay(load64(b, 11))
	if !ok {
		return 0, false, false
	}
	ns += c.isoDay
	if len(b) == 20 && b[19] == 'Z' {
		if ns <= 0 {
			return 0, false, false
		}
		c.isoSecond, c.isoNanos = whole, ns
		return ns, false, true
	}
	fraction, end := nanos(b, 19)
	offset, ok := zone(b[end:])
	ns += fraction - offset
	return ns, end > 19, ok && ns > 0
}

// isoDay is the start of the day that b begins with: "2025-11-18T".
func isoDay(b []byte) (int64, bool) {
	y1, ok1 := two(b, 0)
	y2, ok2 := two(b, 2)
	m, ok3 := two(b, 5)
	d, ok4 := two(b, 8)
	if !(ok1 && ok2 && ok3 && ok4) || b[4] != '-' || b[7] != '-' || b[10] != 'T' {
		return 0, false
	}
	return dayStart(y1*100+y2, m, d)
}

const clfLen = len("18/Nov/2025:11:28:04 +0000")

// clf reads the common log format's "18/Nov/2025:11:28:04 +0000".
func (c *clock) clf(b []byte) (int64, bool) {
	if len(b) != clfLen {
		return 0, false
	}
	head, tail := load64(b, 0), binary.LittleEndian.Uint32(b[8:])
	if head != c.clfHead || tail != c.clfTail {
		start, ok := clfDay(b)
		if !ok {
			return 0, false
		}
		c.clfHead, c.clfTail, c.clfDay = head, tail, start
	}
	ns, ok := timeOfDay(load64(b, 12))
	offset, zoned := zone(b[21:])
	ns += c.clfDay - offset
	return ns, ok && zoned && b[20] == ' ' && ns > 0
}

// clfDay is the start of the day that b begins with: "18/Nov/2025:".
func clfDay(b []byte) (int64, bool) {
	d, ok1 := two(b, 0)
	y1, ok2 := two(b, 7)
	y2, ok3 := two(b, 9)
	m, ok4 := month(string(b[3:6]))
	if !(ok1 && ok2 && ok3 && ok4) || b[2] != '/' || b[6] != '/' || b[11] != ':' {
		return 0, false
	}
	return dayStart(y1*100+y2, m, d)
}

func month(s string) (int, bool) {
	for i, name := range [...]string{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"} {
		if s == name {
			return i + 1, true
		}
	}
	return 0, false
}

// dayStart is the first nanosecond of a day of the proleptic Gregorian
// calendar, false when there is no such day or an int64 might not hold it.
func dayStart(y, m, d int) (int64, bool) {
	if y < 1969 || y > 2261 || m < 1 || m > 12 || d < 1 || d > monthDays(y, m) {
		return 0, false
	}
	before := y - 1
	days := before*365 + before/4 - before/100 + before/400 - 719162
	for k := 1; k < m; k++ {
		days += monthDays(y, k)
	}
	days += d - 1
	return int64(days) * day, true
}

func monthDays(y, m int) int {
	if m == 2 {
		if y%4 == 0 && (y%100 != 0 || y%400 == 0) {
			return 29
		}
		return 28
	}
	return 30 + (m+m>>3)&1
}

// timeOfDay reads the eight bytes "11:28:04".
func timeOfDay(w uint64) (int64, bool) {
	const colons = 0x0000FF0000FF0000
	x := w ^ (zeros&^colons | ':'*ones&colons)
	if (x+0x76*ones|x)&highs != 0 || x&colons != 0 {
		return 0, false
	}
	h := x&15*10 + x>>8&15
	m := x>>24&15*10 + x>>32&15
	s := x>>48&15*10 + x>>56
	return int64(h*3600+m*60+s) * second, h < 24 && m < 60 && s < 60
}

// nanos reads a fraction of a second at i, if there is one, to nanoseconds,
// and the index after it. Digits beyond the ninth are cut.
func nanos(b []byte, i int) (ns int64, end int) {
	if i+1 >= len(b) || b[i] != '.' {
		return 0, i
	}
	end = digits(b, i+1)
	if end == i+1 {
		return 0, i
	}
	n := min(end-i-1, 9)
	v, _ := natural(b[i+1 : i+1+n])
	return v * int64(pow10[9-n]), end
}

// zone reads all of b as an offset from UTC: Z, +01:00 or +0100.
func zone(b []byte) (ns int64, ok bool) {
	if len(b) == 1 {
		return 0, b[0] == 'Z'
	}
	if len(b) == 6 && b[3] != ':' || len(b) != 5 && len(b) != 6 {
		return 0, false
	}
	h, ok1 := two(b, 1)
	m, ok2 := two(b, len(b)-2)
	if !ok1 || !ok2 || h > 23 || m > 59 {
		return 0, false
	}
	ns = int64(h*3600+m*60) * second
	switch b[0] {
	case '+':
		return ns, true
	case '-':
		return -ns, true
	}
	return 0, false
}

// two reads the two digits at i.
func two(b []byte, i int) (int, bool) {
	hi, lo := b[i]-'0', b[i+1]-'0'
	return int(hi)*10 + int(lo), hi <= 9 && lo <= 9
}
