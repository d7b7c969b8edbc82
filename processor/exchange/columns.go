package exchange

import (
	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
	"github.com/apache/arrow/go/v17/arrow/memory"
)

// The buffers below have Arrow's own layout, so that a record batch is made of
// them without copying; they are filled again and again.

// texts is a column of strings.
type texts struct {
	ends  []int32 // one more than rows, from 0
	bytes []byte
}

func (t *texts) reset() { t.ends, t.bytes = append(t.ends[:0], 0), t.bytes[:0] }

func (t *texts) add(s string) {
	t.bytes = append(t.bytes, s...)
	t.ends = append(t.ends, int32(len(t.bytes)))
}

func (t *texts) data(dt arrow.DataType) arrow.ArrayData {
	return array.NewData(dt, len(t.ends)-1, []*memory.Buffer{nil, buffer(t.ends), memory.NewBufferBytes(t.bytes)}, nil, 0, 0)
}

// tally is a column of maps from a small number to a count.
type tally struct {
	ends   []int32
	keys   []uint16
	values []uint64
}

func (t *tally) reset() {
	t.ends, t.keys, t.values = append(t.ends[:0], 0), t.keys[:0], t.values[:0]
}

func (t *tally) add(key uint16, count uint64) {
	t.keys, t.values = append(t.keys, key), append(t.values, count)
}

func (t *tally) endRow() { t.ends = append(t.ends, int32(len(t.keys))) }

func (t *tally) data() arrow.ArrayData {
	return mapData(byNumber, t.ends, numbers(arrow.PrimitiveTypes.Uint16, t.keys), numbers(u64, t.values))
}

// named is a column of maps from a name to a count.
type named struct {
	ends   []int32
	keys   texts
	values []uint64
}

func (n *named) reset() {
	n.keys.reset()
	n.ends, n.values = append(n.ends[:0], 0), n.values[:0]
}

// addRow adds the counts that are not zero, each under the name of its index.
func (n *named) addRow(counts []uint64, name func(int) string) {
	for i, c := range counts {
		if c != 0 {
			n.keys.add(name(i))
			n.values = append(n.values, c)
		}
	}
	n.ends = append(n.ends, int32(len(n.values)))
}

func (n *named) data() arrow.ArrayData {
	return mapData(byName, n.ends, n.keys.data(text), numbers(u64, n.values))
}

func mapData(dt *arrow.MapType, ends []int32, keys, values arrow.ArrayData) arrow.ArrayData {
	entries := array.NewData(dt.Elem(), keys.Len(), []*memory.Buffer{nil}, []arrow.ArrayData{keys, values}, 0, 0)
	return array.NewData(dt, len(ends)-1, []*memory.Buffer{nil, buffer(ends)}, []arrow.ArrayData{entries}, 0, 0)
}

func numbers[T int64 | uint64 | uint16](dt arrow.DataType, values []T) arrow.ArrayData {
	return array.NewData(dt, len(values), []*memory.Buffer{nil, buffer(values)}, nil, 0, 0)
}

func buffer[T int32 | int64 | uint64 | uint16](values []T) *memory.Buffer {
	return memory.NewBufferBytes(arrow.GetBytes(values))
}

// record makes a record batch of filled columns. It is valid until they are filled again.
func record(schema *arrow.Schema, rows int, columns ...arrow.ArrayData) arrow.Record {
	arrays := make([]arrow.Array, len(columns))
	for i, c := range columns {
		arrays[i] = array.MakeFromData(c)
	}
	return array.NewRecord(schema, arrays, int64(rows))
}
