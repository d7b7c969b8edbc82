package worker

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/spikeline/spikeline/ingest"
	"github.com/spikeline/spikeline/ingest/accesslog"
	"github.com/spikeline/spikeline/internal/telemetry"
	"github.com/spikeline/spikeline/processor/detect"
	"github.com/spikeline/spikeline/processor/window"
	"github.com/spikeline/spikeline/sink"
	"github.com/spikeline/spikeline/sink/alert"
)

// expose lets metrics and readiness read what the rooms count.
func (w *worker) expose() {
	w.exposeIngest()
	w.exposeWindows()
	w.exposeJudge()
	w.exposeSink()
	w.exposeAlerts()
	exposeProcess(w.metrics)
	w.ready.Add("kafka", w.kafkaReady)
	w.ready.Add("lag", w.lagReady)
	w.ready.Add("clickhouse", w.sinkReady)
}

func (w *worker) exposeIngest() {
	m, c := w.metrics, &w.cluster.Counters
	telemetry.Read(m, telemetry.RecordsRead, c.Records.Load)
	telemetry.Read(m, telemetry.BytesRead, w.folds.Bytes.Load)
	telemetry.Read(m, telemetry.RecordsCounted, w.folds.Counted.Load)
	telemetry.Read(m, telemetry.RecordsTooLate, w.folds.Rejected[accesslog.TooLate].Load)
	telemetry.Read(m, telemetry.RecordsMissing, c.Missing.Load)
	telemetry.Read(m, telemetry.Rebalances, c.Generations.Load)
	m.ReadEach(telemetry.RecordsRejected, func(emit telemetry.Emit) {
		for r := accesslog.OK + 1; r < accesslog.Reasons; r++ {
			if r != accesslog.TooLate {
				emit(float64(w.folds.Rejected[r].Load()), r.String())
			}
		}
	})
	m.ReadEach(telemetry.FetchErrors, func(emit telemetry.Emit) {
		for i := range c.FetchErrors {
			emit(float64(c.FetchErrors[i].Load()), ingest.FetchErrorKind(i).String())
		}
	})
	m.ReadEach(telemetry.Commits, func(emit telemetry.Emit) {
		emit(float64(c.Commits.Load()), "ok")
		emit(float64(c.Fenced.Load()), "fenced")
	})
	telemetry.Read(m, telemetry.PartitionsOwned, func() int { return len(w.sources()) })
	m.ReadEach(telemetry.PartitionLag, func(emit telemetry.Emit) {
		for _, p := range w.cluster.Partitions() {
			emit(float64(p.Lag()), p.Topic, strconv.Itoa(int(p.ID)))
		}
	})
	m.ReadEach(telemetry.WatermarkSeconds, func(emit telemetry.Emit) {
		w.folds.Watermarks(func(s window.Source, at int64) { emit(seconds(at), s.Topic, strconv.Itoa(int(s.Partition))) })
	})
}

func (w *worker) exposeWindows() {
	m := w.metrics
	m.ReadEach(telemetry.OpenWindows, func(emit telemetry.Emit) {
		emit(float64(w.folds.OpenWindows.Load()), "folder")
		emit(float64(w.judged.OpenWindows.Load()), "judge")
	})
	telemetry.Read(m, telemetry.OpenCells, w.folds.OpenCells.Load)
	telemetry.Read(m, telemetry.PartialsSent, w.folds.Partials.Load)
	telemetry.Read(m, telemetry.MessagesReceived, w.judged.Messages.Load)
	telemetry.Read(m, telemetry.MessagesUnreadable, w.judged.Unreadable.Load)
}

func (w *worker) exposeJudge() {
	m, c := w.metrics, &w.judged
	telemetry.Read(m, telemetry.JudgeActive, func() int {
		if c.Active.Load() {
			return 1
		}
		return 0
	})
	telemetry.Read(m, telemetry.FrontierSeconds, func() float64 { return seconds(c.Frontier.Load()) })
	telemetry.Read(m, telemetry.WindowsClosed, c.Closed.Load)
	telemetry.Read(m, telemetry.WindowsRevised, c.Revised.Load)
	telemetry.Read(m, telemetry.WindowsIncomplete, c.Incomplete.Load)
	m.ReadEach(telemetry.Signals, func(emit telemetry.Emit) {
		for k := range detect.Kinds {
			emit(float64(c.Signals[k].Load()), k.String())
		}
	})
	telemetry.Read(m, telemetry.IncidentsOpen, c.OpenIncidents.Load)
	telemetry.Read(m, telemetry.IncidentsStarted, c.IncidentsOpened.Load)
	telemetry.Read(m, telemetry.SeriesWatched, c.Series.Load)
	telemetry.Read(m, telemetry.JudgeStepSeconds, func() float64 { return seconds(c.StepNanos.Load()) })
	telemetry.Read(m, telemetry.SnapshotBytes, c.SnapshotBytes.Load)
	telemetry.Read(m, telemetry.SnapshotsSaved, c.Snapshots.Load)
	telemetry.Read(m, telemetry.DetectionDelaySecs, func() float64 { return seconds(c.DetectionDelay.Load()) })
	telemetry.Read(m, telemetry.ReleasedLate, c.ReleasedLate.Load)
}

func (w *worker) exposeSink() {
	m, s := w.metrics, w.sink.Metrics()
	m.ReadEach(telemetry.SinkRows, func(emit telemetry.Emit) {
		for i, name := range sink.TableNames() {
			emit(float64(s.Rows[i].Load()), name)
		}
	})
	telemetry.Read(m, telemetry.SinkBatches, s.Batches.Load)
	telemetry.Read(m, telemetry.SinkQueue, s.QueueBatches.Load)
	telemetry.Read(m, telemetry.SinkQueueLimit, func() int { return w.cfg.Sink.QueueBatches })
	telemetry.Read(m, telemetry.SinkRetries, s.Retries.Load)
	telemetry.Read(m, telemetry.SinkStalledSeconds, func() float64 { return seconds(s.StalledSince.Load()) })
	telemetry.Read(m, telemetry.RollupsStalled, func() float64 { return seconds(s.RollupsStalledSince.Load()) })
	telemetry.Read(m, telemetry.PartsTakenOut, s.PartsTakenOut.Load)
}

func (w *worker) exposeAlerts() {
	w.metrics.ReadEach(telemetry.AlertsSent, func(emit telemetry.Emit) {
		w.alerts.Counted(func(target string, result alert.Result, n uint64) { emit(float64(n), target, result.String()) })
	})
	w.metrics.ReadEach(telemetry.AlertsQueue, func(emit telemetry.Emit) {
		w.alerts.Waiting(func(target string, n int) { emit(float64(n), target) })
	})
}

func exposeProcess(m *telemetry.Metrics) {
	started := time.Now()
	telemetry.Read(m, telemetry.ProcessStartSeconds, func() float64 { return seconds(started.UnixNano()) })
	m.ReadEach(telemetry.ProcessBuildInfo, func(emit telemetry.Emit) {
		version, commit := "unknown", ""
		if info, ok := debug.ReadBuildInfo(); ok {
			version = info.Main.Version
			for _, s := range info.Settings {
				if s.Key == "vcs.revision" {
					commit = s.Value
				}
			}
		}
		emit(1, version, runtime.Version(), commit)
	})
}

func seconds(nanos int64) float64 { return float64(nanos) / float64(time.Second) }

// stalledLimit is how long Kafka or ClickHouse may fail before the worker calls itself not ready.
const stalledLimit = 10 * time.Second

func (w *worker) kafkaReady() error {
	for _, p := range w.cluster.Partitions() {
		if !p.StalledSince.IsZero() && time.Since(p.StalledSince) > stalledLimit {
			return fmt.Errorf("%s/%d has not been read since %s: Kafka does not answer", p.Topic, p.ID, p.StalledSince.UTC().Format(time.RFC3339))
		}
	}
	return nil
}

// lagLimit is a lag that a worker makes up in seconds; beyond it results are late.
const lagLimit = 2_000_000

func (w *worker) lagReady() error {
	for _, p := range w.cluster.Partitions() {
		if p.Lag() > lagLimit {
			return fmt.Errorf("%s/%d is %d records behind: results are late; add workers, or wait", p.Topic, p.ID, p.Lag())
		}
	}
	return nil
}

func (w *worker) sinkReady() error {
	s := w.sink.Metrics()
	if since := s.StalledSince.Load(); since != 0 && time.Since(time.Unix(0, since)) > stalledLimit {
		return fmt.Errorf("ClickHouse has taken no rows since %s: %s", time.Unix(0, since).UTC().Format(time.RFC3339), s.LastError())
	}
	return nil
}

// sources are the partitions of edge logs that this worker reads.
func (w *worker) sources() (own []string) {
	for _, p := range w.cluster.Partitions() {
		if p.Topic != w.cfg.Exchange.PartialsTopic {
			own = append(own, p.Topic)
		}
	}
	return own
}
