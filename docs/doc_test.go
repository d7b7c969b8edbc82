// Package docs keeps what the documents show true: the schema's reference is
// generated, every question of the cookbook and every command runs.
package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

//go:generate go test -tags wire -count=1 -timeout 20m -run "TestSchema|TestCookbook" . -update

// documents are the files whose commands and links are checked, by path from here.
func documents(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("*.md")
	if err != nil || len(files) == 0 {
		t.Fatalf("no documents: %v", err)
	}
	return append(files, "../README.md")
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var link = regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`)

func TestLinksBetweenDocumentsLeadSomewhere(t *testing.T) {
	n := 0
	for _, name := range documents(t) {
		for _, m := range link.FindAllStringSubmatch(read(t, name), -1) {
			n++
			if _, err := os.Stat(filepath.Join(filepath.Dir(name), m[1])); err != nil {
				t.Errorf("%s links to %s: %v", name, m[1], err)
			}
		}
	}
	if n == 0 {
		t.Error("no links were found")
	}
}

// question is one entry of the cookbook.
type question struct{ title, sql string }

var asked = regexp.MustCompile("(?s)\n## ([^\n]+)\n.*?\n```sql\n(.*?)```\n")

func questions(cookbook string) (list []question) {
	for _, m := range asked.FindAllStringSubmatch(cookbook, -1) {
		list = append(list, question{m[1], m[2]})
	}
	return list
}

func TestTheCookbookHasTwentyQuestionsEachWithItsSQL(t *testing.T) {
	text := read(t, "cookbook.md")
	list := questions(text)
	if titles := strings.Count(text, "\n## "); len(list) < 20 || len(list) != titles {
		t.Errorf("%d questions with SQL, %d titles, want at least 20 and as many", len(list), titles)
	}
	for _, q := range list {
		if strings.Contains(q.sql, " FINAL") || strings.Contains(q.sql, "_rev") {
			t.Errorf("%s: it reads storage; questions read views", q.title)
		}
	}
}
