package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spikeline/spikeline/ingest/accesslog"
	"github.com/spikeline/spikeline/internal/replay"
	"github.com/spikeline/spikeline/internal/telemetry"
	"github.com/spikeline/spikeline/processor"
	"github.com/spikeline/spikeline/processor/incident"
	"github.com/spikeline/spikeline/processor/window"
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

// replayOutput gathers what is printed at the end.
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

// late says how long windows would have to wait for all their lines.
func (o *replayOutput) late(t replay.Tardy) {
	var what []string
	if t.Counted > 0 {
		what = append(what, plural(int(t.Counted), "line")+" counted only after the windows had been judged")
	}
	if t.TooLate > 0 {
		what = append(what, plural(int(t.TooLate), "line")+" came too late to count")
	}
	fmt.Fprintf(o.stderr, "spikeline: %s, up to %s behind newer ones: %s\n", strings.Join(what, " and "), shortDuration(t.Behind), patience(t))
}

// patience is the next step where lines come late.
func patience(t replay.Tardy) string {
	switch minutes := int(t.Behind/time.Minute) + 1; {
	case t.Behind < longestWait:
		return fmt.Sprintf("replay with --wait %dm, and they are judged with the others", minutes)
	case t.TooLate > 0 && t.Behind < longestLateness:
		return fmt.Sprintf("replay with --lateness %dm, and they count; files given by their names, not through a pipe, are merged by time and judged too", minutes)
	}
	return "give the files by their names, not through a pipe: they are merged by time, and judged with the others"
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
	o.timeline.learn(b, false)
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
	o.stories(found)
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

// stories prints what happened in each incident, as it is known at the end.
func (o *replayOutput) stories(found []incident.Incident) {
	for _, in := range found {
		if len(found) > 1 {
			fmt.Fprintln(o.out, in.ID)
		}
		o.story(in.ID)
		fmt.Fprintln(o.out)
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

// printRejects names lines that could not be used, but not the blank ones.
func (o *replayOutput) printRejects(w io.Writer) {
	blank := o.reasons[accesslog.Empty.String()]
	if blank > 0 {
		fmt.Fprintf(w, "%s without a request passed over.\n", plural(int(blank), "line"))
	}
	if o.rejected == blank {
		return
	}
	fmt.Fprintf(w, "%s could not be used:", plural(int(o.rejected-blank), "line"))
	for _, reason := range slices.Sorted(mapKeys(o.reasons)) {
		if reason != accesslog.Empty.String() {
			fmt.Fprintf(w, " %s %s;", grouped(uint64(o.reasons[reason])), reason)
		}
	}
	fmt.Fprintln(w)
	shown := 0
	for _, r := range o.rejects {
		if r.Reason != accesslog.Empty.String() && shown < rejectsShown {
			shown++
			fmt.Fprintf(w, "  %s:%d: %s: %s\n", r.File, r.Line, r.Reason, r.Sample)
		}
	}
	if more := o.rejected - blank - int64(shown); more > 0 {
		fmt.Fprintf(w, "  and %s more; --json lists all\n", grouped(uint64(more)))
	}
}
