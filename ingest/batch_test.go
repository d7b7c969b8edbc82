package ingest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/segmentio/kafka-go"
)

var codecs = []kafka.Compression{0, kafka.Gzip, kafka.Snappy, kafka.Lz4, kafka.Zstd}

// cursor is a Batch over b, as a fetch from offset want would give it.
func cursor(b []byte, want int64) *Batch {
	c := &Batch{}
	c.unpack.limit = 1 << 20
	c.reset(&answer{records: b, highWatermark: 1 << 40}, want)
	return c
}

// drain reads b to its end and writes what it saw.
func drain(b *Batch) string {
	var list []string
	for b.Next() {
		list = append(list, fmt.Sprintf("%d=%s", b.Offset, b.Value))
	}
	end := fmt.Sprintf("| next %d", b.NextOffset)
	if b.bad != nil {
		end += ": " + b.bad.Error()
	}
	return strings.Join(append(list, end), " ")
}

func at(base int64) func(*encoding) { return func(e *encoding) { e.base = base } }

func TestRecordsAreHandedOutFromTheWantedOffsetOn(t *testing.T) {
	ten := slices.Concat(encode(batchOf("a", "b", "c"), at(10)), encode(batchOf("d", "e"), at(13)))
	compacted := encode([]testRecord{{offsetDelta: 2, value: []byte("c")}, {offsetDelta: 5, value: []byte("f")}}, func(e *encoding) { e.base, e.lastDelta = 20, 9 })
	marker := encode([]testRecord{{key: []byte{0, 0, 0, 1}}}, func(e *encoding) { e.base, e.attributes, e.producer = 15, controlFlag|transactional, 7 })
	for _, c := range []struct {
		name  string
		bytes []byte
		want  int64
		says  string
	}{
		{"nothing", nil, 10, "| next 10"},
		{"all", ten, 10, "10=a 11=b 12=c 13=d 14=e | next 15"},
		{"from the middle of a batch", ten, 12, "12=c 13=d 14=e | next 15"},
		{"garbage", ten[len(ten)/2:], 10, "| next 10: message format 0; only 2 (Kafka 0.11 and later) is supported: let the topic's producers write the newer format"},
		{"a compacted batch", compacted, 20, "22=c 25=f | next 30"},
		{"only a compacted batch's empty end", compacted, 27, "| next 30"},
		{"a transaction marker at the end", slices.Concat(ten, marker), 10, "10=a 11=b 12=c 13=d 14=e | next 16"},
		{"an empty batch", encode(nil, func(e *encoding) { e.base, e.lastDelta = 10, 4 }), 10, "| next 15"},
		{"a batch cut short at the end", slices.Concat(ten, ten)[:len(ten)+30], 10, "10=a 11=b 12=c 13=d 14=e | next 15"},
		{"a batch cut short at the start", ten[:40], 10, "| next 10: batch cut short"},
		{"an older batch after a newer", slices.Concat(encode(batchOf("x"), at(30)), encode(batchOf("y"), at(10))), 10, "30=x | next 31: batch with offsets 10 to 10 comes after offset 30"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := drain(cursor(c.bytes, c.want)); got != c.says {
				t.Errorf("\ngot  %s\nwant %s", got, c.says)
			}
		})
	}
}

func TestEveryFaultOfABatchIsNamed(t *testing.T) {
	good := func() []byte { return encode(batchOf("a", "b", "c"), at(10)) }
	signed := func(change func([]byte)) []byte {
		b := good()
		change(b)
		sign(b)
		return b
	}
	for _, c := range []struct {
		name  string
		bytes []byte
		says  string
	}{
		{"a flipped bit", func() []byte { b := good(); b[70] ^= 4; return b }(), "checksum"},
		{"format 1", func() []byte { b := good(); b[magicOffset] = 1; return b }(), "message format 1; only 2 (Kafka 0.11 and later) is supported"},
		{"a length below the header's", func() []byte { b := good(); binary.BigEndian.PutUint32(b[8:], 20); return b }(), "batch of 32 bytes"},
		{"a negative length", func() []byte { b := good(); binary.BigEndian.PutUint32(b[8:], 1<<31); return b }(), "batch of -"},
		{"a negative last offset", signed(func(b []byte) { binary.BigEndian.PutUint32(b[23:], 1<<31) }), "batch with offsets 10 to -"},
		{"more records than bytes", signed(func(b []byte) { binary.BigEndian.PutUint32(b[57:], 1<<20) }), "1048576 records in"},
		{"more records than there are", signed(func(b []byte) { binary.BigEndian.PutUint32(b[57:], 4) }), "record of"},
		{"a negative count", signed(func(b []byte) { binary.BigEndian.PutUint32(b[57:], 1<<31) }), "-2147483648 records"},
		{"codec 7", signed(func(b []byte) { b[22] = 7 }), "compression codec 7; known are none, gzip, snappy, lz4 and zstd"},
		{"a record beyond the batch's offsets", encode([]testRecord{{offsetDelta: 9, value: []byte("a")}}, func(e *encoding) { e.base, e.lastDelta = 10, 3 }), "offset delta 9 in a batch of 4"},
		{"the same offset twice", encode([]testRecord{{value: []byte("a")}, {value: []byte("b")}}, at(10)), "offset 10 after offset 10"},
		{"a record longer than the rest", signed(func(b []byte) { b[headerSize] = 0x7e }), "record of 63 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := cursor(c.bytes, 10)
			if got := drain(b); !strings.Contains(got, c.says) {
				t.Errorf("got %s; want %q in it", got, c.says)
			}
			if b.Err() != nil {
				t.Errorf("reported at the first try: %v", b.Err())
			}
		})
	}
}

func TestABatchThatStaysBadIsReportedWithItsOffsets(t *testing.T) {
	bad := encode(batchOf("c", "d", "e"), at(12))
	bad[len(bad)-1] ^= 1
	b := cursor(nil, 0)
	for try := range maxTries {
		if try == 0 {
			b.reset(&answer{records: slices.Concat(encode(batchOf("a", "b"), at(10)), bad), highWatermark: 100}, 10)
		} else {
			b.reset(&answer{records: bad, highWatermark: 100}, 12)
		}
		for b.Next() {
		}
		if reported := b.Err() != nil; reported != (try == maxTries-1) {
			t.Fatalf("try %d: %v", try+1, b.Err())
		}
	}
	var report *BatchError
	if !errors.As(b.Err(), &report) || report.First != 12 || report.Last != 14 {
		t.Errorf("%v", b.Err())
	}
}

func TestKeysTimesAndNullsAreKept(t *testing.T) {
	records := []testRecord{
		{key: nil, value: []byte("a"), timeDelta: -5},
		{key: []byte{}, value: nil, offsetDelta: 1, timeDelta: 200},
		{key: []byte("k"), value: []byte{}, offsetDelta: 2, timeDelta: 1 << 40},
	}
	for _, appended := range []bool{false, true} {
		b := cursor(encode(records, func(e *encoding) {
			e.baseTime = 1_763_400_000_000
			if appended {
				e.attributes, e.maxTime = logAppendFlag, 77
			}
		}), 0)
		for i := 0; b.Next(); i++ {
			r := records[i]
			wantTime := 1_763_400_000_000 + r.timeDelta
			if appended {
				wantTime = 1_763_400_000_077
			}
			if b.TimeMs != wantTime || b.LogAppend != appended || !bytes.Equal(b.Key, r.key) || !bytes.Equal(b.Value, r.value) ||
				(b.Key == nil) != (r.key == nil) || (b.Value == nil) != (r.value == nil) {
				t.Errorf("record %d: time %d key %v value %v, written %+v", i, b.TimeMs, b.Key, b.Value, r)
			}
		}
		if b.bad != nil {
			t.Error(b.bad)
		}
	}
}

func TestAbortedTransactionsAreSkippedUpToTheirMarker(t *testing.T) {
	in := func(base, producer int64, value string) []byte {
		return encode(batchOf(value), func(e *encoding) { e.base, e.producer, e.attributes = base, producer, transactional })
	}
	marker := func(base, producer int64) []byte {
		return encode([]testRecord{{key: []byte{0, 0, 0, 0}}}, func(e *encoding) { e.base, e.producer, e.attributes = base, producer, transactional|controlFlag })
	}
	log := slices.Concat(in(0, 1, "gone"), in(1, 2, "kept"), encode(batchOf("plain"), at(2)), in(3, 1, "gone"), marker(4, 1), in(5, 1, "kept"),
		marker(6, 2), in(7, 2, "gone"), marker(8, 1), marker(9, 2), in(10, 2, "kept"))
	aborted := func(pairs ...int64) (b []byte) {
		for _, v := range pairs {
			b = binary.BigEndian.AppendUint64(b, uint64(v))
		}
		return b
	}
	b := cursor(nil, 0)
	b.reset(&answer{records: log, aborted: aborted(1, 0, 2, 7)}, 0)
	if got, want := drain(b), "1=kept 2=plain 5=kept 10=kept | next 11"; got != want {
		t.Errorf("\ngot  %s\nwant %s", got, want)
	}
}

func TestEveryCodecGivesBackWhatWasWritten(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, codec := range codecs {
		for range 50 {
			var list []string
			for range 1 + random.IntN(40) {
				size := random.IntN(1 << random.IntN(16))
				v := bytes.Repeat([]byte{byte('a' + random.IntN(26))}, size)
				for i := range min(size, random.IntN(300)) {
					v[i] = byte(random.Uint32())
				}
				list = append(list, string(v))
			}
			b := cursor(encode(batchOf(list...), func(e *encoding) { e.codec = codec }), 0)
			b.unpack.limit = 8 << 20
			n := 0
			for ; b.Next(); n++ {
				if string(b.Value) != list[n] {
					t.Fatalf("%v: record %d differs", codec, n)
				}
			}
			if b.bad != nil || n != len(list) {
				t.Fatalf("%v: %d of %d records: %v", codec, n, len(list), b.bad)
			}
		}
	}
}

func TestABombIsRefusedAtOnceAndStaysWithinTheLimit(t *testing.T) {
	const limit = 1 << 20
	huge := string(make([]byte, 40*limit))
	for _, codec := range codecs {
		b := cursor(encode(batchOf(huge), func(e *encoding) { e.codec = codec }), 0)
		b.unpack.limit = limit
		if b.Next() || !errors.Is(b.Err(), ErrTooLarge) {
			t.Errorf("%v: %v, not ErrTooLarge", codec, b.bad)
		}
		if c := cap(b.unpack.buffer); c > limit {
			t.Errorf("%v: %d bytes held for a limit of %d", codec, c, limit)
		}
	}
}

func TestExactlyTheLimitIsRead(t *testing.T) {
	for _, codec := range codecs {
		records := batchOf(string(make([]byte, 300_000)))
		b := cursor(encode(records, func(e *encoding) { e.codec = codec }), 0)
		b.unpack.limit = len(appendRecord(nil, records[0]))
		if !b.Next() {
			t.Errorf("%v at the limit: %v", codec, b.bad)
		}
		b = cursor(encode(records, func(e *encoding) { e.codec = codec }), 0)
		b.unpack.limit = len(appendRecord(nil, records[0])) - 1
		if b.Next() || !errors.Is(b.Err(), ErrTooLarge) {
			t.Errorf("%v one byte above the limit: %v", codec, b.bad)
		}
	}
}

func TestAResponseCutAtTheLimitNamesTheBatch(t *testing.T) {
	whole := encode(batchOf("a", "b", string(make([]byte, 5000))), at(10))
	b := cursor(nil, 10)
	b.reset(&answer{records: whole[:1000], cut: true, highWatermark: 13}, 10)
	var report *BatchError
	if b.Next() || !errors.As(b.Err(), &report) || report.First != 10 || report.Last != 12 || !errors.Is(report, ErrTooLarge) {
		t.Errorf("%v", b.Err())
	}
}

func TestWalkingAllocatesNothingPerRecord(t *testing.T) {
	for _, codec := range codecs {
		log := sample(codec, 1, 500)
		b := cursor(log, 0)
		b.unpack.limit = 8 << 20
		allocs := testing.AllocsPerRun(20, func() {
			b.reset(&answer{records: log}, 0)
			for b.Next() {
			}
		})
		if b.bad != nil || allocs > 4 { // 500 records; some codecs make a few small things per batch
			t.Errorf("%v: %.0f allocations for 500 records, %v", codec, allocs, b.bad)
		}
	}
}

// sample is batches of log lines like an edge's, 588 bytes each.
func sample(codec kafka.Compression, batches, records int) []byte {
	random := rand.New(rand.NewPCG(3, 4))
	var log []byte
	for n := range batches {
		list := make([]string, records)
		for i := range list {
			line := fmt.Sprintf(`{"ClientIP":"10.%d.%d.%d","ClientRequestHost":"shop%d.example.com","ClientRequestMethod":"GET","ClientRequestURI":"/api/v1/items/%d?page=%d","EdgeEndTimestamp":%d,"EdgeResponseBytes":%d,"EdgeResponseStatus":%d,"EdgeStartTimestamp":%d,"RayID":"%016x","CacheCacheStatus":"hit","EdgeColoCode":"FRA"`,
				random.IntN(256), random.IntN(256), random.IntN(256), random.IntN(40), random.IntN(100000), random.IntN(50), 1763400000000+i, random.IntN(100000), 200, 1763400000000+i, random.Uint64())
			list[i] = line + strings.Repeat(" ", 587-len(line)) + "}"
		}
		log = append(log, encode(batchOf(list...), func(e *encoding) { e.base, e.codec = int64(n*records), codec })...)
	}
	return log
}

func BenchmarkWalk(b *testing.B) {
	for _, codec := range codecs {
		name := codec.String()
		if codec == 0 {
			name = "plain"
		}
		b.Run(name, func(b *testing.B) {
			const batches, records = 8, 1500
			log := sample(codec, batches, records)
			c := cursor(log, 0)
			c.unpack.limit = 8 << 20
			b.ReportAllocs()
			total := 0
			for b.Loop() {
				c.reset(&answer{records: log}, 0)
				for c.Next() {
					total += len(c.Value)
				}
			}
			if c.bad != nil || total == 0 {
				b.Fatal(c.bad)
			}
			b.ReportMetric(float64(b.N*batches*records)/b.Elapsed().Seconds()/1e6, "Mrecords/s")
		})
	}
}
