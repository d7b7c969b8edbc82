package window

import "slices"

// LatePartial is what a source that was released brought for a window that had
// retired without it: requests the folder counted, but no window can take any
// more. It is cumulative: the one with the higher Through replaces the other.
type LatePartial struct {
	Source
	Start    int64
	Through  int64
	Requests uint64 // not in the window's rows
	New      uint64 // of those, not told before
}

// Left is what is still known of a window that retired before one of its
// sources, which had been released, had passed it.
type Left struct {
	Source
	Start    int64
	Through  int64  // of the newest partial of the source
	Requests uint64 // of the source, in the window's rows
	Late     uint64 // of the source, brought since
}

// leave notes what released sources have in a window that retires. Controls share the list, so it never changes in place.
func (m *Merger) leave(w *merging) {
	for _, p := range w.parts {
		s := m.order[p.source]
		if !m.cfg.retires(w.start, s.Watermark) {
			m.Left = append(slices.Clip(m.Left), Left{Source: s.Source, Start: w.start, Through: p.through, Requests: p.requests()})
		}
	}
}

// lateFrom takes a partial for a window that has retired without its source.
func (m *Merger) lateFrom(s *sourceState, p *Partial) {
	i := slices.IndexFunc(m.Left, func(l Left) bool { return l.Source == s.Source && l.Start == p.Start })
	if i < 0 {
		i = len(m.Left)
		m.Left = append(slices.Clip(m.Left), Left{Source: s.Source, Start: p.Start, Through: -1})
	}
	left := m.Left[i]
	if p.Through <= left.Through {
		return
	}
	l := LatePartial{Source: s.Source, Start: p.Start, Through: p.Through}
	for i := range p.Rows {
		l.Requests += p.Rows[i].Requests
	}
	l.Requests -= left.Requests
	l.New = l.Requests - left.Late
	left.Through, left.Late = p.Through, l.Requests
	m.Left = slices.Clone(m.Left)
	m.Left[i] = left
	m.late = append(m.late, l)
}

// forget drops what is left of windows that their source has passed.
func (m *Merger) forget(s *sourceState) {
	passed := func(l Left) bool { return l.Source == s.Source && m.cfg.retires(l.Start, s.Watermark) }
	if slices.ContainsFunc(m.Left, passed) {
		m.Left = slices.DeleteFunc(slices.Clone(m.Left), passed)
	}
}

// Late gives and forgets what came for windows that had retired without their source.
func (m *Merger) Late() []LatePartial {
	late := m.late
	m.late = nil
	return late
}
