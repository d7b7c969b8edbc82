package replay

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// openPlain opens a file and undoes its compression, which its first bytes tell.
func openPlain(name string, stdin io.Reader, read func(int64)) (io.Reader, io.Closer, error) {
	var raw io.ReadCloser
	if name == "-" {
		raw = io.NopCloser(stdin)
	} else {
		f, err := os.Open(name)
		if err != nil {
			return nil, nil, fmt.Errorf("%w: name log files, or - for standard input", err)
		}
		if info, err := f.Stat(); err == nil && info.IsDir() {
			_ = f.Close() // only read from
			return nil, nil, fmt.Errorf("%s is a directory: name the files in it, for example %s/*", name, name)
		}
		raw = f
	}
	buffered := bufio.NewReaderSize(&counting{raw, read}, 256<<10)
	magic, _ := buffered.Peek(4)
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(buffered)
		if err != nil {
			_ = raw.Close()
			return nil, nil, fmt.Errorf("%s begins like gzip, but is not: %w", name, err)
		}
		return z, raw, nil
	case bytes.HasPrefix(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(buffered, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(256<<20))
		if err != nil {
			_ = raw.Close()
			return nil, nil, fmt.Errorf("%s begins like zstd, but is not: %w", name, err)
		}
		return z, both{z.IOReadCloser(), raw}, nil
	}
	return buffered, raw, nil
}

type both struct{ a, b io.Closer }

func (c both) Close() error { return errors.Join(c.a.Close(), c.b.Close()) }

// counting tells how much was read.
type counting struct {
	io.Reader
	read func(int64)
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	if c.read != nil && n > 0 {
		c.read(int64(n))
	}
	return n, err
}
