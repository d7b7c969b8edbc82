//go:build wire

package docs

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/spikeline/spikeline/internal/testkit"
)

// notRun are the commands that no test of this package runs, and why.
var notRun = map[string]string{
	"make demo":                             "it is make build and spikeline demo, which internal/e2e runs to its end",
	"make test":                             "it is what runs this test",
	"spikeline run --config spikeline.yaml": "it runs until it is stopped, and needs Kafka: internal/e2e runs it against a real broker",
}

// before prepares a folder in which a document's readers would be.
var before = map[string]string{
	"../README.md": "spikeline simulate --scenario cloudflare-2025-12-05 --total 5 -o access.log; mkdir -p logs; gzip -c access.log > logs/a.gz",
	"incidents.md": "spikeline simulate --scenario cloudflare-2025-12-05 --total 5 -o edge.log; spikeline replay edge.log --clickhouse http://127.0.0.1:8123",
}

func TestEveryCommandThatTheDocumentsShowRuns(t *testing.T) {
	e := startEngine(t, filepath.Join(t.TempDir(), "clickhouse"), 0)
	t.Cleanup(e.Stop)
	ran, skipped, used := 0, 0, map[string]bool{}
	for _, name := range documents(t) {
		if name == "cookbook.md" {
			continue // the desk runs them, for the other tests
		}
		dir := t.TempDir()
		if out, err := shell(dir, e.Addr(), before[name]); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
		for _, block := range commands(read(t, name)) {
			kept, left := runnable(block, used)
			skipped += left
			ran += strings.Count(kept, "\n")
			if out, err := shell(dir, e.Addr(), kept); err != nil {
				t.Errorf("%s: %v\n%s\n%s", name, err, kept, out)
			}
		}
	}
	for line, why := range notRun {
		if !used[line] {
			t.Errorf("no document shows %q (%s)", line, why)
		}
	}
	testkit.Count(t, "%d lines of commands in %d documents ran; %d did not, each for a reason that is written down", ran, len(documents(t)), skipped)
}

// runnable are the lines of a block without those that are not run.
func runnable(block string, used map[string]bool) (kept string, left int) {
	for line := range strings.Lines(block) {
		bare, _, _ := strings.Cut(line, "  #")
		bare = strings.TrimSpace(bare)
		if notRun[bare] != "" {
			used[bare] = true
			left++
			continue
		}
		kept += strings.TrimLeft(line, " ")
	}
	return kept, left
}
