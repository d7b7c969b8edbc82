package exchange

import (
	"fmt"
	"hash/crc32"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/spikeline/spikeline/processor/window"
)

// Encoder turns messages into Kafka message values. It reuses its columns and compressors.
type Encoder struct {
	limit   int // bytes of a value
	partial partialColumns
	ledger  ledgerColumns
	rejects rejectColumns
	streams map[kind]*stream
	perRow  int // bytes a row took in the last partial, to guess the number of chunks
}

// NewEncoder makes an encoder of values of at most maxMessageBytes.
func NewEncoder(maxMessageBytes int) *Encoder {
	e := &Encoder{limit: maxMessageBytes, streams: map[kind]*stream{}}
	for k, schema := range schemas {
		e.streams[k] = newStream(schema)
	}
	return e
}

// Encode gives the values of one message, to be sent in this order: the
// partial, the blocks, the rejects, each only if there is one. The watermark
// and the idleness are told by the last value alone.
func (e *Encoder) Encode(m *window.Message) ([][]byte, error) {
	h := header{source: m.Source, sources: m.Sources, position: m.Position, behind: m.Behind, chunk: 1, chunks: 1}
	last := lastKind(m)
	tell := func(k kind) *header {
		h := h
		h.kind, h.watermark = k, window.NoTime
		if k == last {
			h.watermark, h.idle = m.Watermark, m.Idle
		}
		return &h
	}
	var values [][]byte
	var err error
	if m.Partial != nil {
		if values, err = e.encodePartial(tell(partialKind), m.Partial); err != nil {
			return nil, err
		}
	}
	for _, part := range []struct {
		kind  kind
		rows  int
		batch func(from, to int) arrow.Record
	}{
		{ledgerKind, len(m.Blocks), func(from, to int) arrow.Record { return e.ledger.record(m.Blocks[from:to]) }},
		{rejectKind, len(m.Rejects), func(from, to int) arrow.Record { return e.rejects.record(m.Rejects[from:to]) }},
		{progressKind, 0, func(int, int) arrow.Record { return record(schemas[progressKind], 0) }},
	} {
		if part.rows == 0 && part.kind != last {
			continue
		}
		if values, err = e.encodeRows(values, tell(part.kind), 0, part.rows, part.batch); err != nil {
			return nil, err
		}
	}
	return values, nil
}

func lastKind(m *window.Message) kind {
	switch {
	case len(m.Rejects) > 0:
		return rejectKind
	case len(m.Blocks) > 0:
		return ledgerKind
	case m.Partial != nil:
		return partialKind
	}
	return progressKind
}

// encodeRows writes independent rows, in halves while they are too large for one value.
func (e *Encoder) encodeRows(values [][]byte, h *header, from, to int, batch func(from, to int) arrow.Record) ([][]byte, error) {
	rows := batch(from, to)
	value, err := e.streams[h.kind].write(h.metadata(), rows)
	if err != nil {
		return nil, fmt.Errorf("exchange: encode %s of %s/%d: %w", h.kind, h.source.Topic, h.source.Partition, err)
	}
	if len(value) <= e.limit && rawSize(rows) <= maxRawBytes {
		return append(values, value), nil
	}
	if to-from < 2 {
		return nil, fmt.Errorf("exchange: one row of %s of %s/%d takes %d bytes, max_message_bytes allows %d: raise it", h.kind, h.source.Topic, h.source.Partition, len(value), e.limit)
	}
	first, middle := *h, (from+to)/2
	first.watermark, first.idle = window.NoTime, false
	if values, err = e.encodeRows(values, &first, from, middle, batch); err != nil {
		return nil, err
	}
	return e.encodeRows(values, h, middle, to, batch)
}

// encodePartial writes a partial into as few values as its size needs.
func (e *Encoder) encodePartial(h *header, p *window.Partial) ([][]byte, error) {
	h.start, h.through = p.Start, p.Through
	n := 1 + e.perRow*len(p.Rows)/e.limit
	for {
		n = max(1, min(n, len(p.Rows)))
		values, fits, err := e.encodeChunks(h, p.Rows, n)
		if fits || err != nil {
			return values, err
		}
		if n >= min(len(p.Rows), maxChunks) {
			return nil, fmt.Errorf("exchange: a partial of %d rows of %s/%d does not fit %d messages of %d bytes: raise max_message_bytes", len(p.Rows), h.source.Topic, h.source.Partition, n, e.limit)
		}
		n = min(n+n/4+1, maxChunks)
	}
}

// encodeChunks writes rows into n values, or says that they do not fit.
func (e *Encoder) encodeChunks(h *header, rows []window.Row, n int) (values [][]byte, fits bool, err error) {
	watermark, idle, total := h.watermark, h.idle, 0
	whole := *h
	if whole.chunks = n; n > 1 {
		whole.content = checksum(e.partial.record(rows))
	}
	for i := range n {
		part := rows[i*len(rows)/n : (i+1)*len(rows)/n]
		chunk := whole
		chunk.chunk, chunk.watermark, chunk.idle = i+1, window.NoTime, false
		if i == n-1 {
			chunk.watermark, chunk.idle = watermark, idle
		}
		batch := e.partial.record(part)
		value, err := e.streams[partialKind].write(chunk.metadata(), batch)
		if err != nil {
			return nil, false, fmt.Errorf("exchange: encode partial of %s/%d: %w", h.source.Topic, h.source.Partition, err)
		}
		if len(value) > e.limit || rawSize(batch) > maxRawBytes {
			e.perRow = len(value) / max(1, len(part))
			return nil, false, nil
		}
		values, total = append(values, value), total+len(value)
	}
	e.perRow = total / max(1, len(rows))
	return values, true, nil
}

// maxRawBytes bounds a batch before compression, so that a reader can bound what it unpacks.
const maxRawBytes = 32 << 20

func rawSize(batch arrow.Record) (n int) {
	for _, c := range batch.Columns() {
		n += int(c.Data().SizeInBytes())
	}
	return n
}

func checksum(batch arrow.Record) (sum uint32) {
	for _, c := range batch.Columns() {
		sum = checksumData(sum, c.Data())
	}
	return sum
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksumData(sum uint32, d arrow.ArrayData) uint32 {
	for _, b := range d.Buffers() {
		if b != nil {
			sum = crc32.Update(sum, castagnoli, b.Bytes())
		}
	}
	for _, c := range d.Children() {
		sum = checksumData(sum, c)
	}
	return sum
}
