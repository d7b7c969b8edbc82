package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/spikeline/spikeline/processor/window"
)

// life makes the windows of a fleet in which nothing goes wrong. Its noise is that of
// package demo (days and weeks by local time, correlated noise over minutes and noise
// from window to window in traffic and errors, deploys, cron jobs, batches, bots,
// launches, short bursts of errors), with ranges taken from there; but it draws counts
// alone, in a tenth of the time, and the latency wanders too. It is a model all the same.
type life struct {
	random   *rand.Rand
	now      time.Time
	services []living
	result   window.Result
	memory   []window.Counts
}

// living is one service.
type living struct {
	name       string
	rate       float64
	office     bool
	swing      float64
	weekend    float64
	home       float64 // hours from UTC
	wander     float64 // sigma of the log rate over minutes (AR 0.99), and from window to window
	jitter     float64
	errors     float64
	unrest     float64 // sigma of the log error rate (AR 0.9)
	client     float64
	cached     float64
	edge       float64 // share of its 5xx that the edge makes
	split      float64 // share of the first pop
	buckets    [latencies]uint16
	spread     float64 // of the log latency
	cronMinute int
	cronTimes  float64
	batch      int // minute of the day, -1: none
	botted     bool

	drift, mood, pace float64 // state of the noise
	from, to          float64 // requests a window at this minute and the next, by the clock alone
	today             []happening
}

// happening is a piece of everyday life, in windows from the start.
type happening struct {
	from, to int64
	ramp     float64 // windows to rise, and to fall
	traffic  float64
	errors   float64
	client   float64
	slow     float64
}

const (
	latencies   = 7 // buckets of latency a service has
	perMinute   = int64(time.Minute / width)
	perDay      = 24 * 60 * perMinute
	lifePops    = 2
	popDistance = -5.0 // hours of local time between the pops
)

var popNames = [lifePops]string{"FRA", "IAD"}

func newLife(seed uint64, services int, start time.Time) *life {
	l := &life{random: rand.New(rand.NewPCG(seed, 77)), now: start}
	for i := range services {
		l.services = append(l.services, l.draw(seed, i, services))
	}
	slices.SortFunc(l.services, func(a, b living) int { return strings.Compare(a.name, b.name) })
	l.memory = make([]window.Counts, lifePops*services)
	l.result = window.Result{State: window.Closed, Seen: 1, Live: 1, End: start.UnixNano()}
	return l
}

// draw draws a service: rates spread evenly over the powers of ten from 0.1 to 100,000 requests a second.
func (l *life) draw(seed uint64, i, of int) living {
	between := func(a, b float64) float64 { return a + (b-a)*l.random.Float64() }
	s := living{
		name: fmt.Sprintf("s%d-%04d.example", seed, i), rate: 0.1 * math.Pow(1e6, (float64(i)+l.random.Float64())/float64(of)),
		office: l.random.Float64() < 0.12, swing: between(0.4, 1), weekend: between(0.65, 1.15), home: math.Round(between(-8, 9)),
		wander: between(0.01, 0.05), jitter: between(0.01, 0.05), errors: 1e-5 * math.Pow(500, l.random.Float64()), unrest: between(0.15, 0.4),
		client: between(0.008, 0.05), cached: between(0.2, 0.85), edge: between(0.1, 0.5), split: between(0.3, 0.8), spread: between(0.45, 0.8),
		cronMinute: -1, cronTimes: between(1.5, 4), batch: -1, botted: l.random.Float64() < 0.25,
	}
	if l.random.Float64() < 0.3 {
		s.cronMinute = l.random.IntN(60)
	}
	if l.random.Float64() < 0.15 {
		s.batch = l.random.IntN(24 * 60)
	}
	median := 15000 * math.Pow(250.0/15, l.random.Float64()) // microseconds
	for b := range s.buckets {
		s.buckets[b] = window.BucketOf(int64(median * math.Exp(s.spread*middleOf(b))))
	}
	s.drift, s.mood = l.random.NormFloat64(), l.random.NormFloat64()
	return s
}

// The buckets lie at every 0.6 sigma from 0.6 to 4.2; what is faster is in the first,
// since nobody looks below the 95th percentile.
func middleOf(b int) float64 { return 0.6 + 0.6*float64(b) }

// next makes the next window. It is valid until the next call.
func (l *life) next() *window.Result {
	r := &l.result
	r.Start, r.End = r.End, r.End+int64(width)
	r.Rows = r.Rows[:0]
	n := r.Start / int64(width)
	for i := range l.services {
		s := &l.services[i]
		if n%perMinute == 0 || s.to == 0 {
			s.from, s.to = s.demand(n), s.demand(n+perMinute)
		}
		if n%perDay == 0 || s.today == nil {
			s.plan(l.random, n)
		}
		l.window(s, n, l.memory[lifePops*i:lifePops*i+lifePops])
	}
	return r
}

// daily and working are how busy people and offices are by the local hour; their mean is 1.
var (
	daily = [24]float64{0.78, 0.58, 0.44, 0.37, 0.35, 0.40, 0.54, 0.76, 0.96, 1.08, 1.14, 1.18,
		1.22, 1.20, 1.17, 1.15, 1.17, 1.22, 1.30, 1.40, 1.47, 1.44, 1.30, 1.06}
	working = [24]float64{0.12, 0.09, 0.08, 0.08, 0.08, 0.12, 0.30, 0.85, 1.95, 2.45, 2.55, 2.35,
		1.75, 2.15, 2.40, 2.30, 1.85, 1.10, 0.60, 0.40, 0.32, 0.25, 0.20, 0.16}
)

// demand is the requests a window that the clock asks for.
func (s *living) demand(n int64) float64 {
	sum := 0.0
	for p := range lifePops {
		hours := float64(n)/float64(60*perMinute) + s.home + popDistance*float64(p)
		day := int64(math.Floor(hours / 24))
		at := hours - 24*float64(day)
		h := int(at)
		curve := &daily
		if s.office {
			curve = &working
		}
		level := curve[h] + (curve[(h+1)%24]-curve[h])*(at-float64(h))
		today, yesterday := s.kindOfDay(day, level), s.kindOfDay(day-1, level)
		level = yesterday + (today-yesterday)*min(1, at/6)
		share := s.split
		if p > 0 {
			share = 1 - s.split
		}
		sum += share * level
	}
	return max(1e-6, sum*s.rate*width.Seconds())
}

// kindOfDay is the level by what day it is. A day takes over from the one before
// during its first six hours: nobody's traffic steps at midnight.
func (s *living) kindOfDay(day int64, level float64) float64 {
	weekday := (day + 4) % 7 // 1 January 1970 was a Thursday
	free := weekday == 0 || weekday == 6
	switch {
	case s.office && free:
		return 0.08 * level
	case s.office:
		return level
	case free:
		return s.weekend * (1 + s.swing*(level-1))
	}
	return 1 + s.swing*(level-1)
}

// plan draws what happens on one day.
func (s *living) plan(random *rand.Rand, n int64) {
	between := func(a, b float64) float64 { return a + (b-a)*random.Float64() }
	kept := s.today[:0]
	for _, h := range s.today {
		if h.to > n {
			kept = append(kept, h)
		}
	}
	s.today = append(kept, happening{from: n, to: n}) // never nil: the day is planned
	add := func(from, windows int64, h happening) {
		h.from, h.to = n+from, n+from+windows
		if h.slow == 0 {
			h.slow = 1
		}
		s.today = append(s.today, h)
	}
	for hour := int64(0); s.cronMinute >= 0 && hour < 24; hour++ {
		add((hour*60+int64(s.cronMinute))*perMinute, 6+random.Int64N(7), happening{traffic: s.cronTimes * between(0.9, 1.1)})
	}
	if s.batch >= 0 {
		add(int64(s.batch)*perMinute, 60+random.Int64N(90), happening{ramp: 3, traffic: between(1.3, 2.5), slow: 1.2})
	}
	if random.Float64() < 3.0/7 { // a deploy
		add(7*60*perMinute+random.Int64N(15*60*perMinute), 2+random.Int64N(4), happening{traffic: 1, errors: between(0.005, 0.03), slow: between(1.3, 2)})
	}
	if s.botted && random.Float64() < 0.4 {
		add(random.Int64N(23*60*perMinute), 30+random.Int64N(150), happening{ramp: 4, traffic: between(1.3, 3), client: between(0.05, 0.4)})
	}
	if random.Float64() < 0.02 { // a launch
		add(8*60*perMinute+random.Int64N(8*60*perMinute), 540+random.Int64N(720), happening{ramp: 150, traffic: between(1.5, 2.4), slow: 1.1})
	}
	for range poisson(random, 3) { // short bursts of errors
		add(random.Int64N(perDay), 1, happening{traffic: 1, errors: between(0.005, 0.04)})
	}
}

func (h *happening) strength(n int64) float64 {
	if n < h.from || n >= h.to {
		return 0
	}
	if h.ramp == 0 {
		return 1
	}
	return min(1, float64(n-h.from+1)/h.ramp, float64(h.to-n)/h.ramp)
}

// window draws one window of one service.
func (l *life) window(s *living, n int64, out []window.Counts) {
	const renew, renewErrors, renewPace = 0.14106735979665885, 0.4358898943540674, 0.14106735979665885 // sqrt(1 - keep^2)
	s.drift = 0.99*s.drift + renew*l.random.NormFloat64()
	s.mood = 0.9*s.mood + renewErrors*l.random.NormFloat64()
	s.pace = 0.99*s.pace + renewPace*l.random.NormFloat64()
	part := float64(n%perMinute) / float64(perMinute)
	mean := (s.from + (s.to-s.from)*part) * math.Exp(s.wander*s.drift+s.jitter*l.random.NormFloat64())
	errors, client, slow := s.errors*math.Exp(s.unrest*s.mood), s.client, math.Exp(0.05*s.pace)
	for i := range s.today {
		h := &s.today[i]
		if k := h.strength(n); k > 0 {
			mean *= 1 + (h.traffic-1)*k
			errors += h.errors * k
			client += (1 - client) * h.client * k
			slow *= 1 + (h.slow-1)*k
		}
	}
	for p := range out {
		share := s.split
		if p > 0 {
			share = 1 - s.split
		}
		c := &out[p]
		requests := poisson(l.random, mean*share)
		if requests == 0 {
			continue
		}
		l.fill(c, s, requests, errors, client, slow)
		l.result.Rows = append(l.result.Rows, window.Row{Service: s.name, Pop: popNames[p], Counts: *c})
	}
}

// fill draws how so many requests fare.
func (l *life) fill(c *window.Counts, s *living, n uint64, errors, client, slow float64) {
	*c = window.Counts{Requests: n, Status: c.Status[:0], Latency: c.Latency[:0], Bytes: 9000 * n}
	c.Errors = binomial(l.random, n, min(errors, 0.98))
	c.EdgeErrors = binomial(l.random, c.Errors, s.edge)
	c.OriginErrors = c.Errors - c.EdgeErrors
	c.ClientErrors = binomial(l.random, n-c.Errors, client)
	served := n - c.Errors - c.ClientErrors
	c.CacheHits = uint64(float64(served) * s.cached)
	add := func(code uint16, count uint64) {
		if count > 0 {
			c.Status = append(c.Status, window.StatusCount{Code: code, Count: count})
		}
	}
	add(200, served)
	add(404, c.ClientErrors)
	add(500, c.EdgeErrors)
	add(502, c.OriginErrors)
	l.latency(c, s, n, slow)
}

// latency spreads the requests over the service's buckets.
func (l *life) latency(c *window.Counts, s *living, n uint64, slow float64) {
	shift := math.Log(slow) / s.spread
	left, below := n, 0.0
	for b := range s.buckets {
		if left == 0 {
			return
		}
		k := left
		if b < latencies-1 {
			up := normalBelow(middleOf(b) + 0.3 - shift)
			k = binomial(l.random, left, (up-below)/max(1e-12, 1-below))
			below = up
		}
		if k > 0 {
			c.Latency = append(c.Latency, window.LatencyBucket{Bucket: s.buckets[b], Count: k})
			left -= k
		}
	}
}

// normalTable is the normal distribution at every 0.01 from -5 to 5.
var normalTable = func() (t [1001]float64) {
	for i := range t {
		t[i] = 0.5 * math.Erfc(-(float64(i)/100-5)/math.Sqrt2)
	}
	return t
}()

func normalBelow(x float64) float64 {
	return normalTable[int(min(1000, max(0, (x+5)*100+0.5)))]
}

// poisson draws a number; of large means by the normal distribution.
func poisson(random *rand.Rand, mean float64) uint64 {
	switch {
	case mean <= 0:
		return 0
	case mean > 30:
		return uint64(max(0, math.Round(mean+math.Sqrt(mean)*random.NormFloat64())))
	}
	n, p, limit := uint64(0), random.Float64(), math.Exp(-mean)
	for sum, term := limit, limit; p > sum && n < 200; {
		n++
		term *= mean / float64(n)
		sum += term
	}
	return n
}

// binomial draws how many of n; by the Poisson or the normal distribution where they are close.
func binomial(random *rand.Rand, n uint64, p float64) uint64 {
	if p <= 0 || n == 0 {
		return 0
	}
	if p >= 1 {
		return n
	}
	if p > 0.5 {
		return n - binomial(random, n, 1-p)
	}
	mean := float64(n) * p
	switch {
	case n <= 12:
		k := uint64(0)
		for range n {
			if random.Float64() < p {
				k++
			}
		}
		return k
	case mean < 20:
		return min(n, fewOf(random, float64(n), p))
	}
	return uint64(max(0, min(float64(n), math.Round(mean+math.Sqrt(mean*(1-p))*random.NormFloat64()))))
}

// fewOf draws a binomial number with a small mean by summing up its distribution.
func fewOf(random *rand.Rand, n, p float64) uint64 {
	odds, u := p/(1-p), random.Float64()
	term := math.Exp(n * math.Log1p(-p))
	k := 0.0
	for sum := term; u > sum && k < n && k < 200; {
		term *= odds * (n - k) / (k + 1)
		sum += term
		k++
	}
	return uint64(k)
}
