package cli

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/fatih/color"
	"github.com/spf13/cobra"

	"github.com/spikeline/spikeline/dashboards/report"
	"github.com/spikeline/spikeline/internal/telemetry"
	"github.com/spikeline/spikeline/processor/incident"
	"github.com/spikeline/spikeline/sink"
)

func (a *app) incidents() *cobra.Command {
	return a.group(&cobra.Command{
		Use:     "incidents",
		Short:   "List the incidents in ClickHouse, show one, or add a note to one",
		Example: "  spikeline incidents list --open\n  spikeline incidents show latest",
	}, a.incidentsList(), a.incidentsShow(), a.incidentsAnnotate())
}

// listed is the exit status of a list with something in it, when it was asked for.
const listed = 3

func (a *app) incidentsList() *cobra.Command {
	var from settings
	var since string
	var asJSON, exitCode bool
	q := sink.Filter{Limit: 50}
	c := &cobra.Command{
		Use:   "list",
		Short: "List incidents, the newest first",
		Long: `Lists incidents, the newest first.

Exit status: 0 the list was read, 1 it could not be read, 2 wrong use. With
--exit-code an incident in the list gives 3, so that scripts can branch on
--open, --service or --since without reading the table.`,
		Example: `  spikeline incidents list
  spikeline incidents list --open --exit-code || echo 'something is on fire, or cannot be asked'
  spikeline incidents list --open --service shop.example.com
  spikeline incidents list --since 24h --json`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			after, err := sinceTime(since, time.Now())
			if err != nil {
				return err
			}
			if !after.IsZero() {
				q.From = after.UnixNano()
			}
			if q.Limit < 1 || q.Limit > mostListed {
				return usage("--limit is %d; allowed is 1 to %d", q.Limit, mostListed)
			}
			if q.Phase != "" && !slices.Contains(report.Phases(), q.Phase) {
				return usage("--phase is %q; choose one of %s", q.Phase, strings.Join(report.Phases(), ", "))
			}
			s, err := openArchive(c.Context(), &from)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, s.Close()) }()
			list, err := s.ListIncidents(c.Context(), q)
			if err != nil {
				return err
			}
			if asJSON {
				err = a.listJSON(c.Context(), s, list)
			} else {
				err = writeIncidents(a.stdout, list, telemetry.Terminal(a.stdout))
			}
			if err == nil && len(list) == 0 && !asJSON {
				err = a.tellNewest(c.Context(), s)
			}
			if err == nil && exitCode && len(list) > 0 {
				return &exitError{status: listed}
			}
			return err
		},
	}
	from.addFile(c)
	from.addClickHouse(c)
	f := c.Flags()
	f.BoolVar(&q.OpenOnly, "open", false, "only those that have not recovered")
	f.StringVar(&since, "since", "", "only those that go on after this `TIME`: RFC 3339, or an age such as 24h")
	f.StringVar(&q.Service, "service", "", "only those that hit this service")
	f.StringVar(&q.Words, "search", "", "only those with these `WORDS` in their id or title")
	f.StringVar(&q.Phase, "phase", "", "only those that stand in this `PHASE`")
	complete(c, "phase", report.Phases())
	f.IntVar(&q.Limit, "limit", q.Limit, "at most so many")
	f.BoolVar(&exitCode, "exit-code", false, "exit with status 3 when the list is not empty")
	f.BoolVar(&asJSON, "json", false, "for programs")
	return c
}

// mostListed bounds a list.
const mostListed = 100_000

// tellNewest says, where a list is empty, which incident is the newest of all.
func (a *app) tellNewest(ctx context.Context, s *archive) error {
	newest, err := s.ListIncidents(ctx, sink.Filter{Limit: 1})
	if err != nil || len(newest) == 0 {
		return err
	}
	_, err = fmt.Fprintf(a.stderr, "None is like that; the newest of all is %s, from %s UTC.\n", newest[0].ID, day(newest[0].StartedAt))
	return err
}

func (a *app) incidentsShow() *cobra.Command {
	var from settings
	var asJSON bool
	c := &cobra.Command{
		Use:     "show ID",
		Short:   "Show one incident: its timeline, its services, and where the errors came from",
		Long:    "Shows one incident: its timeline, its services, and where the errors came\nfrom. ID may be shortened to its beginning; latest is the one that began last.",
		Example: "  spikeline incidents show latest\n  spikeline incidents show 20251118-112010-x.com --json",
		Args:    oneArg("the incident's id, or latest"),
		RunE: func(c *cobra.Command, args []string) (err error) {
			s, err := openArchive(c.Context(), &from)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, s.Close()) }()
			in, events, err := s.get(c.Context(), args[0])
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(a.stdout, report.Describe(in, events))
			}
			return writeIncident(a.stdout, in, events, telemetry.Terminal(a.stdout))
		},
	}
	completeIncident(c, &from)
	from.addFile(c)
	from.addClickHouse(c)
	c.Flags().BoolVar(&asJSON, "json", false, "for programs")
	return c
}

func (a *app) listJSON(ctx context.Context, s *archive, list []incident.Incident) error {
	documents := []incidentJSON{}
	for _, in := range list {
		events, err := s.Events(ctx, in.ID)
		if err != nil {
			return err
		}
		documents = append(documents, report.Describe(in, events))
	}
	return writeJSON(a.stdout, documents)
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// sinceTime reads a time, or an age before now; zero when text is empty.
func sinceTime(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if age, err := time.ParseDuration(text); err == nil && age >= 0 {
		return now.Add(-age), nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, usage("--since is %q; write an age such as 24h, or a time such as 2025-11-18T11:20:00Z", text)
	}
	return t, nil
}

func writeIncidents(w io.Writer, list []incident.Incident, colour bool) error {
	if len(list) == 0 {
		_, err := fmt.Fprintln(w, "No incidents.")
		return err
	}
	var text bytes.Buffer
	t := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "STARTED (UTC)\tLASTED\tPHASE\tSEVERITY\tSERVICES\tFAILED\tPEAK\tID\tTITLE")
	for _, in := range list {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d\t%s\t%s\t%s\t%s\n", day(in.StartedAt), lasted(in), in.Phase, cmp.Or(in.Severity, "-"),
			members(in), grouped(in.RequestsFailed), percent(in.PeakErrorRate), in.ID, in.Title)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for i, line := range strings.SplitAfter(text.String(), "\n") {
		if colour && i > 0 && i <= len(list) && list[i-1].Open {
			red := color.New(color.FgRed)
			red.EnableColor()
			line = red.Sprint(strings.TrimSuffix(line, "\n")) + "\n"
		}
		if _, err := io.WriteString(w, line); err != nil {
			return err
		}
	}
	return nil
}

func writeIncident(w io.Writer, in incident.Incident, events []sink.Event, colour bool) error {
	line := newTimeline(w, colour)
	fmt.Fprintf(w, "%s\n%s\n\n", line.paint(color.Bold).Sprint(in.Title), in.ID)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, f := range facts(in) {
		fmt.Fprintf(t, "  %s\t%s\n", f[0], f[1])
	}
	if err := t.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w)
	for _, e := range report.Steps(events) {
		if e.Author != "" {
			e.Summary += " (" + e.Author + ")"
		}
		line.print(e.Event)
	}
	fmt.Fprintln(w, "\nServices, in the order of the cascade")
	fmt.Fprintln(t, "  SERVICE\tFROM\tTO\tREQUESTS\tFAILED\tPEAK")
	for _, m := range in.Services {
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\t%s\t%s\n", m.Service, clock(m.StartedAt), cmp.Or(clock(m.EndedAt), "goes on"), grouped(m.Requests), grouped(m.Failed), percent(m.PeakRate))
	}
	if in.MoreServices > 0 {
		fmt.Fprintf(t, "  and %d more\n", in.MoreServices)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if len(in.Shares) > 0 {
		fmt.Fprintln(w, "\nWhere the failed requests came from")
		for _, s := range in.Shares {
			fmt.Fprintf(t, "  %s\t%s\t%s\n", s.By, cmp.Or(s.Value, "unknown"), percent(s.Share))
		}
	}
	return t.Flush()
}

// facts are an incident's lines of name and value; unknown ones are left out.
func facts(in incident.Incident) (list [][2]string) {
	add := func(name, value string) {
		if value != "" {
			list = append(list, [2]string{name, value})
		}
	}
	status := "resolved"
	if in.Open {
		status = "open"
	}
	add("status", status+", "+in.Phase.String())
	add("severity", in.Severity)
	add("started", day(in.StartedAt))
	add("detected", after(in.DetectedAt, in.StartedAt))
	add("peak", after(in.PeakAt, in.StartedAt))
	add("main impact ended", after(in.MainImpactEndedAt, in.StartedAt))
	add("ended", after(in.EndedAt, in.StartedAt))
	add("failed", fmt.Sprintf("%s of %s requests, %s at the peak", grouped(in.RequestsFailed), grouped(in.Requests), percent(in.PeakErrorRate)))
	if in.PeakFleetShare > 0 {
		add("fleet", percent(in.PeakFleetShare)+" of all requests failed at the worst")
	}
	if in.BudgetBurnt > 0 {
		add("error budget", percent(in.BudgetBurnt)+" of 30 days burnt")
	}
	if b := in.Burn; b.Fast > 0 || b.Slow > 0 {
		add("burn rates", fmt.Sprintf("%.1f over 1 h and 5 min, %.1f over 6 h and 30 min at the worst (the lower of each two)", b.Fast, b.Slow))
	}
	if b := in.Burn; in.Open && b.H6 > 0 {
		add("burn rates now", fmt.Sprintf("5 min %.1f, 30 min %.1f, 1 h %.1f, 6 h %.1f", b.M5, b.M30, b.H1, b.H6))
	}
	add("first service", in.FirstService)
	add("pops", strings.Join(in.Pops, " "))
	add("signals", strings.Join(in.Kinds, ", "))
	add("merged into", in.MergedInto)
	return list
}

func members(in incident.Incident) int { return len(in.Services) + int(in.MoreServices) }

// after gives a time, and how long after another it was.
func after(at, start int64) string {
	if at == 0 {
		return ""
	}
	return day(at) + " (+" + shortDuration(time.Duration(at-start)) + ")"
}

func lasted(in incident.Incident) string {
	if in.EndedAt == 0 {
		return "goes on"
	}
	return shortDuration(time.Duration(in.EndedAt - in.StartedAt))
}
