// Package report writes the draft of a post-mortem: one incident as a page of
// HTML that needs no network, as Markdown for a wiki, or as JSON. It says what
// the records say, with the SQL behind every number, and leaves blanks for what
// only people know. It is pure: what it shows comes from its caller.
package report

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spikeline/spikeline/processor/incident"
	"github.com/spikeline/spikeline/sink"
)

// Data is everything a report is made of.
type Data struct {
	Incident incident.Incident
	Events   []sink.Event
	Evidence *sink.Evidence
	Now      int64 // when the report is made, Unix nanoseconds

	Objective float64 // share of requests promised to succeed, for the error budget of 30 days; 0 if its services have several
	Measured  float64 // the objective by which the incident's BudgetBurnt was measured; 0 likewise

	Charts string // where Markdown finds the files of Pictures; empty when there are none
	Home   string // address of the list of incidents, for a page that is served; empty for a file
}

// Formats are what Write knows.
func Formats() []string { return []string{"html", "md", "json"} }

// FormatOf gives the format that a file's name asks for, and md when it asks for none.
func FormatOf(file string) string {
	switch name := strings.ToLower(file); {
	case strings.HasSuffix(name, ".html"), strings.HasSuffix(name, ".htm"):
		return "html"
	case strings.HasSuffix(name, ".json"):
		return "json"
	}
	return "md"
}

// Write writes a report.
func Write(w io.Writer, format string, d Data) error {
	switch format {
	case "html":
		return writeHTML(w, d)
	case "json":
		return writeJSON(w, d)
	case "md":
		return writeMarkdown(w, d)
	}
	return fmt.Errorf("format %q is not known; choose one of %s", format, strings.Join(Formats(), ", "))
}

// The bounds of a report's tables. What is beyond them is summed in one row.
const (
	mostServices = 50
	mostPops     = 30
	mostSteps    = 300
)

// Steps gives the events that stand, by time.
func Steps(events []sink.Event) []sink.Event {
	list := slices.DeleteFunc(slices.Clone(events), func(e sink.Event) bool { return e.Withdrawn })
	slices.SortStableFunc(list, func(a, b sink.Event) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Seq, b.Seq))
	})
	return list
}

// announced is when people say the public was told first; 0 when nobody has said.
func (d Data) announced() int64 {
	for _, e := range Steps(d.Events) {
		if e.Event.Event == sink.KindAnnounced {
			return e.At
		}
	}
	return 0
}

// burnt is the part of the error budget of 30 days that is gone, by the objective of this report.
func (d Data) burnt() float64 {
	if d.Measured == 0 {
		return d.Incident.BudgetBurnt
	}
	return d.Incident.BudgetBurnt * (1 - d.Measured) / (1 - d.Objective)
}

func members(in incident.Incident) int { return len(in.Services) + int(in.MoreServices) }

// row is one service, or the sum of those beyond the table's bound.
type row struct {
	incident.Member
	Position int
	Rest     int // services summed in this row; 0 for a service's own
}

// services gives the first services of the cascade, and one row for the rest:
// what the incident's sums have beyond them.
func services(in incident.Incident, most int) []row {
	var rows []row
	rest := row{Rest: members(in)}
	rest.Requests, rest.Failed = in.Requests, in.RequestsFailed
	for i, m := range in.Services[:min(most, len(in.Services))] {
		rows = append(rows, row{Member: m, Position: i + 1})
		rest.Rest--
		rest.Requests -= min(m.Requests, rest.Requests)
		rest.Failed -= min(m.Failed, rest.Failed)
	}
	if rest.Rest > 0 {
		rows = append(rows, rest)
	}
	return rows
}

// pops gives those with most errors, and sums the rest in one row with the name "".
func pops(all []sink.PopTotal, most int) (list []sink.PopTotal, rest int) {
	if len(all) <= most {
		return all, 0
	}
	list = slices.Clone(all[:most])
	var sum sink.PopTotal
	for _, p := range all[most:] {
		sum.Requests += p.Requests
		sum.Errors += p.Errors
		sum.RequestsBefore += p.RequestsBefore
		sum.ErrorsBefore += p.ErrorsBefore
	}
	return append(list, sum), len(all) - most
}

func ratio[N uint64 | int64 | float64](part, whole N) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}
