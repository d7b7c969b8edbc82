package incident

import (
	"time"

	"github.com/spikeline/spikeline/processor/detect"
)

// Burn is how fast the error budget of an incident's services is being spent,
// over four times that end with the incident's version: their failed requests
// (all 5xx) over those that their objectives allow. At 1 the budget lasts exactly its 30 days.
// The sums are exact: over the windows, as they closed, of the last 5 and 30 minutes and of the last 12
// and 72 times five minutes, by the clock, the present one included.
type Burn struct {
	M5   float64 `json:"5m"`
	M30  float64 `json:"30m"`
	H1   float64 `json:"1h"`
	H6   float64 `json:"6h"`
	Fast float64 `json:"fast"` // highest so far of the lower one of H1 and M5: a pair of rates pages above the same bar
	Slow float64 `json:"slow"` // the same of H6 and M30
}

// The slots in which what was spent is remembered, and how many of them each rate sums.
const (
	shortSlot, longSlot = time.Minute, 5 * time.Minute

	shortSlots, longSlots = 30, 72
)

// spent is what failed of all in one slot.
type spent struct{ requests, errors uint32 }

// spending remembers the slots of late. It belongs to a service, or to the fleet.
type spending struct {
	short               [shortSlots]spent
	long                [longSlots]spent
	shortLast, longLast int64 // number of the newest slot
}

// slotsOf gives the length of both kinds of slot: windows that are longer are slots of their own.
func slotsOf(width int64) (short, long int64) {
	return max(width, int64(shortSlot)), max(width, int64(longSlot))
}

func (s *spending) add(start, width int64, t tally) {
	short, long := slotsOf(width)
	s.shortLast = put(s.short[:], s.shortLast, slotAt(start, short), t)
	s.longLast = put(s.long[:], s.longLast, slotAt(start, long), t)
}

func slotAt(t, length int64) int64 { return (t - mod(t, length)) / length }

// put adds to a slot, and empties those that were passed over.
func put(ring []spent, last, slot int64, t tally) int64 {
	n := int64(len(ring))
	for i := max(last, slot-n) + 1; i <= slot; i++ {
		ring[mod(i, n)] = spent{}
	}
	to := &ring[mod(slot, n)]
	to.requests = saturate(uint64(to.requests) + uint64(t.requests))
	to.errors = saturate(uint64(to.errors) + uint64(t.errors))
	return slot
}

// sum adds up the slots that end with the one of a time, n of them.
func sum(ring []spent, last, slot, n int64) (requests, errors float64) {
	for i := max(slot-n, last-int64(len(ring))) + 1; i <= min(slot, last); i++ {
		c := ring[mod(i, int64(len(ring)))]
		requests, errors = requests+float64(c.requests), errors+float64(c.errors)
	}
	return requests, errors
}

// budgets holds, for each rate, what failed and what was allowed to.
type budgets [4]struct{ failed, allowed float64 }

var reaches = [4]time.Duration{5 * time.Minute, 30 * time.Minute, time.Hour, 6 * time.Hour}

// take adds one service with an objective.
func (b *budgets) take(s *spending, m *moment, objective float64) {
	short, long := slotsOf(m.width)
	for i, reach := range reaches {
		ring, last, length := s.short[:], s.shortLast, short
		if reach > shortSlots*shortSlot {
			ring, last, length = s.long[:], s.longLast, long
		}
		n, failed := sum(ring, last, slotAt(m.start, length), max(1, int64(reach)/length))
		b[i].failed += failed
		b[i].allowed += n * (1 - objective)
	}
}

func (b *budgets) rate(i int) float64 {
	if b[i].allowed <= 0 {
		return 0
	}
	return b[i].failed / b[i].allowed
}

// burning brings the burn rates up to this window. Without members they are those of all services.
func (e *episode) burning(m *moment) {
	var b budgets
	for _, mem := range e.members {
		if s := m.fleet.byName[mem.Service]; s != nil {
			b.take(&s.spending, m, m.cfg.ObjectiveOf(mem.Service))
		}
	}
	if len(e.members) == 0 {
		b.take(&m.fleet.spending, m, m.cfg.Objective)
	}
	now := Burn{M5: b.rate(0), M30: b.rate(1), H1: b.rate(2), H6: b.rate(3)}
	now.Fast = max(e.Burn.Fast, min(now.H1, now.M5))
	now.Slow = max(e.Burn.Slow, min(now.H6, now.M30))
	e.dirty = e.dirty || now != e.Burn // an alert on them must also see them fall
	e.Burn = now
}

// CommonObjective gives the objective that all services of an incident have; false if theirs differ.
func (c *Config) CommonObjective(services []Member) (common float64, same bool) {
	for i := range services {
		v := c.ObjectiveOf(services[i].Service)
		if i > 0 && v != common {
			return 0, false
		}
		common = v
	}
	if len(services) == 0 {
		return c.Objective, true
	}
	return common, true
}

// ObjectiveOf gives the objective of a service: that of the exact name, else of the longest pattern, else the common one.
func (c *Config) ObjectiveOf(service string) float64 {
	if v, ok := detect.RuleFor(c.Objectives, service); ok {
		return v
	}
	return c.Objective
}
