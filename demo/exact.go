package demo

import (
	"math"
	"math/rand/v2"
)

// The same seed gives the same bytes on every processor. Two things of Go stand
// against that: the assembly versions of math.Exp and math.Log, which differ in
// the last bit, and fused multiply-add, which the compiler may use for x*y + z.
// Hence the functions of this file, and a float64(...) around every product
// that is added to something; math.Sqrt, Floor, Frexp and Ldexp are exact everywhere.

// exp is e to the power of x, to within 2 units in the last place for |x| < 700.
func exp(x float64) float64 {
	const ln2Hi, ln2Lo = 6.93147180369123816490e-01, 1.90821492927058770002e-10
	k := math.Floor(float64(x*math.Log2E) + 0.5)
	r := x - float64(k*ln2Hi)
	r -= float64(k * ln2Lo)
	sum := horner(r, 1.0/6227020800, 1.0/479001600, 1.0/39916800, 1.0/3628800, 1.0/362880, 1.0/40320, 1.0/5040, 1.0/720, 1.0/120, 1.0/24, 1.0/6, 1.0/2, 1, 1)
	return math.Ldexp(sum, int(k))
}

// log is the natural logarithm of a positive x, to within 1e-15 of it.
func log(x float64) float64 {
	f, e := math.Frexp(x)
	if f < math.Sqrt2/2 {
		f, e = f*2, e-1
	}
	s := (f - 1) / (f + 1)
	sum := horner(float64(s*s), 1.0/23, 1.0/21, 1.0/19, 1.0/17, 1.0/15, 1.0/13, 1.0/11, 1.0/9, 1.0/7, 1.0/5, 1.0/3, 1)
	return float64(2*s*sum) + float64(float64(e)*math.Ln2)
}

// logFactorial is ln k!, by Stirling's series above 9.
func logFactorial(k float64) float64 {
	if k < 10 {
		product := 1.0
		for i := 2.0; i <= k; i++ {
			product *= i
		}
		return log(product)
	}
	const halfLog2Pi = 0.91893853320467274178
	n := k + 1
	series := float64((1.0/12 - (1.0/360)/float64(n*n)) / n)
	return float64((n-0.5)*log(n)) - n + halfLog2Pi + series
}

// quantile is the standard normal deviate below which a share p (0 < p < 1) lies,
// to within 1.2e-9 of it (the rational approximation of P. J. Acklam).
func quantile(p float64) float64 {
	if p > 0.5 {
		return -quantile(1 - p)
	}
	if p < 0.02425 {
		q := math.Sqrt(float64(-2 * log(p)))
		return horner(q, -7.784894002430293e-03, -3.223964580411365e-01, -2.400758277161838, -2.549732539343734, 4.374664141464968, 2.938163982698783) /
			horner(q, 7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996, 3.754408661907416, 1)
	}
	q := p - 0.5
	r := float64(q * q)
	return float64(q*horner(r, -3.969683028665376e+01, 2.209460984245205e+02, -2.759285104469687e+02, 1.383577518672690e+02, -3.066479806614716e+01, 2.506628277459239)) /
		horner(r, -5.447609879822406e+01, 1.615858368580409e+02, -1.556989798598866e+02, 6.680131188771972e+01, -1.328068155288572e+01, 1)
}

func horner(x float64, c ...float64) (y float64) {
	for _, a := range c {
		y = float64(y*x) + a
	}
	return y
}

// stream is one independent sequence of random numbers.
type stream struct{ rand.PCG }

func newStream(seed, lane uint64) *stream {
	s := &stream{}
	s.Seed(seed, lane)
	return s
}

// unit is uniform in (0, 1).
func (s *stream) unit() float64 {
	return (float64(s.Uint64()>>11) + 0.5) * 0x1p-53
}

func (s *stream) between(low, high float64) float64 {
	return low + float64((high-low)*s.unit())
}

// below is uniform in 0 to n-1.
func (s *stream) below(n int) int {
	return int(s.Uint64() >> 32 * uint64(n) >> 32)
}

func (s *stream) normal() float64 { return quantile(s.unit()) }

// roughly draws as poisson does; above a mean of 100 by the normal distribution.
func (s *stream) roughly(mean float64) int {
	if mean < 100 {
		return s.poisson(mean)
	}
	return int(max(0, math.Floor(mean+0.5+float64(math.Sqrt(mean)*s.normal()))))
}

// poisson draws a count of a given mean: by products of uniforms when it is
// small, else by transformed rejection (Hoermann's PTRS, 1993).
func (s *stream) poisson(mean float64) int {
	if mean < 10 {
		return s.poissonSmall(mean)
	}
	logMean, root := log(mean), math.Sqrt(mean)
	b := 0.931 + float64(2.53*root)
	a := -0.059 + float64(0.02483*b)
	inverse := 1.1239 + 1.1328/(b-3.4)
	limit := 0.9277 - 3.6224/(b-2)
	for {
		u, v := s.unit()-0.5, s.unit()
		us := 0.5 - math.Abs(u)
		k := math.Floor(float64((2*a/us+b)*u) + mean + 0.43)
		if us >= 0.07 && v <= limit {
			return int(k)
		}
		if k < 0 || (us < 0.013 && v > us) {
			continue
		}
		if log(v*inverse/(a/float64(us*us)+b)) <= float64(k*logMean)-mean-logFactorial(k) {
			return int(k)
		}
	}
}

func (s *stream) poissonSmall(mean float64) (k int) {
	if mean <= 0 {
		return 0
	}
	stop := exp(-mean)
	for product := s.unit(); product > stop; product *= s.unit() {
		k++
	}
	return k
}

// hash is FNV-1a of the parts: the lane of a stream, the partition of a key.
func hash(parts ...string) uint64 {
	h := uint64(14695981039346656037)
	for _, part := range parts {
		for i := 0; i < len(part); i++ {
			h = (h ^ uint64(part[i])) * 1099511628211
		}
		h = (h ^ 0xff) * 1099511628211
	}
	return h
}
