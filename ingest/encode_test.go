package ingest

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"

	"github.com/segmentio/kafka-go"
)

// encoding is a record batch to be written by a test.
type encoding struct {
	base       int64
	attributes int16
	producer   int64
	epoch      int16
	baseTime   int64
	maxTime    int64
	lastDelta  int32
	count      int32
	records    []byte
	codec      kafka.Compression
}

// testRecord is a record to be written; nil key or value is Kafka's null.
type testRecord struct {
	offsetDelta, timeDelta int64
	key, value             []byte
}

// batchOf is records with consecutive offsets.
func batchOf(values ...string) []testRecord {
	list := make([]testRecord, len(values))
	for i, v := range values {
		list[i] = testRecord{offsetDelta: int64(i), timeDelta: int64(i), value: []byte(v)}
	}
	return list
}

// encode writes records as one batch; change has the last word on its header.
func encode(records []testRecord, change func(*encoding)) []byte {
	e := encoding{producer: -1, epoch: -1, count: int32(len(records))}
	for _, r := range records {
		e.records = appendRecord(e.records, r)
		e.lastDelta = max(e.lastDelta, int32(r.offsetDelta))
		e.maxTime = max(e.maxTime, r.timeDelta)
	}
	if change != nil {
		change(&e)
	}
	return e.bytes()
}

func appendRecord(b []byte, r testRecord) []byte {
	body := []byte{0}
	body = binary.AppendVarint(body, r.timeDelta)
	body = binary.AppendVarint(body, r.offsetDelta)
	for _, f := range [][]byte{r.key, r.value} {
		if f == nil {
			body = binary.AppendVarint(body, -1)
			continue
		}
		body = append(binary.AppendVarint(body, int64(len(f))), f...)
	}
	body = binary.AppendVarint(body, 1) // one header
	body = append(binary.AppendVarint(body, 2), "id"...)
	body = append(binary.AppendVarint(body, 1), 'x')
	return append(binary.AppendVarint(b, int64(len(body))), body...)
}

func (e *encoding) bytes() []byte {
	body := e.records
	if e.codec != 0 {
		var packed bytes.Buffer
		w := e.codec.Codec().NewWriter(&packed)
		if _, err := w.Write(body); err != nil {
			panic(err)
		}
		if err := w.Close(); err != nil {
			panic(err)
		}
		body = packed.Bytes()
	}
	b := make([]byte, headerSize, headerSize+len(body))
	binary.BigEndian.PutUint64(b, uint64(e.base))
	binary.BigEndian.PutUint32(b[8:], uint32(headerSize-lengthEnd+len(body)))
	b[magicOffset] = 2
	binary.BigEndian.PutUint16(b[21:], uint16(e.attributes|int16(e.codec)))
	binary.BigEndian.PutUint32(b[23:], uint32(e.lastDelta))
	binary.BigEndian.PutUint64(b[27:], uint64(e.baseTime))
	binary.BigEndian.PutUint64(b[35:], uint64(e.baseTime+e.maxTime))
	binary.BigEndian.PutUint64(b[43:], uint64(e.producer))
	binary.BigEndian.PutUint16(b[51:], uint16(e.epoch))
	binary.BigEndian.PutUint32(b[57:], uint32(e.count))
	b = append(b, body...)
	sign(b)
	return b
}

// sign writes the checksum that fits the batch.
func sign(b []byte) {
	binary.BigEndian.PutUint32(b[17:], crc32.Checksum(b[crcStart:], castagnoli))
}
