//go:build wire

package docs

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/spikeline/spikeline/internal/cli"
	"github.com/spikeline/spikeline/sink/engine"
)

var update = flag.Bool("update", false, "write schema.md and the answers of cookbook.md")

func TestMain(m *testing.M) {
	if engine.IsChild() {
		engine.Main()
	}
	if filepath.Base(os.Args[0]) == "spikeline" { // as the commands of the documents call it
		os.Exit(cli.Main(os.Args[1:], os.Stdout, os.Stderr))
	}
	flag.Parse()
	status := m.Run()
	if shared.engine != nil {
		shared.engine.Stop()
	}
	if shared.dir != "" {
		os.RemoveAll(shared.dir)
	}
	os.Exit(status)
}

// desk is an analyst's: an engine that holds what the cookbook's first commands put there.
type desk struct {
	engine *engine.Engine
	native int    // port of the native protocol
	dir    string // where the commands ran
	once   sync.Once
	failed string
}

var shared desk

func atDesk(t *testing.T) *desk {
	t.Helper()
	shared.once.Do(func() {
		shared.failed = "the desk could not be set up"
		dir, err := os.MkdirTemp("", "spikeline-docs-")
		if err != nil {
			t.Fatal(err)
		}
		shared.dir = dir
		shared.native = freePort(t)
		shared.engine = startEngine(t, filepath.Join(dir, "clickhouse"), shared.native)
		if out, err := shell(dir, shared.engine.Addr(), commands(read(t, "cookbook.md"))[0]); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		shared.failed = ""
	})
	if shared.failed != "" {
		t.Fatal(shared.failed)
	}
	return &shared
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func startEngine(t *testing.T, path string, native int) *engine.Engine {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	c := engine.Default()
	c.Path, c.NativePort = path, native
	e, err := engine.Start(ctx, c)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

var fenced = regexp.MustCompile("(?s)```sh\n(.*?)\n *```\n")

// commands are the fenced blocks of shell commands of a document.
func commands(document string) (blocks []string) {
	for _, m := range fenced.FindAllStringSubmatch(document, -1) {
		blocks = append(blocks, m[1]+"\n")
	}
	return blocks
}

// shell runs commands in dir as a reader of a document would, with ClickHouse at addr in place of the usual port.
func shell(dir, addr, script string) (string, error) {
	bin := filepath.Join(dir, ".bin")
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(bin, 0o755); err != nil {
		return "", err
	}
	if err := os.Symlink(self, filepath.Join(bin, "spikeline")); err != nil && !os.IsExist(err) {
		return "", err
	}
	settings := filepath.Join(bin, "spikeline.yaml") // for commands that name no ClickHouse
	if err := os.WriteFile(settings, []byte("sink:\n  dsn: http://"+addr+"\n"), 0o600); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, "bash", "-euo", "pipefail", "-c", strings.ReplaceAll(script, "127.0.0.1:8123", addr))
	c.Dir, c.Env = dir, append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "SPIKELINE_CONFIG="+settings)
	out, err := c.CombinedOutput()
	return string(out), err
}

// answer is what a query gives: the names of its columns, and its rows as text.
type answer struct {
	columns []string
	rows    [][]string
}

// ask asks over HTTP as the user who may only read.
func (d *desk) ask(t *testing.T, sql string) answer {
	t.Helper()
	address := "http://" + d.engine.Addr() + "/?user=reader&default_format=JSONCompact&output_format_json_quote_64bit_integers=0"
	res, err := http.Post(address, "text/plain", strings.NewReader(sql))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("%v %s\n%s", err, text, sql)
	}
	var parsed struct {
		Meta []struct{ Name string }
		Data [][]any
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&parsed); err != nil {
		t.Fatal(err)
	}
	var a answer
	for _, c := range parsed.Meta {
		a.columns = append(a.columns, c.Name)
	}
	for _, row := range parsed.Data {
		var cells []string
		for _, v := range row {
			cells = append(cells, fmt.Sprint(v))
		}
		a.rows = append(a.rows, cells)
	}
	return a
}

// lines are the rows with their cells one space apart.
func (a answer) lines() (lines []string) {
	for _, row := range a.rows {
		lines = append(lines, strings.Join(row, " "))
	}
	return lines
}

// markdown is the answer as a table.
func (a answer) markdown() string {
	var b strings.Builder
	row := func(cells []string) { b.WriteString("| " + strings.Join(cells, " | ") + " |\n") }
	row(a.columns)
	row(strings.Split(strings.Repeat("---|", len(a.columns)-1)+"---", "|"))
	for _, r := range a.rows {
		row(r)
	}
	return b.String()
}

// fresh compares a generated document with the one that is checked in, or writes it.
func fresh(t *testing.T, name, want string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, _ := os.ReadFile(name); string(got) != want {
		t.Errorf("docs/%s is not what this tree generates; go generate ./docs writes it anew", name)
	}
}
