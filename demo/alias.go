package demo

// alias draws one of n things by weight in constant time (Walker's method, as
// arranged by Vose, 1991).
type alias struct {
	keep         []uint32 // in units of 2^-32
	other        []uint8
	small, large []uint8 // scratch
	scaled       []float64
}

func newAlias(n int) alias {
	return alias{make([]uint32, n), make([]uint8, n), make([]uint8, 0, n), make([]uint8, 0, n), make([]float64, n)}
}

func (a *alias) fill(weights []float64) {
	total := 0.0
	for _, w := range weights {
		total += w
	}
	if total == 0 {
		return
	}
	small, large := a.small[:0], a.large[:0]
	for i, w := range weights {
		a.scaled[i] = w * float64(len(weights)) / total
		if a.scaled[i] < 1 {
			small = append(small, uint8(i))
		} else {
			large = append(large, uint8(i))
		}
	}
	for len(small) > 0 && len(large) > 0 {
		s, l := small[len(small)-1], large[len(large)-1]
		small = small[:len(small)-1]
		a.keep[s], a.other[s] = share32(a.scaled[s]), l
		a.scaled[l] = a.scaled[l] + a.scaled[s] - 1
		if a.scaled[l] < 1 {
			large = large[:len(large)-1]
			small = append(small, l)
		}
	}
	for _, rest := range [...][]uint8{small, large} {
		for _, i := range rest {
			a.keep[i], a.other[i] = 1<<32-1, i
		}
	}
}

// pick turns 64 random bits into one of the things.
func (a *alias) pick(bits uint64) int {
	i := int(bits >> 32 * uint64(len(a.keep)) >> 32)
	if uint32(bits) <= a.keep[i] {
		return i
	}
	return int(a.other[i])
}
