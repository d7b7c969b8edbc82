package exchange

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/spikeline/spikeline/processor/window"
)

// counters are the plain counters of a partial, one column each, in the order of the columns.
var counters = [...]struct {
	name string
	of   func(*window.Counts) *uint64
}{
	{"requests", func(c *window.Counts) *uint64 { return &c.Requests }},
	{"errors", func(c *window.Counts) *uint64 { return &c.Errors }},
	{"edge_errors", func(c *window.Counts) *uint64 { return &c.EdgeErrors }},
	{"origin_errors", func(c *window.Counts) *uint64 { return &c.OriginErrors }},
	{"client_errors", func(c *window.Counts) *uint64 { return &c.ClientErrors }},
	{"aborts", func(c *window.Counts) *uint64 { return &c.Aborts }},
	{"bytes", func(c *window.Counts) *uint64 { return &c.Bytes }},
	{"cache_hits", func(c *window.Counts) *uint64 { return &c.CacheHits }},
	{"late", func(c *window.Counts) *uint64 { return &c.Late }},
}

var (
	text     = arrow.BinaryTypes.String
	raw      = arrow.BinaryTypes.Binary
	u64      = arrow.PrimitiveTypes.Uint64
	i64      = arrow.PrimitiveTypes.Int64
	when     = &arrow.TimestampType{Unit: arrow.Nanosecond, TimeZone: "UTC"}
	byNumber = countMap(arrow.PrimitiveTypes.Uint16)
	byName   = countMap(text)
)

func countMap(key arrow.DataType) *arrow.MapType {
	m := arrow.MapOf(key, u64)
	m.SetItemNullable(false)
	return m
}

// kind says what a message's rows are.
type kind string

const (
	partialKind  kind = "partial"  // a row is one service in one pop
	ledgerKind   kind = "ledger"   // a row is one block of offsets
	rejectKind   kind = "rejects"  // a row is one record that could not be used
	progressKind kind = "progress" // no rows: only how far the source has come
)

var schemas = map[kind]*arrow.Schema{
	partialKind:  partialSchema(),
	progressKind: arrow.NewSchema(nil, nil),
	ledgerKind: arrow.NewSchema([]arrow.Field{
		{Name: "block", Type: i64},
		{Name: "through", Type: i64},
		{Name: "consumed", Type: u64},
		{Name: "counted", Type: u64},
		{Name: "too_late", Type: u64},
		{Name: "missing", Type: u64},
		{Name: "rejected", Type: byName},
	}, nil),
	rejectKind: arrow.NewSchema([]arrow.Field{
		{Name: "at", Type: when},
		{Name: "offset", Type: i64},
		{Name: "reason", Type: text},
		{Name: "service", Type: text},
		{Name: "sample", Type: raw},
	}, nil),
}

func partialSchema() *arrow.Schema {
	fields := []arrow.Field{{Name: "service", Type: text}, {Name: "pop", Type: text}}
	for _, c := range counters {
		fields = append(fields, arrow.Field{Name: c.name, Type: u64})
	}
	return arrow.NewSchema(append(fields,
		arrow.Field{Name: "cache_errors", Type: byName},
		arrow.Field{Name: "status", Type: byNumber},
		arrow.Field{Name: "latency", Type: byNumber},
	), nil)
}
