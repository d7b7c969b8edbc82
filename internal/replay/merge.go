package replay

import (
	"cmp"
	"container/heap"
	"context"
	"slices"

	"github.com/spikeline/spikeline/ingest/accesslog"
)

// cursor is how far a file is merged.
type cursor struct {
	chunk  *chunk
	at     int   // of the chunk's lines, the next one
	line   int64 // its number
	newest int64 // timestamp up to and with it: its place in time
}

// merge gives the lines of all files in order of time. Those of one file stay
// in their order: a line is due when the newest time up to it is the lowest of all files.
type merge struct {
	waiting []*file // not due yet, by their first time
	due     byTime
}

func newMerge(files []*file) *merge {
	m := &merge{waiting: slices.Clone(files)}
	slices.SortStableFunc(m.waiting, func(a, b *file) int { return cmp.Compare(a.first, b.first) })
	return m
}

// next gives the file whose line is due; its cursor is there until the next call. It is nil after the last line.
func (m *merge) next(ctx context.Context) (*file, error) {
	if len(m.due) > 0 {
		if err := m.pass(ctx); err != nil {
			return nil, err
		}
	}
	for len(m.waiting) > 0 && (len(m.due) == 0 || m.waiting[0].first <= m.due[0].newest) {
		f := m.waiting[0]
		m.waiting = m.waiting[1:]
		if err := f.start(ctx); err != nil {
			f.breaksOff(err)
			continue
		}
		more, err := f.advance(ctx)
		if err != nil {
			return nil, err
		}
		if more {
			heap.Push(&m.due, f)
		}
	}
	if len(m.due) == 0 {
		return nil, nil
	}
	return m.due[0], nil
}

// pass moves the first file beyond the line that was given.
func (m *merge) pass(ctx context.Context) error {
	f := m.due[0]
	f.at++
	before := f.newest
	more, err := f.advance(ctx)
	switch {
	case err != nil:
		return err
	case !more:
		heap.Pop(&m.due)
	case f.newest > before:
		heap.Fix(&m.due, 0)
	}
	return nil
}

// advance has the cursor at a line, and says whether there was one.
func (f *file) advance(ctx context.Context) (more bool, err error) {
	for f.chunk == nil || f.at == len(f.chunk.lines) {
		if f.chunk != nil {
			if f.chunk.err != nil {
				f.breaksOff(f.chunk.err)
			}
			f.free <- f.chunk // there is room for all
			f.chunk = nil
		}
		select {
		case f.chunk = <-f.full:
		case <-ctx.Done():
			return false, ctx.Err()
		}
		if f.at = 0; f.chunk == nil {
			f.tellMixture()
			return false, nil
		}
	}
	f.line++
	if l := &f.chunk.lines[f.at]; l.reason == accesslog.OK && l.Time > f.newest && f.believable(l.Time) {
		f.newest = l.Time
	}
	return true, nil
}

func (f *file) breaksOff(err error) {
	if f.Trouble != nil {
		f.Trouble(f.name, f.line, err)
	}
}

// byTime is a heap of files.
type byTime []*file

func (h byTime) Len() int { return len(h) }
func (h byTime) Less(i, j int) bool {
	return h[i].newest < h[j].newest || h[i].newest == h[j].newest && h[i].number < h[j].number
}
func (h byTime) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *byTime) Push(f any)   { *h = append(*h, f.(*file)) }
func (h *byTime) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}
