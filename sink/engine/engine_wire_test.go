//go:build wire

package engine

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// parentEnv makes the test binary a parent that starts an engine in the named folder and waits to be killed.
const parentEnv = "SPIKELINE_TEST_PARENT"

func TestMain(m *testing.M) {
	if IsChild() {
		Main()
	}
	if path := os.Getenv(parentEnv); path != "" {
		parent(path)
	}
	os.Exit(m.Run())
}

func parent(path string) {
	c := Default()
	c.Path = path
	e, err := Start(context.Background(), c)
	if err != nil {
		os.Stdout.WriteString("error " + err.Error() + "\n")
		os.Exit(1)
	}
	os.Stdout.WriteString(e.Addr() + " " + strconv.Itoa(e.PID()) + "\n")
	select {}
}

func start(t *testing.T, change func(*Config)) *Engine {
	t.Helper()
	c := Default()
	c.Path = t.TempDir()
	if change != nil {
		change(&c)
	}
	e, err := Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Stop)
	return e
}

// ask sends one query and gives the answer, or the error of ClickHouse, as text.
func ask(t *testing.T, addr, user, query string) string {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, "http://"+addr+"/?user="+user, strings.NewReader(query))
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err.Error()
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(body))
}

func TestEngineAnswersAndKeepsItsRowsOverAStop(t *testing.T) {
	path := t.TempDir()
	e := start(t, func(c *Config) { c.Path = path })
	for _, query := range []string{
		"CREATE DATABASE spikeline ENGINE = Atomic",
		"CREATE TABLE spikeline.kept (n UInt8) ENGINE = MergeTree ORDER BY n",
		"INSERT INTO spikeline.kept VALUES (7)",
	} {
		if answer := ask(t, e.Addr(), "default", query); answer != "" {
			t.Fatal(answer)
		}
	}
	e.Stop()
	e = start(t, func(c *Config) { c.Path = path })
	if got := ask(t, e.Addr(), "default", "SELECT n FROM spikeline.kept"); got != "7" {
		t.Errorf("after a stop and a start the table holds %q, want 7", got)
	}
}

func TestReaderReadsAndCannotWriteNorReachFiles(t *testing.T) {
	e := start(t, nil)
	ask(t, e.Addr(), "default", "CREATE DATABASE spikeline ENGINE = Atomic")
	ask(t, e.Addr(), "default", "CREATE TABLE spikeline.t ENGINE = MergeTree ORDER BY n AS SELECT 1 AS n")
	if got := ask(t, e.Addr(), "reader", "SELECT n FROM spikeline.t SETTINGS max_execution_time = 5"); got != "1" {
		t.Errorf("reader got %q, want 1", got)
	}
	for _, query := range []string{
		"CREATE TABLE spikeline.x (n UInt8) ENGINE = Memory",
		"INSERT INTO spikeline.t VALUES (2)",
		"DROP TABLE spikeline.t",
		"SELECT * FROM file('/etc/hostname', 'LineAsString')",
		"SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
	} {
		if got := ask(t, e.Addr(), "reader", query); !strings.Contains(got, "Code: 497") && !strings.Contains(got, "Code: 164") {
			t.Errorf("reader ran %s: %q, want a refusal", query, got)
		}
	}
}

func TestTheReadersPasswordIsAsked(t *testing.T) {
	e := start(t, func(c *Config) { c.ReaderPassword = "r<&>" })
	if got := ask(t, e.Addr(), "reader", "SELECT 1"); !strings.Contains(got, "Code: 516") {
		t.Errorf("without the password: %q, want a refusal", got)
	}
	if got := ask(t, e.Addr(), "reader&password="+url.QueryEscape("r<&>"), "SELECT 1"); got != "1" {
		t.Errorf("with the password: %q, want 1", got)
	}
}

func TestASecondEngineInTheSameFolderIsRefused(t *testing.T) {
	first := start(t, nil)
	c := Default()
	c.Path = first.config.Path
	_, err := Start(t.Context(), c)
	if !errors.Is(err, errLocked) || !strings.Contains(err.Error(), "Code: 76") {
		t.Errorf("got %v, want an error that says the folder is in use, with the line of ClickHouse", err)
	}
	if got := ask(t, first.Addr(), "default", "SELECT 1"); got != "1" {
		t.Errorf("the first engine answers %q, want 1", got)
	}
}

func TestATakenPortIsRefused(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	c := Default()
	c.Path = t.TempDir()
	c.HTTPPort = listener.Addr().(*net.TCPAddr).Port
	if _, err := Start(t.Context(), c); err == nil || !strings.Contains(err.Error(), "choose another port") {
		t.Errorf("got %v, want an error that says to choose another port", err)
	}
}

func TestAPortTakenAfterTheCheckIsFoundInTheEarlyExit(t *testing.T) {
	first := start(t, nil)
	second := &Engine{config: first.config, mode: first.mode, program: first.program, log: first.log}
	second.config.Path = t.TempDir()
	var err error
	second.sign = "/other"
	if second.file, err = writeFiles(second.config, second.sign); err != nil {
		t.Fatal(err)
	}
	if _, err := second.startChild(t.Context()); err == nil || !strings.Contains(err.Error(), "Code: 210") {
		t.Errorf("got %v, want the early exit with Code: 210", err)
	}
}

func TestAKilledEngineIsStartedAgain(t *testing.T) {
	e := start(t, nil)
	if err := syscall.Kill(e.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(30 * time.Second); e.Restarts() == 0; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("not started again within 30 s")
		}
	}
	if got := ask(t, e.Addr(), "default", "SELECT 1"); got != "1" {
		t.Errorf("after the restart it answers %q, want 1", got)
	}
}

func TestAnEngineEndsWithItsKilledParentAndTheNextStartWaitsForIt(t *testing.T) {
	path := t.TempDir()
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), parentEnv+"="+path)
	stdout, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 200)
	n, err := stdout.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	addr, number, _ := strings.Cut(strings.TrimSpace(string(line[:n])), " ")
	command.Process.Kill()
	command.Wait()
	start(t, func(c *Config) { c.Path = path })
	for deadline := time.Now().Add(lockPatience); lives(number); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("engine %s at %s still lives although its folder is free", number, addr)
		}
	}
}

func lives(pid string) bool {
	state, err := exec.Command("ps", "-o", "stat=", "-p", pid).Output()
	return err == nil && !strings.HasPrefix(string(state), "Z")
}

func TestTheNativePortOpensOnlyWhenAsked(t *testing.T) {
	if addr := start(t, nil).NativeAddr(); addr != "" {
		t.Errorf("native port %s is open, want none", addr)
	}
	port, err := claimPort("127.0.0.1", 0)
	if err != nil {
		t.Fatal(err)
	}
	e := start(t, func(c *Config) { c.NativePort = port })
	connection, err := net.Dial("tcp", e.NativeAddr())
	if err != nil {
		t.Fatal(err)
	}
	connection.Close()
}
