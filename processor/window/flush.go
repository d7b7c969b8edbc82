package window

import (
	"iter"
	"slices"
)

// mostPassed is how many cells of windows that are complete, but for late
// records, wait for a flush: 5 MB.
const mostPassed = 1 << 15

// Due says whether a flush is due whatever the clock: complete windows hold memory.
func (f *Folder) Due() bool { return f.passed >= mostPassed || len(f.retired) >= 64 }

// Flush gives all that Each gives.
func (f *Folder) Flush(idle bool) []Message { return slices.Collect(f.Each(idle, true)) }

// Each gives the messages that bring the judge up to date, in the order in
// which they must arrive: the partials that changed, under the watermark told
// before, then the new watermark with the ledger. They must be acknowledged,
// in order, before a Commit. idle says that the source is caught up and
// silent. Windows that the watermark has not passed are left out unless early
// is set: a later partial contains them, and the messages say that the source is far behind. A
// caller that breaks off has what it was given; the next call goes on from there.
func (f *Folder) Each(idle, early bool) iter.Seq[Message] {
	return func(yield func(Message) bool) {
		early = early || idle
		turned := f.behind == early
		f.behind = !early
		for len(f.retired) > 0 {
			w := f.retired[0]
			f.retired = slices.Delete(f.retired, 0, 1)
			m, some := f.partial(w)
			f.recycle(w.table)
			if some && !yield(m) {
				return
			}
		}
		watermark := f.Watermark()
		for _, w := range f.open {
			passed := w.end <= watermark
			if !early && !passed {
				continue
			}
			m, some := f.partial(w)
			if passed && w.table != nil {
				f.shelve(w, m.Partial)
			}
			if some && !yield(m) {
				return
			}
		}
		f.passed = 0
		if last, news := f.last(idle); news || turned {
			yield(last)
		}
	}
}

// shelve packs a window, whose rows may be in the partial that has just been made.
func (f *Folder) shelve(w *openWindow, p *Partial) {
	var rows []Row
	if p != nil {
		rows = p.Rows
	} else {
		rows = w.rows()
	}
	w.shelved, f.packing = w.table.shelve(rows, f.packing)
	f.recycle(w.table)
	w.table = nil
}

// last gives the message behind the partials, and whether it says anything new.
func (f *Folder) last(idle bool) (m Message, news bool) {
	m = f.message()
	m.Watermark = f.Watermark()
	m.Idle = idle
	m.Blocks = f.takeBlocks()
	m.Rejects, f.rejects, f.sampling = f.rejects, nil, 0
	news = len(m.Blocks) > 0 || len(m.Rejects) > 0 || m.Watermark != f.told || idle != f.idle
	f.told, f.idle = m.Watermark, idle
	return m, news
}

func (f *Folder) message() Message {
	return Message{Source: f.source, Sources: f.of, Watermark: f.told, Position: f.next, Behind: f.behind}
}

func (f *Folder) partial(w *openWindow) (m Message, some bool) {
	if !w.dirty {
		return m, false
	}
	w.dirty = false
	m = f.message()
	m.Partial = &Partial{Start: w.start, Through: w.through, Rows: w.rows()}
	return m, true
}

func (f *Folder) recycle(t *table) {
	const keep = 2
	if t != nil && len(f.spare) < keep {
		t.reset()
		f.spare = append(f.spare, t)
	}
}

func (f *Folder) takeBlocks() []Block {
	var out []Block
	for _, b := range f.blocks {
		if b.dirty {
			b.dirty = false
			out = append(out, b.Block)
		}
	}
	f.blocks = slices.DeleteFunc(f.blocks, func(b *openBlock) bool { return b.full })
	return out
}
