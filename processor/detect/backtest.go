package detect

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/spikeline/spikeline/processor/window"
)

// Point is one row of a plain series: a count, or so many bad ones of a total.
type Point struct {
	At    int64   // start of its interval, Unix nanoseconds
	Value float64 // requests, or bad requests where there is a total
	Total float64 // requests
}

// Judged is what the detector makes of one point.
type Judged struct {
	Point
	Reading
	Test    // for a row without a signal it says what has held one back
	Signals []Signal
}

// Reading is how a series stood in the last window judged, calm or not. For
// a proportion Expected and High are rates from 0 to 1, for traffic requests a window.
type Reading struct {
	Expected  float64
	Low, High float64 // called normal
	Score     float64 // log likelihood ratio of the most likely onset against the guard, over the overdispersion
	Learning  bool    // no signal is possible yet
}

// test of a row is the one of its signal, where it has one: if two, of the one that lasts.
func (s *service) test(k *tuning, signals []Signal, totals bool) Test {
	for i := range signals {
		if !signals[i].Ended || i == len(signals)-1 {
			return signals[i].Test
		}
	}
	if totals {
		return s.errors.test(&k.errors[s.sensitivity], nil)
	}
	return s.rate.test(&k.traffic[s.sensitivity], nil, s.tally.requests)
}

// Backtest judges a series by itself, in the order of time. The config's
// width is replaced by the interval of the series. Without totals the values
// are counts of traffic; values with fractions are scaled so that their noise is that of
// counts; readings and signals are in the units of the series. With totals the values are bad requests of these.
func Backtest(c Config, points []Point, totals bool) ([]Judged, error) {
	width, err := intervalOf(points)
	if err != nil {
		return nil, err
	}
	c.Width = width
	if err := c.Validate(); err != nil {
		return nil, err
	}
	scale := 1.0
	if !totals {
		scale = countScale(points)
	}
	d := New(c)
	d.whole, d.scale = true, scale
	s := d.newService("series")
	d.services = append(d.services, s)
	out := make([]Judged, 0, len(points))
	for i, p := range points {
		if err := p.check(i, totals); err != nil {
			return nil, err
		}
		r := window.Result{Start: p.At, End: p.At + int64(width)}
		at, ok := d.advance(&r)
		if !ok {
			return nil, fmt.Errorf("row %d overlaps the row before: the interval of the series is %v", i+1, width)
		}
		s.tally = tally{requests: p.Value * scale}
		if totals {
			s.tally = tally{requests: p.Total, errors: p.Value}
		}
		for i := range d.active {
			d.active[i] = d.active[i][:0]
		}
		d.judgeService(s, at, d.minutesATick())
		j := Judged{Point: p, Reading: s.rate.reading(&d.tuning.traffic[s.sensitivity]).over(scale), Signals: d.tell(&r, at)}
		if totals {
			j.Reading = s.errors.reading(&d.tuning.errors[s.sensitivity])
		}
		j.Test = s.test(d.tuning, j.Signals, totals)
		out = append(out, j)
	}
	return out, nil
}

func (p Point) check(i int, totals bool) error {
	for _, v := range []float64{p.Value, p.Total} {
		if math.IsNaN(v) || math.IsInf(v, 0) || v < 0 {
			return fmt.Errorf("row %d: %v is no count; allowed are numbers from 0 on (shift or negate the series)", i+1, v)
		}
	}
	if totals && p.Value > p.Total {
		return fmt.Errorf("row %d: %v of %v; a part cannot be more than its total", i+1, p.Value, p.Total)
	}
	return nil
}

// intervalOf is the most frequent distance between two rows.
func intervalOf(points []Point) (time.Duration, error) {
	if len(points) < 2 {
		return 0, errors.New("a series needs two rows at least to have an interval")
	}
	steps := make([]int64, len(points)-1)
	for i := range steps {
		steps[i] = points[i+1].At - points[i].At
		if steps[i] <= 0 {
			return 0, fmt.Errorf("row %d is not later than the row before; sort the series by time, one row a moment", i+2)
		}
	}
	slices.Sort(steps)
	return time.Duration(steps[len(steps)/2]), nil
}

// countScale is 1 for whole numbers. For others it makes the noise from row
// to row that of counts: variance equal to the mean.
func countScale(points []Point) float64 {
	whole, mean := true, 0.0
	for _, p := range points {
		whole = whole && p.Value == math.Trunc(p.Value)
		mean += p.Value / float64(len(points))
	}
	if whole {
		return 1
	}
	squares := make([]float64, len(points)-1)
	for i := range squares {
		v := points[i+1].Value - points[i].Value
		squares[i] = v * v
	}
	slices.Sort(squares)
	const medianOfSquare = 0.455 // of a normal variable with variance 1
	variance := squares[len(squares)/2] / medianOfSquare / 2
	if !(variance > 0 && mean > 0) {
		return 1
	}
	return min(max(mean/variance, 1e-9), 1e9)
}

// Look gives the present reading of a series; false if there is none of this
// scope and kind. It is for displays and tests, not for every window of every series.
func (d *Detector) Look(scope Scope, kind Kind) (Reading, bool) {
	for _, w := range append(d.pops, &d.fleet) {
		if scope.Service == "" && w.name == scope.Pop {
			switch kind {
			case ErrorSurge:
				return w.errors.reading(&d.tuning.errors[normal]), true
			case TrafficSurge, TrafficDrop:
				return w.rate.reading(&d.tuning.traffic[normal]), true
			}
			return Reading{}, false
		}
	}
	for _, s := range d.services {
		if s.name == scope.Service {
			return s.look(d.tuning, scope.Pop, kind)
		}
	}
	return Reading{}, false
}

func (s *service) look(k *tuning, pop string, kind Kind) (Reading, bool) {
	if pop != "" {
		for i := range s.pops {
			if s.pops[i].name == pop && kind == ErrorSurge {
				return s.pops[i].errors.reading(&k.errors[s.sensitivity]), true
			}
		}
		return Reading{}, false
	}
	switch kind {
	case ErrorSurge:
		return s.errors.reading(&k.errors[s.sensitivity]), true
	case LatencySurge:
		return s.slow.reading(&k.slow[s.sensitivity]), s.slowness.micros > 0
	case ClientErrorSurge:
		return s.client.reading(&k.client[s.sensitivity]), true
	case TrafficSurge, TrafficDrop:
		return s.rate.reading(&k.traffic[s.sensitivity]), true
	}
	return Reading{}, false
}

func (p *proportion) reading(k *proportionTuning) Reading {
	return Reading{Expected: float64(p.expected), High: float64(p.allowed), Score: float64(p.score), Learning: p.age <= k.warm}
}

func (r *rate) reading(k *trafficTuning) Reading {
	v := Reading{
		Expected: float64(r.low+r.high) / 2, Low: float64(r.low / r.guard),
		High: r.ceiling(k), Score: float64(max(r.up, r.down)), Learning: r.age <= k.warm,
	}
	if r.guard == 0 {
		v.Low = 0
	}
	return v
}

func (r Reading) over(scale float64) Reading {
	r.Expected, r.Low, r.High = r.Expected/scale, r.Low/scale, r.High/scale
	return r
}

func (s *Signal) over(scale float64) {
	if s.Kind != TrafficSurge && s.Kind != TrafficDrop {
		return
	}
	s.Observed, s.Expected, s.Band, s.Excess = s.Observed/scale, s.Expected/scale, s.Band/scale, s.Excess/scale
}
