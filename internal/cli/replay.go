package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/spikeline/spikeline/ingest/accesslog"
	"github.com/spikeline/spikeline/internal/config"
	"github.com/spikeline/spikeline/internal/replay"
	"github.com/spikeline/spikeline/internal/telemetry"
	"github.com/spikeline/spikeline/processor"
	"github.com/spikeline/spikeline/sink"
)

// replaying is what the flags of replay say.
type replaying struct {
	settings
	format, service string
	lateness, wait  time.Duration
	run             string
	json            bool
}

func (a *app) replay() *cobra.Command {
	r := replaying{}
	c := &cobra.Command{
		Use:   "replay FILE...",
		Short: "Find the incidents in log files, in place of Kafka",
		Long: `Reads log files (plain, .gz, .zst, - for standard input), merges them by event
time, and prints the incidents in them, the totals, and the lines that could
not be used. With --clickhouse, everything is stored as the worker does.`,
		Example: `  spikeline replay access.log
  spikeline replay --format cloudflare 'logs/*.gz' --json
  zcat old.gz | spikeline replay - --service shop.example.com
  spikeline replay edge.log --clickhouse http://127.0.0.1:8123/spikeline`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return fmt.Errorf("name at least one log file, or - for standard input")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error { return a.runReplay(c.Context(), &r, args) },
	}
	r.addFile(c)
	r.addClickHouse(c)
	f := c.Flags()
	f.StringVar(&r.run, "run", "replay", "`NAME` that the stored rows carry, with --clickhouse")
	f.StringVar(&r.format, "format", "", "of the lines: "+strings.Join(accesslog.Formats(), ", ")+"; found out when not given")
	complete(c, "format", accesslog.Formats())
	f.StringVar(&r.service, "service", "", "`NAME` of the service where the lines name none; the file's name when not given")
	f.DurationVar(&r.lateness, "lateness", time.Hour, "how far behind the newest a line may be and still count; servers log long requests when they end")
	f.DurationVar(&r.wait, "wait", time.Minute, "how far out of order lines may be and still be judged with their window; later ones count, after the judgement")
	f.BoolVar(&r.json, "json", false, "print one JSON document")
	return c
}

// What is waited for is held in memory.
const (
	longestWait     = time.Hour
	longestLateness = 24 * time.Hour
)

func (r *replaying) check() error {
	switch {
	case r.format != "" && !slices.Contains(accesslog.Formats(), r.format):
		return usage("--format is %q; choose one of %s, or leave it out", r.format, strings.Join(accesslog.Formats(), ", "))
	case r.lateness < 0 || r.lateness > longestLateness:
		return usage("--lateness is %v; allowed is 0s to %v", r.lateness, longestLateness)
	case r.wait < 0 || r.wait > longestWait:
		return usage("--wait is %v; allowed is 0s to %v", r.wait, longestWait)
	}
	return nil
}

// patient has windows wait for lines out of order: nobody is in a hurry the day after.
// Nothing goes through the exchange, whose retention would otherwise bound the wait.
func (r *replaying) patient(c *config.Config) {
	w := &c.Window
	w.OutOfOrderness = max(r.wait, w.OutOfOrderness)
	w.AllowedLateness = max(r.lateness, w.AllowedLateness)
	w.ReleaseAfter = max(w.ReleaseAfter, w.AllowedLateness+w.OutOfOrderness)
	c.Exchange.Retention = max(c.Exchange.Retention, w.AllowedLateness+w.ReleaseAfter+time.Hour)
}

func (a *app) runReplay(ctx context.Context, r *replaying, args []string) error {
	if err := r.check(); err != nil {
		return err
	}
	cfg, err := r.load()
	if err != nil {
		return err
	}
	files, size, err := expand(args)
	if err != nil {
		return err
	}
	r.patient(&cfg)
	if err := cfg.Validate(); err != nil {
		return err
	}
	service := cfg.Source.Service
	if r.service != "" {
		service.Fallback = r.service
	}
	out := newReplayOutput(a, r)
	put, closeSink, err := r.store(ctx, cfg)
	if err != nil {
		return err
	}
	read, finish := a.replayProgress(size)
	err = replay.Run(ctx, replay.Options{
		Files: files, Stdin: a.stdin, Format: r.format, Service: service, MaxRecord: cfg.Processor.MaxRecordBytes, Now: time.Now(),
		Judge:    processor.JudgeConfig{Window: cfg.Window, Detect: cfg.Detect, Incident: cfg.Incident},
		Counters: &out.folds, Judged: &processor.JudgeCounters{},
		Batch: func(b processor.Batch) error {
			out.learn(b)
			return put(b)
		},
		Detected: a.tellFormats,
		Mixed:    out.mixed,
		Line:     out.line,
		Late:     out.late,
		Read:     read,
		Trouble:  out.trouble,
	})
	finish()
	if err = errors.Join(err, closeSink()); err != nil {
		return err
	}
	return errors.Join(out.finish(), out.verdict(len(files)))
}

// tellFormats says how files were understood, files alike in one line.
func (a *app) tellFormats(files []replay.Understood) {
	var formats []string
	alike := map[string][]replay.Understood{}
	for _, f := range files {
		if alike[f.Format] == nil {
			formats = append(formats, f.Format)
		}
		alike[f.Format] = append(alike[f.Format], f)
	}
	for _, format := range formats {
		first, more := alike[format][0], len(alike[format])-1
		switch {
		case format == "" && more == 0:
			fmt.Fprintf(a.stderr, "%s is empty\n", first.File)
		case format == "":
			fmt.Fprintf(a.stderr, "%s and %s more are empty\n", first.File, plural(more, "file"))
		case more == 0:
			fmt.Fprintf(a.stderr, "%s is read as %s: %s\n", first.File, format, first.Why)
		default:
			fmt.Fprintf(a.stderr, "%s and %s more are read as %s: of the first, %s\n", first.File, plural(more, "file"), format, first.Why)
		}
	}
}

// store gives what batches are written to: ClickHouse where one is named, else nothing.
func (r *replaying) store(ctx context.Context, cfg config.Config) (put func(processor.Batch) error, end func() error, err error) {
	if r.clickhouse == "" {
		return func(processor.Batch) error { return nil }, func() error { return nil }, nil
	}
	conn, err := sink.Connect(cfg.Sink)
	if err != nil {
		return nil, nil, err
	}
	if err := errors.Join(reach(ctx, conn, cfg.Sink.DSN), conn.Close()); err != nil {
		return nil, nil, err
	}
	cfg.Sink.Run = r.run
	w, err := sink.Open(ctx, cfg.Sink, func(context.Context, processor.Snapshot) error { return nil })
	if err != nil {
		return nil, nil, err
	}
	put = func(b processor.Batch) error { return w.Put(ctx, b) }
	return put, func() error { return w.Close(ctx) }, nil
}

// expand resolves patterns that no shell has, and sums the sizes.
func expand(args []string) (files []string, size int64, err error) {
	for _, arg := range args {
		matches, err := filepath.Glob(arg)
		if err != nil || len(matches) == 0 {
			matches = []string{arg}
		}
		files = append(files, matches...)
	}
	for i, name := range files {
		if slices.Contains(files[:i], name) {
			return nil, 0, usage("%s is named twice: its lines would count twice", name)
		}
		info, err := os.Stat(name)
		switch {
		case name == "-":
			size = -1
		case err != nil && strings.ContainsAny(name, "*?["):
			return nil, 0, fmt.Errorf("no file is like %s: name log files, or - for standard input", name)
		case err != nil:
			return nil, 0, fmt.Errorf("%w: name log files, or - for standard input", err)
		case size >= 0:
			size += info.Size()
		}
	}
	return files, size, nil
}

// replayProgress shows bytes read, rate and time left on a terminal, and nothing elsewhere.
func (a *app) replayProgress(size int64) (read func(int64), finish func()) {
	if !telemetry.Terminal(a.stderr) {
		return nil, func() {}
	}
	bar := progressbar.NewOptions64(size, progressbar.OptionSetWriter(a.stderr), progressbar.OptionShowBytes(true),
		progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish(), progressbar.OptionSetDescription("reading"))
	return func(n int64) { _ = bar.Add64(n) }, func() { _ = bar.Finish() } // a bar that cannot be drawn loses nothing
}
