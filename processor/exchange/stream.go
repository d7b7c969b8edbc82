package exchange

import (
	"bytes"
	"encoding/binary"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/ipc"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// stream writes Arrow IPC streams of one record batch each, all of one schema
// but with other metadata. Arrow's writer sets up its compressors anew for
// every stream, which costs more than a small message; this keeps them.
type stream struct {
	fields  []arrow.Field
	batches *ipc.Writer // writes to the stream itself, and the schema only once
	out     bytes.Buffer
}

func newStream(schema *arrow.Schema) *stream {
	s := &stream{fields: schema.Fields()}
	s.batches = ipc.NewWriterWithPayloadWriter(s, ipc.WithSchema(schema), ipc.WithLZ4(), ipc.WithMinSpaceSavings(0.05))
	empty := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	defer empty.Release()
	if err := s.batches.Write(empty.NewRecord()); err != nil { // brings the schema out of the way
		panic("BUG: exchange: an empty batch cannot be written: " + err.Error())
	}
	return s
}

var endOfStream = []byte{0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0}

// write gives the bytes of one stream; they are the caller's.
func (s *stream) write(md arrow.Metadata, batch arrow.Record) ([]byte, error) {
	s.out.Reset()
	schema := ipc.NewWriterWithPayloadWriter(s, ipc.WithSchema(arrow.NewSchema(s.fields, &md)))
	if err := schema.Close(); err != nil {
		return nil, err
	}
	if err := s.batches.Write(batch); err != nil {
		return nil, err
	}
	s.out.Write(endOfStream)
	return bytes.Clone(s.out.Bytes()), nil
}

// Start, WritePayload and Close make the stream Arrow's ipc.PayloadWriter.
func (s *stream) Start() error { return nil }

// Close does nothing: what ends a stream is written by write.
func (s *stream) Close() error { return nil }

// WritePayload frames one IPC message: a marker, the length of its metadata, the metadata padded to 8 bytes, the body.
func (s *stream) WritePayload(p ipc.Payload) error {
	meta := p.Meta()
	defer meta.Release()
	padding := -meta.Len() & 7
	var frame [8]byte
	binary.LittleEndian.PutUint32(frame[:4], 0xffffffff)
	binary.LittleEndian.PutUint32(frame[4:], uint32(meta.Len()+padding))
	s.out.Write(frame[:])
	s.out.Write(meta.Bytes())
	s.out.Write(make([]byte, padding))
	return p.SerializeBody(&s.out)
}
