package detect

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// reason is one plain sentence for someone who was just woken up. Of a plain
// series it is not known what is counted, so the words are for anything.
func (s *said) reason(g *Signal, at moment, code uint16, plain bool) string {
	b := make([]byte, 0, 160)
	switch {
	case s.share != nil && plain:
		b = append(appendCount(append(appendPercent(b, g.Observed), " of "...), s.of), " are bad"...)
		b = appendNormal(b, g)
	case s.share != nil:
		b = s.appendShare(b, g, code)
	case plain:
		b = append(appendValue(b, g.Observed), " in the interval"...)
		b = s.appendLimit(b, g, appendValue)
	default:
		b = s.appendTraffic(b, g)
	}
	f := s.finding
	switch f.end {
	case quiet:
		b = append(b, "; over since "...)
		b = appendTime(b, f.lastBadEnd, at.end)
	case levelShift:
		b = append(b, "; so for "...)
		b = appendSpan(b, at.end-f.onset)
		b = append(b, ", now taken as the new normal; began "...)
		b = appendTime(b, f.onset, at.end)
	case nature:
		b = append(b, "; so, and unchanged, since it was first seen at "...)
		b = appendTime(b, f.onset, at.end)
		b = append(b, ": now taken as its normal"...)
	case turned:
		b = append(b, "; turned into the opposite at "...)
		b = appendTime(b, f.lastBadEnd, at.end)
	default:
		if !f.elevated {
			b = append(b, "; last abnormal until "...)
			b = appendTime(b, f.lastBadEnd, at.end)
		}
		b = append(b, "; since "...)
		b = appendTime(b, f.onset, at.end)
	}
	if f.native && f.end == lasting {
		return string(append(b, " (so since it was first seen: an outage that began before, or its nature)"...))
	}
	if f.learning {
		b = append(b, " (learning: little history yet)"...)
	}
	return string(b)
}

func (s *said) appendShare(b []byte, g *Signal, code uint16) []byte {
	if s.of == 0 {
		b = append(b, "no requests"...)
	} else {
		b = appendPercent(b, g.Observed)
		b = append(b, " of "...)
		b = appendCount(b, s.of)
		b = append(b, " requests "...)
		switch s.kind {
		case ErrorSurge:
			b = append(b, "failed (5xx"...)
		case ClientErrorSurge:
			b = append(b, "were refused (4xx"...)
		case LatencySurge:
			b = append(b, "were slow (over "...)
			b = append(b, (time.Duration(s.service.slowness.micros) * time.Microsecond).Round(time.Microsecond*100).String()...)
		}
		if code != 0 && s.bad > 0 {
			b = fmt.Appendf(b, ", mostly %d", code)
		}
		b = append(b, ')')
	}
	return appendNormal(b, g)
}

// appendNormal says what share would be normal.
func appendNormal(b []byte, g *Signal) []byte {
	b = append(b, "; "...)
	b = appendPercent(b, g.Expected)
	b = append(b, " expected, up to "...)
	b = appendPercent(b, g.Band)
	return append(b, " called normal"...)
}

func (s *said) appendTraffic(b []byte, g *Signal) []byte {
	if g.Kind == SourceIncomplete {
		b = append(b, "logs are missing, not traffic: every service and pop shrank alike; "...)
	}
	b = appendCount(b, g.Observed)
	b = append(b, " requests in the window"...)
	return s.appendLimit(b, g, appendCount)
}

// appendLimit says what count would be normal.
func (s *said) appendLimit(b []byte, g *Signal, number func([]byte, float64) []byte) []byte {
	b = append(b, "; "...)
	b = number(b, g.Expected)
	b = append(b, " expected, "...)
	if s.finding.up {
		b = append(b, "up to "...)
	} else {
		b = append(b, "down to "...)
	}
	b = number(b, g.Band)
	return append(b, " called normal"...)
}

// appendPercent writes two significant digits, and none that mean nothing.
func appendPercent(b []byte, share float64) []byte {
	p := share * 100
	switch {
	case p == 0 || p >= 9.95:
		b = strconv.AppendFloat(b, math.Round(p), 'f', 0, 64)
	case p >= 0.95:
		b = strconv.AppendFloat(b, math.Round(p*10)/10, 'f', -1, 64)
	case p >= 0.0095:
		b = strconv.AppendFloat(b, math.Round(p*100)/100, 'f', -1, 64)
	default:
		b = append(b, "under 0.01"...)
	}
	return append(b, " %"...)
}

// appendCount writes thousands with commas, and one decimal below ten.
func appendCount(b []byte, n float64) []byte {
	if n < 9.95 {
		return strconv.AppendFloat(b, math.Round(n*10)/10, 'f', -1, 64)
	}
	digits := strconv.FormatInt(int64(math.Round(n)), 10)
	for i := range len(digits) {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b = append(b, ',')
		}
		b = append(b, digits[i])
	}
	return b
}

// appendValue writes three significant digits of what need not be a count.
func appendValue(b []byte, v float64) []byte {
	if v >= 99.95 {
		return appendCount(b, v)
	}
	return strconv.AppendFloat(b, v, 'g', 3, 64)
}

// appendTime writes the time of day in UTC, and the date when it is another day than now.
func appendTime(b []byte, t, now int64) []byte {
	u, n := time.Unix(0, t).UTC(), time.Unix(0, now).UTC()
	if u.YearDay() != n.YearDay() || u.Year() != n.Year() {
		return u.AppendFormat(b, "2006-01-02 15:04:05")
	}
	return u.AppendFormat(b, "15:04:05")
}

func appendSpan(b []byte, ns int64) []byte {
	d := time.Duration(ns)
	if d < time.Hour {
		return append(b, d.Round(time.Second).String()...)
	}
	return fmt.Appendf(b, "%d h %d min", int(d.Hours()), int(d.Minutes())%60)
}
