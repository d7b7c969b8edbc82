//go:build wire

package testkit

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// foreign are the readers of what we write that others made, from PyPI.
var foreign = []string{"pyarrow==26.0.1", "clickhouse-connect==1.12.0"}

// Python runs a script with arguments in an interpreter that has pyarrow and clickhouse_connect,
// and gives what it prints. The interpreter is made once in the user's cache; it needs python3 with venv.
func Python(t testing.TB, script string, args ...string) string {
	t.Helper()
	return command(t, interpreter(t), append([]string{"-c", script}, args...)...)
}

func interpreter(t testing.TB) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	venv := filepath.Join(cache, "spikeline", "python")
	if err := os.MkdirAll(filepath.Dir(venv), 0o755); err != nil {
		t.Fatal(err)
	}
	lock, err := os.Create(venv + ".lock") // packages are tested side by side
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	bin := filepath.Join(venv, "bin", "python3")
	if exec.Command(bin, "-c", "import pyarrow, clickhouse_connect").Run() != nil {
		command(t, "python3", "-m", "venv", venv)
		command(t, bin, append([]string{"-m", "pip", "install", "--quiet", "--disable-pip-version-check"}, foreign...)...)
	}
	return bin
}

func command(t testing.TB, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %.60s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}
