package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/spikeline/spikeline/processor/incident"
	"github.com/spikeline/spikeline/sink"
)

func utc(clock string) int64 {
	t, err := time.Parse(time.DateTime, "2025-11-18 "+clock)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return t.UnixNano()
}

// outage is an incident that is over, with all that a report knows of it.
func outage() Data {
	in := incident.Incident{
		ID: "20251118-112010-x.com", Version: utc("17:06:00"), Phase: incident.Recovered, Severity: "critical",
		StartedAt: utc("11:20:10"), DetectedAt: utc("11:20:30"), PeakAt: utc("12:12:00"), MainImpactEndedAt: utc("14:34:10"), EndedAt: utc("17:06:00"),
		FirstService: "x.com", Pops: []string{"FRA", "IAD"}, Kinds: []string{"error_surge"}, Requests: 1_234_567, RequestsFailed: 345_678,
		PeakErrorRate: 0.62, PeakFleetShare: 0.41, BudgetBurnt: 2.5, MoreServices: 1, Title: "2 services fail, x.com first",
		Services: []incident.Member{
			{Service: "x.com", StartedAt: utc("11:20:10"), EndedAt: utc("17:06:00"), Failed: 300_000, Requests: 1_000_000, PeakRate: 0.62},
			{Service: "chatgpt.com", StartedAt: utc("11:20:40"), EndedAt: utc("14:34:10"), Failed: 45_678, Requests: 234_567, PeakRate: 0.3},
		},
		Shares: []incident.Share{{By: "side", Value: "edge", Share: 0.97}, {By: "pop", Value: "FRA", Share: 0.081}, {By: "cache", Value: "", Share: 0.004}},
	}
	step := func(seq int32, clock, event, service string, value float64, text string) sink.Event {
		return sink.Event{Event: incident.Event{IncidentID: in.ID, Seq: seq, At: utc(clock), Event: event, Service: service, Value: value, Summary: text}}
	}
	note := step(0, "11:48:00", "announced", "", 0, "status page: investigating")
	note.Author = "anna"
	second := step(0, "13:09:00", "note", "", 0, "the file was rolled back")
	second.Author = "ben"
	return Data{Incident: in, Now: utc("20:00:00"), Objective: 0.999, Measured: 0.999, Evidence: evidence(in),
		Events: []sink.Event{note, second,
			step(1, "11:20:10", "first_spike", "x.com", 0.12, "12 % of requests to x.com fail, 0.1 % are usual"),
			step(2, "11:20:40", "cascade", "chatgpt.com", 0.1, "chatgpt.com joins | 30 s later"),
			step(3, "12:12:00", "peak", "x.com", 0.62, "62 % fail"),
			step(4, "17:06:00", "recovered", "", 0, "all services are as usual")}}
}

func evidence(in incident.Incident) *sink.Evidence {
	e := &sink.Evidence{Start: in.StartedAt, End: in.EndedAt, From: utc("10:40:00"), To: utc("17:46:00"), Width: 10e9, Step: 120e9, HeatStep: 300e9,
		Totals:     sink.Totals{WidthSeconds: 10, Windows: 2075, FleetRequests: 2_000_000, FleetErrors: 400_000, MemberRequests: 1_300_000, MemberErrors: 350_000, FleetServices: 9},
		Pops:       []sink.PopTotal{{Pop: "FRA", Requests: 900_000, Errors: 300_000, RequestsBefore: 90_000, ErrorsBefore: 90}, {Pop: "IAD", Requests: 400_000, Errors: 50_000}},
		Verdicts:   []sink.Verdict{{Window: time.Unix(0, utc("11:20:20")), Service: "x.com", Kind: "error_surge", Onset: time.Unix(0, utc("11:20:10")), Observed: 0.12, Expected: 0.001, Band: 0.01, Score: 41.24, Requests: 812, Severity: "critical", Reason: "errors"}},
		Quality:    sink.Quality{Windows: 4152, Incomplete: 3, Revised: 12, Late: 1042, Fewer: 5},
		Rejects:    []sink.RejectCount{{Reason: "too_late", Count: 4}, {Reason: "malformed", Count: 3}},
		Ledger:     sink.LedgerTotals{Consumed: 5_000_010, Counted: 5_000_000, TooLate: 4, Rejected: 6},
		Statements: []sink.Statement{{Name: "pops", SQL: "SELECT 1 -- <b>it's</b> ```"}},
	}
	for t := e.From; t < e.To; t += e.Step {
		b := sink.Bucket{Start: time.Unix(0, t), Windows: 12, Requests: 6000, Errors: 6, WorstRate: 0.004}
		if t >= e.Start && t < in.MainImpactEndedAt {
			b.Errors, b.WorstRate = 2400, 0.62
			e.Bands = append(e.Bands, sink.BandPoint{Start: b.Start, Kind: "error_surge", Expected: 0.001, Band: 0.01})
		}
		if t < utc("15:00:00") || t > utc("15:10:00") {
			e.Fleet = append(e.Fleet, b)
		}
	}
	e.First = e.Fleet
	e.Usual = sink.Usual{Windows: 360, Requests: 180_000, Errors: 180, Low: 450, High: 560, Worst: 0.006}
	e.Normal = e.Usual
	for t := e.From; t < e.To; t += e.HeatStep {
		for _, m := range in.Services {
			e.Heat = append(e.Heat, sink.HeatCell{Start: time.Unix(0, t), Service: m.Service, Requests: 100, Errors: uint64(t / 1e9 % 40)})
		}
	}
	return e
}

func burning() Data {
	d := outage()
	d.Incident.Open, d.Incident.Phase, d.Incident.EndedAt, d.Incident.MainImpactEndedAt = true, incident.Peak, 0, 0
	d.Incident.Services[1].EndedAt = 0
	d.Events = nil
	d.Evidence = &sink.Evidence{Start: d.Incident.StartedAt, End: utc("12:20:00"), From: utc("11:10:00"), To: utc("12:30:00"), Width: 10e9, Step: 20e9, HeatStep: 60e9}
	d.Now = utc("12:21:30")
	return d
}

func written(t *testing.T, format string, d Data) string {
	t.Helper()
	var out bytes.Buffer
	if err := Write(&out, format, d); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// golden compares a text with a file; UPDATE=1 writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := "testdata/" + name
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("differs from %s (UPDATE=1 writes it):\n%s", file, got)
	}
}

func TestTheMarkdownIsADraftWithBlanksForPeople(t *testing.T) {
	golden(t, "report.md", written(t, "md", outage()))
	golden(t, "report_open.md", written(t, "md", burning()))
}

func TestAnObjectiveThatWasAskedForIsToldBesideTheStoredBudget(t *testing.T) {
	d := outage()
	d.Objective = 0.995
	text := written(t, "md", d)
	for _, want := range []string{
		"With an objective of 99.5 % over 30 days, 50 % of the error budget of its services is gone (asked for with --objective; stored is 250 %, by an objective of 99.9 %).",
		"| error budget | 50 % of 30 days burnt, by an objective of 99.5 % (asked for with --objective; stored is 250 %, by an objective of 99.9 %) |",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the report has no %q", want)
		}
	}
}

func TestTheJSONHasEveryNumberForMachines(t *testing.T) {
	d := outage()
	d.Evidence.Fleet, d.Evidence.First, d.Evidence.Heat, d.Evidence.Bands = d.Evidence.Fleet[:1], nil, nil, nil
	golden(t, "report.json", written(t, "json", d))
	if !json.Valid([]byte(written(t, "json", burning()))) {
		t.Error("an open incident's document is not JSON")
	}
}

// outline is what a screen reader goes by: headings, the names of pictures, the heads of tables.
func outline(t *testing.T, page string) string {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		switch n.Data {
		case "h1", "h2", "h3", "th", "title", "desc", "caption", "summary":
			fmt.Fprintf(&out, "%s: %s\n", n.Data, text(n))
		case "p", "li":
			fmt.Fprintf(&out, "    %s\n", text(n))
		}
	}
	return out.String()
}

func text(n *html.Node) string {
	var out strings.Builder
	for c := range n.Descendants() {
		if c.Type == html.TextNode {
			out.WriteString(c.Data)
		}
	}
	return OneLine(out.String())
}

func TestThePageSaysTheSameWithHeadingsAndNamedPictures(t *testing.T) {
	golden(t, "report.outline.txt", outline(t, written(t, "html", outage())))
}

// large has everything a sender can make much of.
func large() Data {
	d := outage()
	d.Incident.Services = nil
	for i := range 500 {
		d.Incident.Services = append(d.Incident.Services, incident.Member{Service: fmt.Sprintf("service-%03d.%s", i, strings.Repeat("long.", 40)), StartedAt: utc("11:20:10") + int64(i)*1e9, Requests: 100, Failed: uint64(i), PeakRate: 0.5})
		d.Events = append(d.Events, sink.Event{Event: incident.Event{Seq: int32(10 + i), At: utc("11:30:00"), Event: "cascade", Summary: strings.Repeat("x", 300)}})
	}
	e := d.Evidence
	e.Fleet, e.Heat, e.Pops, e.Verdicts = nil, nil, nil, nil
	for i := range int64(240) {
		e.Fleet = append(e.Fleet, sink.Bucket{Start: time.Unix(0, e.From+i*e.Step), Windows: 12, Requests: 123_456_789, Errors: 12_345_678, WorstRate: 0.123456789})
	}
	e.First = e.Fleet
	for i := range int64(96) {
		for _, m := range append(sink.Worst(d.Incident.Services, sink.HeatServices), incident.Member{}) {
			e.Heat = append(e.Heat, sink.HeatCell{Start: time.Unix(0, e.From+i*e.HeatStep), Service: m.Service, Requests: 100, Errors: uint64(i*37+int64(m.Failed)*11) % 100})
		}
	}
	for i := range 300 {
		e.Pops = append(e.Pops, sink.PopTotal{Pop: fmt.Sprintf("P%03d", i), Requests: 1000, Errors: uint64(900 - i)})
	}
	for range sink.MostVerdicts + 1 {
		e.Verdicts = append(e.Verdicts, sink.Verdict{Service: d.Incident.Services[0].Service, Kind: "error_surge"})
	}
	return d
}

func TestOfServicesWithoutFailuresItIsNotSaidThatTheyFailed(t *testing.T) {
	d := outage()
	d.Incident.Services = append(d.Incident.Services, incident.Member{Service: "quiet.example", StartedAt: d.Incident.StartedAt, Requests: 100})
	failed := members(d.Incident) - 1
	for _, format := range []string{"md", "html"} {
		text := written(t, format, d)
		for _, want := range []string{fmt.Sprintf("requests to %d services failed;", failed), "1 other service failed no more than usual", unfailingMeaning} {
			if !strings.Contains(text, want) {
				t.Errorf("the %s report has no %q", format, want)
			}
		}
	}
}

func TestAVerdictOnAPopIsLeftOutWhereItsServiceHasOneOfItsOwn(t *testing.T) {
	d := outage()
	d.Evidence.Verdicts = []sink.Verdict{{Service: "a.example", Kind: "error_surge"}, {Service: "a.example", Pop: "FRA", Kind: "error_surge"},
		{Service: "a.example", Pop: "IAD", Kind: "latency_surge"}, {Pop: "NRT", Kind: "error_surge"}}
	var shown []string
	for _, v := range d.verdicts() {
		shown = append(shown, v.cells()[1])
	}
	if got, want := strings.Join(shown, ", "), "a.example, a.example at IAD, the fleet at NRT"; got != want {
		t.Errorf("shown %s, want %s", got, want)
	}
	if text := written(t, "md", d); !strings.Contains(text, "Left out: 1 verdict on a single pop, whose service (or fleet) is in the table.") {
		t.Error("what is left out is not said")
	}
}

func TestWhatALogDoesNotTellHasNoTable(t *testing.T) {
	d := outage()
	d.Incident.Pops, d.Evidence.Pops = nil, []sink.PopTotal{{Requests: 10, Errors: 5}}
	d.Incident.Shares = []incident.Share{{By: "pop", Share: 1}, {By: "cache", Value: "unknown", Share: 1}, {By: "status", Value: "503", Share: 1}}
	d.Incident.MainImpactEndedAt = d.Incident.EndedAt
	text := written(t, "md", d)
	for _, want := range []string{noPops, "| status | 503 | 100 % |", "It lasted "} {
		if !strings.Contains(text, want) {
			t.Errorf("the report has no %q", want)
		}
	}
	for _, not := range []string{"unknown", "| pops |", "The main impact lasted"} {
		if strings.Contains(text, not) {
			t.Errorf("the report has %q", not)
		}
	}
}

func TestTheReportSaysWhoseTheErrorsWereAsFarAsALogTells(t *testing.T) {
	d := outage()
	for want, shares := range map[string][]incident.Share{
		"No log names an origin's own answer behind the errors": {{By: "side", Value: "edge", Share: 1}},
		"Behind 25 % of the errors the logs name an origin's":   {{By: "side", Value: "edge", Share: 0.75}, {By: "side", Value: "origin", Share: 0.25}},
	} {
		if d.Incident.Shares = shares; !strings.Contains(written(t, "md", d), want) {
			t.Errorf("the report has no %q", want)
		}
	}
	if d.Incident.Shares = nil; strings.Contains(written(t, "md", d), "origin's own answer;") {
		t.Error("without a share by side, one is told")
	}
}

func TestALargeIncidentStaysASmallPageAndItsRestIsSummed(t *testing.T) {
	page := written(t, "html", large())
	if len(page) >= 1_000_000 {
		t.Errorf("the page has %d bytes, want less than 1 MB", len(page))
	}
	for _, text := range []string{page, written(t, "md", large())} {
		for _, want := range []string{"451 more, summed", "270 more, summed", "There are more; these are of the first 40.", "204 more are not shown."} {
			if !strings.Contains(text, want) {
				t.Errorf("the report has no %q", want)
			}
		}
	}
	for _, want := range []string{"477 more, summed", "Thinned: each point sums the windows of 2m (a window is 10s)"} {
		if !strings.Contains(page, want) {
			t.Errorf("the charts do not say %q", want)
		}
	}
}

func TestThePageLoadsNothing(t *testing.T) {
	d := outage()
	d.Home = "/incidents"
	for name, page := range map[string]string{"report": written(t, "html", d), "large": written(t, "html", large())} {
		root, err := html.Parse(strings.NewReader(page))
		if err != nil {
			t.Fatal(err)
		}
		for n := range root.Descendants() {
			switch n.Data {
			case "script", "img", "link", "iframe", "object", "embed", "image", "use", "base", "font", "video", "audio":
				if n.Type == html.ElementNode {
					t.Errorf("%s: has a <%s>", name, n.Data)
				}
			}
			for _, a := range n.Attr {
				if a.Key == "src" || a.Key == "href" && !strings.HasPrefix(a.Val, "#") && a.Val != "/incidents" || strings.HasPrefix(a.Key, "on") || strings.Contains(a.Val, "://") {
					t.Errorf("%s: <%s %s=%q>", name, n.Data, a.Key, a.Val)
				}
			}
		}
		if regexp.MustCompile(`@import|url\(|//[a-z]`).MatchString(string(css())) {
			t.Error("the style sheet loads something")
		}
	}
}

func TestEveryPictureIsWellFormedAndNamed(t *testing.T) {
	for _, d := range []Data{outage(), burning(), large(), hostile()} {
		page := written(t, "html", d)
		pictures := regexp.MustCompile(`(?s)<svg role="img".*?</svg>`).FindAllString(page, -1)
		if len(pictures) < 4 {
			t.Fatalf("%d pictures, want at least 4", len(pictures))
		}
		for _, p := range pictures {
			decoder := xml.NewDecoder(strings.NewReader(p))
			for {
				if _, err := decoder.Token(); err != nil {
					if err.Error() != "EOF" {
						t.Errorf("%v in\n%.400s", err, p)
					}
					break
				}
			}
			if !regexp.MustCompile(`(?s)^<svg role="img" viewBox="[\d ]+">\s*<title>[^<]+</title>\s*<desc>[^<]+</desc>`).MatchString(p) {
				t.Errorf("a picture without a name:\n%.300s", p)
			}
			if strings.Contains(p, "NaN") || strings.Contains(p, "Inf") {
				t.Errorf("a place that is no number:\n%.300s", p)
			}
		}
	}
}

// hostile has names that a sender may have chosen to break a page.
func hostile() Data {
	const name = "</svg></title><script>alert(1)</script>|`[l](javascript:u)\n# b & \x00\xff \"'><b onload=x>"
	d := outage()
	d.Incident.Title, d.Incident.FirstService, d.Incident.ID, d.Incident.Pops = name, name, name, []string{name}
	d.Incident.Services[0].Service = name
	d.Incident.Shares[0].Value = name
	d.Evidence.Pops[0].Pop = name
	d.Evidence.Verdicts[0].Service = name
	d.Evidence.Rejects[0].Reason = name
	d.Evidence.Statements[0].SQL = name
	for i := range d.Events {
		d.Events[i].Service, d.Events[i].Summary, d.Events[i].Author = name, name, name
	}
	return d
}

func TestSendersCannotBreakThePage(t *testing.T) {
	page := written(t, "html", hostile())
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int{}
	for n := range root.Descendants() {
		if n.Type == html.ElementNode {
			want[n.Data]++
			for _, a := range n.Attr {
				if strings.HasPrefix(a.Key, "on") {
					t.Errorf("<%s %s>", n.Data, a.Key)
				}
			}
		}
	}
	if want["script"] > 0 || want["b"] != len(hostile().figures()) || want["h1"] != 1 {
		t.Errorf("elements that a name made: %v", want)
	}
}

func TestSendersCannotBreakTheMarkdown(t *testing.T) {
	text := written(t, "md", hostile())
	before, sql, _ := strings.Cut(text, "## The SQL behind the numbers")
	if strings.Contains(before, "<script") || regexp.MustCompile(`[^\\]\]\(`).MatchString(before) || strings.Contains(before, "\n# b") {
		t.Error(before)
	}
	if got := strings.Count(before, "\n## "); got != strings.Count(written(t, "md", outage()), "\n## ")-1 {
		t.Errorf("%d headings", got)
	}
	if fence := strings.Count(sql, "\n```"); fence != 2 {
		t.Errorf("%d fences, want an opening and a closing one:\n%s", fence, sql)
	}
}

func TestAnOpenIncidentSaysSoAndHowOldItsNumbersAre(t *testing.T) {
	for _, format := range []string{"html", "md"} {
		text := written(t, format, burning())
		for _, want := range []string{"This incident is open.", "12:20:00 UTC, which was 1m30s before this report was made", "It has not ended", "goes on"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s has no %q", format, want)
			}
		}
	}
}

func TestASinglePopAndNoNotesAreNoSpecialCase(t *testing.T) {
	d := outage()
	d.Events, d.Incident.Pops = d.Events[2:], []string{"FRA"}
	d.Evidence.Pops = d.Evidence.Pops[:1]
	text := written(t, "md", d)
	if !strings.Contains(text, "1 pop (FRA)") || !strings.Contains(text, "| announced | to be filled in") || strings.Contains(text, "anna") {
		t.Error(text)
	}
}

func TestTheErrorBudgetFollowsTheObjective(t *testing.T) {
	d := outage()
	d.Objective = 0.99
	if text := written(t, "md", d); !strings.Contains(text, "With an objective of 99 % over 30 days, 25 % of the error budget") {
		t.Error(text)
	}
}

func TestPhasesGoOnUntilTheNextAndEndWithTheRecovery(t *testing.T) {
	want := []phase{{"first_spike", utc("11:20:10"), utc("11:20:40")}, {"cascade", utc("11:20:40"), utc("12:12:00")}, {"peak", utc("12:12:00"), utc("17:06:00")}}
	if got := outage().phases(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestACurveBreaksWhereNothingIsStored(t *testing.T) {
	picture := string(outage().curves("the fleet", outage().Evidence.Fleet, sink.Usual{}, nil))
	line := regexp.MustCompile(`<path d="([^"]+)" class="line"`).FindStringSubmatch(picture)
	if line == nil || strings.Count(line[1], "M") != 2 {
		t.Errorf("a line in other than two pieces: %v", line)
	}
}

func TestTheListOffersTheSearchAgainAndItsPages(t *testing.T) {
	var out bytes.Buffer
	s := Search{Words: `"><script>`, Service: "x.com", Phase: "peak", Open: true, Page: 2}
	if err := WriteList(&out, s, []incident.Incident{outage().Incident, burning().Incident}, true); err != nil {
		t.Fatal(err)
	}
	page := out.String()
	for _, want := range []string{`href="/incidents?page=1&amp;phase=peak&amp;q=%22%3E%3Cscript%3E&amp;service=x.com&amp;status=open"`, `page=3`, `<option value="peak" selected>`, `href="/incidents/20251118-112010-x.com"`, "goes on"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %s:\n%s", want, page)
		}
	}
	if strings.Contains(page, "<script>") {
		t.Error("the search breaks the page")
	}
}

func TestTheNameOfAFileDecidesItsFormat(t *testing.T) {
	for file, want := range map[string]string{"": "md", "-": "md", "a.md": "md", "A.HTML": "html", "a.htm": "html", "a.json": "json", "a.txt": "md"} {
		if got := FormatOf(file); got != want {
			t.Errorf("%q: %s, want %s", file, got, want)
		}
	}
	if err := Write(&bytes.Buffer{}, "pdf", outage()); err == nil || !strings.Contains(err.Error(), "html, md, json") {
		t.Errorf("an unknown format gives %v", err)
	}
}

func TestNumbersAreWrittenForPeople(t *testing.T) {
	for n, want := range map[uint64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if got := Grouped(n); got != want {
			t.Errorf("%d: %s", n, got)
		}
	}
	for share, want := range map[float64]string{0: "0 %", 0.62: "62 %", 0.052: "5.2 %", 0.0004: "0.04 %", 1: "100 %"} {
		if got := Percent(share); got != want {
			t.Errorf("%v: %s", share, got)
		}
	}
	for d, want := range map[time.Duration]string{0: "0s", 45 * time.Second: "45s", 150 * time.Second: "2m30s", time.Hour: "1h", 27 * time.Hour: "1d3h", 346 * time.Minute: "5h46m"} {
		if got := Duration(d); got != want {
			t.Errorf("%v: %s", d, got)
		}
	}
}
