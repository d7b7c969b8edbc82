// Package processor turns the records of partitions into windows, signals and
// incidents: folders, one a partition, and the judge, one for the fleet.
//
//	fold.go      a partition's records into partials: decode, name, fold, send, commit
//	judge.go     partials into results, signals and incidents; pure, one message after the other
//	judging.go   the judge on Kafka: takes over, reads on, hands its batches to the sink
//	snapshot.go  the judge's whole state as bytes
//	counters.go  what both tell of themselves
//
// Goroutines: ingest.Consume starts one for each partition and calls Folding.Own
// or Judging.Own in it. Nothing here starts another.
package processor

import (
	"context"

	"github.com/spikeline/spikeline/processor/detect"
	"github.com/spikeline/spikeline/processor/incident"
	"github.com/spikeline/spikeline/processor/window"
)

// Batch is what the judge learned in one step. Its rows are written in any
// order and any number of times with the same effect; then its snapshot is kept; then its offset is committed.
type Batch struct {
	Windows   []window.Result // the services that changed, each with all its pops
	Signals   []detect.Signal
	Incidents []incident.Incident
	Events    []incident.Event
	Rejects   []window.Reject
	Ledger    []LedgerEntry
	Released  []window.LatePartial // what the ledger's blocks count, and no window does
	ClosedTo  int64                // every window that ends at or before this has closed
	RetiredTo int64                // every window that ends at or before this is final
	Snapshot  *Snapshot
}

// Empty says that the batch tells nothing new.
func (b *Batch) Empty() bool {
	return len(b.Windows) == 0 && len(b.Signals) == 0 && len(b.Incidents) == 0 && len(b.Events) == 0 &&
		len(b.Rejects) == 0 && len(b.Ledger) == 0 && len(b.Released) == 0 && b.Snapshot == nil
}

// Rows is the batch's weight; service rows follow from window rows.
func (b *Batch) Rows() int {
	n := len(b.Signals) + len(b.Incidents) + len(b.Events) + len(b.Rejects) + len(b.Ledger) + len(b.Released)
	for i := range b.Windows {
		n += len(b.Windows[i].Rows)
	}
	return n
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
	term   *term         // in which it was taken
	kept   chan struct{} // closed once it is safe, if someone waits
}

// Sink takes batches in order. Put waits while the sink's queue is full, until
// ctx ends; a batch that it refuses is not in the queue.
type Sink interface {
	Put(context.Context, Batch) error
}
