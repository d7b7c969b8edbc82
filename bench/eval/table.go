package main

import (
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// writeScenarios prints a line a scenario: middle values over the seeds, and the worst.
func writeScenarios(w io.Writer, names []string, runs []scenarioRun) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "scenario\trecall\tfalse\tfragments\topen\tonset s\tdetected s\twindows\tmain end s\tend s\tphases\textra\tfirst\tservices\tstrangers")
	for _, name := range names {
		writeLine(t, name, collect(runs, name, func(r *scenarioRun) *score { return &r.score }))
	}
	for i, peer := range peerNames {
		fmt.Fprintf(t, "\n%s\n", peer)
		for _, name := range names {
			writeLine(t, name, collect(runs, name, func(r *scenarioRun) *score { return &r.rival[i] }))
		}
	}
	t.Flush()
	fmt.Fprintln(w, "\nErrors are found minus true: the middle over the seeds (the one furthest from 0). windows: after the one in which it began, 0 is the same.")
}

func collect(runs []scenarioRun, name string, of func(*scenarioRun) *score) (scores []*score) {
	for i := range runs {
		if runs[i].name == name {
			scores = append(scores, of(&runs[i]))
		}
	}
	return scores
}

func writeLine(w io.Writer, name string, scores []*score) {
	var sum score
	for _, s := range scores {
		sum.expected += s.expected
		sum.recalled += s.recalled
		sum.wrong += s.wrong
		sum.fragments += s.fragments
		sum.open += s.open
		sum.hits = append(sum.hits, s.hits...)
	}
	fmt.Fprintf(w, "%s\t", name)
	if sum.expected == 0 {
		fmt.Fprintf(w, "none\t%d\t\t%d\n", sum.wrong, sum.open)
		return
	}
	fmt.Fprintf(w, "%d/%d\t%d\t%s\t%d", sum.recalled, sum.expected, sum.wrong, per(sum.fragments, sum.recalled), sum.open)
	for _, of := range []func(h *hit) float64{
		func(h *hit) float64 { return h.onset }, func(h *hit) float64 { return h.delay }, func(h *hit) float64 { return float64(h.windows) },
		func(h *hit) float64 { return h.mainEnd }, func(h *hit) float64 { return h.end },
	} {
		fmt.Fprintf(w, "\t%s", middle(sum.hits, of))
	}
	var phases, ofPhases, extra, first, members, ofMembers, strangers int
	for _, h := range sum.hits {
		phases, ofPhases, extra = phases+h.phases, ofPhases+h.ofPhases, extra+h.extraPhases
		members, ofMembers, strangers = members+h.members, ofMembers+h.ofMembers, strangers+h.strangers
		if h.first {
			first++
		}
	}
	if members == 0 { // a rule that names none
		fmt.Fprintln(w)
		return
	}
	fmt.Fprintf(w, "\t%d/%d\t%d\t%d/%d\t%d/%d\t%d\n", phases, ofPhases, extra, first, len(sum.hits), members, ofMembers, strangers)
}

func per(n, of int) string {
	if of == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", float64(n)/float64(of))
}

func middle(hits []hit, of func(*hit) float64) string {
	if len(hits) == 0 {
		return "-"
	}
	var values []float64
	for i := range hits {
		values = append(values, of(&hits[i]))
	}
	slices.Sort(values)
	worst := values[0]
	if last := values[len(values)-1]; math.Abs(last) >= math.Abs(worst) {
		worst = last
	}
	return fmt.Sprintf("%s (%s)", number(values[len(values)/2]), number(worst))
}

func number(v float64) string {
	if math.Abs(v) > 1e7 {
		return "open"
	}
	return fmt.Sprintf("%.0f", v)
}

// printFound prints every incident of every run.
func printFound(w io.Writer, runs []scenarioRun) {
	for _, r := range runs {
		fmt.Fprintf(w, "%s seed %d\n", r.name, r.seed)
		for _, f := range r.found {
			fmt.Fprintf(w, "  %s  %s\n", f.ID, f.Title)
			fmt.Fprintf(w, "    started %s detected %s main end %s ended %s first %s members %d kinds %v withdrawn %v into %q\n", clock(f.StartedAt), clock(f.DetectedAt),
				clock(f.MainImpactEndedAt), clock(f.EndedAt), f.FirstService, len(f.Services), f.Kinds, f.Withdrawn, f.MergedInto)
			for _, e := range f.timeline {
				fmt.Fprintf(w, "      %s %-16s %s\n", clock(e.At), e.Event, e.Summary)
			}
		}
	}
	fmt.Fprintln(w)
}

func clock(at int64) string {
	if at == 0 {
		return "open"
	}
	return time.Unix(0, at).UTC().Format("02 15:04:05")
}

const beginMark, endMark = "<!-- eval: begin -->", "<!-- eval: end -->"

// replaceBetween puts the table between the marks of a page.
func replaceBetween(path, command, table string) error {
	page, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(page), beginMark)
	_, after, ended := strings.Cut(rest, endMark)
	if !ok || !ended {
		return fmt.Errorf("%s has no lines %q and %q: put them where the table belongs", path, beginMark, endMark)
	}
	lines := strings.Split(strings.TrimSpace(table), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight("    "+lines[i], " ")
	}
	text := before + beginMark + "\n\n    " + command + "\n\n" + strings.Join(lines, "\n") + "\n\n" + endMark + after
	return os.WriteFile(path, []byte(text), 0o644)
}
