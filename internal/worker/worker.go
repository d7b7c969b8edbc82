// Package worker is the wiring of one worker, in the order of the data: Kafka,
// folders, exchange, judge, alerts and sink, and what it tells of itself.
package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/spikeline/spikeline/ingest"
	"github.com/spikeline/spikeline/internal/config"
	"github.com/spikeline/spikeline/internal/telemetry"
	"github.com/spikeline/spikeline/processor"
	"github.com/spikeline/spikeline/processor/exchange"
	"github.com/spikeline/spikeline/sink"
	"github.com/spikeline/spikeline/sink/alert"
)

// Options are what a worker gets besides its configuration.
type Options struct {
	Log     *slog.Logger
	Learned func(processor.Batch)   // sees every batch before it is written; for the demo's timeline
	Pages   map[string]http.Handler // served beside the metrics
	Ready   func(addr string)       // called once everything is connected, with the address of /metrics
}

// A stop has two parts: owners say their last words and leave their groups,
// then what is queued is written, and told. Together they stay within goodbye; the second has the least time at least.
const (
	goodbye   = 4 * time.Second
	leastTime = 500 * time.Millisecond
)

// Run works until ctx ends. It returns nil then, or the first error that cannot heal.
func Run(ctx context.Context, cfg config.Config, o Options) error {
	w := &worker{cfg: cfg, Options: o, metrics: telemetry.NewMetrics(), ready: &telemetry.Readiness{}}
	server, err := telemetry.Serve(cfg.HTTP, w.metrics, w.ready, o.Pages)
	if err != nil {
		return err
	}
	defer server.Close(context.WithoutCancel(ctx))
	if err := w.connect(ctx); err != nil {
		return stopped(ctx, err)
	}
	defer w.cluster.Close()
	w.expose()
	if o.Ready != nil {
		o.Ready(server.Addr())
	}
	told := make(chan time.Time, 1)
	defer context.AfterFunc(ctx, func() { told <- time.Now() })()
	err = w.consume(ctx)
	begun := time.Now()
	if ctx.Err() != nil {
		begun = <-told
	}
	w.finish(context.WithoutCancel(ctx), max(leastTime, goodbye-time.Since(begun)))
	return stopped(ctx, err)
}

// finish writes and tells what is queued, both at once.
func (w *worker) finish(ctx context.Context, within time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	var both sync.WaitGroup
	both.Go(func() {
		if err := w.alerts.Close(ctx); err != nil {
			w.Log.Warn("the worker stops", "error", err)
		}
	})
	both.Go(func() {
		if err := w.sink.Close(ctx); err != nil {
			w.Log.Warn("rows were not all written; whoever judges next writes them again", "error", err)
		}
	})
	both.Wait()
}

// stopped takes the end of ctx for what it is: no error.
func stopped(ctx context.Context, err error) error {
	if ctx.Err() != nil && (err == nil || errors.Is(err, context.Canceled)) {
		return nil
	}
	return err
}

type worker struct {
	Options
	cfg     config.Config
	metrics *telemetry.Metrics
	ready   *telemetry.Readiness
	cluster *ingest.Cluster
	sink    *sink.Writer
	alerts  *alert.Sender
	folding *processor.Folding
	judging *processor.Judging
	folds   processor.FoldCounters
	judged  processor.JudgeCounters
}

func (w *worker) connect(ctx context.Context) (err error) {
	if w.cluster, err = ingest.Connect(w.cfg.Kafka); err != nil {
		return err
	}
	if w.alerts, err = w.openAlerts(); err == nil {
		if err = w.prepare(ctx); err == nil {
			return nil
		}
		_ = w.alerts.Close(ctx) // nothing waits yet
	}
	w.cluster.Close()
	return err
}

func (w *worker) openAlerts() (*alert.Sender, error) {
	return alert.Open(w.cfg.Alerts, alert.Options{
		Cluster: w.cluster, ReplicationFactor: w.cfg.Exchange.ReplicationFactor, Log: w.Log.With("room", "alerts"),
	})
}

func (w *worker) prepare(ctx context.Context) (err error) {
	if err := w.awaitKafka(ctx); err != nil {
		return err
	}
	if err := exchange.EnsureTopics(ctx, w.cluster, w.cfg.Exchange); err != nil {
		return err
	}
	w.judging = &processor.Judging{
		Config:   processor.JudgeConfig{Window: w.cfg.Window, Detect: w.cfg.Detect, Incident: w.cfg.Incident},
		Exchange: w.cfg.Exchange, Cluster: w.cluster, PutEvery: w.cfg.Processor.PutEvery, SnapshotEvery: w.cfg.Processor.SnapshotEvery,
		Counters: &w.judged, Log: w.Log.With("room", "judge"),
	}
	if err = w.openSink(ctx); err != nil {
		return err
	}
	w.judging.Sink = w
	w.folding = &processor.Folding{
		Window: w.cfg.Window, Format: w.cfg.Source.Format, Service: w.cfg.Source.Service, MaxRecord: w.cfg.Processor.MaxRecordBytes,
		EmitEvery: w.cfg.Processor.EmitEvery, CommitEvery: w.cfg.Processor.CommitEvery,
		Sender: w.sender, Counters: &w.folds, Log: w.Log.With("room", "folder"),
	}
	return nil
}

// openSink waits for ClickHouse, but not long: judging and alerts need none. The sink outlives ctx, to write what it holds.
func (w *worker) openSink(ctx context.Context) (err error) {
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, end)
	w.sink, err = sink.Open(life, w.cfg.Sink, w.judging.Save)
	if !stop() || err != nil {
		end()
	}
	return err
}

func (w *worker) sender() processor.Send {
	p := exchange.NewPublisher(w.cluster, w.cfg.Exchange)
	p.OnRetry(func(err error, wait time.Duration) {
		w.Log.Warn("partials wait: Kafka does not take them", "retry_in", wait.String(), "error", err)
	})
	return p.Send
}

// awaitKafka waits for a broker that is away, and gives up on what only a person can mend.
func (w *worker) awaitKafka(ctx context.Context) error {
	for pause := time.Second; ; pause = min(2*pause, 30*time.Second) {
		err := w.cluster.Check(ctx, w.cfg.Source.Topics...)
		var away *ingest.AwayError
		if !errors.As(err, &away) || ctx.Err() != nil {
			return err
		}
		w.Log.Warn("Kafka cannot be used yet", "retry_in", pause.String(), "error", err)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

func (w *worker) consume(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		err := w.cluster.Consume(ctx, ingest.GroupConfig{ID: w.cfg.Source.Group, Topics: w.cfg.Source.Topics}, w.folding.Own)
		return ended("folding", err)
	})
	group.Go(func() error {
		err := w.cluster.Consume(ctx, ingest.GroupConfig{ID: w.cfg.Source.JudgeGroup(), Topics: []string{w.cfg.Exchange.PartialsTopic}}, w.judging.Own)
		return ended("judging", err)
	})
	group.Go(func() error { return w.sink.Failed(ctx) })
	return group.Wait()
}

func ended(what string, err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	return fmt.Errorf("%s: %w", what, err)
}

// Put hands the judge's batches to those who want to see them, to the alerts,
// which never wait, and then to ClickHouse. A snapshot is left out while alerts
// before it are undelivered: should this worker die, the next judge tells them again.
func (w *worker) Put(ctx context.Context, b processor.Batch) error {
	if w.Learned != nil {
		w.Learned(b)
	}
	w.alerts.Put(b)
	if b.Snapshot != nil && !w.alerts.Settled() {
		b.Snapshot = nil
	}
	if b.Empty() {
		return nil
	}
	return w.sink.Put(ctx, b)
}
