//go:build wire

package docs

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spikeline/spikeline/internal/testkit"
)

// shown is the answer in the cookbook: what stands between a question's SQL and the next title.
var shown = regexp.MustCompile(`(?s)(\n` + "```" + `sql\n.*?` + "```" + `\n).*?(\n## |$)`)

func TestCookbookAnswersAreThoseOfAnIndependentCountOfTheLogs(t *testing.T) {
	d := atDesk(t)
	g := countLogs(t, d)
	text := read(t, "cookbook.md")
	checks := g.checks(t)
	var answers []string
	for _, q := range questions(text) {
		a := d.ask(t, q.sql)
		answers = append(answers, a.markdown())
		check := checks[q.title]
		if check == nil {
			t.Errorf("%s: its answer is not checked", q.title)
			continue
		}
		delete(checks, q.title)
		t.Run(q.title, func(t *testing.T) { check(t, a) })
	}
	for title := range checks {
		t.Errorf("no such question: %s", title)
	}
	n := 0
	head, list, _ := strings.Cut(text, "\n## ")
	list = shown.ReplaceAllStringFunc("\n## "+list, func(part string) string {
		m := shown.FindStringSubmatch(part)
		n++
		return m[1] + "\n" + answers[n-1] + m[2]
	})
	fresh(t, "cookbook.md", head+list)
	testkit.Count(t, "%d questions of the cookbook ran as user reader, each against a count of %d log lines", n, g.read["november"]+g.read["december"])
}

// same wants the very rows.
func same(want []string) func(*testing.T, answer) {
	return func(t *testing.T, a answer) {
		t.Helper()
		if got := a.lines(); len(want) == 0 || !slices.Equal(got, want) {
			t.Errorf("the answer is\n%s\nthe count of the logs is\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}
