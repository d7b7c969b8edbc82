package ingest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// A record batch, format 2 (Kafka 0.11 and later):
//
//	 0 int64 base offset        21 int16 attributes        51 int16 producer epoch
//	 8 int32 bytes that follow  23 int32 last offset delta 53 int32 base sequence
//	12 int32 leader epoch       27 int64 base timestamp    57 int32 number of records
//	16 int8  magic: the format  35 int64 max timestamp     61 records, compressed together
//	17 uint32 CRC32C of 21...   43 int64 producer id
const (
	headerSize  = 61
	lengthEnd   = 12 // the length counts from here
	magicOffset = 16
	crcStart    = 21

	codecMask     = 0x07
	logAppendFlag = 0x08
	transactional = 0x10
	controlFlag   = 0x20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// ErrTooLarge is a batch beyond fetch.max_batch_bytes, as sent or decompressed.
var ErrTooLarge = errors.New("larger than fetch.max_batch_bytes")

// recordBatch is a batch's header and, still compressed, its records.
type recordBatch struct {
	base, last  int64 // offsets of the first and last record that the batch ever had
	attributes  int16
	baseTime    int64 // ms
	maxTime     int64 // ms
	producer    int64
	count       int32
	body        []byte
	checked     []byte // what the checksum covers
	wantedCheck uint32
}

// readBatch reads the batch at the start of b, and returns what follows it.
// whole is false, without an error, when b holds no more than a batch's beginning.
func readBatch(b []byte) (rb recordBatch, rest []byte, whole bool, err error) {
	if len(b) <= magicOffset {
		return rb, nil, false, nil
	}
	rb.base = int64(binary.BigEndian.Uint64(b))
	rb.last = rb.base
	if magic := b[magicOffset]; magic != 2 {
		return rb, nil, false, fmt.Errorf("message format %d; only 2 (Kafka 0.11 and later) is supported: let the topic's producers write the newer format", magic)
	}
	size := int64(int32(binary.BigEndian.Uint32(b[8:]))) + lengthEnd
	if size < headerSize || rb.base < 0 {
		return rb, nil, false, fmt.Errorf("batch of %d bytes at offset %d", size, rb.base)
	}
	if len(b) < headerSize {
		return rb, nil, false, nil
	}
	rb.read(b)
	if rb.last < rb.base || rb.count < 0 {
		return rb, nil, false, fmt.Errorf("batch with offsets %d to %d and %d records", rb.base, rb.last, rb.count)
	}
	if size > int64(len(b)) {
		return rb, nil, false, nil
	}
	rb.body = b[headerSize:size:size]
	rb.checked = b[crcStart:size]
	return rb, b[size:], true, nil
}

func (rb *recordBatch) read(b []byte) {
	rb.wantedCheck = binary.BigEndian.Uint32(b[17:])
	rb.attributes = int16(binary.BigEndian.Uint16(b[crcStart:]))
	rb.last = rb.base + int64(int32(binary.BigEndian.Uint32(b[23:])))
	rb.baseTime = int64(binary.BigEndian.Uint64(b[27:]))
	rb.maxTime = int64(binary.BigEndian.Uint64(b[35:]))
	rb.producer = int64(binary.BigEndian.Uint64(b[43:]))
	rb.count = int32(binary.BigEndian.Uint32(b[57:]))
}

func (rb *recordBatch) check() error {
	if got := crc32.Checksum(rb.checked, castagnoli); got != rb.wantedCheck {
		return fmt.Errorf("checksum %08x, not %08x as written", got, rb.wantedCheck)
	}
	return nil
}

func (rb *recordBatch) control() bool   { return rb.attributes&controlFlag != 0 }
func (rb *recordBatch) logAppend() bool { return rb.attributes&logAppendFlag != 0 }

// scan returns the offset after the last whole batch of b, at least from.
// sound is false when a batch cannot be read: the cursor will meet it and say why.
func scan(b []byte, from int64) (next int64, sound bool) {
	next = from
	for first := true; len(b) > 0; first = false {
		rb, rest, whole, err := readBatch(b)
		if err != nil || (first && !whole) {
			return next, false
		}
		if !whole {
			return next, true
		}
		if rb.last < next {
			return next, false
		}
		next, b = rb.last+1, rest
	}
	return next, true
}
