package replay

import (
	"time"

	"github.com/spikeline/spikeline/ingest/accesslog"
	"github.com/spikeline/spikeline/processor"
	"github.com/spikeline/spikeline/processor/window"
)

// fold is the merged lines as one source. To the judge, lines are numbered in
// the order in which they were merged; what it tells of them is put back to file and line.
type fold struct {
	*Options
	folder  *window.Folder
	judge   *processor.Judge
	lines   int64
	place   int64 // of the next message
	told    int64 // watermark, by steps
	since   int   // lines folded since a flush
	rejects []at  // since then
	touched []*file
	sample  func() string
	text    []byte
	tardy
}

// tardy are lines that came when their window had been judged without them.
type tardy struct {
	judged int64 // the end of the windows that have been
	Tardy
}

// Tardy tells of lines that came so far behind newer ones that their windows had been judged without them.
type Tardy struct {
	Counted int64
	TooLate int64         // even to count
	Behind  time.Duration // at most
}

// at is a line of a file.
type at struct {
	file *file
	line int64
}

// What waits for the clock of the logs to move on is bounded.
const (
	linesUntold   = 1 << 16
	rejectsUntold = 1 << 10
)

func newFold(o *Options) *fold {
	source := window.Source{Topic: "replay"}
	f := &fold{Options: o, judge: processor.NewJudge(o.Judge, o.Judged), told: window.NoTime, tardy: tardy{judged: window.NoTime},
		folder: window.NewFolder(o.Judge.Window, source, 1, window.Commit{Offset: 1, Largest: window.NoTime})}
	f.folder.ShowEveryReject()
	f.sample = func() string { return string(accesslog.Mask(nil, f.text)) }
	return f
}

// take folds the line that a file's cursor is at.
func (f *fold) take(from *file) error {
	l := &from.chunk.lines[from.at]
	if l.comment {
		return nil
	}
	f.lines++
	f.since++
	f.text = l.text
	now := f.Now.UnixNano()
	if l.reason != accesslog.OK {
		f.folder.Reject(f.lines, now, l.reason, f.sample)
	} else {
		l.reason = f.folder.Add(f.lines, now, &l.Record, l.service, f.sample)
		f.notice(l)
	}
	f.account(from, l)
	if step := f.step(); step > f.told || f.since >= linesUntold || len(f.rejects) >= rejectsUntold {
		f.told, f.judged = step, f.folder.Watermark()
		return f.tell(f.folder.Flush(false))
	}
	return nil
}

// notice sees a line that comes too late to be judged.
func (f *fold) notice(l *line) {
	c := &f.Judge.Window
	switch {
	case l.reason == accesslog.TooLate:
		f.TooLate++
	case l.reason == accesslog.OK && c.StartOf(l.Time)+int64(c.Width) <= f.judged:
		f.Counted++
	default:
		return
	}
	f.Behind = max(f.Behind, time.Duration(f.folder.Watermark()-l.Time)+c.OutOfOrderness)
}

// step is the watermark in steps of what windows wait for lines out of order: told
// more often, each window would be written again for every stray line.
func (f *fold) step() int64 {
	w := f.folder.Watermark()
	if w == window.NoTime {
		return w
	}
	return w / max(int64(f.Judge.Window.OutOfOrderness), int64(f.Judge.Window.Width))
}

func (f *fold) account(from *file, l *line) {
	if len(from.blocks) == 0 {
		f.touched = append(f.touched, from)
	}
	from.count(f.Judge.Window.Block, from.line, l.reason)
	if l.reason == accesslog.OK {
		f.Counters.Counted.Add(1)
		return
	}
	f.Counters.Rejected[l.reason].Add(1)
	f.rejects = append(f.rejects, at{from, from.line})
	if l.reason == accesslog.Malformed {
		from.keepStranger(l.text)
	}
	if f.Line != nil {
		f.Line(from.name, from.line, l.reason)
	}
}

// end tells the rest.
func (f *fold) end() error {
	if f.Counted+f.TooLate > 0 && f.Late != nil {
		f.Late(f.Tardy)
	}
	return f.tell(f.folder.End())
}

func (f *fold) tell(messages []window.Message) error {
	for _, m := range messages {
		f.judge.Apply(f.place, m)
		f.place++
	}
	b := f.judge.Take()
	if len(b.Rejects) != len(f.rejects) {
		panic("BUG: the judge shows other lines than were rejected")
	}
	for i, r := range f.rejects {
		b.Rejects[i].Source, b.Rejects[i].Offset = r.file.source(), r.line
	}
	b.Ledger = b.Ledger[:0]
	for _, file := range f.touched {
		b.Ledger = append(b.Ledger, file.takeLedger()...)
	}
	f.rejects, f.touched, f.since = f.rejects[:0], f.touched[:0], 0
	return f.Batch(b)
}
