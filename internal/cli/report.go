package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/spikeline/spikeline/processor/incident"
)

func (a *app) report() *cobra.Command {
	var from settings
	var format, output string
	c := &cobra.Command{
		Use:   "report ID",
		Short: "Write the draft of a post-mortem",
		Long: `Writes the draft of a post-mortem: what the records say (summary, timeline,
services, where the errors came from, how good the data was), and the questions
that only people can answer. ID may be shortened; latest is the newest.`,
		Example: "  spikeline report latest --format md -o postmortem.md",
		Args:    oneArg("the incident's id, or latest"),
		RunE: func(c *cobra.Command, args []string) (err error) {
			if format != "md" && format != "json" {
				return usage("--format is %q; choose md or json", format)
			}
			s, err := openArchive(c.Context(), &from)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, s.Close()) }()
			in, events, err := s.get(c.Context(), args[0])
			if err != nil {
				return err
			}
			q, err := s.quality(c.Context(), in)
			if err != nil {
				return err
			}
			return a.write(output, func(w io.Writer) error {
				if format == "json" {
					return writeJSON(w, reportDocument(in, events, q))
				}
				_, err := io.WriteString(w, markdown(in, events, q))
				return err
			})
		},
	}
	from.addFile(c)
	from.addClickHouse(c)
	c.Flags().StringVar(&format, "format", "md", "md or json")
	c.Flags().StringVarP(&output, "output", "o", "", "`FILE` to write; - or nothing is standard output")
	return c
}

// write lets something be written to a file, or to standard output.
func (a *app) write(file string, text func(io.Writer) error) error {
	if file == "" || file == "-" {
		return text(a.stdout)
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	return errors.Join(text(f), f.Close())
}

// markdown is the draft. What the records cannot say is left as a question in italics.
func markdown(in incident.Incident, events []incident.Event, q quality) string {
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	p("# %s\n", cell(in.Title))
	p("Draft made from request logs. What stands in _italics_ is for people to write.\n")
	p("## Summary\n")
	p("%s\n", summary(in))
	p("_What happened, in two sentences for someone who was not there?_\n")
	p("| | |\n| --- | --- |")
	p("| incident | `%s` |", in.ID)
	for _, f := range facts(in) {
		p("| %s | %s |", f[0], cell(f[1]))
	}
	p("\n## Timeline (UTC)\n")
	p("| time | event | service | what the records say |\n| --- | --- | --- | --- |")
	for _, e := range inOrder(events) {
		p("| %s | %s | %s | %s |", day(e.At), e.Event, cell(e.Service), cell(e.Summary))
	}
	p("\n_Add: when people noticed, what they tried, when the status page spoke._\n")
	p("## Services\n")
	p("| service | from | to | requests | failed | peak |\n| --- | --- | --- | --: | --: | --: |")
	for _, m := range in.Services {
		p("| %s | %s | %s | %s | %s | %s |", cell(m.Service), clock(m.StartedAt), cmp.Or(clock(m.EndedAt), "goes on"), grouped(m.Requests), grouped(m.Failed), percent(m.PeakRate))
	}
	if in.MoreServices > 0 {
		p("| and %d more | | | | | |", in.MoreServices)
	}
	p("\n## Where the failed requests came from\n")
	if len(in.Shares) == 0 {
		p("No part stood out, or there were too few errors to say.")
	} else {
		p("| by | value | share of the excess errors |\n| --- | --- | --: |")
		for _, s := range in.Shares {
			p("| %s | %s | %s |", s.By, cell(cmp.Or(s.Value, "unknown")), percent(s.Share))
		}
	}
	p("\nThis says where the errors were seen, not why.\n")
	p("## How good the data is\n")
	for _, line := range q.lines() {
		p("- %s", line)
	}
	p("\n## Cause\n\n_What changed just before %s? What made it possible?_\n", clock(in.StartedAt))
	p("## Detection and response\n\n_Who noticed, by what? What slowed the recovery? What went well?_\n")
	p("## Actions\n\n| action | owner | due |\n| --- | --- | --- |\n| _…_ | | |")
	return b.String()
}

func summary(in incident.Incident) string {
	services := plural(members(in), "service")
	text := fmt.Sprintf("From %s UTC errors rose on %s, first on %s; %s of %s requests failed in excess of what is usual, %s at the peak.",
		day(in.StartedAt), services, cmp.Or(in.FirstService, "the fleet"), grouped(in.RequestsFailed), grouped(in.Requests), percent(in.PeakErrorRate))
	if in.MainImpactEndedAt > 0 {
		text += fmt.Sprintf(" The main impact lasted %s.", shortDuration(time.Duration(in.MainImpactEndedAt-in.StartedAt)))
	}
	if in.Open {
		return text + " It has not ended."
	}
	return text + fmt.Sprintf(" It ended after %s.", lasted(in))
}

func (q quality) lines() []string {
	if q.Windows == 0 {
		return []string{"The windows of this time are not stored any more, so nothing can be said."}
	}
	share := func(n uint64, what string) string {
		return fmt.Sprintf("%s of %s windows (service and time) %s", grouped(n), grouped(q.Windows), what)
	}
	return []string{
		share(q.Incomplete, "closed without requests from every live partition."),
		share(q.Revised, "changed after they had closed, since records came late."),
		share(q.Unfinished, "are not final yet and may still change."),
		grouped(q.Late) + " requests came late and are counted.",
		grouped(q.Rejects) + " records of this time could not be used and are kept as samples in spikeline.rejects; spikeline.ledger has the exact counts.",
	}
}

// cell makes a text fit one cell of a Markdown table; names come from senders.
func cell(s string) string { return markdownEscapes.Replace(oneLine(s)) }

var markdownEscapes = strings.NewReplacer("|", `\|`, "<", "&lt;", ">", "&gt;", "[", `\[`, "]", `\]`, "`", "'", "*", `\*`)

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
