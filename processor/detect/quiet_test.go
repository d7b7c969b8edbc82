package detect

import (
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

var (
	quietServices = flag.Int("quiet.services", 8, "services of the test for false alarms")
	quietDays     = flag.Int("quiet.days", 9, "days of the test for false alarms")
	quietSeed     = flag.Uint64("quiet.seed", 31, "seed of the test for false alarms")
	quietLeast    = flag.Float64("quiet.least", 0.1, "lowest requests a second")
	quietMost     = flag.Float64("quiet.most", 100_000, "highest requests a second")
	quietStress   = flag.Bool("quiet.stress", false, "services whose errors and traffic are wild by nature")
	quietPrint    = flag.Bool("quiet.print", false, "print every false alarm")
)

// Natural services with days, weeks, deploys, cron jobs and bots, but without
// outages: `go test -run Quiet -v -quiet.services 250 -quiet.days 28` for a long run.
func TestQuietServicesGiveNoErrorOrLatencySignalAndHardlyATrafficSignal(t *testing.T) {
	rng := rand.New(rand.NewPCG(*quietSeed, 7))
	var count [3][Kinds]int // first day, first week, later
	var critical [3]int
	bots, deploys := 0, 0
	weeks := [3]float64{}
	for i := range *quietServices {
		s := natural(rng, i, *quietLeast, *quietMost)
		if *quietStress {
			s.wander, s.grain = 0.05+0.15*rng.Float64(), 0.02+0.05*rng.Float64()
			s.unrest, s.failing = 0.3+0.7*rng.Float64(), math.Exp(math.Log(1e-4)+rng.Float64()*math.Log(200))
		}
		g := newGenerator(*quietSeed*1000+uint64(i), "2025-11-05 07:13:20", s)
		d := New(Default())
		first := g.start.UnixNano()
		end := g.start.AddDate(0, 0, *quietDays)
		age := func(at int64) int {
			switch days := time.Duration(at-first).Hours() / 24; {
			case days < 1:
				return 0
			case days < 7:
				return 1
			}
			return 2
		}
		for g.start.Add(time.Duration(g.n) * g.width).Before(end) {
			r := g.next()
			weeks[age(r.Start)] += g.width.Hours() / 168
			for _, f := range d.Step(r) {
				if f.Scope.Service == "" {
					continue
				}
				if f.Ended && f.Severity == Critical && (f.Kind == TrafficSurge || f.Kind == TrafficDrop) {
					critical[age(f.Window)]++
				}
				if !f.Opened {
					continue
				}
				if f.Kind == TrafficSurge && g.services[0].botLeft > 0 {
					bots++ // a surge indeed
					continue
				}
				if g.services[0].deployLeft > 0 {
					deploys++
				}
				count[age(f.Window)][f.Kind]++
				if *quietPrint {
					fmt.Println(describe(s), time.Unix(0, f.Window).UTC().Format("Mon 02 15:04:05"), f.Kind, f.Reason)
				}
			}
		}
	}
	t.Logf("%d services, %d days, seed %d; %d surges during bursts of bots (not counted below), %d signals during deploys (counted)", *quietServices, *quietDays, *quietSeed, bots, deploys)
	for a, name := range []string{"first day", "first week", "later"} {
		t.Logf("%-10s %7.2f service-weeks: errors %d, latency %d, client errors %d, surges %d, drops %d (critical %d)", name, weeks[a],
			count[a][ErrorSurge], count[a][LatencySurge], count[a][ClientErrorSurge], count[a][TrafficSurge], count[a][TrafficDrop], critical[a])
		if count[a][ErrorSurge]+count[a][LatencySurge]+count[a][ClientErrorSurge] > 0 {
			t.Errorf("%s: false signals of errors, latency or client errors", name)
		}
	}
	if n := count[2][TrafficSurge] + count[2][TrafficDrop]; float64(n) > 1+weeks[2]/20 {
		t.Errorf("%d false traffic signals in %.0f service-weeks", n, weeks[2])
	}
}

func describe(s simulated) string {
	return fmt.Sprintf("%s %.3g/s swing %.1f office %v weekend %.2f wander %.2f grain %.2f cron %d x%.1f", s.name, s.rate, s.swing, s.office, s.weekend, s.wander, s.grain, s.cronMinute, s.cronTimes)
}
