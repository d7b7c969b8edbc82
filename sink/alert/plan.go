package alert

import (
	"slices"
	"time"

	"github.com/spikeline/spikeline/processor"
	"github.com/spikeline/spikeline/processor/incident"
)

// step is one incident in one window, with what that window added to its story.
type step struct {
	in       *incident.Incident
	messages []*Message
	quiet    bool
}

// stepsOf pairs the events of a batch with the incident as it stood with them.
func stepsOf(b *processor.Batch, rules []rule, base string) (steps []step) {
	type place struct {
		id      string
		version int64
	}
	at := map[place]int{}
	for i := range b.Incidents {
		in := &b.Incidents[i]
		at[place{in.ID, in.Version}] = len(steps)
		steps = append(steps, step{in: in, quiet: quietIncident(rules, in, time.Unix(0, in.Version))})
	}
	for i := range b.Events {
		e := &b.Events[i]
		n, ok := at[place{e.IncidentID, e.Version}]
		if !ok { // the judge gives both together; an event alone is told all the same
			n = len(steps)
			at[place{e.IncidentID, e.Version}] = n
			steps = append(steps, step{in: &incident.Incident{ID: e.IncidentID, Version: e.Version, Open: true, Severity: severities[0], Title: e.IncidentID}})
		}
		m := incidentMessage(steps[n].in, e, base)
		m.Quiet = steps[n].quiet
		steps[n].messages = append(steps[n].messages, m)
	}
	return steps
}

// filter is what one webhook wants to know.
type filter struct {
	events []string // empty for all
	least  int      // place in severities
	base   string
	silent map[string]bool // open incidents of which it has not been told
}

func newFilter(w Webhook, base string) *filter {
	return &filter{events: w.Events, least: max(0, slices.Index(severities, w.MinSeverity)), base: base, silent: map[string]bool{}}
}

// choose gives what the webhook is to get of a step, and how many messages a quiet rule kept from it.
func (f *filter) choose(s *step) (chosen []*Message, quiet int) {
	id := s.in.ID
	silent := f.silent[id]
	if !s.in.Open {
		delete(f.silent, id)
	}
	for _, m := range s.messages {
		if f.wants(m) {
			chosen = append(chosen, m)
		}
	}
	if s.in.Withdrawn && len(chosen) > 1 { // one message takes it all back
		chosen = chosen[len(chosen)-1:]
	}
	loud := slices.Index(severities, s.in.Severity) >= f.least
	switch {
	case loud && s.quiet:
		quiet = len(chosen)
		fallthrough
	case !loud:
		if s.in.Open {
			f.silent[id] = true
		}
		return nil, quiet
	case silent && s.in.Withdrawn:
		return nil, 0
	case silent && s.in.Open && len(chosen) == 0:
		chosen = append(chosen, raisedMessage(s.in, f.base))
	}
	delete(f.silent, id)
	return chosen, 0
}

// wants leaves out an event that was told before and is still the same: only its numbers moved.
func (f *filter) wants(m *Message) bool {
	if m.Amended && m.Was == "" && !m.Withdrawn {
		return false
	}
	return len(f.events) == 0 || slices.Contains(f.events, m.Event) || slices.Contains(f.events, m.Was)
}

// forget begins anew, with another term of the judge.
func (f *filter) forget() { clear(f.silent) }

// signalsOf gives the messages of signals that open or end, for the topic.
func signalsOf(b *processor.Batch, rules []rule) (messages []*Message) {
	for i := range b.Signals {
		s := &b.Signals[i]
		if !s.Opened && !s.Ended {
			continue
		}
		m := signalMessage(s)
		m.Quiet = covered(rules, s.Scope.Service, []string{s.Kind.String()}, time.Unix(0, s.Window))
		messages = append(messages, m)
	}
	return messages
}

// heldBack is old news for one webhook: the newest of each incident, in the order of their first.
type heldBack struct {
	order []string
	last  map[string]*Message
}

// hold keeps a message in place of an older one of the same incident, and says whether there was one.
func (h *heldBack) hold(m *Message) (replaced bool) {
	if h.last == nil {
		h.last = map[string]*Message{}
	}
	if _, replaced = h.last[m.key]; !replaced {
		h.order = append(h.order, m.key)
	}
	h.last[m.key] = m
	return replaced
}

func (h *heldBack) release() (messages []*Message) {
	for _, id := range h.order {
		messages = append(messages, h.last[id])
	}
	*h = heldBack{}
	return messages
}
