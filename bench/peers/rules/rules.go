// Package rules holds two plain ways to alert, to compare with: the burn-rate
// alerts of Google's SRE Workbook (chapter 5, multiwindow, multi-burn-rate), and
// a z-score with a floor. Both look at one service at a time. They see the same
// windows as the real detector, and nothing is added that would help or hinder them.
package rules

import "github.com/spikeline/spikeline/processor/window"

// Alert is one firing of a rule at one service. Times are Unix nanoseconds UTC.
type Alert struct {
	Service string
	Kind    string
	From    int64 // end of the window in which it began to fire
	To      int64 // end of the window in which it ceased; 0 while it fires
}

// Watch judges windows, in order, one service at a time.
type Watch struct {
	fresh    func() rule
	services map[string]*watched
	order    []*watched
	alerts   []Alert
}

// rule judges one service.
type rule interface {
	// step gives, by kind, whether the rule fires after this window.
	step(requests, errors float64) []firing
}

type firing struct {
	kind string
	on   bool
}

type watched struct {
	name             string
	rule             rule
	requests, errors float64
	firing           map[string]int // place in alerts, by kind
}

func watch(fresh func() rule) *Watch { return &Watch{fresh: fresh, services: map[string]*watched{}} }

// Step judges one window.
func (w *Watch) Step(r *window.Result) {
	for i := range r.Rows {
		row := &r.Rows[i]
		s := w.services[row.Service]
		if s == nil {
			s = &watched{name: row.Service, rule: w.fresh(), firing: map[string]int{}}
			w.services[row.Service], w.order = s, append(w.order, s)
		}
		s.requests += float64(row.Requests)
		s.errors += float64(row.Errors)
	}
	for _, s := range w.order {
		for _, f := range s.rule.step(s.requests, s.errors) {
			w.note(s, f, r.End)
		}
		s.requests, s.errors = 0, 0
	}
}

func (w *Watch) note(s *watched, f firing, now int64) {
	at, on := s.firing[f.kind]
	switch {
	case f.on && !on:
		s.firing[f.kind] = len(w.alerts)
		w.alerts = append(w.alerts, Alert{Service: s.name, Kind: f.kind, From: now})
	case on && !f.on:
		w.alerts[at].To = now
		delete(s.firing, f.kind)
	}
}

// Alerts gives all that has fired, in the order in which it began.
func (w *Watch) Alerts() []Alert { return w.alerts }
