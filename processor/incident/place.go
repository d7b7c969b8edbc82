package incident

import (
	"slices"
	"time"

	"github.com/spikeline/spikeline/processor/detect"
)

// dropWait is how many windows a drop waits, so that a loss of logs is known as such first.
const dropWait = 3

// settle finds the open incident a signal belongs to. It says whether there is no more to do about it.
func (t *Tracker) settle(s *detect.Signal, m *moment) bool {
	if s.Kind == detect.SourceIncomplete || t.lost(s, m) {
		return true
	}
	key := seriesKey{s.Scope, s.Kind}
	for _, e := range t.open {
		if f := e.byKey[key]; f != nil && e.Open {
			e.take(f, s, m)
			return true
		}
	}
	if !s.Elevated || s.Ended || s.Kind == detect.TrafficDrop && m.start-s.Onset < dropWait*m.width {
		return true
	}
	if e := t.home(s, m); e != nil {
		e.take(e.add(s), s, m)
		return true
	}
	return false
}

// inaugurate opens an incident for a signal that belongs to none. It says whether there is no more to do about it.
func (t *Tracker) inaugurate(s *detect.Signal, m *moment) bool {
	if s.Severity < detect.Critical || t.follows(s) {
		return false
	}
	if t.unclear(s, m) {
		return true
	}
	fresh := t.fresh(s, m)
	e := t.begin(&fresh, m)
	e.take(e.add(&fresh), &fresh, m)
	return true
}

const clears = 2 * time.Minute // by then a second window has shown more of a service that fails

// unclear says that beside an incident in full swing errors begin, and that this window
// does not tell whose they are: the signal waits for the next.
func (t *Tracker) unclear(s *detect.Signal, m *moment) bool {
	if s.Kind != detect.ErrorSurge || m.telling(s) {
		return false
	}
	for _, e := range t.open {
		if e.Open && e.calm == 0 && e.lead() == detect.ErrorSurge {
			return true
		}
	}
	return false
}

// telling says that this window shows whose errors a signal is about. One that names a
// service does with enough errors, or after two minutes. What stands out in a pop or in the
// fleet may be services that are about to be named, and whose errors began later than its
// own; so one of no incident must have failed two minutes ago too.
func (m *moment) telling(s *detect.Signal) bool {
	if s.Scope.Service != "" {
		l := m.evidence(s)
		return l.excess >= 3 || m.end-s.Onset >= int64(clears)
	}
	struck := m.struck(s.Scope.Pop)
	before := m.tick - max(int64(clears)/m.width, 1)
	for _, v := range struck {
		past := m.fleet.byName[v.name] // nil beyond max_services: of its past nothing is known
		if m.home(v.name) == nil && (past == nil || past.at(before).errors > 0) {
			return true
		}
	}
	return len(struck) == 0 && s.Excess >= 3
}

// fresh dates a finding that went on after its incident was closed: what begins now does not reach back into that.
func (t *Tracker) fresh(s *detect.Signal, m *moment) detect.Signal {
	c := *s
	for _, p := range t.past {
		if !s.Opened && s.Onset >= p.from && s.Onset < p.to {
			c.Onset = m.start
		}
	}
	return c
}

// home gives the open incident that a new series belongs to, nil if none. If two
// fit, and also fit each other, the younger becomes part of the older.
func (t *Tracker) home(s *detect.Signal, m *moment) *episode {
	if s.Scope.Service != "" {
		if e := m.home(s.Scope.Service); e != nil {
			return e
		}
	} else if e := m.behind(s); e != nil {
		return e
	}
	if s.Kind == detect.ClientErrorSurge && s.Severity == detect.Info {
		return t.companion(s, m)
	}
	if s.Severity < detect.Warning || s.Kind == detect.TrafficSurge {
		return nil
	}
	l := m.evidence(s)
	var best, second *episode
	var top fit
	for _, e := range t.open {
		if !e.Open || e.calm*m.width > int64(t.cfg.Quiet)*2/3 {
			continue
		}
		f := e.fit(s.Kind, s.Onset, &l, &t.cfg)
		switch {
		case !f.joins(len(t.fleet.byName), &t.cfg):
		case best == nil || f.points > top.points:
			best, second, top = e, best, f
		case second == nil:
			second = e
		}
	}
	if best != nil && second != nil {
		best = t.mergeIfAlike(best, second, m)
	}
	if best != nil {
		best.hint.merge(&l)
	}
	return best
}

// companion finds the incident whose beginning coincides with a rise of 4xx, which alone is no incident.
func (t *Tracker) companion(s *detect.Signal, m *moment) *episode {
	limit := 3 * int64(t.cfg.Near)
	if len(t.fleet.byName) > t.cfg.LargeFleet {
		limit = int64(t.cfg.Near)
	}
	for _, e := range t.open {
		if e.Open && s.Scope.Service != "" && e.calm == 0 && e.apart(s.Onset) <= limit {
			return e
		}
	}
	return nil
}

// mergeIfAlike merges the younger of two incidents into the older if what is known of them agrees.
func (t *Tracker) mergeIfAlike(a, b *episode, m *moment) *episode {
	if b.opened < a.opened || b.opened == a.opened && slices.Index(t.open, b) < slices.Index(t.open, a) {
		a, b = b, a
	}
	if !a.fit(b.lead(), b.StartedAt, b.likeness(), &t.cfg).joins(len(t.fleet.byName), &t.cfg) {
		return a
	}
	a.absorb(b, m)
	return a
}

// follows says that a surge is what other trouble brings along: traffic that
// moved away from where errors are, or came back after them.
func (t *Tracker) follows(s *detect.Signal) bool {
	if s.Kind != detect.TrafficSurge {
		return false
	}
	for _, e := range t.open {
		if e.Open && e.lead() != detect.TrafficSurge {
			return true
		}
	}
	for _, p := range t.past {
		if s.Onset >= p.from-int64(t.cfg.Near) && s.Onset <= p.to+int64(t.cfg.Quiet) {
			return true
		}
	}
	return false
}

// begin opens an incident. When as many are open as may be, the one that fits best is taken instead.
func (t *Tracker) begin(s *detect.Signal, m *moment) *episode {
	if len(t.open) >= t.cfg.MaxOpen {
		if e := t.closest(s, m); e != nil {
			return e
		}
	}
	e := newEpisode(&t.cfg, m)
	e.hint = m.evidence(s)
	t.open = append(t.open, e)
	return e
}

// closest gives the open incident that a signal fits best, however badly.
func (t *Tracker) closest(s *detect.Signal, m *moment) (best *episode) {
	l := m.evidence(s)
	points := 0
	for _, e := range t.open {
		if f := e.fit(s.Kind, s.Onset, &l, &t.cfg); e.Open && (best == nil || f.points > points) {
			best, points = e, f.points
		}
	}
	return best
}

// setAside remembers a warning that no incident has taken.
func (t *Tracker) setAside(i int, s *detect.Signal, m *moment) {
	if s.Severity < detect.Warning || s.Scope.Service == "" || s.Scope.Pop != "" {
		return
	}
	if s.Kind == detect.TrafficSurge {
		if v := t.fleet.byName[s.Scope.Service]; v != nil {
			v.surgeOnset, v.surgeSeen, v.surgeRatio = s.Onset, m.start, ratio(s)
		}
	}
	if s.Kind == detect.TrafficDrop || s.Kind == detect.TrafficSurge && m.end-s.Onset >= int64(jobLasts) {
		t.warnings = append(t.warnings, i)
	}
}

const (
	jobLasts = 3 * time.Minute // cron jobs start on the same minute everywhere, and are over sooner
	oneIn    = 20              // part of a fleet whose traffic must change at one moment to be more than chance
)

// openTogether opens an incident of traffic warnings that began at several services at one moment.
func (t *Tracker) openTogether(signals []detect.Signal, m *moment) {
	need := max(t.cfg.TrafficServices, len(t.fleet.byName)/oneIn)
	if len(t.warnings) < need {
		return
	}
	slices.SortStableFunc(t.warnings, func(a, b int) int {
		if c := compare(int(signals[a].Kind), int(signals[b].Kind)); c != 0 {
			return c
		}
		return compare(signals[a].Onset, signals[b].Onset)
	})
	w := t.warnings
	for i := 0; i+need <= len(w); i++ {
		first, j := &signals[w[i]], i
		for j < len(w) && signals[w[j]].Kind == first.Kind && signals[w[j]].Onset-first.Onset <= 2*int64(t.cfg.Near) {
			j++
		}
		if j-i < need || t.follows(first) {
			continue
		}
		e := t.begin(first, m)
		for ; i < j; i++ {
			e.take(e.add(&signals[w[i]]), &signals[w[i]], m)
		}
		return
	}
}
