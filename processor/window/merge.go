package window

import (
	"cmp"
	"slices"
)

// Merger keeps, per window and source, the newest partial, and gives each
// window's result: once when the frontier passes its end, and again whenever a
// later partial changes it, until the window retires. It does the same for the
// same messages in the same order, however often they are repeated.
type Merger struct {
	cfg     Config
	sources map[Source]*sourceState
	order   []*sourceState
	topics  map[string]int32 // partitions
	windows map[int64]*merging
	Control
	changed []*merging
	late    []LatePartial
	packing []byte // scratch space
}

// NewMerger starts a merger with NewControl, or with the one that Resume gave.
func NewMerger(cfg Config, control Control) *Merger {
	m := &Merger{cfg: cfg, sources: map[Source]*sourceState{}, topics: map[string]int32{}, windows: map[int64]*merging{}, Control: control}
	for _, s := range control.Sources {
		m.know(s.Source).SourceControl = s
		m.topics[s.Topic] = max(m.topics[s.Topic], s.Partition+1)
	}
	return m
}

// Apply takes the message at a place in the exchange. Places only grow.
func (m *Merger) Apply(place int64, msg Message) {
	s := m.meet(msg.Source, msg.Sources)
	if msg.Partial != nil {
		m.take(place, s, msg.Partial)
	}
	s.Watermark = max(s.Watermark, msg.Watermark)
	m.forget(s)
	if s.Watermark != EndOfTime {
		m.Largest = max(m.Largest, s.Watermark)
	}
	if msg.Position < s.Position {
		return // a former owner, or a new one that reads again: neither knows whether there is more
	}
	s.Position = msg.Position
	if msg.Idle && !s.Idle {
		s.IdleFrom = m.Largest
	}
	s.Idle, s.behind = msg.Idle, msg.Behind
}

func (m *Merger) take(place int64, s *sourceState, p *Partial) {
	end := p.Start + int64(m.cfg.Width)
	if place < m.Until && end <= m.Final {
		return
	}
	if end <= m.RetiredTo {
		if !m.cfg.retires(p.Start, s.Watermark) { // it was released; else this is a re-send
			m.lateFrom(s, p)
		}
		return
	}
	w := m.windows[p.Start]
	if w == nil {
		w = newMerging(p.Start, place, m.control())
		w.closed = end <= m.ClosedTo
		m.windows[p.Start] = w
	}
	part := w.newer(s.index, p.Through)
	if part == nil {
		return
	}
	w.revised = w.revised || w.closed
	m.packing = w.replace(m.cfg, part, p.Rows, m.packing)
	if !w.listed {
		w.listed = true
		m.changed = append(m.changed, w)
	}
}

// Closing gives the results of the windows that the frontier has passed since
// the last call, in order and without a gap: a window in which nothing came is
// an empty result. Rows are complete.
func (m *Merger) Closing() []Result {
	frontier := m.frontier()
	if frontier == NoTime {
		return nil
	}
	if frontier == EndOfTime {
		frontier = m.newestEnd()
	}
	if m.ClosedTo == NoTime {
		first := m.oldest()
		if first == NoTime {
			return nil
		}
		m.ClosedTo = first
	}
	width := int64(m.cfg.Width)
	if behind := m.cfg.StartOf(frontier) - m.ClosedTo; behind > maxEmpty*width { // a hole of days holds nothing to judge
		m.ClosedTo = max(m.ClosedTo, min(m.cfg.StartOf(frontier)-maxEmpty*width, m.oldestOpen(frontier)))
	}
	var out []Result
	for m.ClosedTo+width <= frontier {
		start := m.ClosedTo
		m.ClosedTo += width
		if w := m.windows[start]; w != nil {
			w.closed = true
			r := m.result(w, true)
			if w.changes > 0 { // Changes follows, and mostly wants the same
				w.given = r.Rows
			}
			out = append(out, r)
		} else {
			out = append(out, Result{Start: start, End: start + width, State: Closed, Live: m.live()})
		}
	}
	return out
}

// maxEmpty is how many windows without any record are given one by one: a day of 10 s windows.
const maxEmpty = 8640

func (m *Merger) oldest() int64 {
	first := NoTime
	for start := range m.windows {
		if first == NoTime || start < first {
			first = start
		}
	}
	return first
}

// newestEnd is the end of the newest window there is.
func (m *Merger) newestEnd() int64 {
	end := m.ClosedTo
	for start := range m.windows {
		end = max(end, start+int64(m.cfg.Width))
	}
	return end
}

func (m *Merger) oldestOpen(frontier int64) int64 {
	first := m.cfg.StartOf(frontier)
	for start, w := range m.windows {
		if !w.closed {
			first = min(first, start)
		}
	}
	return first
}

// Changes gives the newest results of all windows that changed since they
// were last given. Rows hold the services that changed, each with all its pops. Windows that
// have not closed are kept for later while a source is far behind.
func (m *Merger) Changes() []Result {
	var out []Result
	early := !m.behind()
	slices.SortFunc(m.changed, func(a, b *merging) int { return cmp.Compare(a.start, b.start) })
	kept := m.changed[:0]
	for _, w := range m.changed {
		switch {
		case w.changes == 0:
			w.listed = false
		case !early && !w.closed:
			kept = append(kept, w)
		default:
			out = append(out, m.result(w, false))
			w.unchange()
			w.listed = false
		}
	}
	clear(m.changed[len(kept):])
	m.changed = kept
	return out
}

// Retire drops the windows that every source has passed by the allowed
// lateness. Take Changes first: what is dropped is not given again.
func (m *Merger) Retire() {
	to := m.retirable()
	if to <= m.RetiredTo {
		return
	}
	m.RetiredTo = to
	for start, w := range m.windows {
		if start+int64(m.cfg.Width) <= to {
			if w.changes > 0 {
				panic("BUG: a window retires with a change that was not given")
			}
			m.leave(w)
			delete(m.windows, start)
		}
	}
}

// Retiring says whether Retire would drop something.
func (m *Merger) Retiring() bool {
	return m.retirable() > m.RetiredTo
}

// retirable is the end of the windows that every source has passed; none retires before it has closed.
func (m *Merger) retirable() int64 {
	passed := m.passed()
	if passed == NoTime || m.ClosedTo == NoTime {
		return NoTime
	}
	return min(m.cfg.StartOf(passed-int64(m.cfg.AllowedLateness)), m.ClosedTo)
}

func (m *Merger) result(w *merging, all bool) Result {
	r := Result{Start: w.start, End: w.start + int64(m.cfg.Width), State: Provisional, Revised: w.revised, Seen: int32(len(w.parts)), Live: m.live(), Rows: w.rows(all)}
	if w.closed {
		r.State = Closed
	}
	for _, p := range w.parts {
		r.Revision += uint64(p.through + 1)
	}
	return r
}

// Open is the number of windows held.
func (m *Merger) Open() int { return len(m.windows) }
