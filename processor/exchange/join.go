package exchange

import (
	"fmt"
	"slices"
	"unsafe"

	"github.com/spikeline/spikeline/processor/window"
)

// Arrival is a message as it came out of the exchange.
type Arrival struct {
	window.Message
	First int64 // offset of the first value it was made of: reading again from there gives it again
}

// Decoder turns message values, in the order of the log, back into messages.
// A partial in chunks arrives when its last missing chunk does. Values that are
// sent again, by others, or interleaved do no harm.
type Decoder struct {
	names   names
	limit   int // bytes of unfinished partials
	pending int // bytes held by them now
	retired int64
	windows map[windowKey]*joining

	// Evicted counts unfinished partials that were given up for want of memory
	// (max_pending_bytes). Their senders' newer partials replace them; if none comes, rows are incomplete.
	Evicted uint64
}

type windowKey struct {
	source window.Source
	start  int64
}

// joining is a window of a source of which chunks have been seen.
type joining struct {
	done    int64 // highest through that arrived whole
	touched int64 // offset of the last chunk
	sets    []*chunkSet
}

// chunkSet gathers the chunks of one partial.
type chunkSet struct {
	through   int64
	content   uint32
	first     int64 // offset of the first chunk that came
	watermark int64 // told by the last chunk, and so by the message
	idle      bool
	size      int // bytes of the rows
	missing   int
	rows      [][]window.Row
}

// NewDecoder makes a decoder that holds at most maxPendingBytes of unfinished partials.
func NewDecoder(maxPendingBytes int) *Decoder {
	return &Decoder{limit: maxPendingBytes, retired: window.NoTime, windows: map[windowKey]*joining{}}
}

// Decode reads the value at an offset. It gives no message (false) for a chunk
// of a partial that is not complete yet.
func (d *Decoder) Decode(offset int64, value []byte) (Arrival, bool, error) {
	h, m, err := parse(value, &d.names)
	if err != nil {
		return Arrival{}, false, fmt.Errorf("exchange: message at offset %d: %w", offset, err)
	}
	key := windowKey{h.source, h.start}
	if h.chunks > 1 {
		return d.join(key, offset, &h, m)
	}
	if w := d.windows[key]; w != nil && h.kind == partialKind {
		d.finish(w, h.through)
	}
	return Arrival{m, offset}, true, nil
}

// Oldest gives the offset of the first chunk of any partial that is not
// complete: a commit must not pass it, or a restart would never complete it.
func (d *Decoder) Oldest() (offset int64, pending bool) {
	for _, w := range d.windows {
		for _, s := range w.sets {
			if !pending || s.first < offset {
				offset, pending = s.first, true
			}
		}
	}
	return offset, pending
}

// Retire forgets the windows that start before a time, and ignores chunks for them from now on.
func (d *Decoder) Retire(before int64) {
	d.retired = max(d.retired, before)
	for key, w := range d.windows {
		if key.start < d.retired {
			d.forget(key, w)
		}
	}
}

// join adds a chunk to its set and gives the whole message if it was the last that was missing.
func (d *Decoder) join(key windowKey, offset int64, h *header, m window.Message) (Arrival, bool, error) {
	w := d.windows[key]
	if key.start < d.retired || w != nil && h.through <= w.done { // all it holds has arrived, or is of no use
		m.Partial = nil
		return Arrival{m, offset}, h.chunk == h.chunks, nil
	}
	if w == nil {
		w = &joining{done: window.NoTime}
		d.windows[key] = w
		d.pending += joiningSize
	}
	w.touched = offset
	s := d.set(w, h, offset)
	if h.chunk == h.chunks {
		s.watermark, s.idle = max(s.watermark, h.watermark), h.idle
	}
	if s.rows[h.chunk-1] == nil {
		s.rows[h.chunk-1] = m.Partial.Rows
		s.missing--
		s.size += sizeOf(m.Partial.Rows)
		d.pending += sizeOf(m.Partial.Rows)
	}
	if s.missing > 0 {
		d.evict()
		return Arrival{}, false, nil
	}
	m.Partial.Rows, m.Watermark, m.Idle = slices.Concat(s.rows...), s.watermark, s.idle
	d.finish(w, h.through)
	return Arrival{m, s.first}, true, nil
}

// set finds the set a chunk belongs to, or begins it.
func (d *Decoder) set(w *joining, h *header, offset int64) *chunkSet {
	for _, s := range w.sets {
		if s.through == h.through && s.content == h.content && len(s.rows) == h.chunks {
			return s
		}
	}
	s := &chunkSet{
		through: h.through, content: h.content, first: offset, watermark: window.NoTime,
		size: joiningSize + sliceSize*h.chunks, missing: h.chunks, rows: make([][]window.Row, h.chunks),
	}
	w.sets = append(w.sets, s)
	d.pending += s.size
	return s
}

// finish drops the sets that a whole partial contains.
func (d *Decoder) finish(w *joining, through int64) {
	w.done = max(w.done, through)
	w.sets = slices.DeleteFunc(w.sets, func(s *chunkSet) bool {
		if s.through <= w.done {
			d.pending -= s.size
			return true
		}
		return false
	})
}

// evict gives up the windows that were silent longest, until the rest fits.
func (d *Decoder) evict() {
	for d.pending > d.limit && len(d.windows) > 0 {
		var oldest windowKey
		var found *joining
		for key, w := range d.windows {
			if found == nil || w.touched < found.touched {
				oldest, found = key, w
			}
		}
		d.Evicted += uint64(len(found.sets))
		d.forget(oldest, found)
	}
}

func (d *Decoder) forget(key windowKey, w *joining) {
	for _, s := range w.sets {
		d.pending -= s.size
	}
	d.pending -= joiningSize
	delete(d.windows, key)
}

// Sizes in memory, in bytes.
const (
	joiningSize = 256 // of a joining or a set, its share of the map included
	sliceSize   = int(unsafe.Sizeof([]window.Row{}))
	rowSize     = int(unsafe.Sizeof(window.Row{}))
	statusSize  = int(unsafe.Sizeof(window.StatusCount{}))
	latencySize = int(unsafe.Sizeof(window.LatencyBucket{}))
)

func sizeOf(rows []window.Row) (n int) {
	for i := range rows {
		n += rowSize + len(rows[i].Status)*statusSize + len(rows[i].Latency)*latencySize
	}
	return n
}
