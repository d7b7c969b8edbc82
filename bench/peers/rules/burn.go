package rules

import "time"

// budget is what an objective of 99.9 % leaves for failures.
const budget = 0.001

// burn is the pair of alerts of the workbook's table 5-8 that page someone: 2 %
// of the month's budget in an hour, 5 % in six hours, each only while a short
// window of a twelfth burns as fast.
type burn struct {
	ring   []counts // of six hours
	at     int
	long   [2]span
	short  [2]span
	fires  [1]firing
	factor [2]float64
}

type counts struct{ requests, errors float32 }

// span is a sum over the last so many windows.
type span struct {
	length           int
	requests, errors float64
}

// BurnRate watches with burn-rate alerts for an objective of 99.9 % of requests.
func BurnRate(width time.Duration) *Watch {
	of := func(d time.Duration) span { return span{length: max(1, int(d/width))} }
	return watch(func() rule {
		return &burn{
			ring:   make([]counts, of(6*time.Hour).length),
			long:   [2]span{of(time.Hour), of(6 * time.Hour)},
			short:  [2]span{of(5 * time.Minute), of(30 * time.Minute)},
			factor: [2]float64{14.4, 6},
		}
	})
}

func (b *burn) step(requests, errors float64) []firing {
	on := false
	for i := range b.long {
		b.slide(&b.long[i], requests, errors)
		b.slide(&b.short[i], requests, errors)
		on = on || b.long[i].burns(b.factor[i]) && b.short[i].burns(b.factor[i])
	}
	b.ring[b.at] = counts{float32(requests), float32(errors)}
	b.at = (b.at + 1) % len(b.ring)
	b.fires[0] = firing{"burn_rate", on}
	return b.fires[:]
}

// slide takes a window into the sum, and out of it the one that leaves.
func (b *burn) slide(s *span, requests, errors float64) {
	old := b.ring[(b.at-s.length+len(b.ring))%len(b.ring)]
	s.requests += float64(float32(requests)) - float64(old.requests)
	s.errors += float64(float32(errors)) - float64(old.errors)
}

func (s *span) burns(factor float64) bool {
	return s.errors > factor*budget*s.requests && s.errors > 0.5
}
