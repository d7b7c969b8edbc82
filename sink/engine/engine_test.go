package engine

import (
	"archive/tar"
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestValidateReportsAllFaultsAtOnce(t *testing.T) {
	err := Config{Host: "0.0.0.0", HTTPPort: 70000, MemoryBytes: 1}.Validate()
	for _, want := range []string{"engine.path is empty", `engine.host is "0.0.0.0"`, "engine.http_port is 70000", "engine.memory_bytes is 1"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want also: %s", err, want)
		}
	}
}

func TestAPackageWithAnotherHashIsNotUnpacked(t *testing.T) {
	file := filepath.Join(t.TempDir(), "package.tgz")
	if err := os.WriteFile(file, []byte("not the package"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := verify(file, libraries[0].integrity); err == nil || !strings.Contains(err.Error(), "not unpacked") {
		t.Errorf("got %v, want an error that names both hashes", err)
	}
}

func TestUnpackTakesTheLibraryAlone(t *testing.T) {
	dir := t.TempDir()
	packed := filepath.Join(dir, "package.tgz")
	pack := func(names ...string) {
		f, err := os.Create(packed)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		zipped := gzip.NewWriter(f)
		defer zipped.Close()
		archive := tar.NewWriter(zipped)
		defer archive.Close()
		for _, name := range names {
			if err := archive.WriteHeader(&tar.Header{Name: name, Size: int64(len(name)), Mode: 0o644}); err != nil {
				t.Fatal(err)
			}
			if _, err := archive.Write([]byte(name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	pack("package/../../evil", "package/libchdb.so")
	target := filepath.Join(dir, "out")
	if err := unpack(packed, "libchdb.so", target); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(target); err != nil || string(got) != "package/libchdb.so" {
		t.Errorf("unpacked %q, %v", got, err)
	}
	pack("package/index.js")
	if err := unpack(packed, "libchdb.so", target+"2"); err == nil {
		t.Error("a package without the library was unpacked")
	}
}

func TestAnErrorLineIsKeptAsTheReasonOfAnExitWithStatusZero(t *testing.T) {
	c := &child{}
	c.keep("Code: 76. DB::Exception: Cannot lock file")
	c.keep("something else")
	if got := c.why(); got != "Code: 76. DB::Exception: Cannot lock file" {
		t.Errorf("why is %q, want the line with the code", got)
	}
}

func TestMainTellsAChildFromOthers(t *testing.T) {
	if IsChild() {
		t.Error("a test is no child")
	}
	t.Setenv(childEnv, modeLibrary)
	if !IsChild() {
		t.Error("a process with the mark is a child")
	}
}
