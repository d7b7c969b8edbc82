package window

import (
	"math"

	"github.com/spikeline/spikeline/ingest/accesslog"
)

// Folder adds the records of one source to windows. It is owned by the
// goroutine that reads the partition, which hands it every offset once and in
// order (several times in a row for several lines of one message), sends what Flush gives, and only then commits what Commit says.
type Folder struct {
	cfg    Config
	source Source
	of     int32

	next     int64 // offset after the last one seen
	largest  int64 // timestamp seen, NoTime before the first
	told     int64 // watermark of the last flush
	idle     bool
	behind   bool
	open     []*openWindow // few; in order of creation
	current  *openWindow   // the one hit last
	retireAt int64         // watermark at which the oldest open window retires
	retired  []*openWindow // to be sent under the old watermark
	blocks   []*openBlock  // ascending; the last one is being filled
	ledger   int64         // offsets before this are in finished blocks
	finished openBlock     // takes what is counted there again; never sent
	rejects  []Reject
	sampling int // rejects kept since the last flush
	samples  int // allowed
	spare    []*table
	passAt   int64  // watermark that passes the next open window
	passed   int    // cells that wait for a flush in windows that the watermark has passed
	packing  []byte // scratch space
}

type openWindow struct {
	start, end    int64
	first         int64 // offset of its first record
	largestBefore int64 // timestamp before that record
	through       int64
	dirty         bool
	*table        // nil while the window is shelved
	shelved       *shelved
}

func (w *openWindow) len() int {
	if w.table == nil {
		return len(w.shelved.pairs)
	}
	return len(w.cells)
}

type openBlock struct {
	Block
	first         int64
	largestBefore int64
	dirty, full   bool
}

// RejectSamples is how many single rejects and late records are shown between
// two flushes; the ledger counts all of them.
const RejectSamples = 100

// Commit is where a source resumes: the offset of the oldest record still
// needed, and the largest timestamp before it. The ledger of offsets before
// Ledger is finished: they are read again for their windows alone, since a
// block that is counted from its middle on would look like the whole one.
type Commit struct {
	Offset  int64
	Largest int64
	Ledger  int64
}

// NewFolder starts a folder where a commit says. of is the number of partitions of the topic.
func NewFolder(cfg Config, source Source, of int32, from Commit) *Folder {
	f := &Folder{cfg: cfg, source: source, of: of, next: from.Offset, largest: from.Largest, ledger: from.Ledger, retireAt: math.MaxInt64, passAt: math.MaxInt64, samples: RejectSamples}
	f.told = f.Watermark()
	return f
}

// ShowEveryReject lifts the bound on single rejects, for a reader who asked for them all.
func (f *Folder) ShowEveryReject() { f.samples = math.MaxInt }

// End gives the messages of a source that will bring nothing more.
func (f *Folder) End() []Message {
	out := f.Flush(true)
	last := f.message()
	last.Watermark, last.Idle = EndOfTime, true
	return append(out, last)
}

// Watermark is the largest timestamp less the out-of-orderness, NoTime before the first record.
func (f *Folder) Watermark() int64 {
	if f.largest == NoTime {
		return NoTime
	}
	return f.largest - int64(f.cfg.OutOfOrderness)
}

// Position is the next offset the folder expects.
func (f *Folder) Position() int64 { return f.next }

// Add folds one record that belongs to a service. now is the latest time the
// record can honestly carry: the time Kafka or the reader's clock gives.
// What cannot be counted is rejected with the reason that is returned; sample is called for the rejects that are shown.
func (f *Folder) Add(offset, now int64, r *accesslog.Record, service []byte, sample func() string) accesslog.Reason {
	if r.Time > now+int64(f.cfg.MaxFuture) {
		f.reject(offset, now, accesslog.Future, service, sample)
		return accesslog.Future
	}
	b := f.account(offset)
	watermark := f.Watermark()
	start := f.cfg.StartOf(r.Time)
	if watermark != NoTime && f.cfg.retires(start, watermark) {
		b.TooLate++
		f.show(offset, r.Time, accesslog.TooLate, service, sample)
		return accesslog.TooLate
	}
	b.Counted++
	w := f.window(start, offset)
	if w.table == nil {
		w.table = f.newTable()
		w.restore(w.shelved)
		w.shelved = nil
	}
	w.count(service, r, watermark >= w.end)
	w.through, w.dirty = offset, true
	if r.Time > f.largest {
		f.advance(r.Time)
	}
	return accesslog.OK
}

// Reject accounts for a record that cannot be used.
func (f *Folder) Reject(offset, now int64, reason accesslog.Reason, sample func() string) {
	f.reject(offset, now, reason, nil, sample)
}

func (f *Folder) reject(offset, at int64, reason accesslog.Reason, service []byte, sample func() string) {
	f.account(offset).Rejected[reason]++
	f.show(offset, at, reason, service, sample)
}

func (f *Folder) show(offset, at int64, reason accesslog.Reason, service []byte, sample func() string) {
	if f.sampling >= f.samples {
		return
	}
	f.sampling++
	text := ""
	if sample != nil {
		text = sample()
	}
	f.rejects = append(f.rejects, Reject{At: at, Source: f.source, Offset: offset, Reason: reason, Service: string(service), Sample: text})
}

// SkipTo accounts for the offsets up to the given one, without it, as missing:
// Kafka no longer has them, or never gave them.
func (f *Folder) SkipTo(offset int64) {
	if f.next < f.ledger {
		f.next = min(offset, f.ledger)
	}
	for f.next < offset {
		b := f.block(f.next)
		upTo := min(offset, (b.Index+1)*f.cfg.Block)
		b.Missing += uint64(upTo - f.next)
		f.filled(b, upTo-1)
	}
}

// account finds the ledger block of an offset and counts the record as consumed.
func (f *Folder) account(offset int64) *openBlock {
	if offset < f.next-1 {
		panic("BUG: a folder was handed an offset twice")
	}
	f.SkipTo(offset) // the last offset once more is a further line of one message
	if offset < f.ledger {
		f.next = offset + 1
		return &f.finished
	}
	b := f.block(offset)
	b.Consumed++
	f.filled(b, offset)
	return b
}

func (f *Folder) block(offset int64) *openBlock {
	index := offset / f.cfg.Block
	if n := len(f.blocks); n > 0 && f.blocks[n-1].Index == index {
		return f.blocks[n-1]
	}
	b := &openBlock{Block: Block{Index: index}, first: offset, largestBefore: f.largest}
	f.blocks = append(f.blocks, b)
	return b
}

func (f *Folder) filled(b *openBlock, through int64) {
	b.Through, b.dirty = through, true
	b.full = through == (b.Index+1)*f.cfg.Block-1
	f.next = through + 1
}

func (f *Folder) window(start, offset int64) *openWindow {
	if f.current != nil && f.current.start == start {
		return f.current
	}
	for _, w := range f.open {
		if w.start == start {
			f.current = w
			return w
		}
	}
	w := &openWindow{start: start, end: start + int64(f.cfg.Width), first: offset, largestBefore: f.largest, table: f.newTable()}
	f.open = append(f.open, w)
	f.current = w
	f.retireAt, f.passAt = min(f.retireAt, f.cfg.retireAt(start)), min(f.passAt, w.end)
	return w
}

func (f *Folder) newTable() *table {
	if n := len(f.spare); n > 0 {
		t := f.spare[n-1]
		f.spare = f.spare[:n-1]
		return t
	}
	return newTable(f.cfg)
}

// advance takes a new largest timestamp, sets the windows aside that its
// watermark retires, and counts what waits in those that it has passed.
func (f *Folder) advance(largest int64) {
	f.largest = largest
	watermark := f.Watermark()
	if watermark < f.passAt && watermark < f.retireAt {
		return
	}
	f.retireAt, f.passAt, f.passed = math.MaxInt64, math.MaxInt64, 0
	kept := f.open[:0]
	for _, w := range f.open {
		if f.cfg.retires(w.start, watermark) {
			f.retired = append(f.retired, w)
			if f.current == w {
				f.current = nil
			}
			continue
		}
		kept = append(kept, w)
		f.retireAt = min(f.retireAt, f.cfg.retireAt(w.start))
		if w.end > watermark {
			f.passAt = min(f.passAt, w.end)
		} else if w.dirty {
			f.passed += w.len()
		}
	}
	clear(f.open[len(kept):])
	f.open = kept
	for _, w := range f.retired {
		if w.dirty {
			f.passed += w.len()
		}
	}
}

// Commit says where a successor must resume: at the first record of the oldest
// window or ledger block still open. It may be committed once all that Flush gave is acknowledged.
func (f *Folder) Commit() Commit {
	c := Commit{Offset: f.next, Largest: f.largest, Ledger: max(f.next, f.ledger)}
	for _, w := range f.open {
		if w.first < c.Offset {
			c.Offset, c.Largest = w.first, w.largestBefore
		}
	}
	for _, b := range f.blocks {
		c.Ledger = min(c.Ledger, b.first)
		if b.first < c.Offset {
			c.Offset, c.Largest = b.first, b.largestBefore
		}
	}
	return c
}

// Open is the number of open windows and of the cells they hold.
func (f *Folder) Open() (windows, cells int) {
	for _, w := range f.open {
		cells += w.len()
	}
	return len(f.open), cells
}
