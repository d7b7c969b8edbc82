package exchange

import (
	"bytes"
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/ipc"

	"github.com/spikeline/spikeline/ingest/accesslog"
	"github.com/spikeline/spikeline/processor/window"
)

// maxUnpackedBytes bounds the memory that one value may ask Arrow's reader
// for: the value's own bytes, and its batch unpacked, with room for padding.
const maxUnpackedBytes = maxRawBytes + maxMessageBytes + 1<<20

// parse reads one value. Whatever is wrong with it is an error, never a panic.
func parse(value []byte, names *names) (h header, m window.Message, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("damaged: %v", p)
		}
	}()
	if err := verify(value); err != nil {
		return h, m, err
	}
	reader, err := ipc.NewReader(bytes.NewReader(value), ipc.WithAllocator(&budget{left: maxUnpackedBytes}))
	if err != nil {
		return h, m, err
	}
	defer reader.Release()
	if h, err = parseHeader(reader.Schema().Metadata()); err != nil {
		return h, m, err
	}
	if want := schemas[h.kind]; !reader.Schema().Equal(want) {
		return h, m, fmt.Errorf("%s has columns %s, want %s", h.kind, fieldsOf(reader.Schema()), fieldsOf(want))
	}
	if !reader.Next() {
		return h, m, fmt.Errorf("no record batch: %w", reader.Err())
	}
	m, err = message(&h, reader.Record(), names)
	return h, m, err
}

func fieldsOf(s *arrow.Schema) string {
	const most = 600
	return fmt.Sprintf("%.*s", most, fmt.Sprint(s.Fields()))
}

func message(h *header, batch arrow.Record, names *names) (window.Message, error) {
	m := window.Message{Source: h.source, Sources: h.sources, Watermark: h.watermark, Idle: h.idle, Behind: h.behind, Position: h.position}
	for i, c := range batch.Columns() {
		if c.NullN() != 0 {
			return m, fmt.Errorf("column %s has %d nulls, allowed is none", batch.ColumnName(i), c.NullN())
		}
	}
	var err error
	switch h.kind {
	case partialKind:
		m.Partial = &window.Partial{Start: h.start, Through: h.through}
		m.Partial.Rows, err = partialRows(batch, names)
	case ledgerKind:
		m.Blocks, err = ledgerRows(batch)
	case rejectKind:
		m.Rejects, err = rejectRows(batch, h.source)
	}
	return m, err
}

func partialRows(batch arrow.Record, names *names) ([]window.Row, error) {
	rows := make([]window.Row, batch.NumRows())
	services, pops := batch.Column(0).(*array.String), batch.Column(1).(*array.String)
	for i := range rows {
		rows[i].Service, rows[i].Pop = names.of(services.Value(i)), names.of(pops.Value(i))
	}
	for c := range counters {
		for i, n := range uint64s(batch, 2+c) {
			*counters[c].of(&rows[i].Counts) = n
		}
	}
	last := 2 + len(counters)
	if err := readNamed(batch.Column(last), cacheIndex, func(row int) []uint64 { return rows[row].CacheErrors[:] }); err != nil {
		return nil, fmt.Errorf("cache_errors: %w", err)
	}
	if err := readTally(batch.Column(last+1), 1<<16, statusCount, func(row int, s []window.StatusCount) { rows[row].Status = s }); err != nil {
		return nil, fmt.Errorf("status: %w", err)
	}
	if err := readTally(batch.Column(last+2), window.LatencyBuckets, latencyBucket, func(row int, l []window.LatencyBucket) { rows[row].Latency = l }); err != nil {
		return nil, fmt.Errorf("latency: %w", err)
	}
	return rows, nil
}

func ledgerRows(batch arrow.Record) ([]window.Block, error) {
	blocks := make([]window.Block, batch.NumRows())
	index, through := int64s(batch, 0), int64s(batch, 1)
	consumed, counted, tooLate, missing := uint64s(batch, 2), uint64s(batch, 3), uint64s(batch, 4), uint64s(batch, 5)
	for i := range blocks {
		blocks[i] = window.Block{
			Index: index[i], Through: through[i],
			Consumed: consumed[i], Counted: counted[i], TooLate: tooLate[i], Missing: missing[i],
		}
	}
	err := readNamed(batch.Column(6), reasonIndex, func(row int) []uint64 { return blocks[row].Rejected[:] })
	if err != nil {
		return nil, fmt.Errorf("rejected: %w", err)
	}
	return blocks, nil
}

func rejectRows(batch arrow.Record, source window.Source) ([]window.Reject, error) {
	rejects := make([]window.Reject, batch.NumRows())
	at, offset := batch.Column(0).(*array.Timestamp).TimestampValues(), int64s(batch, 1)
	reason, service := batch.Column(2).(*array.String), batch.Column(3).(*array.String)
	sample := batch.Column(4).(*array.Binary)
	for i := range rejects {
		r, known := reasonIndex[reason.Value(i)]
		if !known {
			return nil, fmt.Errorf("reason: %.40q is not known here: run the same version everywhere", reason.Value(i))
		}
		rejects[i] = window.Reject{
			At: int64(at[i]), Source: source, Offset: offset[i], Reason: accesslog.Reason(r),
			Service: string([]byte(service.Value(i))), Sample: string(sample.Value(i)),
		}
	}
	return rejects, nil
}

func statusCount(code uint16, n uint64) window.StatusCount {
	return window.StatusCount{Code: code, Count: n}
}

func latencyBucket(bucket uint16, n uint64) window.LatencyBucket {
	return window.LatencyBucket{Bucket: bucket, Count: n}
}

func uint64s(batch arrow.Record, column int) []uint64 {
	return batch.Column(column).(*array.Uint64).Uint64Values()
}

func int64s(batch arrow.Record, column int) []int64 {
	return batch.Column(column).(*array.Int64).Int64Values()
}

var (
	cacheIndex  = indexOf(int(accesslog.CacheStates), cacheName)
	reasonIndex = indexOf(int(accesslog.Reasons), reasonName)
)

func indexOf(n int, name func(int) string) map[string]int {
	index := make(map[string]int, n)
	for i := range n {
		index[name(i)] = i
	}
	return index
}
