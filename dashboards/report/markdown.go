package report

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"path"
	"strings"
)

// page collects a Markdown text.
type page struct{ *bufio.Writer }

func (p page) line(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

// row writes one row of a table; every value comes from outside and is made to fit a cell.
func (p page) row(values ...string) {
	for i, v := range values {
		values[i] = cell(v)
	}
	p.line("| %s |", strings.Join(values, " | "))
}

func (p page) head(titles ...string) {
	rules := make([]string, len(titles))
	for i, t := range titles {
		rules[i] = "---"
		if strings.HasPrefix(t, ">") {
			titles[i], rules[i] = t[1:], "--:"
		}
	}
	p.line("| %s |\n| %s |", strings.Join(titles, " | "), strings.Join(rules, " | "))
}

// writeMarkdown is for a wiki or a pull request. What the records cannot say is left as a question in italics.
func writeMarkdown(w io.Writer, d Data) error {
	p := page{bufio.NewWriter(w)}
	p.line("# %s\n", cell(d.Incident.Title))
	p.line("%s What stands in _italics_ is for people to write.\n", madeAt(d))
	if stale := d.stale(); stale != "" {
		p.line("**%s**\n", stale)
	}
	p.line("## Summary\n")
	for _, s := range d.summary() {
		p.line("- %s", cell(s))
	}
	p.line("\n_%s_\n", blankSummary)
	p.head("", "")
	for _, f := range d.facts() {
		p.row(f.Name, f.Value)
	}
	p.charts(d)
	p.detection(d)
	p.timeline(d)
	p.impact(d)
	p.trust(d)
	p.people(d)
	p.line("\n## The SQL behind the numbers\n\nEach runs as it stands, with `clickhouse-client` or Grafana.")
	for _, s := range d.Evidence.Statements {
		fence := fenceFor(s.SQL)
		p.line("\n### %s\n\n%ssql\n%s\n%s", capital(s.Name), fence, s.SQL, fence)
	}
	return p.Flush()
}

func madeAt(d Data) string {
	return fmt.Sprintf("Draft of a post-mortem, made from request logs at %s UTC. All times are UTC.", Day(d.Now))
}

func (p page) charts(d Data) {
	if d.Charts == "" {
		return
	}
	p.line("\n## Charts\n\n%s %s", d.resolution(), chartMarks)
	for _, f := range d.figures() {
		p.line("\n**%s.** %s\n\n![%s](<%s>)", cell(f.Title), cell(f.About), cell(f.Title), path.Join(d.Charts, f.file()))
	}
}

func (p page) detection(d Data) {
	p.line("\n## Detection\n")
	p.head("clock", "time", ">after the start", "what it is")
	for _, c := range d.clocks() {
		p.row(c.Name, c.At, c.After, c.Meaning)
	}
	p.line("\nThe numbers behind the verdict, as the detector first had them:\n")
	if len(d.Evidence.Verdicts) == 0 {
		p.line("No signal of this time is stored.")
		return
	}
	p.head("window", "service", "finding", "onset", ">seen", ">expected", ">worst still normal", ">score", ">requests", "severity")
	for _, v := range d.verdicts() {
		p.row(v.cells()...)
	}
	p.line("\n%s%s", d.verdictsLeftOut(), scoreMeaning)
}

func (p page) timeline(d Data) {
	p.line("\n## Timeline\n")
	p.head("time", "event", "service", "what the records say", "by")
	steps, more := d.steps()
	for _, e := range steps {
		p.row(Day(e.At), words(e.Event.Event), e.Service, said(e), cmp.Or(e.Author, source(e)))
	}
	if more > 0 {
		p.line("\n%s more are not shown.", Grouped(uint64(more)))
	}
	p.line("\n%s\n\n_%s_", stepsMeaning, blankTimeline)
}

func (p page) impact(d Data) {
	p.line("\n## Impact\n\n### Services, in the order of the cascade\n")
	p.head(">", "service", "from", "to", ">requests", ">failed in excess", ">share", ">peak")
	for _, r := range services(d.Incident, mostServices) {
		p.row(r.cells()...)
	}
	if unfailing(d.Incident) > 0 {
		p.line("\n%s", unfailingMeaning)
	}
	p.line("\n### Pops\n")
	p.tableOr(noPops, popRows(d.Evidence.Pops), "pop", ">requests", ">failed", ">error rate", ">the hour before")
	p.line("\n### Where the failed requests came from\n")
	p.tableOr(noShares, d.shareRows(), "by", "value", ">share of the excess errors")
	p.line("\n%s", attributionMeaning)
}

// tableOr writes a table, or says why there is none.
func (p page) tableOr(none string, rows [][]string, titles ...string) {
	if len(rows) == 0 {
		p.line("%s", none)
		return
	}
	p.head(titles...)
	for _, r := range rows {
		p.row(r...)
	}
}

func (p page) trust(d Data) {
	p.line("\n## How good the data is\n")
	for _, line := range d.trust() {
		p.line("- %s", cell(line))
	}
}

func (p page) people(d Data) {
	for _, b := range blanks(d) {
		p.line("\n## %s\n\n_%s_", b.Name, b.Value)
	}
	p.line("\n## Actions\n")
	p.head("action", "owner", "due")
	p.line("| _…_ | | |")
}

// cell makes a text fit one cell of a Markdown table; names come from senders.
func cell(s string) string { return markdownEscapes.Replace(OneLine(s)) }

var markdownEscapes = strings.NewReplacer(`\`, `\\`, "|", `\|`, "<", "&lt;", ">", "&gt;", "&", "&amp;", "[", `\[`, "]", `\]`, "`", "'", "*", `\*`, "_", `\_`)

// fenceFor gives a fence that no line of the text can close.
func fenceFor(text string) string {
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	return fence
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
