package incident

import (
	"slices"
	"sort"

	"github.com/spikeline/spikeline/processor/detect"
	"github.com/spikeline/spikeline/processor/window"
)

// moment is the window in hand.
type moment struct {
	start, end int64
	width      int64
	tick       int64
	rows       []window.Row
	fleet      *fleet
	cfg        *Config
	incomplete bool
	open       *[]*episode
}

// home gives the open incident that a service is a member of, nil if none.
func (m *moment) home(service string) *episode {
	for _, e := range *m.open {
		if e.Open && e.byName[service] != nil {
			return e
		}
	}
	return nil
}

// of gives the rows of one service.
func (m *moment) of(service string) []window.Row {
	i := sort.Search(len(m.rows), func(i int) bool { return m.rows[i].Service >= service })
	j := i
	for j < len(m.rows) && m.rows[j].Service == service {
		j++
	}
	return m.rows[i:j]
}

// dark says that the logs go on: who is silent is silent of itself.
func (m *moment) dark() bool { return !m.incomplete && m.fleet.total > 0 }

// align gives the start of the window that holds a time that has passed.
func (m *moment) align(t int64) int64 { return min(t-mod(t, m.width), m.start) }

func mod(a, b int64) int64 { return (a%b + b) % b }

func (m *moment) tickOf(t int64) int64 { return (t - mod(t, m.width)) / m.width }

func (m *moment) usual(service string, onset int64) (rate, perWindow float64) {
	s := m.fleet.byName[service]
	if s == nil {
		return priorRate, 0
	}
	return s.usual(m.tickOf(onset))
}

// sufferer is a service behind a signal that names none.
type sufferer struct {
	name   string
	excess float64
}

// struck finds the services with clearly too many errors in a pop (or anywhere), the worst first.
func (m *moment) struck(pop string) (found []sufferer) {
	for i := 0; i < len(m.rows); {
		name := m.rows[i].Service
		var n, k float64
		for ; i < len(m.rows) && m.rows[i].Service == name; i++ {
			if pop == "" || m.rows[i].Pop == pop {
				n, k = n+float64(m.rows[i].Requests), k+float64(m.rows[i].Errors)
			}
		}
		if k < 3 {
			continue
		}
		rate, _ := m.usual(name, m.start)
		if poissonGLR(k, n*(1.5*rate+0.005)) > 6 {
			found = append(found, sufferer{name, k - n*rate})
		}
	}
	slices.SortStableFunc(found, func(a, b sufferer) int { return compare(b.excess, a.excess) })
	return found
}

// failed says that a service plainly failed between two times. The onset of one with
// few requests may be a stray error long before the outage: that must not date the incident.
func (m *moment) failed(mem *member, pop string, from, to int64) bool {
	v := m.fleet.byName[mem.Service]
	if v == nil || m.start-from >= depth*m.width {
		return pop == "" // not remembered: the detector is believed on a whole service
	}
	var n, k float64
	for at := from; at < to; at += m.width {
		c := v.at(m.tickOf(at))
		n, k = n+float64(c.requests), k+float64(c.errors)
	}
	return k >= 3 && poissonGLR(k, n*(1.5*mem.usual+0.005)) > 6
}

// behind gives the open incident whose members make most of the errors of a
// signal that names no service; nil if those of no incident do.
func (m *moment) behind(s *detect.Signal) (best *episode) {
	if s.Kind != detect.ErrorSurge {
		return nil
	}
	free, most := 0.0, 0.0
	byHome := map[*episode]float64{}
	for _, v := range m.struck(s.Scope.Pop) {
		e := m.home(v.name)
		if e == nil {
			free += v.excess
			continue
		}
		if byHome[e] += v.excess; byHome[e] > most {
			best, most = e, byHome[e]
		}
	}
	if most < free {
		return nil
	}
	if best == nil {
		return m.owner(s.Scope.Pop)
	}
	return best
}

// owner gives the open incident whose members make most errors of a pop (or of
// all), where no service stands out; nil if those of no incident do.
func (m *moment) owner(pop string) *episode {
	var all, most uint64
	var best *episode
	byHome := map[*episode]uint64{}
	for i := range m.rows {
		r := &m.rows[i]
		if r.Errors == 0 || pop != "" && r.Pop != pop {
			continue
		}
		all += r.Errors
		if e := m.home(r.Service); e != nil {
			if byHome[e] += r.Errors; byHome[e] > most {
				best, most = e, byHome[e]
			}
		}
	}
	if most*2 <= all {
		return nil
	}
	return best
}

// evidence attributes the errors of a signal in this window.
func (m *moment) evidence(s *detect.Signal) ledger {
	var l ledger
	if s.Kind != detect.ErrorSurge {
		return l
	}
	if s.Scope.Service != "" {
		m.blame(&l, s.Scope.Service)
		return l
	}
	for _, v := range m.struck(s.Scope.Pop) {
		if m.home(v.name) == nil {
			m.blame(&l, v.name)
		}
	}
	return l
}

func (m *moment) blame(l *ledger, service string) {
	rate, _ := m.usual(service, m.start)
	l.take(m.of(service), rate)
}
