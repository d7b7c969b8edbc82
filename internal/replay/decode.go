package replay

import (
	"bufio"
	"context"
	"errors"
	"io"

	"github.com/spikeline/spikeline/ingest/accesslog"
)

// line is one line of a file, as it was understood.
type line struct {
	accesslog.Record // if reason is OK; without method and path, which windows do not count
	reason           accesslog.Reason
	service          []byte
	text             []byte
	comment          bool // it tells the decoder of the lines to come, and is no record
}

// chunk is some lines of a file. They alias its text.
type chunk struct {
	text  []byte
	lines []line
	err   error // the file breaks off after these lines
}

// decoding is what the goroutine of a file has.
type decoding struct {
	chunkBytes int
	full, free chan *chunk // the goroutine fills what is free
	decoder    accesslog.Decoder
	namer      *accesslog.Namer
	buffer     []byte
}

// chunksAhead of a file exist: one being merged, one waiting, one being filled.
const chunksAhead = 3

// start opens the file and has a goroutine decode it, until its end or that of ctx.
func (f *file) start(ctx context.Context) (err error) {
	if err := f.begin(); err != nil {
		return err
	}
	if f.decoder, err = accesslog.New(f.format); err != nil {
		return err
	}
	service := f.Service
	if service.Fallback == "" {
		service.Fallback = baseName(f.name)
	}
	if f.namer, err = accesslog.NewNamer(service); err != nil {
		return err
	}
	f.full, f.free = make(chan *chunk, chunksAhead), make(chan *chunk, chunksAhead)
	for range chunksAhead {
		f.free <- &chunk{}
	}
	go f.decode(ctx)
	return nil
}

func (f *file) decode(ctx context.Context) {
	defer f.close()
	defer close(f.full)
	for more := true; more; {
		select {
		case c := <-f.free:
			more = f.fill(c)
			f.full <- c // there is room for all
		case <-ctx.Done():
			return
		}
	}
}

// fill decodes lines into a chunk, and says whether there may be more.
func (f *file) fill(c *chunk) (more bool) {
	if cap(c.text) > 4*f.chunkBytes {
		c.text = nil // a very long line was in it
	}
	c.text, c.lines = c.text[:0], c.lines[:0]
	for len(c.text) < f.chunkBytes {
		text, err := f.next()
		if len(text) > 0 || err == nil {
			f.understand(c, text)
		}
		if err != nil {
			if !errors.Is(err, io.EOF) {
				c.err = err
			}
			return false
		}
	}
	return true
}

// understand adds a line to a chunk. What its record names is copied out of the decoder's scratch space.
func (f *file) understand(c *chunk, text []byte) {
	var l line
	text, c.text = keep(c.text, text)
	l.text, l.reason, l.comment = text, accesslog.TooLarge, isComment(text)
	if len(text) <= f.MaxRecord {
		l.reason = f.decoder.Decode(text, &l.Record)
	}
	if l.reason == accesslog.OK {
		l.service, c.text = keep(c.text, f.namer.Name(&l.Record))
		l.Pop, c.text = keep(c.text, l.Pop)
		if len(l.service) == 0 {
			l.reason = accesslog.NoService
		}
	}
	l.Service, l.Zone, l.Method, l.Path = nil, nil, nil, nil
	c.lines = append(c.lines, l)
}

// keep copies b to the end of text. When text grows, what was kept before stays where it was.
func keep(text, b []byte) (kept, grown []byte) {
	grown = append(text, b...)
	return grown[len(text):len(grown):len(grown)], grown
}

// next gives a line without its end. Of a line that is longer than a record
// may be, only so much is kept as shows that it is.
func (f *file) next() ([]byte, error) {
	part, err := f.opened.plain.ReadSlice('\n')
	if err == nil {
		return trimEnd(part), nil
	}
	f.buffer = append(f.buffer[:0], part...)
	for errors.Is(err, bufio.ErrBufferFull) {
		part, err = f.opened.plain.ReadSlice('\n')
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
