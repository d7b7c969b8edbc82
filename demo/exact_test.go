package demo

import (
	"math"
	"testing"
)

func TestExpAndLogAreThoseOfMathToTheLastDigits(t *testing.T) {
	s := newStream(1, 2)
	for range 100_000 {
		x := s.between(-50, 50)
		if got, want := exp(x), math.Exp(x); math.Abs(got-want) > 1e-15*want {
			t.Fatalf("exp(%v) is %v, expected %v", x, got, want)
		}
		y := exp(x)
		if got, want := log(y), math.Log(y); math.Abs(got-want) > 2e-15*max(1, math.Abs(want)) {
			t.Fatalf("log(%v) is %v, expected %v", y, got, want)
		}
	}
	for k := range 60 {
		want, _ := math.Lgamma(float64(k) + 1)
		if got := logFactorial(float64(k)); math.Abs(got-want) > 1e-6 {
			t.Errorf("log %d! is %v, expected %v", k, got, want)
		}
	}
}

func TestQuantileInvertsTheNormalDistribution(t *testing.T) {
	for _, p := range []float64{1e-9, 1e-4, 0.02, 0.1, 0.5, 0.77, 0.99, 1 - 1e-7} {
		if got := math.Erfc(-quantile(p)/math.Sqrt2) / 2; math.Abs(got-p) > 1e-8*max(p, 0.01) {
			t.Errorf("the share below the quantile of %v is %v", p, got)
		}
	}
}

func TestPoissonHasItsMeanAndVariance(t *testing.T) {
	for _, mean := range []float64{0.01, 0.7, 4, 9.9, 10.1, 35, 300, 12_000} {
		for name, draw := range map[string]func(*stream, float64) int{"poisson": (*stream).poisson, "roughly": (*stream).roughly} {
			s := newStream(uint64(mean*100), 1)
			const n = 60_000
			sum, squares := 0.0, 0.0
			for range n {
				d := float64(draw(s, mean)) - mean
				sum += d
				squares += d * d
			}
			if off := sum / n / math.Sqrt(mean/n); math.Abs(off) > 4.5 {
				t.Errorf("%s of %v: the mean is off by %v standard errors", name, mean, off)
			}
			if ratio := squares / n / mean; math.Abs(ratio-1) > 5*math.Sqrt((2+1/mean)/n) {
				t.Errorf("%s of %v: the variance is %v of the mean", name, mean, ratio)
			}
		}
	}
}

func TestAliasDrawsByWeight(t *testing.T) {
	weights := []float64{5, 0, 1, 0.25, 3.75}
	a := newAlias(len(weights))
	a.fill(weights)
	s := newStream(9, 9)
	var n [5]float64
	for range 200_000 {
		n[a.pick(s.Uint64())]++
	}
	for i, w := range weights {
		if want := w * 20_000; math.Abs(n[i]-want) > 5*math.Sqrt(want+1) {
			t.Errorf("weight %v was drawn %v times of 200,000", w, n[i])
		}
	}
}

func TestADayAndAnOfficeDayHaveTheMeanOne(t *testing.T) {
	for _, table := range [][24]float64{daily, working} {
		sum := 0.0
		for _, v := range table {
			sum += v
		}
		if math.Abs(sum/24-1) > 0.025 {
			t.Errorf("the mean is %v", sum/24)
		}
	}
}
