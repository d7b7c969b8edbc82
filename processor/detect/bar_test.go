package detect

import (
	"math/rand/v2"
	"testing"
)

// A series that is judged by itself is told exactly when it is over every bar.
func TestWhatOpensIsOverEveryBarAndWhatIsSilentIsBelowOne(t *testing.T) {
	seen := map[Bar]int{}
	for seed := range uint64(40) {
		rng := rand.New(rand.NewPCG(seed, 3))
		totals := seed%2 == 0
		mean := 3 * float64(int(1)<<rng.IntN(10))
		points := make([]Point, 1500)
		factor, rate := 1.0, 0.002
		for i := range points {
			if rng.IntN(120) == 0 {
				factor, rate = rng.Float64()*4, rng.Float64()*rng.Float64()*0.3
			} else if rng.IntN(40) == 0 {
				factor, rate = 1, 0.002
			}
			n := poisson(rng, mean*factor)
			points[i] = Point{At: int64(i) * 1e10, Value: float64(n)}
			if totals {
				points[i].Value, points[i].Total = float64(binomial(rng, n, rate)), float64(n)
			}
		}
		rows, err := Backtest(Default(), points, totals)
		if err != nil {
			t.Fatal(err)
		}
		for i := range rows {
			j := &rows[i]
			for _, g := range j.Signals {
				if g.Opened && g.Margin < 1-1e-6 {
					t.Errorf("seed %d row %d opens %v with a margin of %v at the bar %v", seed, i, g.Kind, g.Margin, g.Narrowest)
				}
			}
			if len(j.Signals) == 0 && j.Margin > 1 {
				t.Errorf("seed %d row %d is silent, with a margin of %v at the bar %v", seed, i, j.Margin, j.Narrowest)
			}
			if len(j.Signals) == 0 {
				seen[j.Narrowest]++
			}
		}
	}
	for b := range bars {
		if seen[b] == 0 {
			t.Errorf("no row was silent for its %v: %v", b, seen)
		}
	}
}

func TestADeploysBumpIsSilentForItsEffectNotForItsScore(t *testing.T) {
	points := make([]Point, 400)
	for i := range points {
		points[i] = Point{At: int64(i) * 1e10, Value: 4, Total: 4000}
	}
	for i := 300; i < 304; i++ {
		points[i].Value = 120 // 40 s of 3 %
	}
	rows, err := Backtest(Default(), points, true)
	if err != nil {
		t.Fatal(err)
	}
	j := rows[303]
	if len(j.Signals) > 0 || j.Narrowest != Effect || j.Score < 24 || j.Margin < 0.4 || j.Margin > 0.7 || j.Least != 0.2 {
		t.Errorf("score %v, effect %v of %v, narrowest %v, margin %v, signals %v", j.Score, j.Effect, j.Least, j.Narrowest, j.Margin, j.Signals)
	}
}
