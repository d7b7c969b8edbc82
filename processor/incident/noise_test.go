package incident

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// chance draws the counts of a world instead of giving what is expected.
func (w *world) draw(mean float64) uint64 {
	if mean > 50 {
		return uint64(max(0, math.Round(mean+math.Sqrt(mean)*w.chance.NormFloat64())))
	}
	n, p := uint64(0), w.chance.Float64()
	for limit := math.Exp(-mean); p > limit; n++ {
		p *= w.chance.Float64()
	}
	return n
}

func (w *world) drawOf(n uint64, share float64) (k uint64) {
	for range n {
		if w.chance.Float64() < share {
			k++
		}
	}
	return k
}

func TestChanceAloneMakesNoPhases(t *testing.T) {
	for _, rate := range []float64{1, 5, 50} {
		for seed := range uint64(4) {
			w := newWorld(t, "AMS", "FRA")
			w.chance = rand.New(rand.NewPCG(seed, uint64(rate)))
			for i := range 4 {
				w.service(fmt.Sprintf("s%d.example", i), rate)
			}
			w.fails("s1.example", "11:30", "12:00", flat(0.3), 500, true)
			p := w.judged(Default(), "10:30", "12:50")
			p.check(t)
			if len(p.incidents) != 1 {
				t.Errorf("%v requests, seed %d: %d incidents\n%s", 2*rate, seed, len(p.incidents), p.text())
			}
			for _, e := range p.all {
				if e.Event == "fluctuating" || e.Event == "relapse" {
					t.Errorf("%v requests, seed %d: %s", 2*rate, seed, line(e))
				}
			}
		}
	}
}
