// Spikeline computes error rates and surges per service from edge request
// logs, and tells incidents from the first spike to recovery.
package main

import (
	"os"

	"github.com/spikeline/spikeline/internal/cli"
	"github.com/spikeline/spikeline/sink/engine"
)

func main() {
	if engine.IsChild() {
		engine.Main()
		return
	}
	os.Exit(cli.Main(os.Args[1:], os.Stdout, os.Stderr))
}
