package cli

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func say(text string) func(io.Writer) error {
	return func(w io.Writer) error { _, err := io.WriteString(w, text); return err }
}

func TestAFileAppearsWholeOrNotAtAllAndADeviceStaysOne(t *testing.T) {
	a, dir := &app{}, t.TempDir()
	file := filepath.Join(dir, "report.md")
	if err := a.write(file, say("whole")); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	if err := a.write(file, func(w io.Writer) error { return errors.Join(say("half")(w), broken) }); !errors.Is(err, broken) {
		t.Errorf("a text that breaks off gives %v", err)
	}
	if text, _ := os.ReadFile(file); string(text) != "whole" {
		t.Errorf("the file holds %q", text)
	}

	full := filepath.Join(dir, "full")
	if err := os.Symlink("/dev/full", full); err != nil {
		t.Fatal(err)
	}
	if err := a.write(full, say("x")); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("a full device gives %v", err)
	}
	if info, err := os.Lstat(full); err != nil || info.Mode().IsRegular() {
		t.Errorf("a file took the place of a link to a device: %v, %v", info, err)
	}
	for path, want := range map[string]string{dir: "is a directory: name a file in it", filepath.Join(dir, "none", "x"): "the folder " + filepath.Join(dir, "none") + " is missing"} {
		if err := a.write(path, say("x")); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s gives %v, want %q", path, err, want)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.part")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
