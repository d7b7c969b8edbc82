package demo

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Population makes a fleet for evaluations: services with rates spread evenly
// over the powers of ten from 0.1 to 100,000 requests per second, an eighth of them
// used in office hours, with a usual life and no incident. It has one pop for
// each of the given number of regions (1 to 30), the largest first.
func Population(seed uint64, services, pops int, start, end time.Time) (*Scenario, error) {
	if services < 1 || services > 1<<16-1 {
		return nil, fmt.Errorf("population of %d services: give 1 to 65535", services)
	}
	places := world()
	if pops < 1 || pops > len(places) {
		return nil, fmt.Errorf("population with %d pops: give 1 to %d", pops, len(places))
	}
	slices.SortStableFunc(places, func(a, b Pop) int { return cmp.Compare(b.Weight, a.Weight) })
	s := &Scenario{
		Name: "population", Story: "a fleet of all sizes with an ordinary life", Start: start, End: end,
		Pops: places[:pops], Habits: 1, Phases: []Phase{{Name: "quiet", Start: start}},
	}
	sum := 0.0
	for i := range s.Pops {
		sum += s.Pops[i].Weight
	}
	for i := range s.Pops {
		s.Pops[i].Weight /= sum
	}
	draw := newStream(seed, hash("population"))
	for i := range services {
		service := Service{
			Name:      fmt.Sprintf("service-%d-%05d.example", seed, i), // traits follow from the name
			Rate:      0.1 * exp(log(1e6)*(float64(i)+draw.unit())/float64(services)),
			Latency:   time.Duration(15*exp(draw.unit()*log(250.0/15))*1000) * time.Microsecond,
			ErrorRate: 1e-5 * exp(draw.unit()*log(500)),
		}
		if draw.unit() < 0.12 {
			service.Kind = office
		}
		s.Services = append(s.Services, service)
	}
	return s, nil
}

// Trouble is a kind of incident that Afflict can put into a fleet.
type Trouble string

// The troubles, those by which the detector was first compared with others.
const (
	Outage       Trouble = "outage"        // 95 % fail for 10 to 30 min
	Ramp         Trouble = "ramp"          // 0 to 40 % in 20 min, then at once back
	Surge        Trouble = "surge"         // traffic x3 to x10 for 15 to 40 min
	SurgeErrors  Trouble = "surge_errors"  // traffic x4; after 2 min 30 % fail, for 20 min
	Partial      Trouble = "partial"       // 5 % fail for 30 min
	Flapping     Trouble = "flapping"      // 60 % fail for 5 min, then 5 min well, eight times
	SlowRecovery Trouble = "slow_recovery" // 70 %, 10 min of decay, then 40 min with 0.8 %
	RetryStorm   Trouble = "retry_storm"   // half fail, traffic x3, for 20 min
	ZeroTraffic  Trouble = "zero_traffic"  // no request for 20 min
	Slow         Trouble = "slow"          // six times slower for 20 min
	Faint        Trouble = "faint"         // 1 % more fail for an hour
)

// Troubles lists them.
func Troubles() []Trouble {
	return []Trouble{Outage, Ramp, Surge, SurgeErrors, Partial, Flapping, SlowRecovery, RetryStorm, ZeroTraffic, Slow, Faint}
}

// Afflict adds one trouble to a service of the scenario, and to what is expected.
func (s *Scenario) Afflict(service string, t Trouble, at time.Time) {
	draw := newStream(hash(service, string(t)), uint64(at.Unix()))
	effects, main, end := t.effects(draw, at)
	for i := range effects {
		effects[i].Services = []string{service}
	}
	s.Phases = append(s.Phases, Phase{Name: string(t), Start: at, End: end, Effects: effects})
	s.Truth.Incidents = append(s.Truth.Incidents, Expected{
		StartedAt: at, MainImpactEnd: main, EndedAt: end, FirstService: service, Members: []string{service},
	})
}

// effects also gives when the main impact and when all of it ends.
func (t Trouble) effects(draw *stream, at time.Time) (list []Effect, main, end time.Time) {
	minutes := func(n float64) time.Time { return at.Add(time.Duration(n * float64(time.Minute))) }
	steady := func(on Measure, n, value float64) Effect { return Effect{On: on, Curve: flat(at, minutes(n), value)} }
	length := 20.0
	switch t {
	case Outage:
		length = draw.between(10, 30)
		list = []Effect{steady(EdgeErrors, length, 0.95)}
	case Ramp:
		list = []Effect{{On: OriginErrors, Curve: Curve{{at, 0}, {minutes(20), 0.4}}}}
	case Surge:
		length = draw.between(15, 40)
		list = []Effect{steady(Traffic, length, draw.between(3, 10))}
	case SurgeErrors:
		list = []Effect{steady(Traffic, length, 4), {On: OriginErrors, Curve: flat(minutes(2), minutes(length), 0.3)}}
	case Partial:
		length = 30
		list = []Effect{steady(OriginErrors, length, 0.05)}
	case Flapping:
		length = 75
		for i := range 8 {
			list = append(list, Effect{On: EdgeErrors, Curve: flat(minutes(float64(10*i)), minutes(float64(10*i+5)), 0.6)})
		}
	case SlowRecovery:
		list = []Effect{steady(EdgeErrors, 10, 0.7), {On: EdgeErrors, Curve: decay(minutes(10), minutes(20), 0.7, 0.008)}, {On: EdgeErrors, Curve: flat(minutes(20), minutes(60), 0.008)}}
		return list, minutes(13.1), minutes(60)
	case RetryStorm:
		list = []Effect{steady(OriginErrors, length, 0.5), steady(Traffic, length, 3)}
	case ZeroTraffic:
		list = []Effect{steady(Traffic, length, 0)}
	case Slow:
		list = []Effect{steady(Slowness, length, 6)}
	case Faint:
		length = 60
		list = []Effect{steady(OriginErrors, length, 0.01)}
	}
	return list, minutes(length), minutes(length)
}
