package detect

import "math"

// profile is the usual traffic of a week in bins of a quarter of an hour, and
// what of it counts today. Values are logarithms of requests a window, in steps of 0.2 %.
type profile struct {
	week   [binsAWeek]int16
	active [binsADay + 2]int16 // yesterday's last bin, today's, tomorrow's first
	ready  bool                // active holds values
}

const (
	unseen       = math.MinInt16
	logSteps     = 512
	seasonBlend  = 0.3 // weight of a new week in a bin
	seasonClip   = 2.5 // in a finding a window counts at most so many times the expectation, and at least one in so many
	seasonFloor  = 0.02
	seasonStep   = 0.47 // logarithm of 1.6: two bins further apart hold a step
	smoothBelow  = 1.0  // requests a window: scarcer bins borrow from their neighbours
	levelStrange = 10   // requests by which a level with a profile is drawn to 1
)

func newProfile() *profile {
	s := &profile{}
	for i := range s.week {
		s.week[i] = unseen
	}
	return s
}

func toSteps(mean float64) int16 {
	return int16(math.Round(min(32767, max(-32767, math.Log(mean+seasonFloor)*logSteps))))
}

func fromSteps(v int16) float64 { return math.Exp(float64(v) / logSteps) }

// learn takes the mean of one bin that ended.
func (s *profile) learn(weekBin int32, mean float64) {
	v, old := toSteps(mean), s.week[weekBin]
	if old != unseen {
		v = int16(math.Round(float64(old) + seasonBlend*(float64(v)-float64(old))))
	}
	s.week[weekBin] = v
}

// model is the day that stands in for a weekday not seen yet: for a working
// day the last working day that was seen, so that Monday is not taken for a Sunday; else the day before.
func (s *profile) model(weekday int32) int32 {
	const sunday, saturday = 0, 6
	seen := func(day int32) bool { return s.week[day*binsADay+binsADay/2] != unseen }
	if weekday != sunday && weekday != saturday {
		for back := int32(1); back < 7; back++ {
			if day := (weekday + 7 - back) % 7; day != sunday && day != saturday && seen(day) {
				return day
			}
		}
	}
	return (weekday + 6) % 7
}

// begin makes the profile of a day: of this weekday where it was seen, else of its model.
func (s *profile) begin(weekday int32) {
	before, model := (weekday+6)%7, s.model(weekday)
	at := func(i int32) int16 {
		day, bin := weekday, i-1
		switch {
		case bin < 0:
			day, bin = before, binsADay-1
		case bin == binsADay:
			day, bin = (weekday+1)%7, 0
		}
		if v := s.week[day*binsADay+bin]; v != unseen {
			return v
		}
		if v := s.week[model*binsADay+bin]; v != unseen {
			return v
		}
		return s.week[before*binsADay+bin]
	}
	for i := range s.active {
		s.active[i] = at(int32(i))
	}
	s.ready = s.bridge()
	if s.ready {
		s.smooth()
	}
}

// bridge fills bins that no day has seen, on a straight line between their
// neighbours around the clock. It says whether there was anything to go by.
func (s *profile) bridge() bool {
	n := len(s.active)
	first := -1
	for i, v := range s.active {
		if v != unseen {
			first = i
			break
		}
	}
	if first < 0 {
		return false
	}
	last := first
	for d := 1; d <= n; d++ {
		i := (first + d) % n
		if s.active[i] == unseen {
			continue
		}
		span := (i - last + n) % n
		if span == 0 {
			span = n
		}
		from, to := float64(s.active[last]), float64(s.active[i])
		for j := 1; j < span; j++ {
			s.active[(last+j)%n] = int16(from + (to-from)*float64(j)/float64(span))
		}
		last = i
	}
	return true
}

func (s *profile) smooth() {
	before := fromSteps(s.active[0])
	for i := 1; i < len(s.active)-1; i++ {
		here, next := fromSteps(s.active[i]), fromSteps(s.active[i+1])
		if here < smoothBelow {
			s.active[i] = toSteps(max(0, before/4+here/2+next/4-seasonFloor))
		}
		before = here
	}
}

// at is the season at a moment: the line between the centres of two bins.
// Where these are far apart, a step may lie anywhere between, and least and most are the two.
func (s *profile) at(c *clock) (season, least, most float64) {
	l, r := float64(s.active[c.left+1]), float64(s.active[c.left+2])
	season = math.Exp((l + (r-l)*c.part) / logSteps)
	if math.Abs(l-r) < seasonStep*logSteps {
		return season, season, season
	}
	return season, math.Exp(min(l, r) / logSteps), math.Exp(max(l, r) / logSteps)
}

func (s *profile) knows(c *clock) bool { return s.week[c.weekBin()] != unseen }

// envelope remembers peaks that recur at the same minute of the day or of the
// hour (cron, batches), so that they raise no surge.
type envelope struct {
	day     [minutesDay]uint8
	hour    [60][3]uint8 // of the last three hours
	pending [32]uint8    // peaks not yet believed: a surge must not hide itself
	next    uint8
}

const (
	peakLag   = 32 * 60e9 // 32 min, in nanoseconds
	peakLeast = 1.3
	peakMost  = 10.0
	peakFade  = 0.8 // of yesterday's peak that counts today
)

// Peaks are kept as logarithms: 0 is none, 255 is ten times.
func peakSteps(ratio float64) uint8 {
	if !(ratio >= peakLeast) {
		return 0
	}
	return uint8(math.Round(255 * math.Log(min(ratio, peakMost)) / math.Log(peakMost)))
}

func peakRatio(steps uint8) float64 { return math.Pow(peakMost, float64(steps)/255) }

// commit takes the peak of the tick that ended and believes the one that is old enough.
func (e *envelope) commit(minute int32, peak uint8, lag, minutesATick int32) {
	lag = min(lag, int32(len(e.pending)))
	at := e.next % uint8(lag)
	old := e.pending[at]
	e.pending[at] = peak
	e.next = (at + 1) % uint8(lag)
	m := ((minute-lag*minutesATick)%minutesDay + minutesDay) % minutesDay
	faded := uint8(0)
	if e.day[m] > 0 {
		faded = peakSteps(1 + peakFade*(peakRatio(e.day[m])-1))
	}
	e.day[m] = max(faded, old)
	h := &e.hour[m%60]
	h[0], h[1], h[2] = h[1], h[2], old
}

// at is how many times the usual traffic is normal in a minute.
func (e *envelope) at(minute int32) float64 {
	best := uint8(0)
	for d := int32(-1); d <= 1; d++ {
		m := (minute + d + minutesDay) % minutesDay
		h := &e.hour[m%60]
		second := max(min(h[0], h[1]), min(max(h[0], h[1]), h[2]))
		best = max(best, e.day[m], second)
	}
	return peakRatio(best)
}
