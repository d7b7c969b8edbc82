// Package replay runs log files through the same windows, judge and incidents
// as the records of Kafka. Each file is a source; the one whose event time is
// furthest behind is read next, so files of several machines or days are merged
// by event time in bounded memory.
package replay

import (
	"bufio"
	"context"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/spikeline/spikeline/ingest/accesslog"
	"github.com/spikeline/spikeline/processor"
	"github.com/spikeline/spikeline/processor/window"
)

// Options say what is replayed and how.
type Options struct {
	Files     []string // "-" is standard input
	Stdin     io.Reader
	Format    string // empty: found out from the first lines of each file
	Service   accesslog.ServiceConfig
	Judge     processor.JudgeConfig
	MaxRecord int
	Now       time.Time // timestamps further ahead than window.max_future are rejected
	Counters  *processor.FoldCounters
	Judged    *processor.JudgeCounters

	Batch    func(processor.Batch) error                       // what was learned, in order
	Detected func([]Understood)                                // how the files were understood, told once, before anything is counted
	Mixed    func(file string, lines int64, u Understood)      // so many lines of a file are malformed, and look like another format
	Line     func(file string, line int64, r accesslog.Reason) // a line that was not counted
	Read     func(bytes int64)                                 // progress, in bytes of the files as they are on disk
	Trouble  func(file string, line int64, err error)          // a file that could be read only up to a line
}

// chunk is how many lines of a file are read before another file may be due.
// Of many files each gives fewer, since what is read ahead waits in memory for the others.
const (
	chunk    = 2048
	chunkMin = 256
)

// Run replays to the end of all files. It returns an error for a file that
// cannot be opened or understood, before anything is counted; a file that breaks
// off later is told by Trouble, and what was read of it counts.
func Run(ctx context.Context, o Options) error {
	files, err := openAll(&o)
	defer closeAll(files)
	if err != nil {
		return err
	}
	o.tellFormats(files)
	judge := processor.NewJudge(o.Judge, o.Judged)
	place, lines := int64(0), 0
	apply := func(messages []window.Message) {
		for _, m := range messages {
			judge.Apply(place, m)
			place++
		}
	}
	for _, f := range files { // all are known before the first window can close
		apply([]window.Message{{Source: f.source, Sources: 1, Watermark: window.NoTime}})
	}
	for live := files; len(live) > 0 && ctx.Err() == nil; {
		f, n := furthestBehind(live), max(chunk/len(live), chunkMin)
		more, err := f.read(n)
		if err != nil && o.Trouble != nil {
			o.Trouble(f.name, f.line, err)
		}
		if more {
			apply(f.lines.Folder.Flush(false))
		} else {
			apply(f.lines.Folder.End())
			f.tellMixture()
			live = without(live, f)
		}
		if lines += n; lines >= 32*chunk || len(live) == 0 || judge.Pending() > 0 {
			lines = 0
			if err := o.Batch(judge.Take()); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// file is one source being read.
type file struct {
	*Options
	name   string
	source window.Source
	reader *bufio.Reader
	closer io.Closer
	lines  *processor.Lines
	line   int64 // lines read
	buffer []byte
	format string
	why    string // the format was found; empty when it was given

	malformed int64
	strangers [][]byte // the first malformed lines
}

func openAll(o *Options) (files []*file, err error) {
	for i, name := range o.Files {
		f, oneErr := open(o, name, int32(i), int32(len(o.Files)))
		if f != nil {
			files = append(files, f)
		}
		err = errors.Join(err, oneErr)
	}
	return files, err
}

func open(o *Options, name string, number, of int32) (*file, error) {
	plain, closer, err := openPlain(name, o.Stdin, o.Read)
	if err != nil {
		return nil, err
	}
	f := &file{Options: o, name: name, closer: closer, reader: bufio.NewReaderSize(plain, 1<<20)}
	if f.format = o.Format; f.format == "" {
		if f.format, f.why, err = f.detect(); err != nil {
			return f, err
		}
	}
	service := o.Service
	if service.Fallback == "" {
		service.Fallback = baseName(name)
	}
	f.source = window.Source{Topic: name}
	folder := window.NewFolder(o.Judge.Window, f.source, 1, window.Commit{Offset: 1, Largest: window.NoTime})
	folder.ShowEveryReject()
	f.lines, err = processor.NewLines(f.format, service, folder, o.MaxRecord, o.Counters)
	return f, err
}

// baseName is the service of files that name none: access.log.1.gz gives access.
func baseName(file string) string {
	if file == "-" {
		return "stdin"
	}
	name, _, _ := strings.Cut(filepath.Base(file), ".")
	if name == "" {
		return "log"
	}
	return strings.ToLower(name)
}

func furthestBehind(files []*file) *file {
	first := files[0]
	for _, f := range files[1:] {
		if f.lines.Folder.Watermark() < first.lines.Folder.Watermark() {
			first = f
		}
	}
	return first
}

func without(files []*file, gone *file) []*file {
	var rest []*file
	for _, f := range files {
		if f != gone {
			rest = append(rest, f)
		}
	}
	return rest
}

// read folds up to n lines and says whether there may be more.
func (f *file) read(n int) (more bool, err error) {
	now := f.Now.UnixNano()
	for ; n > 0; n-- {
		line, err := f.next()
		if len(line) > 0 || err == nil {
			f.line++
			if reason := f.lines.Line(f.line, now, line); reason != accesslog.OK {
				f.reject(line, reason)
			}
		}
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
	return true, nil
}

func (f *file) reject(line []byte, reason accesslog.Reason) {
	if reason == accesslog.Malformed {
		f.keepStranger(line)
	}
	if f.Options.Line != nil {
		f.Options.Line(f.name, f.line, reason)
	}
}

// next gives a line without its end. Of a line that is longer than a record
// may be, only so much is kept as shows that it is.
func (f *file) next() ([]byte, error) {
	part, err := f.reader.ReadSlice('\n')
	if err == nil {
		return trimEnd(part), nil
	}
	f.buffer = append(f.buffer[:0], part...)
	for errors.Is(err, bufio.ErrBufferFull) {
		part, err = f.reader.ReadSlice('\n')
		if len(f.buffer) <= f.MaxRecord {
			f.buffer = append(f.buffer, part...)
		}
	}
	return trimEnd(f.buffer), err
}

func trimEnd(line []byte) []byte {
	for len(line) > 0 && (line[len(line)-1] == '\n' || line[len(line)-1] == '\r') {
		line = line[:len(line)-1]
	}
	return line
}

func closeAll(files []*file) {
	for _, f := range files {
		_ = f.closer.Close() // only read from
	}
}
