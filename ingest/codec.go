package ingest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
)

// Kafka's compression codecs, as numbered in a batch's attributes.
const (
	codecNone = iota
	codecGzip
	codecSnappy
	codecLZ4
	codecZstd
)

// decompressor turns a batch's body into its records. Its buffer is lent: a
// partition that waits for the broker has none, so that many partitions need the memory of few.
type decompressor struct {
	limit  int // the most bytes that a batch may become
	buffer []byte
	lent   *[]byte // from buffers, nil for none
	source bytes.Reader
	gzip   *gzip.Reader
	zstd   *zstd.Decoder
}

// buffers are those that no partition uses.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// largestLent is the capacity up to which a buffer is lent again: a rare huge batch leaves no memory behind.
const largestLent = 4 << 20

// release gives the buffer back. The records of the last call are not valid any more.
func (d *decompressor) release() {
	if d.lent != nil && cap(d.buffer) <= largestLent {
		*d.lent = d.buffer[:0]
		buffers.Put(d.lent)
	}
	d.lent, d.buffer = nil, nil
}

// records returns rb's records. They are valid until the next call of records or release.
func (d *decompressor) records(rb *recordBatch) ([]byte, error) {
	if d.lent == nil && rb.attributes&codecMask != codecNone {
		d.lent = buffers.Get().(*[]byte)
		d.buffer = *d.lent
	}
	var err error
	switch codec := rb.attributes & codecMask; codec {
	case codecNone:
		if len(rb.body) > d.limit {
			return nil, fmt.Errorf("batch of %d bytes: %w", len(rb.body), ErrTooLarge)
		}
		return rb.body, nil
	case codecGzip:
		err = d.ungzip(rb.body)
	case codecSnappy:
		d.buffer, err = unsnappy(d.buffer[:0], rb.body, d.limit)
	case codecLZ4:
		d.buffer, err = unlz4(d.buffer[:0], rb.body, d.limit)
	case codecZstd:
		err = d.unzstd(rb.body)
	default:
		return nil, fmt.Errorf("compression codec %d; known are none, gzip, snappy, lz4 and zstd", codec)
	}
	return d.buffer, err
}

func (d *decompressor) ungzip(body []byte) (err error) {
	d.source.Reset(body)
	if d.gzip == nil {
		d.gzip, err = gzip.NewReader(&d.source)
	} else {
		err = d.gzip.Reset(&d.source)
	}
	if err == nil {
		d.buffer, err = readAll(d.buffer[:0], d.gzip, d.limit)
	}
	return named("gzip", err)
}

func (d *decompressor) unzstd(body []byte) (err error) {
	d.source.Reset(body)
	if d.zstd == nil {
		d.zstd, err = zstd.NewReader(&d.source, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxZstdWindow))
	} else {
		err = d.zstd.Reset(&d.source)
	}
	if err == nil {
		d.buffer, err = readAll(d.buffer[:0], d.zstd, d.limit)
	}
	return named("zstd", err)
}

// maxZstdWindow is what a decoder of the format has to support at least (RFC 8878, 3.1.1.1.2), and what the standard levels use at most.
const maxZstdWindow = 8 << 20

func named(codec string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", codec, err)
	}
	return nil
}

// readAll appends what r brings to out, up to the limit.
func readAll(out []byte, r io.Reader, limit int) ([]byte, error) {
	var probe [1]byte // tells the end from one byte too many
	for {
		free := out[len(out):min(cap(out), limit)]
		if len(free) == 0 && len(out) == limit {
			free = probe[:]
		} else if len(free) == 0 {
			var err error
			if out, err = grow(out, 1, limit); err != nil {
				return out, err
			}
			continue
		}
		n, err := r.Read(free)
		if len(out)+n > limit {
			return out, tooLarge(limit)
		}
		out = out[:len(out)+n]
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return out, err
		}
	}
}

func tooLarge(limit int) error {
	return fmt.Errorf("more than %d bytes when decompressed: %w", limit, ErrTooLarge)
}

// close releases what the decoders hold.
func (d *decompressor) close() {
	d.release()
	if d.zstd != nil {
		d.zstd.Close()
	}
}

// grow makes room for n more bytes, or says that they would be too many.
func grow(b []byte, n, limit int) ([]byte, error) {
	need := len(b) + n
	if need > limit {
		return b, tooLarge(limit)
	}
	if need <= cap(b) {
		return b, nil
	}
	larger := make([]byte, len(b), min(max(need, 2*cap(b), 64<<10), limit))
	copy(larger, b)
	return larger, nil
}

// snappyMagic begins the framing that Java's clients put around snappy's
// blocks (after it: 8 bytes of versions, then blocks, each with its length);
// other clients send one block without framing.
var snappyMagic = []byte{0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0}

func unsnappy(out, body []byte, limit int) ([]byte, error) {
	if !bytes.HasPrefix(body, snappyMagic) {
		return snappyBlock(out, body, limit)
	}
	r := wire{b: body}
	r.skip(len(snappyMagic) + 8)
	for len(r.b) > 0 {
		block := r.skip(int(r.int32()))
		if r.bad {
			return out, errors.New("snappy: block longer than the batch")
		}
		var err error
		if out, err = snappyBlock(out, block, limit); err != nil {
			return out, err
		}
	}
	if r.bad {
		return out, errors.New("snappy: truncated")
	}
	return out, nil
}

func snappyBlock(out, block []byte, limit int) ([]byte, error) {
	size, err := s2.DecodedLen(block)
	if err != nil {
		return out, fmt.Errorf("snappy: %w", err)
	}
	if out, err = grow(out, size, limit); err != nil {
		return out, fmt.Errorf("snappy: %w", err)
	}
	if _, err = s2.Decode(out[len(out):len(out)+size], block); err != nil {
		return out, fmt.Errorf("snappy: %w", err)
	}
	return out[:len(out)+size], nil
}
