//go:build wire

package engine

import (
	"os"
	"path/filepath"
	"testing"
)

func TestFetchTakesTheLibraryFromNpmOnce(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	var lines []string
	first, err := Fetch(t.Context(), func(line string) { lines = append(lines, line) })
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(first); err != nil || info.Size() < 100<<20 {
		t.Fatalf("library %s: %v", first, err)
	}
	again, err := Fetch(t.Context(), func(line string) { lines = append(lines, line) })
	if err != nil || again != first || len(lines) != 2 {
		t.Errorf("a second fetch gave %s, %v and said %q; want the same file without a word", again, err, lines)
	}
	left, err := filepath.Glob(filepath.Join(filepath.Dir(filepath.Dir(first)), ".fetch-*"))
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestWithoutNpmFetchSaysWhatToDo(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("PATH", t.TempDir())
	if _, err := Fetch(t.Context(), nil); err == nil || err.Error() != "npm is needed once, to fetch @chdb/lib-linux-x64-gnu@26.7.3-stable.1: install Node.js, or set engine.binary to a clickhouse executable" {
		t.Errorf("got %v, want one clear line", err)
	}
}
