// Generate writes the dashboards and alert rules to their files. It is run from the folder dashboards by go generate.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spikeline/spikeline/dashboards"
)

func main() {
	if err := write(".."); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func write(root string) error {
	if _, err := os.Stat(filepath.Join(root, "go.mod")); err != nil {
		return fmt.Errorf("run it in the folder dashboards: %w", err)
	}
	for name, text := range dashboards.Files() {
		name = filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name, text, 0o644); err != nil {
			return err
		}
	}
	return nil
}
