package cli

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/fatih/color"
	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/spikeline/spikeline/demo"
	"github.com/spikeline/spikeline/internal/config"
	"github.com/spikeline/spikeline/internal/telemetry"
	"github.com/spikeline/spikeline/internal/worker"
	"github.com/spikeline/spikeline/processor"
	"github.com/spikeline/spikeline/sink"
	"github.com/spikeline/spikeline/sink/engine"
)

// demonstration is what the flags of demo say.
type demonstration struct {
	scenario                         string
	seed                             uint64
	speed                            float64
	exit                             bool
	path, binary, dsn                string
	kafkaPort, httpPort, native, own int
}

// demoPartitions is what a small topic has, and enough to see partitions merge.
const demoPartitions = 4

func (a *app) demo() *cobra.Command {
	d := demonstration{}
	c := &cobra.Command{
		Use:   "demo",
		Short: "Replay a real outage on this machine, and print its timeline as it unfolds",
		Long: `Starts an embedded Kafka broker and an embedded ClickHouse, writes the edge logs
of a real outage into the one, and runs the worker from there into the other.
Prints the incident as it unfolds, then stays up to be queried until Ctrl-C.

Ports, all on 127.0.0.1: Kafka 9092, ClickHouse HTTP 8123, metrics 9464.`,
		Example: `  spikeline demo
  spikeline demo --exit
  spikeline demo --scenario fastly-2021-06-08 --speed 60`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.runDemo(c.Context(), &d) },
	}
	f := c.Flags()
	f.StringVar(&d.scenario, "scenario", demo.Scenarios()[0].Name, "`NAME` of the outage; simulate --list shows them")
	f.Uint64Var(&d.seed, "seed", 1, "chooses the noise")
	f.Float64Var(&d.speed, "speed", 200, "event seconds a second; 0 is as fast as possible")
	f.BoolVar(&d.exit, "exit", false, "end as soon as the outage is over and stored, for scripts")
	f.StringVar(&d.path, "path", "", "`DIR` that keeps ClickHouse's data; a temporary one when not given")
	f.StringVar(&d.dsn, "clickhouse", "", "`DSN` of a ClickHouse to use in place of the embedded one")
	f.StringVar(&d.binary, "clickhouse-binary", "", "a clickhouse `EXECUTABLE` to run in place of the embedded library")
	f.IntVar(&d.kafkaPort, "kafka-port", 9092, "port of the embedded broker; 0 takes a free one")
	f.IntVar(&d.httpPort, "http-port", 8123, "port of ClickHouse's HTTP; 0 takes a free one")
	f.IntVar(&d.native, "native-port", 0, "port of ClickHouse's native protocol; 0 leaves it closed")
	f.IntVar(&d.own, "metrics-port", 9464, "port of /metrics, /healthz and /readyz; 0 takes a free one")
	return c
}

// show is a demonstration that runs.
type show struct {
	*app
	*demonstration
	*timeline
	script    *demo.Scenario
	generator *demo.Generator
	engine    *engine.Engine
	broker    string
	config    config.Config
	metrics   string
}

func (a *app) runDemo(ctx context.Context, d *demonstration) error {
	s := &show{app: a, demonstration: d, timeline: newTimeline(a.stdout, telemetry.Terminal(a.stdout))}
	if err := s.prepare(); err != nil {
		return err
	}
	stopEngine, err := s.startEngine(ctx)
	if err != nil {
		return stoppedByUser(ctx, err)
	}
	defer stopEngine()
	addr, stopBroker, err := demo.StartBroker(d.kafkaPort, map[string]int32{s.config.Source.Topics[0]: demoPartitions})
	if err != nil {
		return fmt.Errorf("%w: choose another with --kafka-port, or 0 for a free one", err)
	}
	defer stopBroker()
	s.broker, s.config.Kafka.Brokers = addr, []string{addr}
	return stoppedByUser(ctx, s.run(ctx))
}

func stoppedByUser(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

func (s *show) prepare() (err error) {
	if s.speed < 0 {
		return usage("--speed is %v; give 0 for as fast as possible, or more", s.speed)
	}
	if s.script, err = demo.Find(s.scenario); err != nil {
		return usage("%w", err)
	}
	if s.script.End.IsZero() {
		return usage("scenario %s never ends; simulate can write it to a topic for a worker", s.scenario)
	}
	o := demo.Default()
	o.Seed, o.Partitions = s.seed, demoPartitions
	if s.generator, err = demo.New(s.script, o); err != nil {
		return usage("%w", err)
	}
	s.config = config.Default()
	s.config.HTTP.Listen = fmt.Sprintf("127.0.0.1:%d", s.own)
	s.config.Log.Level = "warn"
	slog.SetDefault(telemetry.Logger(s.stderr, s.config.Log))
	return nil
}

func (s *show) startEngine(ctx context.Context) (stop func(), err error) {
	s.config.Sink.Run = "demo-" + time.Now().UTC().Format("20060102T150405")
	if s.dsn != "" {
		s.config.Sink.DSN = s.dsn
		return func() {}, s.config.Sink.Validate()
	}
	path, clean := s.path, func() {}
	if path == "" {
		dir, err := os.MkdirTemp("", "spikeline-demo-")
		if err != nil {
			return nil, err
		}
		path, clean = filepath.Join(dir, "clickhouse"), func() { os.RemoveAll(dir) }
	}
	if s.binary != "" {
		// nothing to fetch
	} else if _, err := engine.Fetch(ctx, func(line string) { fmt.Fprintln(s.stderr, line) }); err != nil {
		clean()
		return nil, err
	}
	c := engine.Default()
	c.Path, c.Binary, c.HTTPPort, c.NativePort, c.Log = path, s.binary, s.httpPort, s.native, slog.Default()
	if s.engine, err = engine.Start(ctx, c); err != nil {
		clean()
		return nil, err
	}
	s.config.Sink.DSN = s.engine.DSN()
	return func() { s.engine.Stop(); clean() }, nil
}

// run plays the outage through a worker, tells what was found, and stays up unless told to exit.
func (s *show) run(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	group, ctx := errgroup.WithContext(ctx)
	ready := make(chan struct{})
	group.Go(func() error {
		return worker.Run(ctx, s.config, worker.Options{Log: slog.Default(), Pages: incidentPages(s.config), Learned: s.learned, Ready: func(addr string) {
			s.metrics = addr
			close(ready)
		}})
	})
	group.Go(func() error {
		defer stop()
		select {
		case <-ready:
		case <-ctx.Done():
			return nil
		}
		if err := s.play(ctx); err != nil {
			return err
		}
		if !s.exit {
			fmt.Fprintln(s.stderr, "\nStop it with Ctrl-C.")
			<-ctx.Done()
		}
		return nil
	})
	return group.Wait()
}

func (s *show) play(ctx context.Context) error {
	s.introduce()
	begun := time.Now()
	to := demo.ToKafka([]string{s.broker}, s.config.Source.Topics[0])
	defer to.Close()
	if err := demo.Drive(ctx, s.generator, to, demo.Pace{Speed: s.speed}); err != nil {
		return err
	}
	stored, err := s.awaitStored(ctx)
	if err != nil {
		return err
	}
	s.conclude(stored, time.Since(begun))
	return nil
}

func (s *show) introduce() {
	fmt.Fprintf(s.stdout, "%s: %s\n", s.script.Name, s.script.Story)
	pace := "as fast as this machine can"
	if s.speed > 0 {
		pace = fmt.Sprintf("at %v times its speed, about %s", s.speed, shortDuration(time.Duration(float64(s.script.End.Sub(s.script.Start))/s.speed)))
	}
	fmt.Fprintf(s.stdout, "Edge logs of %d services in %d pops, %s to %s UTC, %s.\n\n", len(s.script.Services), len(s.script.Pops),
		s.script.Start.UTC().Format("15:04"), s.script.End.UTC().Format("15:04"), pace)
}

// learned is called by the judge's goroutine before a batch is written.
func (s *show) learned(b processor.Batch) { s.timeline.learn(b, true) }

// awaitStored waits until ClickHouse holds every request that was sent.
func (s *show) awaitStored(ctx context.Context) (stored uint64, err error) {
	conn, err := sink.Connect(s.config.Sink)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	sent := s.generator.Tally().Lines
	var before uint64
	grew := time.Now()
	for {
		row := conn.QueryRow(ctx, "SELECT sum(requests) FROM spikeline.windows WHERE run = $1", s.config.Sink.Run)
		failed := row.Scan(&stored)
		if stored > before {
			before, grew = stored, time.Now()
		}
		stuck := time.Since(grew) > time.Minute
		switch {
		case ctx.Err() != nil:
			return 0, ctx.Err()
		case failed == nil && stored == sent:
			return stored, nil
		case failed != nil && stuck:
			return 0, fmt.Errorf("ClickHouse has not answered for a minute: %w", failed)
		case stuck:
			return stored, fmt.Errorf("%s requests were sent, ClickHouse holds %s and has taken no more for a minute: look at /metrics and at spikeline.rejects", grouped(sent), grouped(stored))
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(300 * time.Millisecond):
		}
	}
}

func (s *show) conclude(stored uint64, took time.Duration) {
	w, bold := s.stdout, s.paint(color.Bold)
	found := s.found()
	if len(found) > 0 {
		fmt.Fprintln(w, "\nWhat is known now, onsets and ends put right:")
	}
	for _, in := range found {
		fmt.Fprintf(w, "%s\n", bold.Sprint(in.Title))
		s.story(in.ID)
		fmt.Fprintf(w, "  started %s, detected %s, main impact ended %s, over %s\n", stamp(in.StartedAt), stamp(in.DetectedAt), orUnknown(stamp(in.MainImpactEndedAt)), orUnknown(stamp(in.EndedAt)))
		fmt.Fprintf(w, "  %s of %s requests failed, %d services were hit; severity %s\n", grouped(in.RequestsFailed), grouped(in.Requests), len(in.Services), in.Severity)
		fmt.Fprintf(w, "  spikeline report %s --clickhouse %s\n", in.ID, s.database())
	}
	if len(found) == 0 {
		fmt.Fprintln(w, "No incident.")
	}
	fmt.Fprintf(w, "\n%s requests were sent, ClickHouse holds %s of them; %s of wall time.\n", grouped(s.generator.Tally().Lines), grouped(stored), shortDuration(took))
	if !s.exit {
		s.howToQuery(w)
	}
}

func orUnknown(text string) string {
	if text == "" {
		return "(not yet)"
	}
	return text
}

// database is how to reach ClickHouse.
func (s *show) database() string {
	if s.engine == nil {
		return s.dsn
	}
	return "http://" + s.engine.Addr()
}

func (s *show) howToQuery(w io.Writer) {
	if s.engine == nil {
		fmt.Fprintf(w, "Its rows are those with run = '%s'. Metrics: http://%s/metrics, Kafka: %s\n", s.config.Sink.Run, s.metrics, s.broker)
		return
	}
	fmt.Fprintf(w, `
Ask it:
  curl 'http://%[1]s/?query=SELECT+service,sum(requests),sum(errors)+FROM+spikeline.windows+GROUP+BY+service+FORMAT+PrettyCompact'
  curl 'http://%[1]s/?query=SELECT+at,event,service,summary+FROM+spikeline.incident_events+ORDER+BY+at+FORMAT+PrettyCompact'
  spikeline incidents list --clickhouse http://%[1]s
  incidents: http://%[2]s/incidents   SQL: http://%[1]s/play   metrics: http://%[2]s/metrics   Kafka: %[3]s
`, s.engine.Addr(), s.metrics, s.broker)
	if native := s.engine.NativeAddr(); native != "" {
		fmt.Fprintf(w, "  native protocol: %s\n", native)
	}
}
