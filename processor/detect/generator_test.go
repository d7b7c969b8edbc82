package detect

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/spikeline/spikeline/processor/window"
)

// generator makes windows of services that are alive: traffic with days and
// weeks, wandering noise, deploys, cron jobs, bots; and with the outages that a test asks for.
type generator struct {
	rng      *rand.Rand
	start    time.Time
	width    time.Duration
	services []simulated
	row      []window.Row
	n        int64
}

type simulated struct {
	name          string
	rate          float64 // requests a second
	pops          []string
	swing         float64 // of the day, peak over trough
	peakHour      float64
	office        bool
	weekend       float64
	wander, grain float64 // noise of the rate: slow, and from window to window
	failing       float64 // usual share of errors
	cronMinute    int     // of the hour; -1 for none
	cronTimes     float64
	deploys       float64 // a week
	bots          float64 // bursts a day
	quiet         bool    // no noise but chance
	unrest        float64 // sigma of the logarithm of the share of errors, which wanders within minutes
	drift         float64 // state of the slow noise
	mood          float64 // state of the unrest
	deployLeft    int
	deployShare   float64
	botLeft       int
	botTimes      float64
	effects       []effect
}

// effect is an outage of one service.
type effect struct {
	from, to time.Time
	errors   float64 // share that fails
	slow     float64 // share that is slow
	refused  float64 // share answered with code
	code     uint16
	traffic  float64 // factor; 0 is none
	pop      string  // only there, if given
	shape    func(part float64) float64
}

func newGenerator(seed uint64, start string, services ...simulated) *generator {
	at, err := time.Parse(time.DateTime, start)
	if err != nil {
		panic(err)
	}
	g := &generator{rng: rand.New(rand.NewPCG(seed, 1)), start: at, width: 10 * time.Second, services: services}
	slices.SortFunc(g.services, func(a, b simulated) int { return strings.Compare(a.name, b.name) })
	for i := range g.services {
		if len(g.services[i].pops) == 0 {
			g.services[i].pops = []string{"FRA"}
		}
	}
	return g
}

// natural is a service as they are, drawn at random.
func natural(rng *rand.Rand, i int, least, most float64) simulated {
	s := simulated{
		name: fmt.Sprintf("s%04d.example", i), rate: math.Exp(math.Log(least) + rng.Float64()*math.Log(most/least)),
		swing: 1.2 + rng.Float64()*3.8, peakHour: 12 + rng.Float64()*8, office: rng.Float64() < 0.12, weekend: 0.5 + rng.Float64()*0.6,
		wander: 0.01 + rng.Float64()*0.07, grain: 0.01 + rng.Float64()*0.05, failing: math.Exp(math.Log(1e-5) + rng.Float64()*math.Log(500)),
		cronMinute: -1, deploys: 3,
	}
	if rng.Float64() < 0.3 {
		s.cronMinute, s.cronTimes = rng.IntN(60), 1.5+rng.Float64()*3.5
	}
	if rng.Float64() < 0.25 {
		s.bots = 0.2
	}
	return s
}

// next makes the next window. It is valid until the next call.
func (g *generator) next() *window.Result {
	at := g.start.Add(time.Duration(g.n) * g.width)
	g.n++
	g.row = g.row[:0]
	for i := range g.services {
		g.service(&g.services[i], at)
	}
	return &window.Result{Start: at.UnixNano(), End: at.Add(g.width).UnixNano(), State: window.Closed, Rows: g.row}
}

func (g *generator) service(s *simulated, at time.Time) {
	mean, failing, slow := g.usual(s, at), s.failing, 0.02
	if !s.quiet {
		failing *= gamma(g.rng, 2) / 2
	}
	if s.unrest > 0 {
		const memory = 0.895 // 90 s
		s.mood = memory*s.mood + math.Sqrt(1-memory*memory)*g.rng.NormFloat64()
		failing *= math.Exp(s.unrest*s.mood - s.unrest*s.unrest/2)
	}
	mean *= g.bumps(s, at, &failing, &slow)
	for p, pop := range s.pops {
		m, bad, late, refused, code := mean/float64(len(s.pops)), failing, slow, 0.03, uint16(404)
		for _, e := range s.effects {
			if at.Before(e.from) || !at.Before(e.to) || e.pop != "" && e.pop != pop {
				continue
			}
			size := 1.0
			if e.shape != nil {
				size = e.shape(float64(at.Sub(e.from)) / float64(e.to.Sub(e.from)))
			}
			bad, late = bad+e.errors*size, late+e.slow*size
			if e.refused > 0 {
				refused, code = refused+e.refused*size, e.code
			}
			if e.traffic != 1 {
				m *= 1 + (e.traffic-1)*size
			}
		}
		if n := poisson(g.rng, m); n > 0 {
			g.row = append(g.row, g.cell(s.name, s.pops[p], n, min(bad, 1), min(late, 1), min(refused, 1), code))
		}
	}
}

func (g *generator) usual(s *simulated, at time.Time) float64 {
	hour := float64(at.Unix()%86400) / 3600
	mean := s.rate * g.width.Seconds()
	if s.swing > 1 {
		mean *= math.Exp(math.Log(s.swing) / 2 * math.Cos((hour-s.peakHour)/24*2*math.Pi))
	}
	weekend := at.Weekday() == time.Saturday || at.Weekday() == time.Sunday
	if s.office {
		up := 1/(1+math.Exp(-(hour-8)*6)) - 1/(1+math.Exp(-(hour-18)*6))
		if weekend {
			up = 0
		}
		mean *= 0.04 + 0.96*up
	} else if weekend && s.weekend > 0 {
		mean *= s.weekend
	}
	if s.quiet {
		return mean
	}
	const memory = 0.98
	s.drift = memory*s.drift + math.Sqrt(1-memory*memory)*g.rng.NormFloat64()
	return mean * math.Exp(s.wander*s.drift+s.grain*g.rng.NormFloat64())
}

// bumps are what happens to a healthy service: cron jobs, deploys, bots.
func (g *generator) bumps(s *simulated, at time.Time, failing, slow *float64) (times float64) {
	times = 1
	if s.cronTimes > 0 && at.Minute() == s.cronMinute && at.Second() < 30 {
		times *= s.cronTimes
	}
	week := (7 * 24 * time.Hour).Seconds() / g.width.Seconds()
	if s.deployLeft > 0 {
		s.deployLeft--
		*failing += s.deployShare
		*slow *= 3
	} else if g.rng.Float64() < s.deploys/week {
		s.deployLeft, s.deployShare = 2+g.rng.IntN(4), 0.005+0.025*g.rng.Float64()
	}
	if s.botLeft > 0 {
		s.botLeft--
		times *= s.botTimes
	} else if g.rng.Float64() < s.bots*7/week {
		s.botLeft, s.botTimes = 30+g.rng.IntN(150), 1.3+0.7*g.rng.Float64()
	}
	return times
}

var fast, slowBucket = window.BucketOf(40_000), window.BucketOf(900_000)

func (g *generator) cell(service, pop string, n uint64, failing, slow, refused float64, code uint16) window.Row {
	errors := binomial(g.rng, n, failing)
	late := binomial(g.rng, n, slow)
	client := binomial(g.rng, n-errors, refused)
	r := window.Row{Service: service, Pop: pop, Counts: window.Counts{Requests: n, Errors: errors, ClientErrors: client}}
	if client > 0 {
		r.Status = append(r.Status, window.StatusCount{Code: code, Count: client})
	}
	if errors > 0 {
		r.Status = append(r.Status, window.StatusCount{Code: 503, Count: errors})
	}
	r.Latency = window.Latency{{Bucket: fast, Count: n - late}, {Bucket: slowBucket, Count: late}}
	return r
}

func poisson(rng *rand.Rand, mean float64) uint64 {
	if mean <= 0 {
		return 0
	}
	if mean > 50 {
		return uint64(max(0, math.Round(mean+math.Sqrt(mean)*rng.NormFloat64())))
	}
	limit, n, p := math.Exp(-mean), uint64(0), rng.Float64()
	for p > limit {
		n++
		p *= rng.Float64()
	}
	return n
}

func binomial(rng *rand.Rand, n uint64, share float64) uint64 {
	switch {
	case share <= 0 || n == 0:
		return 0
	case share >= 1:
		return n
	case n < 30:
		k := uint64(0)
		for range n {
			if rng.Float64() < share {
				k++
			}
		}
		return k
	}
	mean := float64(n) * share
	if mean < 50 {
		return min(n, poisson(rng, mean))
	}
	return min(n, uint64(max(0, math.Round(mean+math.Sqrt(mean*(1-share))*rng.NormFloat64()))))
}

// gamma draws with a whole shape and mean shape.
func gamma(rng *rand.Rand, shape int) (x float64) {
	for range shape {
		x -= math.Log(1 - rng.Float64())
	}
	return x
}

// flat is a service with nothing but chance.
func flat(name string, rate float64, effects ...effect) simulated {
	return simulated{name: name, rate: rate, quiet: true, failing: 0.001, cronMinute: -1, swing: 1, effects: effects}
}

func at(s string) time.Time {
	t, err := time.Parse(time.DateTime, "2025-11-18 "+s)
	if err != nil {
		panic(err)
	}
	return t
}

const morning = "2025-11-18 10:30:00"

// run judges windows until a time and gives all signals.
func run(d *Detector, g *generator, until time.Time) (all []Signal) {
	for g.start.Add(time.Duration(g.n) * g.width).Before(until) {
		all = append(all, d.Step(g.next())...)
	}
	return all
}
