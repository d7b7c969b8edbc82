package detect

import "github.com/spikeline/spikeline/processor/window"

// tell turns the findings of this window into signals; nil when there are none.
func (d *Detector) tell(r *window.Result, at moment) []Signal {
	var signals []Signal
	for level := range d.active {
		for i := range d.active[level] {
			s := &d.active[level][i]
			if d.silent(s, at) {
				continue
			}
			signals = append(signals, d.signal(s, r, at))
			s.finding.told = true
		}
	}
	return signals
}

// silent says that a finding gives no signal: the service's rules, a finding
// that ended before it was told, one that waits for the judgement on the source, or one that this explains.
func (d *Detector) silent(s *said, at moment) bool {
	f := s.finding
	if s.service != nil && s.service.quiet.has(s.kind) {
		return true
	}
	if s.share != nil {
		return false
	}
	isFleet := s.whole == &d.fleet
	if isFleet && s.kind == TrafficDrop && d.source.state == incomplete {
		return false
	}
	if !isFleet && !f.muted && !f.told && d.source.explains(f, d.tuning.near) {
		f.muted = true
	}
	if f.muted {
		return true
	}
	if f.told {
		return false
	}
	return f.end != lasting || !f.up && d.waits(f, isFleet, at)
}

// waits says that a new drop is held back while the fleet falls too and it is not known why.
func (d *Detector) waits(f *finding, isFleet bool, at moment) bool {
	switch d.source.state {
	case undecided:
		return isFleet || f.onset >= d.source.onset-d.tuning.near
	case complete:
		return at.t-f.opened < d.tuning.holdDrop && d.fleet.rate.down >= fleetFalling
	}
	return false
}

func (d *Detector) signal(s *said, r *window.Result, at moment) Signal {
	f := s.finding
	g := Signal{
		Window: at.start, Scope: s.scope(), Kind: s.kind, Opened: !f.told, Ended: f.end != lasting,
		Onset: f.onset, Score: f.score, Impact: f.total.a, Elevated: f.elevated,
	}
	if g.Ended {
		g.EndedAt = f.lastBadEnd
	}
	if s.whole == &d.fleet && s.kind == TrafficDrop && d.source.state == incomplete {
		g.Kind = SourceIncomplete
	}
	switch {
	case s.share != nil:
		g.Expected, g.Band = float64(s.share.expected), float64(s.share.allowed)
		if s.of > 0 {
			g.Observed = s.bad / s.of
		}
		g.Excess = max(0, s.bad-s.of*g.Expected)
		if f.end == nature || f.end == levelShift {
			g.Adopted = float64(s.share.good / max(s.share.all, 1))
		}
	case f.up:
		g.Observed, g.Expected = s.bad, float64(s.rate.high)
		g.Band = max(g.Expected*float64(s.rate.guard)*float64(s.rate.envelope), d.tuning.fleet.least)
		g.Excess = max(0, g.Observed-g.Expected)
	default:
		g.Observed, g.Expected = s.bad, float64(s.rate.low)
		g.Band = g.Expected / float64(s.rate.guard)
		g.Excess = max(0, g.Expected-g.Observed)
	}
	g.Requests = uint64(s.requests())
	code := s.mostly(r)
	g.Severity = d.grade(s, at, code)
	g.Test = d.test(s)
	g.over(d.scale)
	g.Reason = s.reason(&g, at, code, d.whole)
	return g
}

func (d *Detector) test(s *said) Test {
	sens := normal
	if s.service != nil {
		sens = s.service.sensitivity
	}
	switch {
	case s.share == nil && s.whole == &d.fleet:
		return s.rate.test(&d.tuning.fleet, s.finding, s.bad)
	case s.share == nil:
		return s.rate.test(&d.tuning.traffic[sens], s.finding, s.bad)
	case s.kind == LatencySurge:
		return s.share.test(&d.tuning.slow[sens], s.finding)
	case s.kind == ClientErrorSurge:
		return s.share.test(&d.tuning.client[sens], s.finding)
	}
	return s.share.test(&d.tuning.errors[sens], s.finding)
}

func (s *said) requests() float64 {
	switch {
	case s.whole != nil:
		return s.whole.tally.requests
	case s.pair != nil:
		return s.pair.tally.requests
	}
	return s.service.tally.requests
}

// grade says what a signal may do: Info is a row, Warning joins an incident, Critical may open one.
func (d *Detector) grade(s *said, at moment, code uint16) Severity {
	f, k := s.finding, d.tuning
	severity := Warning
	// Without a season a change that took long to see may be a morning or an evening.
	sudden := !f.learning || f.took <= k.fleet.freeze/2
	switch s.kind {
	case ErrorSurge:
		if s.pair == nil {
			severity = Critical
		}
	case LatencySurge:
		severity = Critical
	case ClientErrorSurge:
		// A wave of bots asking for what is not there (404) is none of ours. Refusals (403, 401, 429) of a large part for long are worth a look.
		if code == 404 || at.t-f.opened < k.clientLasts {
			severity = Info
		}
	case TrafficSurge:
		lasts := k.fleet.surgeLasts
		if f.learning { // an hourly job has not been seen before: it must last longer than one to be an incident
			lasts *= 3
		}
		if f.deep >= lasts && sudden && d.mayStandAlone(s) {
			severity = Critical
		}
	case TrafficDrop:
		if f.deep >= k.fleet.dropLasts && sudden && d.source.state != incomplete {
			severity = Critical
		}
	}
	if scope := s.scope(); scope.Service == window.Other || scope.Pop == window.Other {
		severity = min(severity, Warning) // a mixed bag changes with what falls into it
	}
	f.severity = max(f.severity, severity)
	return f.severity
}

// mayStandAlone says that a surge of this series can be an incident by itself:
// a service that usually has some traffic, or a fleet that is more than one or two services.
func (d *Detector) mayStandAlone(s *said) bool {
	if s.whole != nil {
		return s.whole == &d.fleet && len(d.services) >= fewestAlike
	}
	return float64(s.rate.high) >= d.tuning.standAlone
}

// mostly is the most frequent status behind a finding of a service, 0 if unknown.
func (s *said) mostly(r *window.Result) uint16 {
	if s.service == nil || s.kind != ErrorSurge && s.kind != ClientErrorSurge {
		return 0
	}
	least, most := uint16(500), uint16(999)
	if s.kind == ClientErrorSurge {
		least, most = 400, 498
	}
	var code uint16
	var count uint64
	var sums [10]window.StatusCount // the frequent ones show up among the first
	n := 0
	for i := s.service.lo; i < s.service.hi; i++ {
		row := &r.Rows[i]
		if s.pair != nil && row.Pop != s.pair.name {
			continue
		}
		for _, c := range row.Status {
			if c.Code < least || c.Code > most {
				continue
			}
			at := 0
			for at < n && sums[at].Code != c.Code {
				at++
			}
			if at == len(sums) {
				continue
			}
			if at == n {
				sums[n].Code = c.Code
				n++
			}
			sums[at].Count += c.Count
			if sums[at].Count > count {
				code, count = c.Code, sums[at].Count
			}
		}
	}
	return code
}
