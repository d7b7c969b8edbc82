package detect

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// timeline writes what changes: openings, endings, and changes of severity.
func timeline(signals []Signal) string {
	var b strings.Builder
	last := map[string]Severity{}
	for _, s := range signals {
		key := fmt.Sprint(s.Scope, s.Kind)
		was, known := last[key]
		if !s.Opened && !s.Ended && known && was == s.Severity {
			continue
		}
		last[key] = s.Severity
		word := "grade"
		switch {
		case s.Opened && s.Ended:
			word = "once"
		case s.Opened:
			word = "open"
		case s.Ended:
			word = "end"
			delete(last, key)
		}
		fmt.Fprintf(&b, "%s %-5s %-8s %-20s %s: %s\n", time.Unix(0, s.Window).UTC().Format(time.TimeOnly), word, s.Severity, scopeName(s.Scope), s.Kind, s.Reason)
	}
	return b.String()
}

func scopeName(s Scope) string {
	switch {
	case s == Scope{}:
		return "fleet"
	case s.Pop == "":
		return s.Service
	case s.Service == "":
		return "pop " + s.Pop
	}
	return s.Service + " in " + s.Pop
}

var update = flag.Bool("update", false, "write the golden timelines anew")

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("timeline differs from %s; got:\n%s\nwant:\n%s", file, got, want)
	}
}

func TestAMorningOfEveryKindReadsAsATimeline(t *testing.T) {
	g := newGenerator(1, morning,
		flat("api", 50, effect{from: at("11:28:00"), to: at("11:40:00"), errors: .4, traffic: 1}),
		flat("shop", 3, effect{from: at("11:20:00"), to: at("11:30:00"), traffic: 3}),
		flat("slow", 10, effect{from: at("11:25:00"), to: at("11:50:00"), slow: .4, traffic: 1}),
		flat("tiny", .3),
		flat("www", 100, effect{from: at("11:28:00"), to: at("11:40:00"), refused: .4, code: 403, traffic: 1}),
		flat("zero", 10, effect{from: at("11:25:00"), to: at("11:50:00"), traffic: 0}),
	)
	golden(t, "morning", timeline(run(New(Default()), g, at("12:30:00"))))
}
