package ingest

import (
	"bytes"
	"testing"

	"github.com/segmentio/kafka-go"
)

// unpacked is the records of a batch of one value.
func unpacked(t *testing.T, d *decompressor, codec kafka.Compression, value string) []byte {
	t.Helper()
	rb, _, whole, err := readBatch(encode(batchOf(value), func(e *encoding) { e.codec = codec }))
	if err != nil || !whole {
		t.Fatal(whole, err)
	}
	records, err := d.records(&rb)
	if err != nil {
		t.Fatal(err)
	}
	return records
}

// Buffers change hands between partitions, and never while records of them are read.
func TestABufferIsLentToOnePartitionAtATime(t *testing.T) {
	for _, codec := range []kafka.Compression{kafka.Gzip, kafka.Snappy, kafka.Lz4, kafka.Zstd} {
		one, other, third := decompressor{limit: 1 << 20}, decompressor{limit: 1 << 20}, decompressor{limit: 1 << 20}
		kept := unpacked(t, &other, codec, "kept")
		if unpacked(t, &one, codec, "given back"); one.buffer == nil {
			t.Fatalf("%v: no buffer was lent", codec)
		}
		one.release()
		if one.buffer != nil {
			t.Errorf("%v: a buffer that was given back is still held", codec)
		}
		last := unpacked(t, &third, codec, "another's")
		if !bytes.Contains(kept, []byte("kept")) || !bytes.Contains(last, []byte("another's")) {
			t.Errorf("%v: one partition wrote over another's records: %q, %q", codec, kept, last)
		}
		for _, d := range []*decompressor{&one, &other, &third} {
			d.close()
		}
	}
}
