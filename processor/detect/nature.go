package detect

// natured is errors of a service, in a pop or over all, that have turned out in this window to be its nature.
type natured struct {
	pop    string
	onset  int64
	excess float64 // bad requests beyond the expected, since the onset
}

const natureExplains = 0.8 // of the excess of a pop or the fleet

const (
	commonLeast = 3 // services that fail since they were first seen, ...
	commonPart  = 5 // ... and one of so many: it is one trouble that they share
)

func (d *Detector) common() bool {
	n := 0
	for _, s := range d.services {
		if f := s.errors.open; f != nil && f.native {
			n++
		}
	}
	return n >= commonLeast && n*commonPart >= len(d.services)
}

func (d *Detector) noteNature(pop string, f *finding, p *proportion) {
	if f.end == nature {
		d.natures = append(d.natures, natured{pop, f.onset, f.total.u - f.total.m*float64(p.expected)})
	}
}

// settle ends the errors of a pop or of the fleet that are mostly those by nature of its services:
// a service that comes to a fleet long known is no trouble of the fleet.
func (d *Detector) settle(w *whole, at moment) {
	f := w.errors.open
	if f == nil || len(d.natures) == 0 {
		return
	}
	explained := 0.0
	for _, n := range d.natures {
		if n.pop == w.name && n.onset <= f.onset+d.tuning.near {
			explained += n.excess
		}
	}
	if explained >= natureExplains*(f.total.u-f.total.m*float64(w.errors.expected)) {
		w.errors.adopt(at, nature)
	}
}
