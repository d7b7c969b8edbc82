package demo

import "time"

// traits are what is constant about a service, whatever the seed. The ranges
// are those of the series that the detector was designed for.
type traits struct {
	swing       float64 // how strongly its rate follows the day
	weekend     float64 // factor on Saturday and Sunday
	wander      float64 // standard deviation of the log rate, correlated over minutes
	jitter      float64 // standard deviation of the log rate from window to window
	errorWander float64 // standard deviation of the log error rate
	clientShare float64 // share of 4xx
	cacheShare  float64 // share of answers that come from the cache
	originShare float64 // share of its everyday 5xx that the origin makes
	spread      float64 // sigma of the log-normal latency
	popVary     []float64
	cronMinute  int // of the hour; -1: none
	cronFactor  float64
	batchMinute int // of the day; -1: none
	botted      bool
	rank        float64 // its place, 0 to 1, in the order in which services are hit
	regional    bool    // most of its clients live within three hours of its home
	home        time.Duration
}

// office is the kind of services that are used at work: hardly at night and on weekends.
const office = "office"

func traitsOf(name string, pops int) traits {
	s := newStream(hash(name), hash("traits"))
	t := traits{
		swing: s.between(0.4, 1), weekend: s.between(0.65, 1.15),
		wander: s.between(0.01, 0.05), jitter: s.between(0.01, 0.05), errorWander: s.between(0.15, 0.4),
		clientShare: s.between(0.008, 0.05), cacheShare: s.between(0.2, 0.85), originShare: s.between(0.5, 0.9),
		spread: s.between(0.45, 0.8), rank: s.unit(),
		cronMinute: -1, cronFactor: s.between(1.5, 4), batchMinute: -1,
	}
	if s.unit() < 0.3 {
		t.cronMinute = s.below(60)
	}
	if s.unit() < 0.15 {
		t.batchMinute = s.below(24 * 60)
	}
	t.botted = s.unit() < 0.25
	t.regional = s.unit() < 0.35
	t.home = [...]time.Duration{-8 * hour, -5 * hour, -5 * hour, -3 * hour, hour, hour, 5 * hour, 9 * hour}[s.below(8)]
	for range pops {
		t.popVary = append(t.popVary, s.between(0.88, 1.12))
	}
	return t
}

// daily is how busy people are by the local hour; its mean is 1.
var daily = [24]float64{
	0.78, 0.58, 0.44, 0.37, 0.35, 0.40, 0.54, 0.76, 0.96, 1.08, 1.14, 1.18,
	1.22, 1.20, 1.17, 1.15, 1.17, 1.22, 1.30, 1.40, 1.47, 1.44, 1.30, 1.06,
}

// working is how busy offices are by the local hour; its mean is 1.
var working = [24]float64{
	0.12, 0.09, 0.08, 0.08, 0.08, 0.12, 0.30, 0.85, 1.95, 2.45, 2.55, 2.35,
	1.75, 2.15, 2.40, 2.30, 1.85, 1.10, 0.60, 0.40, 0.32, 0.25, 0.20, 0.16,
}

// localTime is how it stands in one pop.
type localTime struct {
	level, work float64 // activity of people at large, and at work
	weekend     bool
}

// localAt gives the local activity at a time (Unix seconds).
func localAt(second int64, offset time.Duration) localTime {
	const dayLength = 24 * 3600
	local := second + int64(offset/time.Second)
	of := local % dayLength
	h := int(of / 3600)
	share := float64(of%3600) / 3600
	between := func(table *[24]float64) float64 {
		return table[h] + float64((table[(h+1)%24]-table[h])*share)
	}
	weekday := (local/dayLength + 4) % 7 // 1 January 1970 was a Thursday
	return localTime{between(&daily), between(&working), weekday == 0 || weekday == 6}
}

// demand is the factor on a service's rate in a pop by its local time.
func (t *traits) demand(l localTime, kind string) float64 {
	switch {
	case kind == office && l.weekend:
		return 0.08 * l.work
	case kind == office:
		return l.work
	case l.weekend:
		return t.weekend * (1 + float64(t.swing*(l.level-1)))
	}
	return 1 + float64(t.swing*(l.level-1))
}

// clients gives the share of a service's traffic that each pop has.
func (t *traits) clients(pops []Pop) []float64 {
	shares := make([]float64, len(pops))
	sum := 0.0
	for i, p := range pops {
		shares[i] = p.Weight
		if t.regional && (p.Offset-t.home).Abs() > 3*hour {
			shares[i] *= 0.08
		}
		sum += shares[i]
	}
	for i := range shares {
		shares[i] /= sum
	}
	return shares
}

// happening is a piece of everyday life of one service: none of them is an incident.
type happening struct {
	from, to int64 // Unix seconds
	ramp     int64 // seconds to rise, and to fall
	traffic  float64
	errors   float64 // share the origin fails
	client   float64 // share answered 404
	slow     float64
}

func (h *happening) strength(second int64) float64 {
	if second < h.from || second >= h.to {
		return 0
	}
	if h.ramp == 0 {
		return 1
	}
	return min(1, float64(second-h.from+1)/float64(h.ramp), float64(h.to-second)/float64(h.ramp))
}

// happenings draws what happens to a service on one day (days since 1970) and appends it to list.
func (t *traits) happenings(list []happening, s *stream, date int64, habits float64) []happening {
	midnight := date * 24 * 3600
	for h := range int64(24) {
		if t.cronMinute >= 0 && habits > 0 {
			from := midnight + h*3600 + int64(t.cronMinute)*60 + int64(s.below(5))
			list = append(list, happening{from: from, to: from + 60 + int64(s.below(60)), ramp: 5, traffic: t.cronFactor * s.between(0.9, 1.1), slow: 1})
		}
	}
	if t.batchMinute >= 0 && habits > 0 {
		from := midnight + int64(t.batchMinute)*60
		list = append(list, happening{from: from, to: from + int64(600+s.below(900)), ramp: 30, traffic: s.between(1.3, 2.5), slow: 1.2})
	}
	if s.unit() < habits*3/7 { // a deploy
		from := midnight + 7*3600 + int64(s.below(15*3600))
		list = append(list, happening{from: from, to: from + int64(20+s.below(31)), traffic: 1, errors: s.between(0.005, 0.03), slow: s.between(1.3, 2)})
	}
	if t.botted && s.unit() < habits*0.4 {
		from := midnight + int64(s.below(23*3600))
		list = append(list, happening{from: from, to: from + int64(300+s.below(1500)), ramp: 40, traffic: s.between(1.3, 3), client: s.between(0.05, 0.4), slow: 1})
	}
	if s.unit() < habits*0.02 { // a launch
		from := midnight + 8*3600 + int64(s.below(8*3600))
		list = append(list, happening{from: from, to: from + int64(5400+s.below(7200)), ramp: 1500, traffic: s.between(1.5, 2.4), slow: 1.1})
	}
	return list
}
