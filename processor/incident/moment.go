package incident

import (
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

// struck finds the services behind a signal that names none: those with clearly
// too many errors in its pop (or anywhere). If each has too few to be sure, and
// someone must be named, it is the one with most.
func (m *moment) struck(pop string, someone bool) (names []string) {
	worst, most := "", 0.0
	for i := 0; i < len(m.rows); {
		name := m.rows[i].Service
		var n, k float64
		for ; i < len(m.rows) && m.rows[i].Service == name; i++ {
			if pop == "" || m.rows[i].Pop == pop {
				n, k = n+float64(m.rows[i].Requests), k+float64(m.rows[i].Errors)
			}
		}
		if k == 0 {
			continue
		}
		rate, _ := m.usual(name, m.start)
		if k >= 3 && poissonGLR(k, n*(1.5*rate+0.005)) > 6 {
			names = append(names, name)
		}
		if k-n*rate > most {
			worst, most = name, k-n*rate
		}
	}
	if someone && len(names) == 0 && worst != "" {
		names = append(names, worst)
	}
	return names
}

// behind gives the open incident whose members make most of the errors of a signal that names no service.
func (m *moment) behind(s *detect.Signal) (best *episode) {
	if s.Kind != detect.ErrorSurge {
		return nil
	}
	most := 0
	for _, e := range *m.open {
		n := 0
		for _, name := range m.struck(s.Scope.Pop, false) {
			if e.Open && e.byName[name] != nil {
				n++
			}
		}
		if n > most {
			best, most = e, n
		}
	}
	return best
}

// evidence attributes the errors of a signal in this window.
func (m *moment) evidence(s *detect.Signal) ledger {
	var l ledger
	if s.Kind != detect.ErrorSurge {
		return l
	}
	names := []string{s.Scope.Service}
	if s.Scope.Service == "" {
		names = m.struck(s.Scope.Pop, true)
	}
	for _, name := range names {
		rate, _ := m.usual(name, s.Onset)
		l.take(m.of(name), rate)
	}
	return l
}
