//go:build wire

package testkit

import (
	"cmp"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

const playwright = "playwright-core@1.56.1"

// Browser runs a module of JavaScript with arguments that drives Chromium with Playwright, and gives what it prints.
// npm fetches Playwright once into the user's cache; CHROMIUM names another browser than /usr/bin/chromium.
func Browser(t testing.TB, script string, args ...string) string {
	t.Helper()
	chromium := cmp.Or(os.Getenv("CHROMIUM"), "/usr/bin/chromium")
	if _, err := os.Stat(chromium); err != nil {
		t.Fatalf("%v: install chromium, or name one with CHROMIUM", err)
	}
	t.Setenv("CHROMIUM", chromium)
	text, err := os.ReadFile(script)
	if err != nil {
		t.Fatal(err)
	}
	here := filepath.Join(playwrightFolder(t), filepath.Base(t.TempDir())+".mjs") // beside node_modules, where its import looks
	if err := os.WriteFile(here, text, 0o600); err != nil {
		t.Fatal(err)
	}
	defer os.Remove(here)
	return command(t, "node", append([]string{here}, args...)...)
}

func playwrightFolder(t testing.TB) string {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(cache, "spikeline", "browser")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	lock, err := os.Create(dir + ".lock") // packages are tested side by side
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	if exec.Command("npm", "ls", "--prefix", dir, playwright).Run() != nil {
		command(t, "npm", "install", "--silent", "--prefix", dir, playwright)
	}
	return dir
}
