package report

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/spikeline/spikeline/sink"
)

// The texts that both pages share.
const (
	blankSummary       = "To be written by people: what happened, in two sentences for someone who was not there?"
	blankTimeline      = "To be written by people: when somebody noticed, what was tried, when the status page spoke. (spikeline incidents annotate adds it here.)"
	scoreMeaning       = "Errors, latency and refusals are shares of requests, traffic is requests a window. The score is the log likelihood ratio since the onset over the overdispersion: how much better “it changed” explains the counts than “it is as always”."
	attributionMeaning = "This says where the errors were seen, not why. The side is the origin where the log says that the origin itself answered with a 5xx, and the edge where it says otherwise or nothing."
	stepsMeaning       = "Where a service was first hit or joins, the numbers are those of its worst window, not of that moment."
	noPops             = "The logs name no pop, or the windows of single pops are not stored (any more)."
	noShares           = "No part stood out, or there were too few errors to say."
	unfailingMeaning   = "Services with 0 failed in excess left the usual traffic, latency or share of refusals (4xx)."
)

// blanks are the questions that no record answers.
func blanks(d Data) []fact {
	return []fact{
		{"Cause", fmt.Sprintf("To be written by people: what changed just before %s? What made it possible?", Clock(d.Incident.StartedAt))},
		{"Response", "To be written by people: who noticed, by what? What was tried? What slowed the recovery, what went well?"},
	}
}

// steps bounds the timeline and says how many it leaves out; people's notes stay.
func (d Data) steps() (shown []sink.Event, more int) {
	for _, e := range Steps(d.Events) {
		if len(shown) >= mostSteps && e.Author == "" {
			more++
			continue
		}
		shown = append(shown, e)
	}
	return shown, more
}

// said is what an event says, without the service that has a column of its own.
func said(e sink.Event) string {
	rest, found := strings.CutPrefix(e.Summary, e.Service)
	if !found || e.Service == "" {
		return e.Summary
	}
	return strings.TrimLeft(rest, ": ")
}

func source(e sink.Event) string {
	if human(e) {
		return "not told"
	}
	return "logs"
}

// human is a step that people wrote.
func human(e sink.Event) bool {
	return e.Author != "" || e.Event.Event == sink.KindAnnounced || e.Event.Event == sink.KindNote && e.Seq == 0
}

type verdict struct{ sink.Verdict }

// verdicts are the first that were stored, but those of a pop only where its service or the fleet has none of that kind.
func (d Data) verdicts() (list []verdict) {
	type scope struct{ service, kind string }
	first := d.Evidence.Verdicts[:min(len(d.Evidence.Verdicts), sink.MostVerdicts)]
	whole := map[scope]bool{}
	for _, v := range first {
		whole[scope{v.Service, v.Kind}] = whole[scope{v.Service, v.Kind}] || v.Pop == ""
	}
	for _, v := range first {
		if v.Pop == "" || !whole[scope{v.Service, v.Kind}] {
			list = append(list, verdict{v})
		}
	}
	return list
}

// verdictsLeftOut says which verdicts are not in the table; empty for none.
func (d Data) verdictsLeftOut() string {
	stored, shown := min(len(d.Evidence.Verdicts), sink.MostVerdicts), len(d.verdicts())
	text := ""
	if stored > shown {
		text = fmt.Sprintf("Left out: %s on a single pop, whose service (or fleet) is in the table. ", plural(stored-shown, "verdict"))
	}
	if len(d.Evidence.Verdicts) > sink.MostVerdicts {
		text += fmt.Sprintf("There are more; these are of the first %d. ", sink.MostVerdicts)
	}
	return text
}

func (v verdict) cells() []string {
	where := cmp.Or(v.Service, "the fleet")
	if v.Pop != "" {
		where += " at " + v.Pop
	}
	return []string{v.Window.UTC().Format("15:04:05"), where, words(v.Kind), v.Onset.UTC().Format("15:04:05"),
		value(v.Kind, v.Observed), value(v.Kind, v.Expected), value(v.Kind, v.Band), fmt.Sprintf("%.1f", v.Score), Grouped(v.Requests), v.Severity}
}

func (r row) cells() []string {
	if r.Rest > 0 {
		name := fmt.Sprintf("%s more, summed", Grouped(uint64(r.Rest)))
		return []string{"", name, "", "", Grouped(r.Requests), Grouped(r.Failed), Percent(ratio(r.Failed, r.Requests)), ""}
	}
	return []string{fmt.Sprint(r.Position), r.Service, Clock(r.StartedAt), cmp.Or(Clock(r.EndedAt), "goes on"), Grouped(r.Requests), Grouped(r.Failed), Percent(ratio(r.Failed, r.Requests)), Percent(r.PeakRate)}
}

// shareRows leave out what the log does not tell: all errors in a part that has no name.
func (d Data) shareRows() (rows [][]string) {
	for _, s := range d.Incident.Shares {
		value := cmp.Or(s.Value, unnamed)
		if value != unnamed || Percent(s.Share) != Percent(1) {
			rows = append(rows, []string{s.By, value, Percent(s.Share)})
		}
	}
	return rows
}

const unnamed = "unknown"

// popRows are none where the log names no pop.
func popRows(all []sink.PopTotal) (rows [][]string) {
	if len(all) == 1 && all[0].Pop == "" {
		return nil
	}
	shown, rest := pops(all, mostPops)
	for i, p := range shown {
		name := cmp.Or(p.Pop, unnamed)
		if rest > 0 && i == len(shown)-1 {
			name = fmt.Sprintf("%d more, summed", rest)
		}
		before := "no requests"
		if p.RequestsBefore > 0 {
			before = Percent(ratio(p.ErrorsBefore, p.RequestsBefore))
		}
		rows = append(rows, []string{name, Grouped(p.Requests), Grouped(p.Errors), Percent(ratio(p.Errors, p.Requests)), before})
	}
	return rows
}
