//go:build !linux && !darwin

package engine

import (
	"errors"
	"os/exec"
)

func runLibrary(string, []string) error {
	return errors.New("embedded ClickHouse needs Linux or macOS: set engine.binary to a clickhouse executable, or use a ClickHouse server")
}

func detach(*exec.Cmd) {}
