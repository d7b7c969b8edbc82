package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/spikeline/spikeline/demo"
	"github.com/spikeline/spikeline/ingest"
	"github.com/spikeline/spikeline/internal/telemetry"
)

// simulation is what the flags of simulate say.
type simulation struct {
	settings
	scenario, from, to string
	options            demo.Options
	format             string
	timestamps         []string
	speed              float64
	live, list         bool
	output, topic      string
	truth, windows     string
}

func (a *app) simulate() *cobra.Command {
	s := simulation{options: demo.Default()}
	c := &cobra.Command{
		Use:   "simulate",
		Short: "Write the edge logs of a real outage, with its ground truth",
		Long: `Writes the edge logs that an outage would have left, to standard output, a file
or a Kafka topic. The same scenario, options and seed give the same lines on
every machine. --truth writes what a reader of all lines must count.`,
		Example: `  spikeline simulate --list
  spikeline simulate --scenario cloudflare-2025-11-18 -o edge.log --truth truth.csv
  spikeline simulate --brokers 127.0.0.1:9092 --topic edge.requests --live --speed 1`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if s.list {
				return listScenarios(a.stdout)
			}
			return a.runSimulation(c.Context(), &s)
		},
	}
	s.addFile(c)
	s.addBrokers(c)
	f := c.Flags()
	f.StringVar(&s.scenario, "scenario", demo.Scenarios()[0].Name, "`NAME` of the outage; --list shows them")
	f.BoolVar(&s.list, "list", false, "list the scenarios and stop")
	f.StringVarP(&s.output, "output", "o", "", "`FILE` to write; - or nothing is standard output")
	f.StringVar(&s.topic, "topic", "", "Kafka `TOPIC` to write to, in place of a file")
	f.Uint64Var(&s.options.Seed, "seed", s.options.Seed, "chooses the noise")
	f.Float64Var(&s.options.Rate, "rate", s.options.Rate, "factor on the scenario's request rates")
	f.Float64Var(&s.options.Total, "total", 0, "requests a second on average, in place of --rate")
	f.Float64Var(&s.speed, "speed", 0, "event seconds a second: 1 is real time, 0 as fast as possible")
	f.BoolVar(&s.live, "live", false, "shift the scenario so that it begins now")
	f.StringVar(&s.from, "from", "", "begin at this `TIME` of the scenario, RFC 3339")
	f.StringVar(&s.to, "to", "", "end at this `TIME` of the scenario, RFC 3339")
	f.StringVar(&s.format, "format", string(s.options.Format), "of the lines: cloudflare, combined or nginx_json")
	f.StringSliceVar(&s.timestamps, "timestamps", nil, "forms of Cloudflare's times: unixnano, unix, rfc3339, rfc3339ms")
	f.DurationVar(&s.options.Jitter, "jitter", s.options.Jitter, "records arrive up to this long after the request")
	f.Float64Var(&s.options.Late, "late", s.options.Late, "share of records that come 10 to 50 s late")
	f.Float64Var(&s.options.TooLate, "too-late", 0, "share of records that come 3 to 6 min late")
	f.Float64Var(&s.options.Broken, "broken", 0, "share of lines that are damaged")
	f.StringVar(&s.truth, "truth", "", "write requests and errors by service to this CSV `FILE`")
	complete(c, "scenario", scenarioNames())
	complete(c, "format", []string{string(demo.Cloudflare), string(demo.Combined), string(demo.NginxJSON)})
	f.StringVar(&s.windows, "truth-windows", "", "write every window's counts by service and pop to this CSV `FILE`")
	return c
}

func scenarioNames() (names []string) {
	for _, i := range demo.Scenarios() {
		names = append(names, i.Name)
	}
	return names
}

func listScenarios(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "NAME\tBEGINS\tLASTS\tSERVICES\tPOPS\tREQ/S\tSTORY")
	for _, i := range demo.Scenarios() {
		lasts := "endless"
		if !i.End.IsZero() {
			lasts = shortDuration(i.End.Sub(i.Start))
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%d\t%.0f\t%s\n", i.Name, i.Start.UTC().Format("2006-01-02 15:04"), lasts, i.Services, i.Pops, i.Rate, i.Story)
	}
	return t.Flush()
}

func (a *app) runSimulation(ctx context.Context, s *simulation) (err error) {
	script, err := s.prepare()
	if err != nil {
		return err
	}
	to, closeTarget, err := a.target(ctx, s)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeTarget()) }()
	g, err := demo.New(script, s.options)
	if err != nil {
		return usage("%w", err)
	}
	closeTruth, err := s.openTruth(g)
	if err != nil {
		return err
	}
	pace := demo.Pace{Speed: s.speed}
	var finish func()
	pace.Progress, finish = a.progress(script, s.options)
	err = demo.Drive(ctx, g, to, pace)
	finish()
	if errors.Is(err, ctx.Err()) && ctx.Err() != nil {
		err = nil // stopped by the user: what was sent is complete, and so is its truth
	}
	if err = errors.Join(err, closeTruth()); err != nil {
		return err
	}
	t := g.Tally()
	broken := uint64(0)
	for _, n := range t.Broken {
		broken += n
	}
	fmt.Fprintf(a.stderr, "%d lines written, of them %d broken, %d late, %d too late\n", t.Lines, broken, t.Late, t.TooLate)
	return nil
}

// prepare turns the flags into a script and options.
func (s *simulation) prepare() (*demo.Scenario, error) {
	script, err := demo.Find(s.scenario)
	if err != nil {
		return nil, usage("%w", err)
	}
	if s.topic != "" && s.output != "" {
		return nil, usage("both --output and --topic are given; choose one")
	}
	if s.topic == "" && len(s.brokers) > 0 {
		return nil, usage("--brokers without --topic; name the topic to write to")
	}
	if s.speed < 0 {
		return nil, usage("--speed is %v; give 0 for as fast as possible, or more", s.speed)
	}
	if s.options.Start, err = eventTime("from", s.from); err != nil {
		return nil, err
	}
	if s.options.End, err = eventTime("to", s.to); err != nil {
		return nil, err
	}
	s.options.Format = demo.Format(s.format)
	for _, t := range s.timestamps {
		s.options.Timestamps = append(s.options.Timestamps, demo.Timestamp(t))
	}
	if s.live {
		begin := *script
		if !s.options.Start.IsZero() {
			begin.Start = s.options.Start
		}
		s.options.Shift = demo.LiveShift(&begin, time.Now())
	}
	return script, nil
}

func eventTime(flag, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, usage("--%s is %q; write it like 2025-11-18T11:20:00Z", flag, text)
	}
	return t, nil
}

// target opens where the lines go.
func (a *app) target(ctx context.Context, s *simulation) (demo.Producer, func() error, error) {
	if s.topic != "" {
		return s.kafkaTarget(ctx)
	}
	if s.output == "" || s.output == "-" {
		w := bufio.NewWriterSize(a.stdout, 256<<10)
		return demo.Lines(w), w.Flush, nil
	}
	file, err := create(s.output)
	if err != nil {
		return nil, nil, err
	}
	return demo.Lines(file), file.Close, nil
}

func (s *simulation) kafkaTarget(ctx context.Context) (demo.Producer, func() error, error) {
	c, err := s.load()
	if err != nil {
		return nil, nil, err
	}
	cluster, err := ingest.Connect(c.Kafka)
	if err != nil {
		return nil, nil, err
	}
	if err := cluster.Check(ctx, s.topic); err != nil {
		cluster.Close()
		return nil, nil, err
	}
	to := demo.Through(cluster.Client(), s.topic)
	if s.options.Partitions, err = to.Partitions(ctx); err != nil {
		cluster.Close()
		return nil, nil, err
	}
	return to, func() error { cluster.Close(); return nil }, nil
}

// openTruth has the ground truth written; the returned function completes it.
func (s *simulation) openTruth(g *demo.Generator) (func() error, error) {
	var closers []func() error
	if s.windows != "" {
		file, err := create(s.windows)
		if err != nil {
			return nil, err
		}
		w := bufio.NewWriterSize(file, 256<<10)
		g.Tally().WriteWindows(w)
		closers = append(closers, w.Flush, file.Close)
	}
	if s.truth != "" {
		file, err := create(s.truth)
		if err != nil {
			return nil, err
		}
		closers = append(closers, func() error { return g.Tally().WriteTotals(file) }, file.Close)
	}
	return func() error {
		var errs []error
		for _, c := range closers {
			errs = append(errs, c())
		}
		return errors.Join(errs...)
	}, nil
}

// progress shows event time on a terminal, and nothing elsewhere.
func (a *app) progress(script *demo.Scenario, o demo.Options) (func(now int64), func()) {
	if !telemetry.Terminal(a.stderr) {
		return nil, func() {}
	}
	start, end := script.Start, script.End
	if !o.Start.IsZero() {
		start = o.Start
	}
	if !o.End.IsZero() {
		end = o.End
	}
	total := int64(-1)
	if !end.IsZero() {
		total = int64(end.Sub(start) / time.Second)
	}
	bar := progressbar.NewOptions64(total, progressbar.OptionSetWriter(a.stderr), progressbar.OptionSetWidth(30),
		progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish(), progressbar.OptionSetDescription(strings.TrimSpace(script.Name)))
	from := start.Add(o.Shift)
	update := func(now int64) {
		at := time.Unix(0, now).UTC()
		bar.Describe(script.Name + " " + at.Format(time.TimeOnly))
		_ = bar.Set64(max(0, int64(at.Sub(from)/time.Second)))
	}
	return update, func() { _ = bar.Finish() }
}
