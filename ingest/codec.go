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

// decompressor turns a batch's body into its records, in memory that it uses again.
type decompressor struct {
	limit  int // the most bytes that a batch may become
	buffer []byte
	source bytes.Reader
	gzip   *gzip.Reader
}

// records returns rb's records. They are valid until the next call.
func (d *decompressor) records(rb *recordBatch) ([]byte, error) {
	var err error
	switch codec := rb.attributes & codecMask; codec {
	case codecNone:
		if len(rb.body) > d.limit {
			return nil, fmt.Errorf("batch of %d bytes: %w", len(rb.body), ErrTooLarge)
		}
		return rb.body, nil
	case codecGzip:
		d.buffer, err = d.ungzip(rb.body)
	case codecSnappy:
		d.buffer, err = unsnappy(d.buffer[:0], rb.body, d.limit)
	case codecLZ4:
		d.buffer, err = unlz4(d.buffer[:0], rb.body, d.limit)
	case codecZstd:
		d.buffer, err = unzstd(d.buffer[:0], rb.body, d.limit)
	default:
		return nil, fmt.Errorf("compression codec %d; known are none, gzip, snappy, lz4 and zstd", codec)
	}
	return d.buffer, err
}

func (d *decompressor) ungzip(body []byte) ([]byte, error) {
	d.source.Reset(body)
	var err error
	if d.gzip == nil {
		d.gzip, err = gzip.NewReader(&d.source)
	} else {
		err = d.gzip.Reset(&d.source)
	}
	if err != nil {
		return d.buffer[:0], fmt.Errorf("gzip: %w", err)
	}
	out := d.buffer[:0]
	for {
		if out, err = grow(out, 1, d.limit); err != nil {
			return out, fmt.Errorf("gzip: %w", err)
		}
		n, err := d.gzip.Read(out[len(out):cap(out)])
		out = out[:len(out)+n]
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return out, fmt.Errorf("gzip: %w", err)
		}
	}
}

// grow makes room for n more bytes, or says that they would be too many.
func grow(b []byte, n, limit int) ([]byte, error) {
	need := len(b) + n
	if need > limit {
		return b, fmt.Errorf("more than %d bytes when decompressed: %w", limit, ErrTooLarge)
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

// zstdDecoder is shared: DecodeAll keeps no state between calls. It writes
// no further than its destination's capacity, so that the bound is exact.
var zstdDecoder = sync.OnceValue(func() *zstd.Decoder {
	d, err := zstd.NewReader(nil, zstd.WithDecodeAllCapLimit(true), zstd.WithDecoderMaxMemory(1<<30))
	if err != nil {
		panic("BUG: zstd options: " + err.Error())
	}
	return d
})

// zstdRatio is the first guess at how much a batch grows; the buffer keeps its size afterwards.
const zstdRatio = 8

func unzstd(out, body []byte, limit int) ([]byte, error) {
	want := min(max(zstdRatio*len(body), 64<<10), limit)
	for {
		var err error
		if out, err = grow(out[:0], max(want, cap(out)), max(limit, cap(out))); err != nil {
			return out, fmt.Errorf("zstd: %w", err)
		}
		decoded, err := zstdDecoder().DecodeAll(body, out[:0:min(cap(out), limit)])
		if err == nil {
			return decoded, nil
		}
		if !errors.Is(err, zstd.ErrDecoderSizeExceeded) && !errors.Is(err, io.ErrShortBuffer) {
			return out, fmt.Errorf("zstd: %w", err)
		}
		if cap(out) >= limit {
			return out, fmt.Errorf("zstd: more than %d bytes when decompressed: %w", limit, ErrTooLarge)
		}
		want = min(2*cap(out), limit)
	}
}
