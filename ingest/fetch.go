package ingest

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/fetch"
)

// exchange is one fetch from one partition: the request, and the response in
// a buffer that the next exchange uses again. It travels on kafka-go's
// connections as a protocol.RawExchanger, so that the records are neither
// copied nor decoded on the way.
//
// After an exchange that was cancelled or failed, kafka-go's goroutine may
// still be writing to the buffer: such an exchange must be dropped, not used again.
type exchange struct {
	request  fetch.Request
	clientID string
	limit    int             // of the response's bytes
	version  int16           // of the fetch API, as agreed with the broker
	stop     context.Context // ends the exchange and its connection at once

	buffer []byte
	answer
	next int64 // the offset after the last complete batch
	dead error // the partition cannot be read on
}

// answer is what the broker said. Its slices alias the exchange's buffer.
type answer struct {
	failure        kafka.Error // 0 for none
	highWatermark  int64
	logStartOffset int64
	aborted        []byte // 16 bytes each: producer id, first offset
	records        []byte
	cut            bool // the response was larger than the limit; records holds its beginning
}

// Fetch API versions: 4 brought record batches with aborted transactions
// (Kafka 0.11); 11 is the newest that kafka-go knows.
const minFetchVersion, maxFetchVersion = 4, 11

func newExchange(cfg Config, topic string, partition int32) *exchange {
	return &exchange{
		clientID: cfg.ClientID,
		limit:    cfg.Fetch.MaxBatchBytes,
		request: fetch.Request{
			ReplicaID:      -1,
			MaxWaitTime:    int32(cfg.Fetch.MaxWait / time.Millisecond),
			MinBytes:       int32(cfg.Fetch.MinBytes),
			MaxBytes:       int32(cfg.Fetch.MaxBytes),
			IsolationLevel: 1, // read committed
			SessionEpoch:   -1,
			Topics: []fetch.RequestTopic{{Topic: topic, Partitions: []fetch.RequestPartition{{
				Partition:          partition,
				CurrentLeaderEpoch: -1,
				LogStartOffset:     -1,
				PartitionMaxBytes:  int32(cfg.Fetch.MaxBytes),
			}}}},
		},
	}
}

func (x *exchange) offset() int64     { return x.request.Topics[0].Partitions[0].FetchOffset }
func (x *exchange) setOffset(o int64) { x.request.Topics[0].Partitions[0].FetchOffset = o }

// setMost bounds the next answer, in bytes.
func (x *exchange) setMost(n int) {
	x.request.MaxBytes, x.request.Topics[0].Partitions[0].PartitionMaxBytes = int32(n), int32(n)
}

// ApiKey, Broker, Required and RawExchange are how kafka-go's Transport sees an exchange.
func (x *exchange) ApiKey() protocol.ApiKey { return protocol.Fetch }

func (x *exchange) Broker(c protocol.Cluster) (protocol.Broker, error) { return x.request.Broker(c) }

func (x *exchange) Required(versions map[protocol.ApiKey]int16) bool {
	x.version = versions[protocol.Fetch]
	return true
}

func (x *exchange) RawExchange(rw io.ReadWriter) (protocol.Message, error) {
	if x.version < minFetchVersion || x.version > maxFetchVersion {
		return nil, fmt.Errorf("the broker offers version %d of the fetch API; versions %d to %d (Kafka 0.11 and later) are supported", x.version, minFetchVersion, maxFetchVersion)
	}
	release := context.AfterFunc(x.stop, func() {
		if conn, ok := rw.(interface{ SetDeadline(time.Time) error }); ok {
			conn.SetDeadline(time.Unix(1, 0))
		}
	})
	err := x.converse(rw)
	switch stopped := !release(); {
	case stopped:
		return nil, x.stop.Err() // a connection whose deadline was moved must not be used again
	case err == nil && x.cut:
		return nil, errCut
	case err != nil:
		return nil, err
	}
	return x, nil
}

// errCut closes the connection on which the rest of a response was left unread.
var errCut = errors.New("response larger than fetch.max_batch_bytes")

func (x *exchange) converse(rw io.ReadWriter) error {
	const correlation = 1 // a connection carries one exchange at a time
	if err := protocol.WriteRequest(rw, x.version, correlation, x.clientID, &x.request); err != nil {
		return err
	}
	var head [8]byte
	if _, err := io.ReadFull(rw, head[:]); err != nil {
		return err
	}
	size := int(int32(binary.BigEndian.Uint32(head[:])))
	if id := binary.BigEndian.Uint32(head[4:]); id != correlation {
		return fmt.Errorf("answer to request %d, not to %d", id, correlation)
	}
	if size < 4 {
		return fmt.Errorf("response of %d bytes", size)
	}
	size -= 4
	x.answer = answer{cut: size > x.limit+responseOverhead}
	if x.cut {
		size = x.limit + responseOverhead
	}
	if most := 4 * int(x.request.MaxBytes); cap(x.buffer) > most && size < most {
		x.buffer = nil // a single huge batch came earlier: its memory is not kept
	}
	x.buffer = resize(x.buffer, size)
	if _, err := io.ReadFull(rw, x.buffer); err != nil {
		return err
	}
	return x.parse()
}

// responseOverhead is room for what surrounds the records in a response.
const responseOverhead = 1 << 16

// parse finds the answer in the buffer.
func (x *exchange) parse() error {
	r := wire{b: x.buffer}
	r.int32() // throttle time
	if x.version >= 7 {
		x.failure = kafka.Error(r.int16())
		r.int32() // session
	}
	topics := r.int32()
	if x.failure != 0 {
		return nil
	}
	r.skip(int(r.int16())) // topic
	partitions := r.int32()
	if r.bad || topics != 1 || partitions != 1 {
		return fmt.Errorf("response with %d topics and %d partitions to a fetch from one partition", topics, partitions)
	}
	r.int32() // partition
	x.failure = kafka.Error(r.int16())
	x.highWatermark = r.int64()
	r.int64() // last stable offset
	if x.version >= 5 {
		x.logStartOffset = r.int64()
	}
	if n := r.int32(); n > 0 {
		x.aborted = r.skip(int(n) * abortedSize)
	}
	if x.version >= 11 {
		r.int32() // preferred replica
	}
	size := int(r.int32())
	if x.cut {
		x.records = r.b
	} else if size > 0 {
		x.records = r.skip(size)
	}
	if r.bad {
		return fmt.Errorf("malformed response of %d bytes", len(x.buffer))
	}
	return nil
}

const abortedSize = 16

// wire reads big-endian integers; bad is set once too few bytes are left.
type wire struct {
	b   []byte
	bad bool
}

// skip returns the next n bytes.
func (r *wire) skip(n int) []byte {
	if n < 0 || n > len(r.b) {
		r.bad, r.b = true, nil
		return nil
	}
	head := r.b[:n:n]
	r.b = r.b[n:]
	return head
}

func (r *wire) int16() int16 {
	if b := r.skip(2); b != nil {
		return int16(binary.BigEndian.Uint16(b))
	}
	return 0
}

func (r *wire) int32() int32 {
	if b := r.skip(4); b != nil {
		return int32(binary.BigEndian.Uint32(b))
	}
	return 0
}

func (r *wire) int64() int64 {
	if b := r.skip(8); b != nil {
		return int64(binary.BigEndian.Uint64(b))
	}
	return 0
}

// resize returns a slice of n bytes, in b's memory where that is enough.
func resize(b []byte, n int) []byte {
	if cap(b) >= n {
		return b[:n]
	}
	return make([]byte, n)
}
