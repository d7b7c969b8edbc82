package window

import (
	"cmp"
	"slices"
	"strings"
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
	s.Idle = msg.Idle
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
		w = &merging{start: p.Start, first: place, before: m.control(), cells: map[cellKey]*mergedCell{},
			services: map[string]struct{}{}, pops: map[string]struct{}{}, changed: map[string]struct{}{}}
		w.closed = end <= m.ClosedTo
		m.windows[p.Start] = w
	}
	if !w.newer(s.index, p.Through) {
		return
	}
	w.revised = w.revised || w.closed
	if len(w.changed) == 0 {
		m.changed = append(m.changed, w)
	}
	m.replace(w, s.index, p.Rows)
}

// replace puts a source's newer rows in the place of its older ones. A row that is there already only grows.
func (m *Merger) replace(w *merging, source int32, rows []Row) {
	var folded map[*mergedCell]*Counts // beyond the limits several rows share a cell
	for i := range rows {
		r := &rows[i]
		key := w.admit(m.cfg, r.Service, r.Pop)
		c := w.cells[key]
		if c == nil {
			c = &mergedCell{}
			w.cells[key] = c
		}
		counts := &r.Counts
		if key.service == Other || key.pop == Other {
			w.changed[key.service] = struct{}{}
			if folded == nil {
				folded = map[*mergedCell]*Counts{}
			}
			sum := folded[c]
			if sum == nil {
				sum = &Counts{}
				folded[c] = sum
			}
			sum.Add(counts)
			counts = sum
		}
		if c.set(source, counts) {
			w.changed[key.service] = struct{}{}
		}
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
			out = append(out, m.result(w, true))
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
// were last given, open or closed. Rows hold the services that changed, each with all its pops.
func (m *Merger) Changes() []Result {
	var out []Result
	slices.SortFunc(m.changed, func(a, b *merging) int { return cmp.Compare(a.start, b.start) })
	for _, w := range m.changed {
		if len(w.changed) > 0 {
			out = append(out, m.result(w, false))
			clear(w.changed)
		}
	}
	m.changed = m.changed[:0]
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
			if len(w.changed) > 0 {
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
	r := Result{Start: w.start, End: w.start + int64(m.cfg.Width), State: Provisional, Revised: w.revised, Seen: int32(len(w.through)), Live: m.live()}
	if w.closed {
		r.State = Closed
	}
	for _, t := range w.through {
		r.Revision += uint64(t.through + 1)
	}
	type found struct {
		cellKey
		*mergedCell
	}
	cells := make([]found, 0, len(w.cells))
	for key, c := range w.cells {
		if _, changed := w.changed[key.service]; all || changed {
			cells = append(cells, found{key, c})
		}
	}
	slices.SortFunc(cells, func(a, b found) int {
		return cmp.Or(strings.Compare(a.service, b.service), strings.Compare(a.pop, b.pop))
	})
	r.Rows = make([]Row, len(cells))
	for i, c := range cells {
		r.Rows[i] = Row{Service: c.service, Pop: c.pop, Counts: c.sum()}
	}
	return r
}

// Open is the number of windows held.
func (m *Merger) Open() int { return len(m.windows) }
