package cli

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/spikeline/spikeline/processor/incident"
)

// checked writes on, and keeps the first error.
type checked struct {
	io.Writer
	err error
}

func (c *checked) Write(p []byte) (int, error) {
	n, err := c.Writer.Write(p)
	if c.err == nil {
		c.err = err
	}
	return n, err
}

type replayJSON struct {
	Lines     uint64                 `json:"lines"`
	Requests  uint64                 `json:"requests"`
	Errors    uint64                 `json:"errors"`
	Client    uint64                 `json:"client_errors"`
	Bytes     uint64                 `json:"bytes"`
	Status    map[string]uint64      `json:"status"`
	Rejected  map[string]int64       `json:"rejected"`
	First     string                 `json:"first_window,omitempty"`
	Last      string                 `json:"last_window_end,omitempty"`
	Services  map[string]serviceJSON `json:"services"`
	Incidents []incidentJSON         `json:"incidents"`
	Rejects   []rejectJSON           `json:"rejects"`
	Omitted   int64                  `json:"rejects_omitted,omitempty"`
	Troubles  []string               `json:"troubles,omitempty"`
}

type serviceJSON struct {
	Requests uint64 `json:"requests"`
	Errors   uint64 `json:"errors"`
	Client   uint64 `json:"client_errors"`
	Bytes    uint64 `json:"bytes"`
}

type rejectJSON struct {
	File   string `json:"file"`
	Line   int64  `json:"line"`
	Reason string `json:"reason"`
	Sample string `json:"sample"`
}

func (o *replayOutput) document() replayJSON {
	d := replayJSON{
		Lines: o.folds.Counted.Load() + uint64(o.rejected), Requests: o.total.Requests, Errors: o.total.Errors, Client: o.total.ClientErrors, Bytes: o.total.Bytes,
		Status: map[string]uint64{}, Rejected: o.reasons, Services: map[string]serviceJSON{}, Incidents: []incidentJSON{}, Rejects: o.rejects, Omitted: o.omitted, Troubles: o.troubles,
	}
	if o.rejects == nil {
		d.Rejects = []rejectJSON{}
	}
	for _, s := range o.total.Status {
		d.Status[fmt.Sprint(s.Code)] = s.Count
	}
	for name, c := range o.services {
		d.Services[name] = serviceJSON{c.Requests, c.Errors, c.ClientErrors, c.Bytes}
	}
	if o.total.Requests > 0 {
		d.First, d.Last = stamp(o.first), stamp(o.last)
	}
	for _, in := range o.found() {
		d.Incidents = append(d.Incidents, incidentDocument(in, o.events[in.ID]))
	}
	return d
}

func (o *replayOutput) summary() {
	w := o.out
	found := o.found()
	if len(found) > 0 {
		fmt.Fprintln(w)
	}
	if o.total.Requests > 0 {
		fmt.Fprintf(w, "%s of %s from %s to %s, %s failed (5xx).\n", plural(int(o.total.Requests), "request"), plural(len(o.services), "service"), stamp(o.first), stamp(o.last), grouped(o.total.Errors))
	}
	switch {
	case len(found) == 0 && o.total.Requests > 0:
		fmt.Fprintln(w, "No incident.")
	case len(found) > 0:
		fmt.Fprintf(w, "%s:\n", plural(len(found), "incident"))
		printIncidents(w, found)
		o.nextStep(found)
	}
	if o.rejected > 0 {
		o.printRejects(w)
	}
}

func printIncidents(w io.Writer, list []incident.Incident) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "  ID\tSTARTED\tMAIN IMPACT ENDED\tENDED\tSEVERITY\tSERVICES\tFAILED\tTITLE")
	for _, in := range list {
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\t%s\t%d\t%s\t%s\n", in.ID, stamp(in.StartedAt), stamp(in.MainImpactEndedAt), stamp(in.EndedAt), in.Severity, len(in.Services), grouped(in.RequestsFailed), in.Title)
	}
	_ = t.Flush() // w keeps the error
}

// nextStep is the command that writes the report of the worst incident.
func (o *replayOutput) nextStep(found []incident.Incident) {
	worst := slices.MaxFunc(found, func(a, b incident.Incident) int { return cmp.Compare(a.RequestsFailed, b.RequestsFailed) })
	if o.store == "" {
		fmt.Fprintln(o.out, "For a report, replay again with --clickhouse DSN; spikeline clickhouse --path DIR starts one.")
		return
	}
	fmt.Fprintf(o.out, "Report: spikeline report %s --clickhouse %s -o post-mortem.html\n", worst.ID, redacted(o.store))
}

func (o *replayOutput) printRejects(w io.Writer) {
	fmt.Fprintf(w, "%s lines could not be used:", grouped(uint64(o.rejected)))
	for _, reason := range slices.Sorted(mapKeys(o.reasons)) {
		fmt.Fprintf(w, " %s %s;", grouped(uint64(o.reasons[reason])), reason)
	}
	fmt.Fprintln(w)
	for _, r := range o.rejects[:min(len(o.rejects), rejectsShown)] {
		fmt.Fprintf(w, "  %s:%d: %s: %s\n", r.File, r.Line, r.Reason, r.Sample)
	}
	if more := len(o.rejects) + int(o.omitted) - rejectsShown; more > 0 {
		fmt.Fprintf(w, "  and %s more; --json lists all\n", grouped(uint64(more)))
	}
}
