package cli

import (
	"context"
	"encoding/json"
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
	"github.com/spikeline/spikeline/processor/window"
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

func (r *replaying) check() error {
	switch {
	case r.format != "" && !slices.Contains(accesslog.Formats(), r.format):
		return usage("--format is %q; choose one of %s, or leave it out", r.format, strings.Join(accesslog.Formats(), ", "))
	case r.lateness < 0 || r.wait < 0:
		return usage("--lateness is %v and --wait %v; allowed are 0s and more", r.lateness, r.wait)
	}
	return nil
}

// patient has windows wait for lines out of order: nobody is in a hurry the day after.
func (r *replaying) patient(c window.Config) window.Config {
	c.OutOfOrderness = max(r.wait, c.OutOfOrderness)
	c.AllowedLateness = max(r.lateness, c.AllowedLateness)
	c.ReleaseAfter = max(c.ReleaseAfter, c.AllowedLateness+c.OutOfOrderness)
	return c
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
	cfg.Window = r.patient(cfg.Window)
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

// replayOutput gathers what is printed, and prints rejected lines as they come.
type replayOutput struct {
	*app
	*timeline
	json     bool
	out      *checked
	store    string // DSN of where all is kept; empty for nowhere
	folds    processor.FoldCounters
	services map[string]*window.Counts
	open     map[int64]map[string]window.Counts // newest counts of windows that may still change
	total    window.Counts
	rejected int64
	reasons  map[string]int64
	rejects  []rejectJSON
	omitted  int64 // rejects beyond those kept
	broken   int
	troubles []string
	first    int64
	last     int64
}

func newReplayOutput(a *app, r *replaying) *replayOutput {
	out := &checked{Writer: a.stdout}
	return &replayOutput{app: a, out: out, timeline: newTimeline(out, telemetry.Terminal(a.stdout)), json: r.json, store: r.clickhouse,
		services: map[string]*window.Counts{}, reasons: map[string]int64{}, open: map[int64]map[string]window.Counts{}}
}

func (o *replayOutput) line(file string, line int64, reason accesslog.Reason) {
	o.rejected++
	o.reasons[reason.String()]++
}

func (o *replayOutput) trouble(file string, line int64, err error) {
	o.broken++
	o.troubles = append(o.troubles, fmt.Sprintf("%s breaks off after line %d: %v", file, line, err))
	fmt.Fprintf(o.stderr, "spikeline: %s\n", o.troubles[len(o.troubles)-1])
}

func (o *replayOutput) mixed(file string, lines int64, u replay.Understood) {
	fmt.Fprintf(o.stderr, "spikeline: %s mixes formats: %s malformed lines, and %s: replay those apart, with --format %s\n", file, grouped(uint64(lines)), u.Why, u.Format)
}

// verdict is the error of a replay that came to its end.
func (o *replayOutput) verdict(files int) error {
	switch {
	case o.broken > 0:
		return fmt.Errorf("%d of %s could not be read to the end; what was read until there is counted above: fetch what is damaged again", o.broken, plural(files, "file"))
	case o.total.Requests == 0 && o.rejected == 0:
		return fmt.Errorf("there is not one line in %s: name others", plural(files, "file"))
	case o.total.Requests == 0 && o.rejected > 0:
		return fmt.Errorf("not one of %s could be used: %s", plural(int(o.rejected), "line"), o.remedy())
	}
	return nil
}

// remedy is the next step where no line could be used, by the commonest reason.
func (o *replayOutput) remedy() string {
	most := accesslog.Malformed.String()
	for reason, n := range o.reasons {
		if n > o.reasons[most] {
			most = reason
		}
	}
	switch most {
	case accesslog.Future.String():
		return "their times lie ahead of this machine's clock: set that right, or the server's"
	case accesslog.NoService.String():
		return "they name no service: give one with --service NAME"
	case accesslog.BadTimestamp.String(), accesslog.NoTimestamp.String():
		return "they have no time that can be read: have the server log one with its zone, such as 2025-11-18T11:28:04Z"
	}
	return "leave out --format, so that it is found out, or name another"
}

func (o *replayOutput) learn(b processor.Batch) {
	o.timeline.learn(b, !o.json)
	for i := range b.Windows {
		o.count(&b.Windows[i])
	}
	o.settle(b.RetiredTo)
	for _, r := range b.Rejects {
		o.reject(r)
	}
}

// count keeps the newest counts of each window; a later revision replaces an earlier one.
func (o *replayOutput) count(r *window.Result) {
	services := o.open[r.Start]
	if services == nil {
		services = map[string]window.Counts{}
		o.open[r.Start] = services
	}
	for i := 0; i < len(r.Rows); {
		j := i + 1
		for j < len(r.Rows) && r.Rows[j].Service == r.Rows[i].Service {
			j++
		}
		sum := window.Sum(r.Rows[i:j])
		sum.Latency = nil
		services[r.Rows[i].Service] = sum
		i = j
	}
	if o.first == 0 || r.Start < o.first {
		o.first = r.Start
	}
	o.last = max(o.last, r.End)
}

// settle adds up the windows that are final.
func (o *replayOutput) settle(retiredTo int64) {
	for start, services := range o.open {
		if start >= retiredTo {
			continue
		}
		for name, c := range services {
			if o.services[name] == nil {
				o.services[name] = &window.Counts{}
			}
			o.services[name].Add(&c)
			o.total.Add(&c)
		}
		delete(o.open, start)
	}
}

// rejectsShown bounds what is named one by one without --json, rejectsKept what is with it.
const (
	rejectsShown = 20
	rejectsKept  = 100_000
)

func (o *replayOutput) reject(r window.Reject) {
	if len(o.rejects) >= rejectsKept {
		o.omitted++
		return
	}
	o.rejects = append(o.rejects, rejectJSON{File: r.Source.Topic, Line: r.Offset, Reason: r.Reason.String(), Sample: r.Sample})
}

// finish prints the document, or what follows the timeline.
func (o *replayOutput) finish() error {
	o.settle(window.EndOfTime)
	if o.json {
		enc := json.NewEncoder(o.out)
		enc.SetIndent("", "  ")
		return enc.Encode(o.document())
	}
	o.summary()
	return o.out.err
}
