package processor

import (
	"sync"
	"sync/atomic"

	"github.com/spikeline/spikeline/ingest/accesslog"
	"github.com/spikeline/spikeline/processor/detect"
	"github.com/spikeline/spikeline/processor/window"
)

// FoldCounters tell what the folders of this worker did. They may be read from any goroutine.
type FoldCounters struct {
	Bytes       atomic.Uint64 // of record values
	Counted     atomic.Uint64
	Rejected    [accesslog.Reasons]atomic.Uint64 // too late among them
	Partials    atomic.Uint64                    // sent and acknowledged
	OpenWindows atomic.Int64
	OpenCells   atomic.Int64

	mu         sync.Mutex
	watermarks map[window.Source]int64
}

// Watermarks gives the watermark of every partition that is being folded.
func (c *FoldCounters) Watermarks(each func(window.Source, int64)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for source, at := range c.watermarks {
		each(source, at)
	}
}

func (c *FoldCounters) setWatermark(source window.Source, at int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.watermarks == nil {
		c.watermarks = map[window.Source]int64{}
	}
	c.watermarks[source] = at
}

func (c *FoldCounters) forget(source window.Source) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.watermarks, source)
}

// JudgeCounters tell what the judge of this worker does. They may be read from any goroutine.
type JudgeCounters struct {
	Active           atomic.Bool
	Messages         atomic.Uint64
	Unreadable       atomic.Uint64 // messages of the exchange that could not be decoded
	Closed           atomic.Uint64
	Revised          atomic.Uint64
	Incomplete       atomic.Uint64 // windows closed without a partial from every live source
	Signals          [detect.Kinds]atomic.Uint64
	IncidentsOpened  atomic.Uint64
	OpenIncidents    atomic.Int64
	OpenWindows      atomic.Int64
	Series           atomic.Int64
	Frontier         atomic.Int64 // windows that end at or before this have closed, Unix nanoseconds
	DetectionDelay   atomic.Int64 // of the incident opened last, nanoseconds of event time
	StepNanos        atomic.Int64 // time spent merging and judging
	SnapshotBytes    atomic.Int64
	Snapshots        atomic.Uint64
	ReleasedLate     atomic.Uint64 // requests that a released source brought for windows that were final
	LastMessageNanos atomic.Int64  // wall clock of the last message, Unix nanoseconds
}
