package replay

import (
	"errors"

	"github.com/spikeline/spikeline/ingest/accesslog"
	"github.com/spikeline/spikeline/processor/window"
)

// file is one log being replayed.
type file struct {
	*Options
	name   string
	number int // place among the files; of equal times the earlier file's come first
	format string
	why    string // the format was found; empty when it was given
	first  int64  // time of its first record, NoTime when its first lines have none
	opened *opened
	cut    error // its first lines break off

	decoding
	cursor
	account
	malformed int64    // lines
	strangers [][]byte // the first malformed lines
}

// All files together are decoded about aheadBytes ahead, one of them by chunks of no more than chunkMost.
const (
	aheadBytes = 16 << 20
	chunkMost  = 128 << 10
	chunkLeast = 4 << 10
)

// lookAtAll finds out what the files are, and tells the faults of all at once.
func lookAtAll(o *Options) (files []*file, err error) {
	if _, err := accesslog.NewNamer(o.Service); err != nil {
		return nil, err
	}
	size := min(max(aheadBytes/max(len(o.Files), 1), chunkLeast), chunkMost)
	for i, name := range o.Files {
		f := &file{Options: o, name: name, number: i, format: o.Format, decoding: decoding{chunkBytes: size}, cursor: cursor{newest: window.NoTime}}
		files = append(files, f)
		err = errors.Join(err, f.look())
	}
	return files, err
}

// look opens a file and finds its format and its first time. It stays open only if it cannot be opened twice.
func (f *file) look() error {
	var err error
	if f.opened, err = open(f.name, f.Stdin); err != nil {
		return err
	}
	lines, err := f.head()
	if err != nil {
		return err
	}
	if f.format == "" {
		if f.format, f.why, err = f.detect(lines); err != nil {
			return err
		}
	}
	if f.first, err = f.firstTime(lines); err != nil {
		return err
	}
	if f.opened.again {
		f.close()
	}
	return nil
}

func (f *file) firstTime(lines [][]byte) (int64, error) {
	decoder, err := accesslog.New(f.format)
	if err != nil {
		return 0, err
	}
	var r accesslog.Record
	for _, line := range lines {
		if decoder.Decode(line, &r) == accesslog.OK && f.believable(r.Time) {
			return r.Time, nil
		}
	}
	return window.NoTime, nil
}

// believable says that a timestamp is none that folding rejects as future.
func (f *file) believable(at int64) bool {
	return at <= f.Now.UnixNano()+int64(f.Judge.Window.MaxFuture)
}

// begin has the file open, from its beginning.
func (f *file) begin() error {
	var err error
	if f.opened == nil {
		f.opened, err = open(f.name, f.Stdin)
	}
	if err == nil && f.Read != nil {
		f.opened.raw.tell(f.Read)
	}
	return err
}

func (f *file) close() {
	if f.opened != nil {
		f.opened.close()
		f.opened = nil
	}
}
