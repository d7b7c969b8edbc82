//go:build wire

package testkit

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Count tells how much a test has gone through. go test keeps what passing tests
// print to itself, so make test names a folder in SPIKELINE_COUNTS, and prints
// what is in it at the end; the count of a cached result is that of its last run.
func Count(t testing.TB, format string, args ...any) {
	t.Helper()
	line := fmt.Sprintf(format, args...)
	t.Log(line)
	dir := os.Getenv("SPIKELINE_COUNTS")
	if dir == "" {
		return
	}
	if err := os.WriteFile(filepath.Join(dir, strings.ReplaceAll(t.Name(), "/", " ")), []byte(line+"\n"), 0o644); err != nil {
		t.Error(err)
	}
}
