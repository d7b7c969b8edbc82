//go:build wire

package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
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
	refuses("user nobody may not log in at 127.0.0.1", strings.Replace(dsn, "default@", "nobody@", 1))

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
	if status != failed || !strings.Contains(said, "the user lacks a right: grant SELECT, INSERT") {
		t.Errorf("exit status %d: %s", status, said)
	}
}
