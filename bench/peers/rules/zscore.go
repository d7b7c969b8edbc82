package rules

import (
	"math"
	"time"
)

// The z-score rule: a value six standard deviations off the mean of the last
// hours, for two windows, and beyond a floor below which nobody would get up.
const (
	sigmas      = 6
	errorFloor  = 0.01 // of requests, in excess
	leastErrors = 5    // in a window
	surgeFloor  = 3    // times the mean
	dropFloor   = 0.15
	consecutive = 2
)

type zscore struct {
	warm, seen      int
	keep            float64
	errors, traffic moments
	fires           [3]firing
	runs            [3]int // windows in a row beyond
}

// moments are a mean and a variance that fade.
type moments struct{ mean, variance float64 }

// ZScore watches error rate and traffic with a z-score; mean and deviation fade
// with a half-life of an hour, and stand still while the rule fires, for an hour at most.
func ZScore(width time.Duration) *Watch {
	hour := float64(time.Hour) / float64(width)
	return watch(func() rule { return &zscore{warm: int(hour / 4), keep: math.Exp2(-1 / hour)} })
}

func (z *zscore) step(requests, errors float64) []firing {
	rate := 0.0
	if requests > 0 {
		rate = errors / requests
	}
	ready := z.seen >= z.warm
	up := z.errors.sigmas(rate) > sigmas && rate > z.errors.mean+errorFloor && errors >= leastErrors
	surge := z.traffic.sigmas(requests) > sigmas && requests > surgeFloor*z.traffic.mean
	drop := z.traffic.sigmas(requests) < -sigmas && requests < dropFloor*z.traffic.mean
	longest := 0
	for i, beyond := range [...]bool{up, surge, drop} {
		if z.runs[i]++; !beyond || !ready {
			z.runs[i] = 0
		}
		longest = max(longest, z.runs[i])
		z.fires[i] = firing{[...]string{"errors", "surge", "drop"}[i], z.runs[i] >= consecutive}
	}
	if longest == 0 || longest > 4*z.warm {
		z.learn(requests, rate)
	}
	return z.fires[:]
}

func (z *zscore) learn(requests, rate float64) {
	z.seen++
	gain := max(1-z.keep, 1/float64(z.seen))
	z.traffic.learn(requests, gain)
	if requests > 0 {
		z.errors.learn(rate, gain)
	}
}

func (m *moments) learn(v, gain float64) {
	d := v - m.mean
	m.mean += gain * d
	m.variance = (1 - gain) * (m.variance + gain*d*d)
}

func (m *moments) sigmas(v float64) float64 { return (v - m.mean) / math.Sqrt(m.variance+1e-12) }
