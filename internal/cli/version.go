package cli

import (
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// Build says what this binary is.
type Build struct {
	Version  string `json:"version"`
	Go       string `json:"go"`
	Commit   string `json:"commit,omitempty"`
	Modified bool   `json:"modified,omitempty"`
	Platform string `json:"platform"`
}

// ReadBuild reads what the Go tool noted in the binary.
func ReadBuild() Build {
	b := Build{Version: "(devel)", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if info.Main.Version != "" {
		b.Version = info.Main.Version
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Commit = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	return b
}

func (a *app) version() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:     "version",
		Short:   "Say which build this is",
		Example: "  spikeline version --json",
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			b := ReadBuild()
			if asJSON {
				return json.NewEncoder(a.stdout).Encode(b)
			}
			commit := ""
			if b.Commit != "" {
				commit = ", commit " + b.Commit[:min(12, len(b.Commit))]
			}
			_, err := fmt.Fprintf(a.stdout, "spikeline %s (%s, %s%s)\n", b.Version, b.Go, b.Platform, commit)
			return err
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "for programs")
	return c
}
