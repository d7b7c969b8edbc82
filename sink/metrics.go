package sink

import (
	"sync/atomic"
	"time"
)

// Metrics are the writer's counters and gauges. They may be read at any time.
type Metrics struct {
	Rows                [tables]atomic.Uint64 // written, by table; see TableNames
	Inserts             atomic.Uint64         // acknowledged by ClickHouse
	Retries             atomic.Uint64         // failed tries of an insert
	Rollups             atomic.Uint64         // inserts into windows_1m and windows_1h
	Saves               atomic.Uint64         // states kept
	RollupsStalledSince atomic.Int64          // Unix nanoseconds since when rollups fail, while windows go on; 0 while all is well
	PartsTakenOut       atomic.Int64          // parts of our tables that ClickHouse could not read and took out, when last looked
	Batches             atomic.Uint64         // written whole
	QueueBatches        atomic.Int64          // waiting, those in hand included
	QueueRows           atomic.Int64          // waiting, those in hand included
	StalledSince        atomic.Int64          // Unix nanoseconds since when tries fail; 0 while all is well
	WrittenAt           atomic.Int64          // Unix nanoseconds of the last batch written whole; 0 before the first
	lastError           atomic.Pointer[string]
}

// TableNames names the elements of Metrics.Rows.
func TableNames() []string { return tableNames[:] }

// LastError is why tries fail, empty while all is well.
func (m *Metrics) LastError() string {
	if text := m.lastError.Load(); text != nil {
		return *text
	}
	return ""
}

// stalled notes a failed try and says whether it is the first of a row.
func (m *Metrics) stalled(err error) bool {
	m.Retries.Add(1)
	text := err.Error()
	m.lastError.Store(&text)
	return m.StalledSince.CompareAndSwap(0, time.Now().UnixNano())
}

// rollupsStalled notes a failed rollup and says whether it is the first of a row.
func (m *Metrics) rollupsStalled() bool {
	m.Retries.Add(1)
	return m.RollupsStalledSince.CompareAndSwap(0, time.Now().UnixNano())
}

func (m *Metrics) healed() {
	if m.StalledSince.Load() != 0 {
		m.StalledSince.Store(0)
		m.lastError.Store(nil)
	}
}
