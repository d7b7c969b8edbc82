//go:build wire

package e2e

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spikeline/spikeline/internal/testkit"
)

const sumOf = `
import sys, pyarrow.parquet as parquet, pyarrow.ipc as ipc, pyarrow.csv as csv
path = sys.argv[1]
table = {"parquet": parquet.read_table, "arrow": lambda p: ipc.open_file(p).read_all(), "csv": csv.read_csv}[path.split(".")[-1]](path)
print(table.num_rows, sum(table["requests"].to_pylist()))
`

func TestAnotherImplementationReadsWhatExportWrites(t *testing.T) {
	db := startEngine(t)
	dir := t.TempDir()
	log := filepath.Join(dir, "edge.log")
	spikeline(t, "simulate", "--scenario", "cloudflare-2025-12-05", "--rate", "0.05", "-o", log)
	spikeline(t, "replay", log, "--clickhouse", "http://"+db.addr)
	want, err := db.ask("SELECT count(), sum(requests) FROM spikeline.windows")
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range []string{"parquet", "arrow", "csv"} {
		file := filepath.Join(dir, "windows."+format)
		spikeline(t, "export", "--clickhouse", "http://"+db.addr, "--from", "2025-12-05T00:00:00Z", "--to", "2025-12-06T00:00:00Z", "-o", file)
		if got := testkit.Python(t, sumOf, file); strings.Join(strings.Fields(got), " ") != strings.Join(strings.Fields(want), " ") {
			t.Errorf("%s: rows and requests %s, want %s", format, got, want)
		}
	}
	all := spikeline(t, "export", "--clickhouse", "http://"+db.addr, "--table", "incidents", "--from", "2025-12-05T00:00:00Z", "--format", "csv", "-o", "-")
	if n := strings.Count(strings.TrimSpace(all), "\n"); n != 1 {
		t.Errorf("%d incidents, want 1:\n%s", n, fmt.Sprint(all))
	}
}
