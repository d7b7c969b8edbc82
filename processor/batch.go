// Package processor turns the records of partitions into windows, signals and
// incidents: folders, one a partition, and the judge, one for the fleet.
package processor

import (
	"github.com/spikeline/spikeline/processor/detect"
	"github.com/spikeline/spikeline/processor/incident"
	"github.com/spikeline/spikeline/processor/window"
)

// Batch is what the judge learned in one step. Its rows are written in any
// order and any number of times with the same effect; then its snapshot is kept; then its offset is committed.
type Batch struct {
	Windows   []window.Result // changed rows only
	Signals   []detect.Signal
	Incidents []incident.Incident
	Events    []incident.Event
	Rejects   []window.Reject
	Ledger    []LedgerEntry
	ClosedTo  int64 // every window that ends at or before this has closed
	RetiredTo int64 // every window that ends at or before this is final
	Snapshot  *Snapshot
}

// LedgerEntry is one block of one source.
type LedgerEntry struct {
	Source window.Source
	window.Block
}

// Snapshot is the judge's whole state at one place of the exchange. A judge
// that starts from it, reading the exchange from Offset, does and writes the same again.
type Snapshot struct {
	Offset int64
	State  []byte
}

// Sink takes batches in order. Put blocks while the sink's queue is full.
type Sink interface {
	Put(Batch) error
}
