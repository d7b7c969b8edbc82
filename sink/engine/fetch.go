package engine

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
)

// Fetch gives the path of the chdb library, fetched once (180 MB) by npm into
// the user's cache folder. The package is checked against the hash in this
// source before anything of it is unpacked. progress, if not nil, gets lines to show.
func Fetch(ctx context.Context, progress func(line string)) (string, error) {
	if progress == nil {
		progress = func(string) {}
	}
	lib, err := thisLibrary()
	if err != nil {
		return "", err
	}
	folder, err := lib.folder()
	if err != nil {
		return "", err
	}
	file := filepath.Join(folder, lib.file)
	if _, err := os.Stat(file); err == nil {
		return file, nil
	}
	if lib.integrity == "" {
		return "", fmt.Errorf("this release has no hash for %s, so it does not load it: set engine.library to a libchdb you trust, engine.binary to a clickhouse executable, or use a ClickHouse server", lib.name())
	}
	if err := os.MkdirAll(filepath.Dir(folder), 0o755); err != nil {
		return "", fmt.Errorf("cache folder: %w", err)
	}
	work, err := os.MkdirTemp(filepath.Dir(folder), ".fetch-")
	if err != nil {
		return "", fmt.Errorf("cache folder: %w", err)
	}
	defer os.RemoveAll(work)
	progress("fetching " + lib.name() + " from npm (180 MB, once)")
	if err := install(ctx, lib, work, folder); err != nil {
		return "", err
	}
	progress("embedded ClickHouse is in " + folder)
	return file, nil
}

// install fetches, checks and unpacks into work, then renames to folder, so
// that a folder is there whole or not at all. When two do it at once, the first wins.
func install(ctx context.Context, lib library, work, folder string) error {
	packed, err := pack(ctx, lib, work)
	if err != nil {
		return err
	}
	if err := verify(packed, lib.integrity); err != nil {
		return fmt.Errorf("%s: %w", lib.name(), err)
	}
	unpacked := filepath.Join(work, "lib")
	if err := os.Mkdir(unpacked, 0o755); err != nil {
		return fmt.Errorf("cache folder: %w", err)
	}
	if err := unpack(packed, lib.file, filepath.Join(unpacked, lib.file)); err != nil {
		return fmt.Errorf("unpack %s: %w", lib.name(), err)
	}
	if err := os.Rename(unpacked, folder); err != nil {
		if _, there := os.Stat(filepath.Join(folder, lib.file)); there == nil {
			return nil
		}
		return fmt.Errorf("cache folder: %w", err)
	}
	return nil
}

// pack lets npm fetch the package into dir.
func pack(ctx context.Context, lib library, dir string) (string, error) {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return "", fmt.Errorf("npm is needed once, to fetch %s: install Node.js, or set engine.binary to a clickhouse executable", lib.name())
	}
	command := exec.CommandContext(ctx, npm, "pack", lib.name(), "--pack-destination", dir, "--loglevel", "error")
	command.Dir = dir
	var stderr bytes.Buffer
	command.Stderr = &stderr
	if err := command.Run(); err != nil {
		return "", fmt.Errorf("npm pack %s: %w: %s", lib.name(), err, bytes.TrimSpace(stderr.Bytes()))
	}
	packed, err := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if err != nil || len(packed) != 1 {
		return "", fmt.Errorf("npm pack %s left %d packages in %s, want 1", lib.name(), len(packed), dir)
	}
	return packed[0], nil
}

// verify compares a file with its Subresource Integrity string.
func verify(file, integrity string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	hash := sha512.New()
	if _, err := io.Copy(hash, f); err != nil {
		return err
	}
	if got := "sha512-" + base64.StdEncoding.EncodeToString(hash.Sum(nil)); got != integrity {
		return fmt.Errorf("the package has hash %s, this release was made for %s: it is not unpacked", got, integrity)
	}
	return nil
}

// unpack writes one file of an npm package.
func unpack(packed, name, target string) error {
	f, err := os.Open(packed)
	if err != nil {
		return err
	}
	defer f.Close()
	plain, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	for archive := tar.NewReader(plain); ; {
		header, err := archive.Next()
		if err == io.EOF {
			return fmt.Errorf("no %s in the package", name)
		}
		if err != nil {
			return err
		}
		if path.Clean(header.Name) == "package/"+name {
			return write(target, archive)
		}
	}
}

func write(target string, content io.Reader) error {
	out, err := os.OpenFile(target, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, content)
	return errors.Join(err, out.Close())
}
