package demo

import (
	"sort"
	"time"
)

// Curve is a value over time: straight lines between its points. Before the
// first and after the last point the effect it belongs to is absent.
type Curve []Point

// Point is one point of a curve.
type Point struct {
	At    time.Time
	Value float64
}

// at gives the value at a time in Unix nanoseconds, and whether there is one.
func (c Curve) at(t int64) (float64, bool) {
	if len(c) == 0 || t < c[0].At.UnixNano() || t >= c[len(c)-1].At.UnixNano() {
		return 0, false
	}
	i := sort.Search(len(c), func(i int) bool { return c[i].At.UnixNano() > t })
	a, b := c[i-1], c[i]
	from, to := a.At.UnixNano(), b.At.UnixNano()
	share := float64(t-from) / float64(to-from)
	return a.Value + float64((b.Value-a.Value)*share), true
}

func (c Curve) start() time.Time { return c[0].At }
func (c Curve) end() time.Time   { return c[len(c)-1].At }

// day gives the times of one day, from "11:28" or "11:28:30"; "+1 00:05" is on the next day.
type day time.Time

func onDay(year int, month time.Month, date int) day {
	return day(time.Date(year, month, date, 0, 0, 0, 0, time.UTC))
}

func (d day) at(clock string) time.Time {
	base := time.Time(d)
	if len(clock) > 3 && clock[0] == '+' {
		base, clock = base.AddDate(0, 0, int(clock[1]-'0')), clock[3:]
	}
	layout := "15:04"
	if len(clock) == 8 {
		layout = "15:04:05"
	}
	t, err := time.Parse(layout, clock)
	if err != nil {
		panic("BUG: a scenario's time " + clock + " is not hh:mm or hh:mm:ss")
	}
	return base.Add(time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute + time.Duration(t.Second())*time.Second)
}

// p is one point of a curve on this day.
func (d day) p(clock string, value float64) Point { return Point{d.at(clock), value} }

// flat holds a value from one time to another.
func flat(from, to time.Time, value float64) Curve {
	return Curve{{from, value}, {to, value}}
}

// decay goes from one positive value to another, losing the same share in the same time.
func decay(from, to time.Time, high, low float64) Curve {
	const steps = 24
	factor := exp(log(low/high) / steps)
	var c Curve
	for i, v := 0, high; i <= steps; i++ {
		c = append(c, Point{from.Add(to.Sub(from) * time.Duration(i) / steps), v})
		v *= factor
	}
	return c
}

// swing goes through slots of equal length: in a slot marked B the value is
// bad, else good, each by its own draw from the ranges; it ramps over the first part of a slot.
func swing(from time.Time, slot, ramp time.Duration, pattern string, good, bad [2]float64) Curve {
	s := newStream(hash(pattern), uint64(from.Unix()))
	var c Curve
	value := 0.0
	for i, mark := range pattern {
		start := from.Add(slot * time.Duration(i))
		c = append(c, Point{start, value})
		r := good
		if mark == 'B' {
			r = bad
		}
		value = s.between(r[0], r[1])
		c = append(c, Point{start.Add(ramp), value})
	}
	return append(c, Point{from.Add(slot * time.Duration(len(pattern))), value})
}
