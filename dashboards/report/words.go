package report

import (
	"cmp"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/spikeline/spikeline/processor/incident"
	"github.com/spikeline/spikeline/sink"
)

// Duration gives the two largest parts: 3d4h, 5h46m, 12m30s, 45s.
func Duration(d time.Duration) string {
	d = d.Round(time.Second)
	switch days := d / (24 * time.Hour); {
	case d < 0:
		return "-" + Duration(-d)
	case days > 0:
		return parts(days, "d", d%(24*time.Hour)/time.Hour, "h")
	case d >= time.Hour:
		return parts(d/time.Hour, "h", d%time.Hour/time.Minute, "m")
	case d >= time.Minute:
		return parts(d/time.Minute, "m", d%time.Minute/time.Second, "s")
	}
	return fmt.Sprintf("%ds", d/time.Second)
}

func parts(large time.Duration, unit string, small time.Duration, smallUnit string) string {
	if small == 0 {
		return fmt.Sprintf("%d%s", large, unit)
	}
	return fmt.Sprintf("%d%s%d%s", large, unit, small, smallUnit)
}

// Grouped writes a number with its thousands apart: 1,234,567.
func Grouped(n uint64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Percent writes a share from 0 to 1 with two meaningful digits.
func Percent(share float64) string {
	switch p := share * 100; {
	case math.IsNaN(p) || math.IsInf(p, 0):
		return "unknown"
	case p == 0 || p >= 10:
		return fmt.Sprintf("%.0f %%", p)
	case p >= 1:
		return fmt.Sprintf("%.1f %%", p)
	case p < 0.0001:
		return "< 0.0001 %"
	default:
		return fmt.Sprintf("%.2g %%", p)
	}
}

// Day writes Unix nanoseconds as date and time in UTC; nothing for 0.
func Day(nanos int64) string {
	if nanos == 0 {
		return ""
	}
	return time.Unix(0, nanos).UTC().Format(time.DateTime)
}

// Clock writes Unix nanoseconds as the time of day in UTC; nothing for 0.
func Clock(nanos int64) string {
	if nanos == 0 {
		return ""
	}
	return time.Unix(0, nanos).UTC().Format(time.TimeOnly)
}

// Stamp writes Unix nanoseconds as RFC 3339 in UTC; nothing for 0.
func Stamp(nanos int64) string {
	if nanos == 0 {
		return ""
	}
	return time.Unix(0, nanos).UTC().Format(time.RFC3339)
}

// OneLine joins a text that may have line breaks.
func OneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return Grouped(uint64(n)) + " " + what + "s"
}

func words(name string) string { return strings.ReplaceAll(name, "_", " ") }

// span is how long it was from a to b, and empty when one of them is unknown.
func span(a, b int64) string {
	if a == 0 || b == 0 {
		return ""
	}
	return Duration(time.Duration(b - a))
}

// summary is what a reader in a hurry needs, in plain words. It names no cause.
func (d Data) summary() []string {
	in := d.Incident
	list := d.opening()
	if in.Requests > 0 {
		list = append(list, fmt.Sprintf("%s of %s requests to them failed beyond what is usual (%s); at the peak%s it was %s of the requests of its services.",
			Grouped(in.RequestsFailed), Grouped(in.Requests), Percent(ratio(in.RequestsFailed, in.Requests)), at(in.PeakAt), Percent(in.PeakErrorRate)))
	}
	if in.RequestsMissing > 0 {
		list = append(list, fmt.Sprintf("About %s requests never came, while traffic had dropped.", Grouped(in.RequestsMissing)))
	}
	if in.RequestsSlow > 0 {
		list = append(list, fmt.Sprintf("%s requests were slow beyond what is usual.", Grouped(in.RequestsSlow)))
	}
	if t := d.Evidence.Totals; t.FleetRequests > 0 {
		part := Percent(ratio(t.MemberRequests, t.FleetRequests))
		if t.MemberRequests == t.FleetRequests {
			part = "All"
		}
		list = append(list, fmt.Sprintf("%s of the fleet's traffic in that time was for these services.", part))
	}
	switch {
	case len(in.Pops) > 1 && len(in.Pops) == len(d.Evidence.Pops):
		list = append(list, fmt.Sprintf("The failures stood out at all %d pops.", len(in.Pops)))
	case len(in.Pops) > 0:
		list = append(list, fmt.Sprintf("The failures stood out at %s.", popNames(in.Pops)))
	}
	list = append(list, d.side()...)
	list = append(list, fmt.Sprintf("With %s over 30 days, %s of the error budget of its services is gone%s.", objective(d.Objective), Percent(d.burnt()), d.rescaled()))
	return append(list, d.end())
}

// opening says who failed, and who was hit without failing.
func (d Data) opening() []string {
	in := d.Incident
	from, first := Day(in.StartedAt), cmp.Or(in.FirstService, "the fleet as a whole")
	others := unfailing(in)
	if in.RequestsFailed == 0 {
		return []string{fmt.Sprintf("From %s UTC on %s behaved unlike before (%s), first %s.", from, plural(members(in), "service"), words(strings.Join(in.Kinds, ", ")), first)}
	}
	list := []string{fmt.Sprintf("From %s UTC on requests to %s failed; the first that was hit: %s.", from, plural(members(in)-others, "service"), first)}
	if others > 0 {
		list = append(list, fmt.Sprintf("%s failed no more than usual, but left the usual traffic, latency or share of refusals (4xx).", plural(others, "other service")))
	}
	return list
}

// unfailing is how many of the services had no failures beyond what is usual.
func unfailing(in incident.Incident) (n int) {
	for _, m := range in.Services {
		if m.Failed == 0 {
			n++
		}
	}
	return n
}

// side says whose the errors were, as far as a log tells.
func (d Data) side() []string {
	var origin float64
	told := false
	for _, s := range d.Incident.Shares {
		if s.By != "side" {
			continue
		}
		told = true
		if s.Value == "origin" {
			origin = s.Share
		}
	}
	switch {
	case !told:
		return nil
	case origin == 0:
		return []string{"No log names an origin's own answer behind the errors: the edge made them, unless the log's format does not tell."}
	}
	return []string{fmt.Sprintf("Behind %s of the errors the logs name an origin's own answer; the others the edge made, unless the log's format does not tell.", Percent(origin))}
}

func at(nanos int64) string {
	if nanos == 0 {
		return ""
	}
	return " (" + Clock(nanos) + ")"
}

// popNames lists a dozen pops and counts the rest.
func popNames(pops []string) string {
	const named = 12
	if len(pops) == 0 {
		return ""
	}
	text := fmt.Sprintf("%s (%s", plural(len(pops), "pop"), strings.Join(pops[:min(named, len(pops))], ", "))
	if len(pops) > named {
		text += ", …"
	}
	return text + ")"
}

func objective(share float64) string {
	if share == 0 {
		return "the objectives of each"
	}
	return "an objective of " + strings.TrimSuffix(fmt.Sprintf("%.6g", share*100), ".") + " %"
}

// budget says how much of the error budget is gone, and by whose objective.
func (d Data) budget() string {
	text := fmt.Sprintf("%s of 30 days burnt, by %s", Percent(d.burnt()), objective(d.Objective))
	switch {
	case d.Measured == 0:
		return text + " service (incident.objectives)"
	case d.Objective == d.Measured:
		return text + " (incident.objective)"
	}
	return text + d.rescaled()
}

// rescaled says that a budget is not the stored one, but by an objective that was asked for.
func (d Data) rescaled() string {
	if d.Objective == d.Measured {
		return ""
	}
	return fmt.Sprintf(" (asked for with --objective; stored is %s, by %s)", Percent(d.Incident.BudgetBurnt), objective(d.Measured))
}

func (d Data) end() string {
	in := d.Incident
	text := ""
	if !in.Open && in.EndedAt > 0 && in.MainImpactEndedAt == in.EndedAt {
		return fmt.Sprintf("It lasted %s, until %s.", span(in.StartedAt, in.EndedAt), Day(in.EndedAt))
	}
	if in.MainImpactEndedAt > 0 {
		text = fmt.Sprintf("The main impact lasted %s, until %s. ", span(in.StartedAt, in.MainImpactEndedAt), Clock(in.MainImpactEndedAt))
	}
	if in.Open {
		return text + "It has not ended: all numbers are still growing."
	}
	return text + fmt.Sprintf("It was over after %s, at %s.", span(in.StartedAt, in.EndedAt), Day(in.EndedAt))
}

// stale says how old an open incident's numbers are; empty for one that is over.
func (d Data) stale() string {
	if !d.Incident.Open {
		return ""
	}
	return fmt.Sprintf("This incident is open. Its numbers reach to %s UTC, which was %s before this report was made (%s UTC). Make the report again when it is over.",
		Day(d.Evidence.End), Duration(time.Duration(d.Now-d.Evidence.End)), Day(d.Now))
}

// fact is a line of name and value.
type fact struct{ Name, Value string }

func (d Data) facts() []fact {
	in := d.Incident
	status := "resolved"
	if in.Open {
		status = "open"
	}
	t := d.Evidence.Totals
	list := []fact{
		{"incident", in.ID}, {"status", status + ", " + words(in.Phase.String())}, {"severity", in.Severity},
		{"first service", in.FirstService}, {"services", Grouped(uint64(members(in)))},
	}
	if len(in.Pops) > 0 {
		list = append(list, fact{"pops", popNames(in.Pops)})
	}
	list = append(list,
		fact{"signals", words(strings.Join(in.Kinds, ", "))},
		fact{"failed", fmt.Sprintf("%s of %s requests (%s), counted from when each service joined", Grouped(in.RequestsFailed), Grouped(in.Requests), Percent(ratio(in.RequestsFailed, in.Requests)))},
		fact{"peak", strings.TrimSpace(Percent(in.PeakErrorRate) + " of its services' requests" + at(in.PeakAt))})
	if in.PeakFleetShare > 0 {
		list = append(list, fact{"fleet at the worst", Percent(in.PeakFleetShare) + " of all requests failed"})
	}
	if t.FleetRequests > 0 {
		list = append(list, fact{"traffic hit", fmt.Sprintf("%s of %s requests of the fleet (%s) were for its services", Grouped(t.MemberRequests), Grouped(t.FleetRequests), Percent(ratio(t.MemberRequests, t.FleetRequests)))})
	}
	list = append(list, fact{"error budget", d.budget()})
	if b := in.Burn; b.Fast > 0 && d.Objective == d.Measured {
		list = append(list, fact{"burn rates", fmt.Sprintf("%.1f over 1 h and 5 min, %.1f over 6 h and 30 min at the worst", b.Fast, b.Slow)})
	}
	if in.MergedInto != "" {
		list = append(list, fact{"merged into", in.MergedInto})
	}
	return list
}

// clock is one moment, and how long after the start it was.
type clock struct{ Name, At, After, Meaning string }

func (d Data) clocks() []clock {
	in := d.Incident
	entry := func(name string, t int64, unknown, meaning string) clock {
		if t == 0 {
			return clock{name, unknown, "", meaning}
		}
		after := ""
		if t != in.StartedAt {
			after = fmt.Sprintf("%+.0f s", float64(t-in.StartedAt)/1e9)
			if gap := time.Duration(t - in.StartedAt); gap > 2*time.Minute {
				after = "+" + Duration(gap)
			}
		}
		return clock{name, Day(t), after, meaning}
	}
	goesOn := "not known"
	if in.Open {
		goesOn = "not yet"
	}
	return []clock{
		entry("started", in.StartedAt, "not known", "the onset that the detector estimates, by the times in the logs"),
		entry("detected", in.DetectedAt, "not known", "end of the window whose judgement opened the incident; add what the pipeline lagged"),
		entry("announced", d.announced(), blankAnnounced, "what people say: when the public was told (spikeline incidents annotate ID TEXT --announced TIME)"),
		entry("peak", in.PeakAt, goesOn, "the window with the highest error rate"),
		entry("main impact ended", in.MainImpactEndedAt, goesOn, "most of it was over"),
		entry("ended", in.EndedAt, goesOn, "back to what is usual"),
	}
}

const blankAnnounced = "to be filled in"

// trust says how good the data is, one sentence a line.
func (d Data) trust() []string {
	e := d.Evidence
	q, t := e.Quality, e.Totals
	if q.Windows == 0 {
		return append([]string{"The windows of this time are not stored (any more): nothing can be said of how complete they were, and the charts are empty."}, ledger(e.Ledger))
	}
	expected := uint64((e.End - e.Start + e.Width - 1) / e.Width)
	gaps := "None is missing."
	if expected > t.Windows {
		gaps = fmt.Sprintf("%s are missing: a gap is no proof of calm.", Grouped(expected-t.Windows))
	}
	share := func(n uint64, what string) string {
		return fmt.Sprintf("%s of %s windows of its services (%s) %s", Grouped(n), Grouped(q.Windows), Percent(ratio(n, q.Windows)), what)
	}
	list := []string{
		fmt.Sprintf("Gaps: %s of %s windows of %s have requests. %s", Grouped(min(t.Windows, expected)), Grouped(expected), Duration(time.Duration(e.Width)), gaps),
		share(q.Fewer, "have requests of fewer partitions than were live; "+Grouped(q.Incomplete)+" of them are still filling."),
		share(q.Revised, "changed after they had closed, since records came late."),
		share(q.Unfinished, "are not final yet and may still change."),
		"Late: " + Grouped(q.Late) + " requests came after the watermark and are counted.",
	}
	return append(list, d.rejected(), ledger(e.Ledger))
}

func (d Data) rejected() string {
	if len(d.Evidence.Rejects) == 0 {
		return "Rejects: no sample of a record that could not be used, or came too late, lies in this time."
	}
	var kinds []string
	for _, r := range d.Evidence.Rejects {
		kinds = append(kinds, Grouped(r.Count)+" "+words(r.Reason))
	}
	return "Rejects of this time, samples that were kept: " + strings.Join(kinds, ", ") + "."
}

func ledger(l sink.LedgerTotals) string {
	if l.Consumed == 0 {
		return "The ledger has no entry."
	}
	return fmt.Sprintf("The ledger of all times, exact: %s records read, %s counted, %s too late, %s rejected, %s offsets missing, %d unaccounted for.",
		Grouped(l.Consumed), Grouped(uint64(max(l.Counted, 0))), Grouped(l.TooLate), Grouped(l.Rejected), Grouped(l.Missing), l.Unaccounted)
}

// resolution says how far the charts were thinned.
func (d Data) resolution() string {
	e := d.Evidence
	if e.Step <= e.Width {
		return fmt.Sprintf("Each point is one window of %s.", Duration(time.Duration(e.Width)))
	}
	return fmt.Sprintf("Thinned: each point sums the windows of %s (a window is %s); the thin line is the worst single window in it.", Duration(time.Duration(e.Step)), Duration(time.Duration(e.Width)))
}

// value writes a verdict's number in the unit of its kind.
func value(kind string, n float64) string {
	if strings.HasPrefix(kind, "traffic") {
		return fmt.Sprintf("%.3g a window", n)
	}
	return Percent(n)
}
