package replay

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// opened is a file that is being read.
type opened struct {
	plain *bufio.Reader // its bytes without compression
	raw   *counting
	again bool // it can be opened once more and gives the same
	ends  []func()
}

// open opens a file and undoes its compression, which its first bytes tell.
func open(name string, stdin io.Reader) (*opened, error) {
	o := &opened{}
	if name == "-" {
		o.raw = &counting{Reader: stdin}
	} else {
		f, info, err := openFile(name)
		if err != nil {
			return nil, err
		}
		o.raw, o.again = &counting{Reader: f}, info.Mode().IsRegular()
		o.ends = append(o.ends, func() { _ = f.Close() }) // only read from
	}
	buffered := bufio.NewReaderSize(o.raw, headBytes)
	plain, err := o.decompress(name, buffered)
	if err != nil {
		o.close()
		return nil, err
	}
	o.plain = bufio.NewReaderSize(plain, headBytes) // the same reader again where nothing is compressed
	if mark, _ := o.plain.Peek(len(utf8Mark)); string(mark) == utf8Mark {
		_, _ = o.plain.Discard(len(utf8Mark)) // it was just seen
	}
	return o, nil
}

// utf8Mark begins the text files of some editors and shells.
const utf8Mark = "\ufeff"

func openFile(name string) (*os.File, os.FileInfo, error) {
	f, err := os.Open(name)
	switch {
	case errors.Is(err, syscall.EMFILE):
		return nil, nil, fmt.Errorf("%w: so many logs overlap in time that they cannot all be open; raise the limit with ulimit -n", err)
	case err != nil:
		return nil, nil, fmt.Errorf("%w: name log files, or - for standard input", err)
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = fmt.Errorf("%s is a directory: name the files in it, for example %s/*", name, name)
	}
	if err != nil {
		_ = f.Close() // only read from
	}
	return f, info, err
}

func (o *opened) decompress(name string, raw *bufio.Reader) (io.Reader, error) {
	magic, _ := raw.Peek(6)
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(raw)
		if err != nil {
			return nil, fmt.Errorf("%s begins like gzip, but is not: %w: fetch it again", name, err)
		}
		return z, nil
	case bytes.HasPrefix(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(raw, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(256<<20), zstd.WithDecoderLowmem(true))
		if err != nil {
			return nil, fmt.Errorf("%s begins like zstd, but is not: %w: fetch it again", name, err)
		}
		o.ends = append(o.ends, z.Close)
		return z, nil
	}
	for _, other := range otherPackings {
		if bytes.HasPrefix(magic, []byte(other.magic)) {
			return nil, fmt.Errorf("%s is packed as %s: unpack it on the way, with %s %s | spikeline replay -", name, other.name, other.unpack, name)
		}
	}
	return raw, nil
}

// otherPackings are known by their first bytes, to say how they are unpacked.
var otherPackings = []struct{ magic, name, unpack string }{
	{"BZh", "bzip2", "bzcat"},
	{"\xfd7zXZ\x00", "xz", "xzcat"},
	{"\x04\x22\x4d\x18", "lz4", "lz4cat"},
	{"PK\x03\x04", "zip", "unzip -p"},
}

func (o *opened) close() {
	for _, end := range o.ends {
		end()
	}
}

// counting tells how much was read.
type counting struct {
	io.Reader
	n    int64
	told func(int64)
}

func (c *counting) tell(told func(int64)) {
	told(c.n)
	c.told = told
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += int64(n)
	if c.told != nil && n > 0 {
		c.told(int64(n))
	}
	return n, err
}
