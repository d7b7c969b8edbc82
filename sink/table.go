package sink

import (
	"math"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/column"

	"github.com/spikeline/spikeline/processor"
)

// table is one storage table: its columns, in the order of a row's values, and
// what a batch has for it. What is added may change once add has returned.
type table struct {
	name    string
	columns []clickhouse.ColumnNameAndType
	fill    func(b *processor.Batch, run string, add func(values ...any))
}

// The tables in the order they are written: what others point at comes first.
const (
	windowsTable = iota
	serviceWindowsTable
	signalsTable
	incidentsTable
	eventsTable
	rejectsTable
	ledgerTable
	releasedTable
	tables // how many there are
)

var storage = [tables]table{windows, serviceWindows, signals, incidents, events, rejects, ledger, released}

var tableNames = [tables]string{"windows", "service_windows", "signals", "incidents", "incident_events", "rejects", "ledger", "released"}

// columns pairs names with types.
func columns(namesAndTypes ...string) []clickhouse.ColumnNameAndType {
	list := make([]clickhouse.ColumnNameAndType, 0, len(namesAndTypes)/2)
	for i := 0; i+1 < len(namesAndTypes); i += 2 {
		list = append(list, clickhouse.ColumnNameAndType{Name: namesAndTypes[i], Type: namesAndTypes[i+1]})
	}
	return list
}

// Types that several tables use.
const (
	seconds   = "DateTime('UTC')"
	millis    = "DateTime64(3, 'UTC')"
	lowString = "LowCardinality(String)"
	lowArray  = "Array(LowCardinality(String))"
	lowCounts = "Map(LowCardinality(String), UInt64)"
	numCounts = "Map(UInt64, UInt64)"
	codes     = "Map(UInt16, UInt64)"
)

// at turns Unix nanoseconds into what a DateTime holds, 1970 to 2106.
func at(nanos int64) time.Time { return atMillis(nanos).Truncate(time.Second) }

func atMillis(nanos int64) time.Time {
	const last = int64(math.MaxUint32) * int64(time.Second)
	return time.Unix(0, min(max(nanos, 0), last)).UTC().Truncate(time.Millisecond)
}

// version turns a window's start into a column that orders revisions.
func version(nanos int64) uint64 { return uint64(at(nanos).Unix()) }

// pairs is a Map column's value with an order, so that a block that is sent
// again has the same bytes. It goes through itself, as often as it is asked to.
type pairs struct {
	keys   []any
	counts []uint64
	at     int
}

// clear makes room for the pairs of the next row.
func (p *pairs) clear() { p.keys, p.counts = p.keys[:0], p.counts[:0] }

func (p *pairs) put(key any, count uint64) {
	p.keys, p.counts = append(p.keys, key), append(p.counts, count)
}

// Put is for reading, which pairs are not for.
func (p *pairs) Put(any, any) { panic("BUG: pairs are written to ClickHouse, not read") }

// Iterator gives the pairs in order.
func (p *pairs) Iterator() column.MapIterator { p.at = -1; return p }

// Next goes on to the next pair, if there is one.
func (p *pairs) Next() bool { p.at++; return p.at < len(p.keys) }

// Key is that of the pair at hand.
func (p *pairs) Key() any { return p.keys[p.at] }

// Value is the count of the pair at hand.
func (p *pairs) Value() any { return p.counts[p.at] }
