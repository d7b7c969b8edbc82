package ingest

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/pierrec/lz4/v4"
)

// The LZ4 frame format: magic number, flags, block sizes, optional content
// size, header checksum; then blocks, each with its length, up to an empty
// one; then an optional checksum. The batch's CRC32C covers all of it, so the
// frame's own checksums are passed over. The blocks are decoded straight into
// the destination.
const (
	lz4Magic     = 0x184D2204
	lz4Version   = 0x40
	lz4Alone     = 0x20 // clear: a block may refer to the 64 KiB before it
	lz4BlockSum  = 0x10
	lz4Size      = 0x08
	lz4FrameSum  = 0x04
	lz4Dict      = 0x01
	lz4Stored    = 1 << 31 // in a block's length: not compressed
	lz4Window    = 64 << 10
	lz4FrameHead = 4 + 2 // magic, flags, block size
)

var errLZ4 = errors.New("lz4: malformed frame")

// unlz4 appends the content of the frames in body to out.
func unlz4(out, body []byte, limit int) ([]byte, error) {
	for len(body) > 0 {
		var err error
		if out, body, err = lz4Frame(out, body, limit); err != nil {
			return out, err
		}
	}
	return out, nil
}

func lz4Frame(out, body []byte, limit int) (_, rest []byte, err error) {
	if len(body) < lz4FrameHead || binary.LittleEndian.Uint32(body) != lz4Magic {
		return out, nil, errLZ4
	}
	flags, sizes := body[4], body[5]
	if flags&0xC0 != lz4Version || flags&lz4Dict != 0 {
		return out, nil, fmt.Errorf("lz4: frame with flags %#02x is not supported", flags)
	}
	r := wire{b: body[lz4FrameHead:]}
	if flags&lz4Size != 0 {
		r.skip(8)
	}
	r.skip(1) // header checksum
	block, err := lz4BlockMax(sizes)
	if err != nil {
		return out, nil, err
	}
	start := len(out)
	for {
		head := r.skip(4)
		if r.bad {
			return out, nil, errLZ4
		}
		size := binary.LittleEndian.Uint32(head)
		if size == 0 {
			break
		}
		data := r.skip(int(size &^ lz4Stored))
		if flags&lz4BlockSum != 0 {
			r.skip(4)
		}
		if r.bad || len(data) > block {
			return out, nil, errLZ4
		}
		var dict []byte
		if flags&lz4Alone == 0 {
			dict = out[max(start, len(out)-lz4Window):]
		}
		if out, err = lz4Block(out, data, dict, size&lz4Stored != 0, block, limit); err != nil {
			return out, nil, err
		}
	}
	if flags&lz4FrameSum != 0 {
		r.skip(4)
	}
	if r.bad {
		return out, nil, errLZ4
	}
	return out, r.b, nil
}

// lz4BlockMax is the most bytes that a block of the frame holds.
func lz4BlockMax(sizes byte) (int, error) {
	switch sizes >> 4 & 7 {
	case 4:
		return 64 << 10, nil
	case 5:
		return 256 << 10, nil
	case 6:
		return 1 << 20, nil
	case 7:
		return 4 << 20, nil
	}
	return 0, fmt.Errorf("lz4: block size code %d", sizes>>4&7)
}

// lz4Block appends one block. It does not say how long it will be: room for
// four times its length is made first, and more if that is too little, up to a full block or
// what the limit leaves; a block that needs more is too large.
func lz4Block(out, data, dict []byte, stored bool, block, limit int) ([]byte, error) {
	if stored {
		return lz4Copy(out, data, limit)
	}
	most := min(block, limit-len(out))
	for room := min(most, max(cap(out)-len(out), 4*len(data))); ; room = min(most, 4*room) {
		var err error
		if out, err = grow(out, room, limit); err != nil {
			return out, fmt.Errorf("lz4: %w", err)
		}
		n, err := lz4.UncompressBlockWithDict(data, out[len(out):len(out)+room], dict)
		switch {
		case err == nil:
			return out[:len(out)+n], nil
		case room < most:
			continue
		case most < block:
			return out, named("lz4", tooLarge(limit))
		}
		return out, fmt.Errorf("lz4: %w", err)
	}
}

func lz4Copy(out, data []byte, limit int) ([]byte, error) {
	if len(data) > limit-len(out) {
		return out, named("lz4", tooLarge(limit))
	}
	return append(out, data...), nil
}
