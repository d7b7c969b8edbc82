package report

import (
	"cmp"
	"embed"
	"html/template"
	"io"
	"strings"

	"github.com/spikeline/spikeline/sink"
)

//go:embed chart.css page.css page.gohtml
var files embed.FS

// css is the page's own style sheet: it stands in the page, which loads nothing.
func css() template.CSS { return template.CSS(sheet("chart.css") + sheet("page.css")) }

func sheet(name string) string {
	text, err := files.ReadFile(name)
	if err != nil {
		panic("BUG: embedded style sheet: " + err.Error())
	}
	return string(text)
}

var pages = template.Must(template.New("pages").Funcs(template.FuncMap{
	"css": css, "words": words, "day": Day, "grouped": Grouped, "percent": Percent, "lasted": lasted, "whole": whole, "name": name,
}).ParseFS(files, "page.gohtml"))

// name lets a line break after a dot of a host, not amid its words.
func name(text string) template.HTML {
	return template.HTML(strings.ReplaceAll(template.HTMLEscapeString(text), ".", ".<wbr>")) // escaped first
}

// whole keeps a percentage on one line.
func whole(text string) string { return strings.ReplaceAll(text, " %", "\u00a0%") }

// column is the head of a table's column; its class says how its cells are set.
type column struct{ Name, Class string }

type tableRow struct {
	Cells  []string
	People bool // people wrote it
}

type table struct {
	Caption string
	Columns []column
	Rows    []tableRow
}

func (t *table) add(cells ...string) { t.Rows = append(t.Rows, tableRow{Cells: cells}) }

type key struct{ Class, Text string }

type figure struct {
	Name         string // of a file
	Title, About string
	Picture      template.HTML
	Legend       []key
	Table        *table
}

type section struct{ ID, Name string }

var sections = []section{{"summary", "Summary"}, {"charts", "Charts"}, {"detection", "Detection"}, {"timeline", "Timeline"}, {"impact", "Impact"},
	{"data", "How good the data is"}, {"people", "What only people know"}, {"sql", "SQL"}}

func writeHTML(w io.Writer, d Data) error {
	moreSteps, unfailed := "", ""
	if unfailing(d.Incident) > 0 {
		unfailed = unfailingMeaning
	}
	timeline, more := d.timelineTable()
	if more > 0 {
		moreSteps = Grouped(uint64(more)) + " more are not shown."
	}
	statements := make([]sink.Statement, len(d.Evidence.Statements))
	for i, s := range d.Evidence.Statements {
		statements[i] = sink.Statement{Name: capital(s.Name), SQL: s.SQL}
	}
	return pages.ExecuteTemplate(w, "report", map[string]any{
		"Title": d.Incident.Title, "Home": d.Home, "Made": madeAt(d), "Stale": d.stale(), "Sections": sections,
		"Summary": d.summary(), "Facts": d.facts(), "BlankSummary": blankSummary,
		"Resolution": d.resolution(), "ChartMarks": chartMarks, "Charts": d.figures(),
		"Clocks": d.clockTable(), "Verdicts": d.verdictTable(), "MoreVerdicts": d.verdictsLeftOut(), "ScoreMeaning": scoreMeaning,
		"Timeline": timeline, "MoreSteps": moreSteps, "StepsMeaning": stepsMeaning, "BlankTimeline": blankTimeline,
		"Services": d.serviceTable(), "Unfailing": unfailed, "NoPops": noPops, "NoShares": noShares, "Pops": d.popTable(), "Shares": d.shareTable(), "AttributionMeaning": attributionMeaning,
		"Trust": d.trust(), "Blanks": blanks(d), "Statements": statements,
	})
}

func (d Data) clockTable() table {
	t := table{Columns: []column{{"clock", ""}, {"time (UTC)", "t"}, {"after the start", "n"}, {"what it is", "said"}}}
	for _, c := range d.clocks() {
		t.add(c.Name, c.At, c.After, c.Meaning)
		if c.At == blankAnnounced {
			t.Rows[len(t.Rows)-1].People = true
		}
	}
	return t
}

func (d Data) verdictTable() table {
	t := table{Caption: "What the detector saw when each finding opened", Columns: []column{{"window", "t"}, {"service", "name"}, {"finding", ""}, {"onset", "t"},
		{"seen", "n"}, {"expected", "n"}, {"worst still normal", "n"}, {"score", "n"}, {"requests", "n"}, {"severity", ""}}}
	for _, v := range d.verdicts() {
		t.add(v.cells()...)
	}
	return t
}

func (d Data) timelineTable() (t table, more int) {
	t.Columns = []column{{"time (UTC)", "t"}, {"event", ""}, {"service", "name"}, {"what the records say", "said"}, {"by", ""}}
	steps, more := d.steps()
	for _, e := range steps {
		t.Rows = append(t.Rows, tableRow{[]string{Day(e.At), words(e.Event.Event), e.Service, said(e), cmp.Or(e.Author, source(e))}, human(e)})
	}
	return t, more
}

func (d Data) serviceTable() table {
	t := table{Columns: []column{{"", "n"}, {"service", "name"}, {"from", "t"}, {"to", "t"}, {"requests", "n"}, {"failed in excess", "n"}, {"share", "n"}, {"peak", "n"}}}
	for _, r := range services(d.Incident, mostServices) {
		t.add(r.cells()...)
	}
	return t
}

func (d Data) popTable() table {
	t := table{Caption: "Requests to the incident's services, from its start to its end", Columns: []column{{"pop", "name"}, {"requests", "n"}, {"failed", "n"}, {"error rate", "n"}, {"the hour before", "n"}}}
	for _, cells := range popRows(d.Evidence.Pops) {
		t.add(cells...)
	}
	return t
}

func (d Data) shareTable() table {
	t := table{Columns: []column{{"by", ""}, {"value", "name"}, {"share of the excess errors", "n"}}}
	for _, cells := range d.shareRows() {
		t.add(cells...)
	}
	return t
}
