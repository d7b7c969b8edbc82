//go:build wire

package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spikeline/spikeline/internal/testkit"
)

func TestThePagesAreDrawnByARealBrowserOnPhonesDesksAndPaper(t *testing.T) {
	address, dsn := site(t)
	dir := t.TempDir()
	log := filepath.Join(dir, "edge.log")
	for _, args := range [][]string{
		{"simulate", "--scenario", "cloudflare-2025-12-05", "--total", "5", "-o", log},
		{"replay", log, "--clickhouse", dsn},
		{"incidents", "annotate", "20251205", "status page: " + strings.Repeat("investigating", 20), "--announced", "2025-12-05T08:56:00Z", "--author", "anna", "--clickhouse", dsn},
		{"report", "20251205", "-o", filepath.Join(dir, "report.html"), "--clickhouse", dsn},
	} {
		if out, status := command(t, args...); status != done {
			t.Fatalf("%v: exit status %d\n%s", args, status, out)
		}
	}
	served := testkit.Browser(t, "testdata/pages.mjs", address, "/incidents", "/incidents/20251205", "/incidents/20251118-112010-x.com")
	file := testkit.Browser(t, "testdata/pages.mjs", "file://"+dir, "/report.html")
	info, err := os.Stat(filepath.Join(dir, "report.html"))
	if err != nil || info.Size() >= 1_000_000 {
		t.Errorf("the report has %v bytes, %v; want less than 1 MB", info.Size(), err)
	}
	testkit.Count(t, "%s pages of the site and %s of a report (%d bytes) drawn by Chromium: phone and desk, light and dark, print", strings.TrimSpace(served), strings.TrimSpace(file), info.Size())
}
