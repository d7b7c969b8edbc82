package ingest

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/pierrec/lz4/v4"
)

// FuzzBatch: whatever is sent, the cursor ends, hands out rising offsets, and
// holds no more memory than its limit.
func FuzzBatch(f *testing.F) {
	for _, codec := range codecs {
		b := encode(batchOf("a", "bb", ""), func(e *encoding) { e.base, e.codec = 5, codec })
		f.Add(b, int64(5), true)
		f.Add(slices.Concat(b, encode(batchOf("c"), at(8))), int64(6), false)
	}
	f.Add(encode([]testRecord{{key: []byte{0, 0, 0, 1}}}, func(e *encoding) { e.attributes = controlFlag | transactional }), int64(0), false)
	f.Fuzz(func(t *testing.T, data []byte, want int64, signed bool) {
		if want < 0 {
			return
		}
		if rb, _, whole, err := readBatch(data); signed && err == nil && whole {
			sign(data[:len(rb.body)+headerSize]) // let the fuzzer behind the checksum
		}
		const limit = 1 << 16
		b := cursor(data, want)
		b.unpack.limit = limit
		last := want - 1
		for b.Next() {
			if b.Offset <= last || b.NextOffset != b.Offset+1 {
				t.Fatalf("offset %d after %d, next %d", b.Offset, last, b.NextOffset)
			}
			last = b.Offset
		}
		if b.NextOffset < want || b.NextOffset <= last {
			t.Fatalf("next offset %d after reading from %d to %d", b.NextOffset, want, last)
		}
		if cap(b.unpack.buffer) > limit {
			t.Fatalf("%d bytes held", cap(b.unpack.buffer))
		}
		if next, sound := scan(data, want); sound && b.bad == nil && next != b.NextOffset {
			t.Fatalf("the feed goes on at %d, the cursor ends at %d", next, b.NextOffset)
		}
	})
}

// FuzzResponse: whatever a broker answers, parsing ends without reading beyond the response.
func FuzzResponse(f *testing.F) {
	f.Add(response(0, 5, encode(batchOf("a"), nil), 3, 4), byte(11))
	f.Add(response(1, 0, nil), byte(11))
	f.Fuzz(func(t *testing.T, data []byte, version byte) {
		x := newExchange(Default(), "edge", 0)
		x.version, x.buffer = minFetchVersion+int16(version)%(maxFetchVersion-minFetchVersion+1), data
		if x.parse() == nil && len(x.records)+len(x.aborted) > len(data) {
			t.Fatal("more records than bytes")
		}
	})
}

// response is a broker's answer to a fetch, version 11, after its correlation id.
func response(code int16, highWatermark int64, records []byte, aborted ...int64) []byte {
	var b []byte
	i16 := func(v int) { b = binary.BigEndian.AppendUint16(b, uint16(v)) }
	i32 := func(v int) { b = binary.BigEndian.AppendUint32(b, uint32(v)) }
	i64 := func(v int64) { b = binary.BigEndian.AppendUint64(b, uint64(v)) }
	i32(0)
	i16(0)
	i32(0)
	i32(1)
	i16(4)
	b = append(b, "edge"...)
	i32(1)
	i32(0)
	i16(int(code))
	i64(highWatermark)
	i64(highWatermark)
	i64(0)
	i32(len(aborted) / 2)
	for _, v := range aborted {
		i64(v)
	}
	i32(-1)
	i32(len(records))
	return append(b, records...)
}

func TestAResponseIsReadToItsRecords(t *testing.T) {
	batch := encode(batchOf("a"), nil)
	x := newExchange(Default(), "edge", 0)
	x.version, x.buffer = 11, response(0, 5, batch, 3, 4)
	if err := x.parse(); err != nil || x.highWatermark != 5 || !bytes.Equal(x.records, batch) || len(x.aborted) != abortedSize {
		t.Errorf("%v %+v", err, x.answer)
	}
	for n := range x.buffer[:len(x.buffer)-len(batch)] {
		short := newExchange(Default(), "edge", 0)
		short.version, short.buffer = 11, x.buffer[:n]
		if short.parse() == nil {
			t.Errorf("the first %d bytes of a response were accepted", n)
		}
	}
}

// FuzzLZ4: any bytes are refused or decoded within the limit; and any content comes back, however its frame is made.
func FuzzLZ4(f *testing.F) {
	f.Add([]byte("aaaaaaaaaaaaaaaaaaaaaaaaab"), byte(0))
	f.Add([]byte{4, 34, 77, 24, 64, 64, 192, 0, 0, 0, 0}, byte(7))
	f.Fuzz(func(t *testing.T, data []byte, options byte) {
		const limit = 1 << 16
		if out, _ := unlz4(nil, data, limit); len(out) > limit {
			t.Fatalf("%d bytes for a limit of %d", len(out), limit)
		}
		content := bytes.Repeat(data, 1+int(options>>5))
		out, err := unlz4(nil, lz4Write(t, content, options), len(content))
		if err != nil || !bytes.Equal(out, content) {
			t.Fatalf("%d bytes, options %#x: %v", len(content), options, err)
		}
	})
}

// lz4Write makes a frame; the bits of options choose how.
func lz4Write(t *testing.T, content []byte, options byte) []byte {
	t.Helper()
	var packed bytes.Buffer
	w := lz4.NewWriter(&packed)
	set := []lz4.Option{
		lz4.BlockChecksumOption(options&1 != 0),
		lz4.ChecksumOption(options&2 != 0),
		lz4.BlockSizeOption([]lz4.BlockSize{lz4.Block64Kb, lz4.Block256Kb, lz4.Block1Mb, lz4.Block4Mb}[options>>2&3]),
	}
	if options&16 != 0 {
		set = append(set, lz4.SizeOption(uint64(len(content))))
	}
	if err := w.Apply(set...); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}

func TestLZ4FramesOfManyBlocksComeBack(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	content := make([]byte, 200_000)
	for i := range content {
		content[i] = byte(random.IntN(4))
	}
	for options := range 32 {
		frame := lz4Write(t, content, byte(options))
		out, err := unlz4(nil, slices.Concat(frame, frame), 2*len(content))
		if err != nil || !bytes.Equal(out, slices.Concat(content, content)) {
			t.Errorf("options %#x: %d bytes, %v", options, len(out), err)
		}
	}
}

// A linked frame (a block refers to the ones before), which the lz4 package does not write: made by hand.
func TestLZ4BlocksMayReferToEarlierOnes(t *testing.T) {
	frame := []byte{0x04, 0x22, 0x4D, 0x18, lz4Version, 0x40, 0}
	frame = append(binary.LittleEndian.AppendUint32(frame, 8|lz4Stored), "abcdefgh"...)
	block := []byte{0x04, 8, 0, 0x50, 'v', 'w', 'x', 'y', 'z'} // 8 bytes from 8 back; then 5 literals
	frame = append(binary.LittleEndian.AppendUint32(frame, uint32(len(block))), block...)
	frame = append(frame, 0, 0, 0, 0)
	out, err := unlz4(nil, frame, 100)
	if err != nil || string(out) != "abcdefghabcdefghvwxyz" {
		t.Errorf("%q, %v", out, err)
	}
}
