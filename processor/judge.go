package processor

import (
	"fmt"

	"github.com/spikeline/spikeline/ingest/accesslog"
	"github.com/spikeline/spikeline/processor/detect"
	"github.com/spikeline/spikeline/processor/incident"
	"github.com/spikeline/spikeline/processor/window"
)

// JudgeConfig is what the judge decides by.
type JudgeConfig struct {
	Window   window.Config
	Detect   detect.Config
	Incident incident.Config
}

// Judge merges the folders' messages, judges every window once it closes, and
// keeps the incidents. It has no clock and does no I/O: the same messages in
// the same order give the same batches. It belongs to one goroutine.
type Judge struct {
	cfg      JudgeConfig
	merger   *window.Merger
	detector *detect.Detector
	tracker  *incident.Tracker
	judged   int64 // end of the last window judged
	counters *JudgeCounters
	batch    Batch
	ledger   map[ledgerKey]int // place in the batch
}

type ledgerKey struct {
	window.Source
	block int64
}

// NewJudge makes a judge that knows nothing.
func NewJudge(cfg JudgeConfig, counters *JudgeCounters) *Judge {
	return &Judge{cfg: cfg, merger: window.NewMerger(cfg.Window, window.NewControl()), detector: detect.New(cfg.Detect), tracker: incident.New(cfg.Incident),
		judged: window.NoTime, counters: counters, ledger: map[ledgerKey]int{}}
}

// Apply takes the message at a place in the exchange; places only grow.
func (j *Judge) Apply(place int64, m window.Message) {
	j.counters.Messages.Add(1)
	j.merger.Apply(place, m)
	j.batch.Rejects = append(j.batch.Rejects, m.Rejects...)
	for _, b := range m.Blocks {
		j.account(LedgerEntry{m.Source, b})
	}
	for _, r := range j.merger.Closing() {
		j.judge(&r)
	}
	for _, l := range j.merger.Late() {
		j.late(l)
	}
	if j.merger.Retiring() {
		j.changes()
		j.merger.Retire()
	}
}

// account keeps the newest state of each block of this batch.
func (j *Judge) account(e LedgerEntry) {
	key := ledgerKey{e.Source, e.Index}
	if i, ok := j.ledger[key]; !ok {
		j.ledger[key] = len(j.batch.Ledger)
		j.batch.Ledger = append(j.batch.Ledger, e)
	} else if e.Through > j.batch.Ledger[i].Through {
		j.batch.Ledger[i] = e
	}
}

func (j *Judge) judge(r *window.Result) {
	j.counters.Closed.Add(1)
	j.counters.Frontier.Store(r.End)
	if r.Seen < r.Live {
		j.counters.Incomplete.Add(1)
	}
	if r.End <= j.judged {
		return // by the judge whose snapshot this one started from
	}
	j.judged = r.End
	signals := j.detector.Step(r)
	for i := range signals {
		if signals[i].Opened {
			j.counters.Signals[signals[i].Kind].Add(1)
		}
	}
	incidents, events := j.tracker.Step(r, signals)
	for i := range incidents {
		if in := &incidents[i]; in.DetectedAt == r.End {
			j.counters.IncidentsOpened.Add(1)
			j.counters.DetectionDelay.Store(in.DetectedAt - in.StartedAt)
		}
	}
	j.counters.OpenIncidents.Store(int64(len(j.tracker.Open())))
	j.batch.Signals = append(j.batch.Signals, signals...)
	j.batch.Incidents = append(j.batch.Incidents, incidents...)
	j.batch.Events = append(j.batch.Events, events...)
}

// late shows what a released source brought for a window that is final.
func (j *Judge) late(l window.LatePartial) {
	j.counters.ReleasedLate.Add(l.New)
	j.batch.Released = append(j.batch.Released, l)
	j.batch.Rejects = append(j.batch.Rejects, window.Reject{At: l.Start, Source: l.Source, Offset: l.Through, Reason: accesslog.TooLate,
		Sample: fmt.Sprintf("%d requests of one window, from a partition that had been idle for longer than release_after", l.Requests)})
}

// changes moves the merger's changed rows into the batch.
func (j *Judge) changes() {
	for _, r := range j.merger.Changes() {
		if r.Revised {
			j.counters.Revised.Add(1)
		}
		j.batch.Windows = append(j.batch.Windows, r)
	}
}

// Take gives what has been learned since the last Take.
func (j *Judge) Take() Batch {
	j.changes()
	b := j.batch
	b.ClosedTo, b.RetiredTo = j.merger.ClosedTo, j.merger.RetiredTo
	j.batch = Batch{}
	clear(j.ledger)
	j.counters.OpenWindows.Store(int64(j.merger.Open()))
	size := j.detector.Size()
	j.counters.Series.Store(int64(size.Services + size.ServicePops + size.Pops))
	return b
}

// Pending is the number of rows that the next Take will give, at least.
func (j *Judge) Pending() int { return j.batch.Rows() }

// Open gives the incidents that have not recovered.
func (j *Judge) Open() []incident.Incident { return j.tracker.Open() }

// Sources gives what is known of every source.
func (j *Judge) Sources() []window.SourceControl { return j.merger.Known() }
