package ingest

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Batch is a cursor over the records of one fetch. The fields change with
// each Next; Key and Value are valid until the next call of Batch.Next or Partition.Next.
//
//	for b.Next() {
//		use(b.Offset, b.Value)
//	}
//	if err := b.Err(); err != nil { ... }
type Batch struct {
	Offset    int64
	TimeMs    int64 // Unix milliseconds, from the producer or (LogAppend) the broker
	LogAppend bool
	Key       []byte // nil for none
	Value     []byte // nil for none

	// NextOffset is where reading goes on: after the last record handed out
	// and, once Next has returned false, also after what is never handed
	// out (transaction markers, aborted transactions, holes left by compaction).
	NextOffset int64
	// HighWatermark is the end of the partition when the broker answered;
	// -1 when no answer came in time.
	HighWatermark int64

	want    int64  // no record below is handed out
	rest    []byte // batches still to be read
	cut     bool   // rest ends where the response was cut off
	data    []byte // records of the current batch, decompressed, still to be read
	left    int32  // how many those are
	current recordBatch
	aborted abortedRanges
	unpack  decompressor

	topic     string
	partition int32
	bad       error // why the cursor ended early
	err       error // the same, once trying again has not helped
	badAt     int64 // where it last ended early
	tries     int   // how often there
	count     uint64
}

// BatchError is a batch that cannot be read. SeekTo(Last+1) skips it; without that it is tried again.
type BatchError struct {
	Topic       string
	Partition   int32
	First, Last int64 // offsets that are not handed out
	Err         error
}

func (e *BatchError) Error() string {
	return fmt.Sprintf("%s/%d@%d: the batch that ends at offset %d cannot be read: %v", e.Topic, e.Partition, e.First, e.Last, e.Err)
}

func (e *BatchError) Unwrap() error { return e.Err }

// maxTries is how often a bad batch is fetched before it is reported: a fault on the way heals, one on the disk does not.
const maxTries = 3

// CaughtUp says that the broker answered, and had nothing more.
func (b *Batch) CaughtUp() bool { return b.HighWatermark >= 0 && b.NextOffset >= b.HighWatermark }

// Err returns a *BatchError when the cursor ended before its end because a
// batch cannot be read, after that was tried three times.
func (b *Batch) Err() error { return b.err }

// reset puts the cursor before the first record of an answer.
func (b *Batch) reset(a *answer, want int64) {
	b.Key, b.Value = nil, nil
	b.NextOffset, b.want, b.HighWatermark = want, want, a.highWatermark
	b.rest, b.cut, b.data, b.left, b.current = a.records, a.cut, nil, 0, recordBatch{}
	b.aborted.reset(a.aborted)
	b.bad, b.err, b.count = nil, nil, 0
}

// clear empties the cursor: no answer came.
func (b *Batch) clear(next int64) {
	b.reset(&answer{highWatermark: -1}, next)
}

// Next moves to the next record, and says whether there is one.
func (b *Batch) Next() bool {
	for {
		for b.left > 0 {
			b.left--
			if err := b.record(); err != nil {
				return b.fail(err)
			}
			if b.Offset >= b.NextOffset {
				b.NextOffset = b.Offset + 1
				b.count++
				return true
			}
			if b.Offset >= b.want {
				return b.fail(fmt.Errorf("record with offset %d after offset %d", b.Offset, b.NextOffset-1))
			}
		}
		if more, err := b.advance(); err != nil {
			return b.fail(err)
		} else if !more {
			return false
		}
	}
}

// advance goes to the next batch that has records to hand out.
func (b *Batch) advance() (bool, error) {
	if b.bad != nil {
		return false, nil
	}
	if b.current.body != nil {
		b.NextOffset = max(b.NextOffset, b.current.last+1)
		b.current.body = nil
	}
	for len(b.rest) > 0 {
		rb, rest, whole, err := readBatch(b.rest)
		first := b.NextOffset == b.want
		b.current = rb
		switch {
		case err != nil:
			return false, err
		case !whole && first && b.cut:
			return false, fmt.Errorf("batch %w", ErrTooLarge)
		case !whole && first:
			return false, errors.New("batch cut short")
		case !whole:
			b.rest = nil
			return false, nil
		case rb.last < b.NextOffset:
			return false, fmt.Errorf("batch with offsets %d to %d comes after offset %d", rb.base, rb.last, b.NextOffset-1)
		}
		b.rest = rest
		if err := rb.check(); err != nil {
			return false, err
		}
		if b.aborted.skips(&rb) {
			b.NextOffset = rb.last + 1
			b.current.body = nil
			continue
		}
		return true, b.enter(&rb)
	}
	return false, nil
}

// enter unpacks a batch's records.
func (b *Batch) enter(rb *recordBatch) (err error) {
	if b.data, err = b.unpack.records(rb); err != nil {
		return err
	}
	if int(rb.count) > len(b.data)/minRecordSize {
		return fmt.Errorf("%d records in %d bytes", rb.count, len(b.data))
	}
	b.left, b.LogAppend = rb.count, rb.logAppend()
	return nil
}

// minRecordSize is the length, attributes, two deltas, no key, no value, no headers: one byte each.
const minRecordSize = 7

// fail ends the cursor before the record that cannot be read.
func (b *Batch) fail(err error) bool {
	if b.badAt != b.NextOffset {
		b.badAt, b.tries = b.NextOffset, 0
	}
	b.tries++
	if b.tries >= maxTries || errors.Is(err, ErrTooLarge) {
		b.err = &BatchError{Topic: b.topic, Partition: b.partition, First: b.NextOffset, Last: b.lastOfBad(), Err: err}
	}
	b.bad, b.rest, b.data, b.left = err, nil, nil, 0
	b.current.body = nil
	return false
}

// lastOfBad is the last offset of a batch that cannot be read. Its header
// may be wrong as well: it is believed up to the next batch that is sound, and up to the partition's end.
func (b *Batch) lastOfBad() int64 {
	last := min(b.current.last, b.HighWatermark-1)
	if rb, _, whole, err := readBatch(b.rest); err == nil && whole && rb.base > b.NextOffset && rb.check() == nil {
		last = min(last, rb.base-1)
	}
	return max(last, b.NextOffset)
}

// record reads the record at the start of data:
//
//	varint length, int8 attributes, varint time delta, varint offset delta,
//	varint length and bytes of the key, the same of the value, headers
func (b *Batch) record() error {
	size, n := varint(b.data)
	if n <= 0 || size < 0 || size > int64(len(b.data)-n) {
		return fmt.Errorf("record of %d bytes in the %d that are left of the batch", size, len(b.data))
	}
	r := b.data[n : n+int(size)]
	b.data = b.data[n+int(size):]
	if len(r) == 0 {
		return errors.New("record of 0 bytes")
	}
	r = r[1:] // attributes: none are defined
	timeDelta, n := varint(r)
	if n <= 0 {
		return errors.New("record with a malformed time")
	}
	offsetDelta, m := varint(r[n:])
	if m <= 0 || offsetDelta < 0 || offsetDelta > b.current.last-b.current.base {
		return fmt.Errorf("record with offset delta %d in a batch of %d", offsetDelta, b.current.last-b.current.base+1)
	}
	r = r[n+m:]
	var ok bool
	if b.Key, r, ok = field(r); !ok {
		return errors.New("record with a malformed key")
	}
	if b.Value, _, ok = field(r); !ok {
		return errors.New("record with a malformed value")
	}
	b.Offset = b.current.base + offsetDelta
	b.TimeMs = b.current.baseTime + timeDelta
	if b.LogAppend {
		b.TimeMs = b.current.maxTime
	}
	return nil
}

// field reads a length and as many bytes; length -1 is nil.
func field(b []byte) (value, rest []byte, ok bool) {
	size, n := varint(b)
	if n <= 0 || size < -1 || size > int64(len(b)-n) {
		return nil, nil, false
	}
	b = b[n:]
	if size < 0 {
		return nil, b, true
	}
	return b[:size:size], b[size:], true
}

// varint is binary.Varint with a quick way for one and two bytes.
func varint(b []byte) (int64, int) {
	if len(b) > 1 {
		if b[0] < 0x80 {
			return int64(b[0]>>1) ^ -int64(b[0]&1), 1
		}
		if b[1] < 0x80 {
			u := uint64(b[0]&0x7f) | uint64(b[1])<<7
			return int64(u>>1) ^ -int64(u&1), 2
		}
	}
	return binary.Varint(b)
}

// abortedRanges knows which batches belong to aborted transactions: those of
// a producer from the first offset that the broker names, to its next marker.
type abortedRanges struct {
	pending []byte // ascending by first offset, abortedSize bytes each
	active  map[int64]struct{}
}

func (a *abortedRanges) reset(pending []byte) {
	a.pending = pending
	clear(a.active)
}

// skips says whether no record of rb is to be handed out. It must see every batch, in order.
func (a *abortedRanges) skips(rb *recordBatch) bool {
	for len(a.pending) >= abortedSize && int64(binary.BigEndian.Uint64(a.pending[8:])) <= rb.last {
		if a.active == nil {
			a.active = map[int64]struct{}{}
		}
		a.active[int64(binary.BigEndian.Uint64(a.pending))] = struct{}{}
		a.pending = a.pending[abortedSize:]
	}
	if rb.control() {
		delete(a.active, rb.producer) // a marker ends the producer's transaction either way
		return true
	}
	if rb.attributes&transactional == 0 || len(a.active) == 0 {
		return false
	}
	_, gone := a.active[rb.producer]
	return gone
}
