//go:build wire

package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spikeline/spikeline/sink/engine"
)

func TestExportSaysWhatIsWrongAndTheNextStep(t *testing.T) {
	dsn := stored(t)
	dir := t.TempDir()
	out := filepath.Join(dir, "incidents.csv")
	export := func(dsn string, more ...string) (string, int) {
		t.Helper()
		return command(t, append([]string{"export", "--table", "incidents", "--from", "2025-11-18T00:00:00Z", "-o", out, "--clickhouse", dsn}, more...)...)
	}
	refuses := func(want string, dsn string, more ...string) {
		t.Helper()
		said, status := export(dsn, more...)
		if status != failed || strings.Count(said, "\n") != 1 || !strings.Contains(said, want) {
			t.Errorf("exit status %d, want one line with %q:\n%s", status, want, said)
		}
		if _, err := os.Stat(out); err == nil {
			t.Errorf("%s is there, as if it were whole", out)
		}
	}

	refuses("incidents has no rows from 2020-01-01T00:00:00Z to 2020-01-02T00:00:00Z; it has some from 2025-11-18T", dsn, "--from", "2020-01-01T00:00:00Z", "--to", "2020-01-02T00:00:00Z")
	refuses("signals has no rows at all; replay logs or run a worker first", dsn, "--table", "signals")
	refuses("ClickHouse refuses: user or password is wrong: check the name in the DSN", strings.Replace(dsn, "default@", "nobody@", 1))

	refuses("ClickHouse does not answer at 127.0.0.1:1: ", "http://127.0.0.1:1")
	refuses("is missing; make it, or name another", dsn, "-o", filepath.Join(dir, "none", "x.csv"))
	refuses(dir+" is a directory: name a file in it", dsn, "-o", dir, "--format", "csv")

	full := out + ".partial" // a disk without room
	if err := os.Symlink("/dev/full", full); err != nil {
		t.Fatal(err)
	}
	refuses("no space left on device; what came until then is in "+full+": make room, or name a file on another disk with -o", dsn)
	if err := os.Remove(full); err != nil {
		t.Fatal(err)
	}

	if said, status := export(dsn); status != done || said != "" {
		t.Errorf("exit status %d: %s", status, said)
	}
	if text, err := os.ReadFile(out); err != nil || strings.Count(string(text), "\n") != 3 {
		t.Errorf("%v, want a header and two incidents:\n%s", err, text)
	}
}

func TestAReplayByAReaderSaysThatItMayNotWrite(t *testing.T) {
	dsn := strings.Replace(stored(t), "default@", "reader@", 1)
	log := filepath.Join(t.TempDir(), "access.log")
	line := `203.0.113.7 - - [05/Dec/2025:07:41:04 +0000] "GET /a HTTP/1.1" 200 742 "-" "agent"` + "\n"
	if err := os.WriteFile(log, []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	said, status := command(t, "replay", log, "--clickhouse", dsn)
	if status != failed || !strings.Contains(said, "the user lacks a right: spikeline schema print --users") {
		t.Errorf("exit status %d: %s", status, said)
	}
}

func TestAReaderWithoutARightOrATableIsToldTheNextStep(t *testing.T) {
	dsn := stored(t)
	reader, fresh := strings.Replace(dsn, "default@", "reader@", 1), engine.Default()
	fresh.Path = t.TempDir()
	e, err := engine.Start(t.Context(), fresh)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Stop()
	for _, c := range []struct {
		args []string
		dsn  string
		want string
	}{
		{[]string{"incidents", "annotate", "latest", "a note"}, reader, "ClickHouse refuses: the user lacks a right: have it granted"},
		{[]string{"incidents", "list"}, strings.Replace(dsn, "default@", "nobody@", 1), "ClickHouse refuses: user or password is wrong: check the name in the DSN"},
		{[]string{"incidents", "list"}, e.DSN(), "ClickHouse refuses: database spikeline is missing: run spikeline schema apply, or replay logs into it"},
		{[]string{"report", "latest"}, e.DSN(), "ClickHouse refuses: database spikeline is missing"},
		{[]string{"export", "--from", "2025-11-18T00:00:00Z", "--format", "csv", "-o", "-"}, e.DSN(), "ClickHouse refuses: database spikeline is missing: run spikeline schema apply"},
	} {
		said, status := command(t, append(c.args, "--clickhouse", c.dsn)...)
		if status != failed || strings.Count(said, "\n") != 1 || !strings.Contains(said, c.want) {
			t.Errorf("%v: exit status %d, want one line with %q:\n%s", c.args, status, c.want, said)
		}
	}
}
