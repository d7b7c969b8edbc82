//go:build wire

package schema_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spikeline/spikeline/sink/engine"
	"github.com/spikeline/spikeline/sink/schema"
)

func TestMain(m *testing.M) {
	if engine.IsChild() {
		engine.Main()
	}
	os.Exit(m.Run())
}

func TestClickHouseUnderstandsTheStatementsOfTheUsers(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	c := engine.Default()
	c.Path = filepath.Join(t.TempDir(), "clickhouse")
	e, err := engine.Start(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Stop)
	var out bytes.Buffer
	if err := schema.PrintUsers(&out); err != nil {
		t.Fatal(err)
	}
	statements := strings.Split(strings.TrimSuffix(strings.TrimSpace(out.String()), ";"), ";\n")
	for _, s := range statements {
		url := "http://" + e.Addr() + "/?param_writer_password=w&param_owner_password=o&param_reader_password=r"
		res, err := http.Post(url, "text/plain", strings.NewReader("EXPLAIN AST "+s))
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if res.StatusCode != http.StatusOK {
			t.Errorf("%s\n%s", s, text)
		}
	}
	if len(statements) != 12 {
		t.Errorf("%d statements, want 12", len(statements))
	}
}
