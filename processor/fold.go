package processor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/spikeline/spikeline/ingest"
	"github.com/spikeline/spikeline/ingest/accesslog"
	"github.com/spikeline/spikeline/processor/window"
)

// Folding is how a worker turns partitions into partials.
type Folding struct {
	Window      window.Config
	Format      string
	Service     accesslog.ServiceConfig
	MaxRecord   int           // bytes; a longer record is rejected unread
	EmitEvery   time.Duration // between two partials of a window
	CommitEvery time.Duration
	Sender      func() Send // makes the one of each partition
	Counters    *FoldCounters
	Log         *slog.Logger
}

// Send sends messages in order. They are acknowledged when it returns nil. It belongs to one goroutine.
type Send func(context.Context, []window.Message) error

// lastWords is how long an owner may take to send and commit what it has, once it is told to stop.
const lastWords = 2 * time.Second

// Own folds one partition until ctx ends. It is the ingest.Owner of the source topics.
func (f *Folding) Own(ctx context.Context, p *ingest.Partition) error {
	s, err := f.open(p)
	if err != nil {
		return err
	}
	defer s.close()
	err = s.run(ctx)
	if ctx.Err() != nil && !errors.Is(err, ingest.ErrFenced) {
		s.handOver(ctx)
		return nil
	}
	return err
}

// handOver sends and commits what there is. Where that fails, the successor reads it again from the last commit.
func (s *stream) handOver(ctx context.Context) {
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
	defer cancel()
	if err := s.commit(last); err != nil && !errors.Is(err, ingest.ErrFenced) {
		s.Log.Warn("the last words of a partition's owner were not heard; its successor reads more again", "topic", s.source.Topic, "partition", s.source.Partition, "error", err)
	}
}

// stream is one partition being folded.
type stream struct {
	*Folding
	partition *ingest.Partition
	source    window.Source
	send      Send
	*Lines

	unsent     []window.Message // taken from the folder, not acknowledged
	taken      int64            // records since the last flush
	early      bool             // partials of windows that are not complete are of use
	lastRecord time.Time
	nextFlush  time.Time
	nextCommit time.Time
	committed  window.Commit
	windows    int64 // as last told to the counters
	cells      int64
}

func (f *Folding) open(p *ingest.Partition) (*stream, error) {
	from, err := readCommit(p.StartOffset, p.StartMetadata)
	if err != nil {
		f.Log.Warn("the commit's metadata is not ours; late records may be judged anew", "topic", p.Topic, "partition", p.ID, "error", err)
	}
	source := window.Source{Topic: p.Topic, Partition: p.ID}
	lines, err := NewLines(f.Format, f.Service, window.NewFolder(f.Window, source, p.Of, from), f.MaxRecord, f.Counters)
	if err != nil {
		return nil, err
	}
	f.Log.Info("folding", "topic", p.Topic, "partition", p.ID, "offset", p.StartOffset)
	now := time.Now()
	return &stream{Folding: f, partition: p, source: source, send: f.Sender(), Lines: lines, lastRecord: now, nextCommit: now.Add(f.CommitEvery), committed: from}, nil
}

func (s *stream) close() {
	s.Counters.forget(s.source)
	s.Counters.OpenWindows.Add(-s.windows)
	s.Counters.OpenCells.Add(-s.cells)
}

func (s *stream) run(ctx context.Context) error {
	for {
		b, err := s.partition.Next(ctx)
		if err != nil {
			return err
		}
		now := time.Now()
		before := s.Folder.Position()
		if err := s.fold(b, now); err != nil {
			return err
		}
		if n := s.Folder.Position() - before; n > 0 {
			s.lastRecord = now
			s.taken += n
		}
		if now.After(s.nextFlush) || s.Folder.Due() {
			idle := b.CaughtUp() && now.Sub(s.lastRecord) >= s.Window.IdleAfter
			begun := time.Now()
			s.early = !s.behind(b)
			if err := s.flush(ctx, idle); err != nil {
				return err
			}
			// Where sending takes long, the next flush waits longer too: partials are a luxury until their window closes.
			s.nextFlush, s.taken = time.Now().Add(max(s.EmitEvery, 3*time.Since(begun))), 0
		}
		if now.After(s.nextCommit) {
			if err := s.commit(ctx); err != nil {
				return err
			}
		}
	}
}

// fold takes the records of one fetch.
func (s *stream) fold(b *ingest.Batch, now time.Time) error {
	wall := now.UnixNano()
	for b.Next() {
		at := wall
		if t := b.TimeMs * int64(time.Millisecond); b.TimeMs > 0 && t < wall {
			at = t
		}
		s.Value(b.Offset, at, b.Value)
	}
	s.Tell()
	var bad *ingest.BatchError
	if errors.As(b.Err(), &bad) {
		s.Log.Error("a batch is lost: it cannot be read", "error", bad)
		s.Folder.SkipTo(bad.First)
		s.Folder.Reject(bad.First, wall, accesslog.Malformed, bad.Error)
		s.Folder.SkipTo(bad.Last + 1)
		s.partition.SeekTo(bad.Last + 1)
		return nil
	}
	s.Folder.SkipTo(b.NextOffset)
	return b.Err()
}

// behind says that there is more to be read than was taken since the last
// flush. Early partials would then tell of windows that are complete before anyone looks at them.
func (s *stream) behind(b *ingest.Batch) bool { return b.HighWatermark-b.NextOffset > s.taken }

// rowsAtOnce is how many rows of partials are made before they are sent.
const rowsAtOnce = 4096

// flush sends what is new, a part at a time.
func (s *stream) flush(ctx context.Context, idle bool) error {
	rows := 0
	for m := range s.Folder.Each(idle, s.early) {
		s.unsent = append(s.unsent, m)
		if m.Partial != nil {
			rows += len(m.Partial.Rows)
		}
		if rows >= rowsAtOnce {
			if err := s.deliver(ctx); err != nil {
				return err
			}
			rows = 0
		}
	}
	if err := s.deliver(ctx); err != nil {
		return err
	}
	s.show()
	return nil
}

// deliver sends what has been taken from the folder.
func (s *stream) deliver(ctx context.Context) error {
	if len(s.unsent) == 0 {
		return nil
	}
	if err := s.send(ctx, s.unsent); err != nil {
		return fmt.Errorf("partials of %s/%d: %w", s.source.Topic, s.source.Partition, err)
	}
	for i := range s.unsent {
		if s.unsent[i].Partial != nil {
			s.Counters.Partials.Add(1)
		}
	}
	clear(s.unsent)
	s.unsent = s.unsent[:0]
	return nil
}

func (s *stream) show() {
	windows, cells := s.Folder.Open()
	s.Counters.OpenWindows.Add(int64(windows) - s.windows)
	s.Counters.OpenCells.Add(int64(cells) - s.cells)
	s.windows, s.cells = int64(windows), int64(cells)
	if at := s.Folder.Watermark(); at != window.NoTime {
		s.Counters.setWatermark(s.source, at)
	}
}

// commit keeps where a successor must resume. All that it passes has been sent: it follows a flush.
func (s *stream) commit(ctx context.Context) error {
	if err := s.flush(ctx, false); err != nil {
		return err
	}
	s.nextCommit = time.Now().Add(s.CommitEvery)
	c := s.Folder.Commit()
	if c == s.committed {
		return nil
	}
	if err := s.partition.Commit(ctx, c.Offset, writeCommit(c)); err != nil {
		return err
	}
	s.committed = c
	return nil
}

// commitFormat is the metadata beside a committed offset.
const commitFormat = "spikeline/1 largest=%d ledger=%d"

func writeCommit(c window.Commit) string { return fmt.Sprintf(commitFormat, c.Largest, c.Ledger) }

// readCommit reads what writeCommit wrote beside an offset. Without it no timestamp is known, and the ledger begins there.
func readCommit(offset int64, metadata string) (window.Commit, error) {
	c := window.Commit{Offset: offset}
	if n, err := fmt.Sscanf(metadata, commitFormat, &c.Largest, &c.Ledger); n < 2 || err != nil {
		c = window.Commit{Offset: offset, Largest: window.NoTime}
		if metadata != "" {
			return c, fmt.Errorf("metadata %q, allowed is %q with Unix nanoseconds and an offset", metadata, commitFormat)
		}
	}
	return c, nil
}

// Lines folds raw lines: it decodes, names the service, and hands each record
// to a folder. It serves partitions and files alike, and belongs to one goroutine.
type Lines struct {
	Folder    *window.Folder
	decoder   accesslog.Decoder
	namer     *accesslog.Namer
	maxRecord int
	counters  *FoldCounters
	record    accesslog.Record
	line      []byte
	sample    func() string
	bytes     uint64 // not told to the counters yet
	counted   uint64
}

// NewLines makes the decoder of a format and the namer of services.
func NewLines(format string, service accesslog.ServiceConfig, folder *window.Folder, maxRecord int, counters *FoldCounters) (*Lines, error) {
	decoder, err := accesslog.New(format)
	if err != nil {
		return nil, err
	}
	namer, err := accesslog.NewNamer(service)
	if err != nil {
		return nil, err
	}
	l := &Lines{Folder: folder, decoder: decoder, namer: namer, maxRecord: maxRecord, counters: counters}
	l.sample = func() string { return string(accesslog.Mask(nil, l.line)) }
	return l, nil
}

// Value folds one message value: a line, or several of one shipment.
func (l *Lines) Value(offset, now int64, value []byte) {
	l.bytes += uint64(len(value))
	for len(value) > 0 && (value[len(value)-1] == '\n' || value[len(value)-1] == '\r') {
		value = value[:len(value)-1]
	}
	for {
		line, rest, more := bytes.Cut(value, []byte{'\n'})
		l.Line(offset, now, bytes.TrimSuffix(line, []byte{'\r'}))
		if !more {
			return
		}
		value = rest
	}
}

// Tell adds what has been folded to the counters, which all partitions share: doing so for every record would cost more than folding it.
func (l *Lines) Tell() {
	l.counters.Bytes.Add(l.bytes)
	l.counters.Counted.Add(l.counted)
	l.bytes, l.counted = 0, 0
}

// Line folds one line. now is the latest time that it can honestly state.
func (l *Lines) Line(offset, now int64, line []byte) accesslog.Reason {
	reason := l.fold(offset, now, line)
	if reason == accesslog.OK {
		l.counted++
	} else {
		l.counters.Rejected[reason].Add(1)
	}
	return reason
}

func (l *Lines) fold(offset, now int64, line []byte) accesslog.Reason {
	l.line = line
	reason := accesslog.TooLarge
	if len(line) <= l.maxRecord {
		reason = l.decoder.Decode(line, &l.record)
	}
	if reason != accesslog.OK {
		l.Folder.Reject(offset, now, reason, l.sample)
		return reason
	}
	service := l.namer.Name(&l.record)
	if len(service) == 0 {
		l.Folder.Reject(offset, now, accesslog.NoService, l.sample)
		return accesslog.NoService
	}
	return l.Folder.Add(offset, now, &l.record, service, l.sample)
}
