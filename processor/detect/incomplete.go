package detect

import (
	"math"
	"slices"
)

// completeness tells a fleet that lost traffic from a source that lost logs.
// Logs that are lost at the source shrink every service and every pop alike, and nothing fails.
type completeness struct {
	state verdict
	onset int64 // of the fleet's drop
}

type verdict uint8

const (
	complete   verdict = iota
	undecided          // the fleet has dropped; a few windows decide
	real               // the traffic itself is gone
	incomplete         // logs are missing
)

const (
	lostAtLeast  = 0.15 // every pop, and nine services of ten, lost so much
	lostAlike    = 0.35 // largest spread of the ratios, beyond chance, over their median
	failsAtMost  = 0.02 // of all requests, while logs are lost
	ratioLeast   = 10   // expected requests for a ratio to say anything
	fewestAlike  = 3    // services with a ratio
	fleetFalling = 2.0  // score from which a drop waits for the fleet's
)

// step follows the drop of the fleet.
func (c *completeness) step(d *Detector, at moment) {
	f := d.fleet.rate.open
	if f == nil || f.up {
		if !d.droppingEnds() {
			c.state = complete
		}
		return
	}
	if c.state == complete || f.opened == at.t {
		c.state, c.onset = undecided, f.onset
	}
	if c.state != undecided {
		return
	}
	switch {
	case d.looksIncomplete():
		c.state = incomplete
	case at.t-f.opened >= d.tuning.holdDrop:
		c.state = real
	}
}

// droppingEnds says that the fleet's drop ends in this very window.
func (d *Detector) droppingEnds() bool {
	for i := range d.active[0] {
		if d.active[0][i].kind == TrafficDrop {
			return true
		}
	}
	return false
}

// looksIncomplete compares what every service and pop has of the traffic it should have had since the fleet fell.
func (d *Detector) looksIncomplete() bool {
	if d.fleet.tally.errors > failsAtMost*d.fleet.tally.requests {
		return false
	}
	for _, p := range d.pops {
		ratio, expected := p.rate.remaining()
		if expected >= ratioLeast && ratio-2*math.Sqrt(remainingNoise*ratio/expected) > 1-lostAtLeast {
			return false
		}
	}
	d.ratios = d.ratios[:0]
	chance := 0.0
	for _, s := range d.services {
		ratio, expected := s.rate.remaining()
		if expected >= ratioLeast {
			d.ratios = append(d.ratios, ratio)
			chance += remainingNoise * ratio / expected
		}
	}
	n := len(d.ratios)
	if n < fewestAlike {
		return false
	}
	slices.Sort(d.ratios)
	mean, square := 0.0, 0.0
	for _, r := range d.ratios {
		mean += r / float64(n)
		square += r * r / float64(n)
	}
	spread := math.Sqrt(max(0, square-mean*mean-chance/float64(n)))
	return d.ratios[(n-1)*9/10] < 1-lostAtLeast && spread <= lostAlike*d.ratios[n/2]
}

// explains says that a traffic finding is nothing but the logs that are missing.
func (c *completeness) explains(f *finding, near int64) bool {
	return c.state == incomplete && f.onset >= c.onset-near && (!f.up || f.onset <= c.onset+near)
}
