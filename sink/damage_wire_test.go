//go:build wire

package sink

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/spikeline/spikeline/sink/engine"
)

// emptyMarks empties a file of the newest part of a table, as a disk that was full leaves it.
func emptyMarks(t *testing.T, conn driver.Conn, table string) {
	t.Helper()
	path := look(t, conn, []string{"path"}, "FROM system.parts WHERE database = 'spikeline' AND table = '"+table+"' AND active ORDER BY modification_time DESC LIMIT 1")
	marks, err := filepath.Glob(filepath.Join(path, "*.cmrk*"))
	if err != nil || len(marks) == 0 {
		t.Fatalf("no file of marks in %s: %v", path, err)
	}
	if err := os.Truncate(marks[0], 0); err != nil {
		t.Fatal(err)
	}
}

func kill(t *testing.T, e *engine.Engine) {
	t.Helper()
	before := e.Restarts()
	if err := syscall.Kill(e.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for give := time.Now().Add(time.Minute); e.Restarts() == before; time.Sleep(time.Millisecond) {
		if time.Now().After(give) {
			t.Fatal("the engine does not come back")
		}
	}
}

func TestAPartThatClickHouseTookOutIsTold(t *testing.T) {
	e := startEngine(t)
	writeAll(t, configFor(e.DSN()), fullBatch())
	emptyMarks(t, connect(t, e.DSN()), "windows_rev")
	kill(t, e)
	var log bytes.Buffer
	slog.SetDefault(slog.New(slog.NewTextHandler(&log, nil)))
	var s saved
	w, err := Open(context.Background(), configFor(e.DSN()), s.save)
	if err != nil {
		t.Fatal(err)
	}
	for give := time.Now().Add(time.Minute); w.Metrics().PartsTakenOut.Load() == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(give) {
			t.Fatalf("no metric tells of it; log %s", &log)
		}
	}
	if err := w.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got := w.Metrics().PartsTakenOut.Load(); got != 1 || !strings.Contains(log.String(), "windows_rev") || !strings.Contains(log.String(), "docs/operations.md") {
		t.Errorf("%d parts, log %s; want 1, its table, and where the next step is written", got, &log)
	}
	conn := connect(t, e.DSN())
	name := look(t, conn, []string{"name"}, "FROM system.detached_parts")
	if err := conn.Exec(t.Context(), "ALTER TABLE spikeline.windows_rev DROP DETACHED PART '"+name+"' SETTINGS allow_drop_detached = 1"); err != nil {
		t.Fatal(err)
	}
	if left := look(t, conn, []string{"count()"}, "FROM ("+partsTakenOut+")"); left != "0" {
		t.Errorf("%s parts are told after they were dropped, want 0", left)
	}
}
