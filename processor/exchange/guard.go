package exchange

import (
	"encoding/binary"
	"fmt"

	flatbuffers "github.com/google/flatbuffers/go"
)

// Arrow's reader trusts its input: a schema that contains itself overflows the
// stack, a wrong length takes all memory, and neither can be recovered from.
// verify walks a value's framing and schema first, within narrow bounds; what
// else is wrong with a value makes the reader panic, which is recovered.

const (
	maxFields = 64 // of a schema, nested ones included
	maxDepth  = 4  // map, entries, key: 3
	maxPairs  = 32 // of metadata
)

// Slots of the tables in Arrow's Message.fbs and Schema.fbs.
const (
	messageHeaderType, messageHeader, messageBodyLength = 6, 8, 10
	schemaFields, schemaMetadata                        = 6, 8
	fieldChildren, fieldMetadata                        = 14, 16
	batchCompression, compressionCodec                  = 10, 4
	headerSchema, headerBatch                           = 1, 3
	codecLZ4                                            = 0
)

// verify says why a value cannot be handed to Arrow's reader. It may panic on damaged input.
func verify(value []byte) error {
	schema, rest, err := nextMessage(value, headerSchema)
	if err != nil {
		return fmt.Errorf("schema: %w", err)
	}
	if err := verifySchema(schema); err != nil {
		return fmt.Errorf("schema: %w", err)
	}
	batch, _, err := nextMessage(rest, headerBatch)
	if err != nil {
		return fmt.Errorf("record batch: %w", err)
	}
	if c, ok := child(batch, batchCompression); ok && c.GetInt8Slot(compressionCodec, codecLZ4) != codecLZ4 {
		return fmt.Errorf("record batch: compression codec %d, allowed is LZ4 (%d)", c.GetInt8Slot(compressionCodec, codecLZ4), codecLZ4)
	}
	return nil
}

// nextMessage gives the header table of the first IPC message of b, and what follows the message.
func nextMessage(b []byte, want byte) (header flatbuffers.Table, rest []byte, err error) {
	if len(b) < 8 || binary.LittleEndian.Uint32(b) != 0xffffffff {
		return header, nil, fmt.Errorf("no Arrow IPC message in %d bytes", len(b))
	}
	length := int64(binary.LittleEndian.Uint32(b[4:]))
	if b = b[8:]; length < 8 || length > int64(len(b)) {
		return header, nil, fmt.Errorf("metadata of %d bytes in %d", length, len(b))
	}
	meta, rest := b[:length], b[length:]
	message := flatbuffers.Table{Bytes: meta, Pos: flatbuffers.GetUOffsetT(meta)}
	body := message.GetInt64Slot(messageBodyLength, 0)
	if body < 0 || body > int64(len(rest)) {
		return header, nil, fmt.Errorf("body of %d bytes in %d", body, len(rest))
	}
	if got := message.GetByteSlot(messageHeaderType, 0); got != want {
		return header, nil, fmt.Errorf("message of type %d, want %d", got, want)
	}
	o := message.Offset(messageHeader)
	if o == 0 {
		return header, nil, fmt.Errorf("message without a header")
	}
	message.Union(&header, flatbuffers.UOffsetT(o))
	return header, rest[body:], nil
}

func verifySchema(schema flatbuffers.Table) error {
	if n := vectorLen(schema, schemaMetadata); n > maxPairs {
		return fmt.Errorf("%d metadata entries, allowed are %d", n, maxPairs)
	}
	budget := maxFields
	return verifyFields(schema, schemaFields, maxDepth, &budget)
}

func verifyFields(parent flatbuffers.Table, slot flatbuffers.VOffsetT, depth int, budget *int) error {
	n := vectorLen(parent, slot)
	if *budget -= n; *budget < 0 || n > 0 && depth == 0 {
		return fmt.Errorf("more than %d fields, or nested deeper than %d", maxFields, maxDepth)
	}
	for i := range n {
		at := parent.Vector(flatbuffers.UOffsetT(parent.Offset(slot))) + flatbuffers.UOffsetT(i*4)
		field := flatbuffers.Table{Bytes: parent.Bytes, Pos: parent.Indirect(at)}
		if n := vectorLen(field, fieldMetadata); n > maxPairs {
			return fmt.Errorf("%d metadata entries of a field, allowed are %d", n, maxPairs)
		}
		if err := verifyFields(field, fieldChildren, depth-1, budget); err != nil {
			return err
		}
	}
	return nil
}

func vectorLen(t flatbuffers.Table, slot flatbuffers.VOffsetT) int {
	if o := t.Offset(slot); o != 0 {
		return t.VectorLen(flatbuffers.UOffsetT(o))
	}
	return 0
}

func child(t flatbuffers.Table, slot flatbuffers.VOffsetT) (flatbuffers.Table, bool) {
	o := t.Offset(slot)
	if o == 0 {
		return flatbuffers.Table{}, false
	}
	return flatbuffers.Table{Bytes: t.Bytes, Pos: t.Indirect(t.Pos + flatbuffers.UOffsetT(o))}, true
}

// budget is an allocator that ends a reading which wants more memory than an honest value needs.
type budget struct{ left int }

func (b *budget) Allocate(size int) []byte {
	if b.left -= size; size < 0 || b.left < 0 {
		panic(fmt.Sprintf("its buffers need more than the %d bytes allowed", maxUnpackedBytes))
	}
	return make([]byte, size)
}

func (b *budget) Reallocate(size int, old []byte) []byte {
	if size <= cap(old) {
		return old[:size]
	}
	grown := b.Allocate(size)
	copy(grown, old)
	return grown
}

func (*budget) Free([]byte) {}
