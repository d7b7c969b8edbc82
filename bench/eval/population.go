package main

import (
	"fmt"
	"io"
	"math"
	"text/tabwriter"
	"time"

	"github.com/spikeline/spikeline/processor/detect"
)

// The quiet population: fleets of services of all sizes, watched for four weeks
// from a cold start, so that the first week knows no season and no weekend.
const (
	fleetServices = 125
	fleetWeeks    = 4
)

// falsehood is one incident or alert where nothing was wrong.
type falsehood struct {
	seed uint64
	week int
	what string
}

// population is what was told of it, by candidate: ours first.
type population struct {
	fleets  int
	wrong   [3][]falsehood
	signals [detect.Kinds]int
}

func (p *population) weeks() int { return p.fleets * fleetServices * fleetWeeks }

// runPopulation watches as many fleets as the service-weeks need, with seeds derived from those given.
func runPopulation(seeds []uint64, weeks int) *population {
	p := &population{fleets: (weeks + fleetServices*fleetWeeks - 1) / (fleetServices * fleetWeeks)}
	parts := make([]population, p.fleets)
	inParallel(p.fleets, func(i int) {
		seed := seeds[i%len(seeds)]*1000 + uint64(i/len(seeds))
		parts[i].watch(seed, fleetServices, fleetWeeks*7*perDay)
	})
	for _, part := range parts {
		for i := range p.wrong {
			p.wrong[i] = append(p.wrong[i], part.wrong[i]...)
		}
		for k, n := range part.signals {
			p.signals[k] += n
		}
	}
	return p
}

// watch watches one fleet.
func (p *population) watch(seed uint64, services int, windows int64) {
	start := time.Date(2025, time.March, 3, 0, 0, 0, 0, time.UTC) // a Monday
	l, line, peers := newLife(seed, services, start), newPipeline(), newPeers()
	for range windows {
		r := l.next()
		line.step(r)
		for _, w := range peers {
			w.Step(r)
		}
	}
	week := func(at int64) int { return int(time.Duration(at-start.UnixNano()) / (7 * 24 * time.Hour)) }
	for _, f := range line.found() {
		p.wrong[0] = append(p.wrong[0], falsehood{seed, week(f.DetectedAt), fmt.Sprintf("%s %v at %d: %s", f.ID, f.Kinds, len(f.Services), f.Title)})
	}
	p.signals = line.opened
	for i, w := range peers {
		for _, e := range group(w.Alerts(), l.result.End, byService) {
			p.wrong[i+1] = append(p.wrong[i+1], falsehood{seed, week(e.detected), e.first})
		}
	}
}

func writePopulation(w io.Writer, p *population) {
	weeks := float64(p.weeks())
	fmt.Fprintf(w, "\nfalse incidents in %d service-weeks without any (%d fleets of %d services, 0.1 to 100,000 requests a second, %d weeks each from a cold start)\n",
		p.weeks(), p.fleets, fleetServices, fleetWeeks)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "candidate\tfalse\tper 1,000 service-weeks\t95 % interval\tin the first week\tafterwards, per 1,000")
	for i, name := range [...]string{"spikeline", peerNames[0], peerNames[1]} {
		first := 0
		for _, f := range p.wrong[i] {
			if f.week == 0 {
				first++
			}
		}
		n := len(p.wrong[i])
		low, high := interval(n)
		fmt.Fprintf(t, "%s\t%d\t%.2f\t%.2f to %.2f\t%d\t%.2f\n", name, n, 1000*float64(n)/weeks, 1000*low/weeks, 1000*high/weeks,
			first, 1000*float64(n-first)/(weeks*(fleetWeeks-1)/fleetWeeks))
	}
	t.Flush()
	fmt.Fprint(w, "signals of spikeline, most of them rows in a table that page nobody:")
	for k, n := range p.signals {
		fmt.Fprintf(w, " %s %d", detect.Kind(k), n)
	}
	fmt.Fprintln(w)
}

func printFalse(w io.Writer, p *population) {
	for _, f := range p.wrong[0] {
		fmt.Fprintf(w, "false, seed %d, week %d: %s\n", f.seed, f.week, f.what)
	}
}

// interval is the exact (Garwood) interval of 95 % for the mean of a Poisson number.
func interval(n int) (low, high float64) {
	if n > 0 {
		low = solve(func(mean float64) float64 { return 1 - poissonUpTo(n-1, mean) }, 0.025)
	}
	return low, solve(func(mean float64) float64 { return -poissonUpTo(n, mean) }, -0.025)
}

// poissonUpTo is the probability of n at most.
func poissonUpTo(n int, mean float64) (sum float64) {
	for k := range n + 1 {
		g, _ := math.Lgamma(float64(k + 1))
		sum += math.Exp(float64(k)*math.Log(mean) - mean - g)
	}
	return min(1, sum)
}

// solve finds where a growing function of a mean has a value.
func solve(f func(mean float64) float64, value float64) float64 {
	low, high := 1e-9, 1.0
	for f(high) < value {
		high *= 2
	}
	for range 100 {
		if mid := (low + high) / 2; f(mid) < value {
			low = mid
		} else {
			high = mid
		}
	}
	return high
}
