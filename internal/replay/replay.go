// Package replay runs log files through the same windows, judge and incidents
// as the records of Kafka.
//
//	look.go    what a file is, from its first lines: compression, format, first time
//	format.go  how the format was found, and what to say when it was not
//	open.go    a file's plain bytes
//	decode.go  a file's lines as records, in a goroutine of its own
//	merge.go   the records of all files in order of time
//	fold.go    that order folded and judged as one source
//	account.go what became of the lines of each file
//
// Files of several machines or days are merged by event time: whatever the
// split, the windows are those of one file. A file is open only while its time
// is due, and is decoded at most a few chunks ahead, so memory depends neither on
// the number of files nor on their size, but only on how many overlap in time.
package replay

import (
	"context"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/spikeline/spikeline/ingest/accesslog"
	"github.com/spikeline/spikeline/processor"
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
	Late     func(Tardy)                                       // told once, at the end, if there are such lines
	Read     func(bytes int64)                                 // progress, in bytes of the files as they are on disk; called from several goroutines
	Trouble  func(file string, line int64, err error)          // a file that could be read only up to a line
}

// Run replays to the end of all files. It returns an error for a file that
// cannot be opened or understood, before anything is counted; a file that breaks
// off later is told by Trouble, and what was read of it counts.
func Run(ctx context.Context, o Options) error {
	files, err := lookAtAll(&o)
	if err != nil {
		for _, f := range files {
			f.close()
		}
		return err
	}
	o.tellFormats(files)
	ctx, stop := context.WithCancel(ctx) // ends the goroutines of the files
	defer stop()
	lines, into := newMerge(files), newFold(&o)
	for {
		from, err := lines.next(ctx)
		switch {
		case err != nil:
			return err
		case from == nil:
			return into.end()
		}
		if err := into.take(from); err != nil {
			return err
		}
	}
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
