package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"github.com/spikeline/spikeline/internal/telemetry"
	"github.com/spikeline/spikeline/sink"
)

// exporting is what the flags of export say.
type exporting struct {
	settings
	from, to, table, format, output string
}

func (a *app) export() *cobra.Command {
	e := exporting{}
	c := &cobra.Command{
		Use:   "export --from T --to T -o FILE",
		Short: "Write windows, signals or incidents as Parquet, Arrow or CSV",
		Long: `Streams the rows of a time range out of ClickHouse, which writes the format
itself: pandas, DuckDB and spreadsheets read the result. A file that could not
be completed keeps the ending .partial; a range without rows is an error.`,
		Example: `  spikeline export --from 2025-11-18T11:00:00Z --to 2025-11-18T18:00:00Z --format parquet -o outage.parquet
  spikeline export --table incidents --from 2025-01-01T00:00:00Z --to 2026-01-01T00:00:00Z --format csv -o -`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.runExport(c.Context(), &e) },
	}
	e.addFile(c)
	e.addClickHouse(c)
	f := c.Flags()
	f.StringVar(&e.from, "from", "", "first `TIME` of the range, RFC 3339")
	f.StringVar(&e.to, "to", "", "`TIME` at which the range ends, RFC 3339; now when not given")
	f.StringVar(&e.table, "table", "windows", "one of "+strings.Join(sink.ExportTables(), ", "))
	f.StringVar(&e.format, "format", "", "parquet, arrow or csv; by the file's ending when not given")
	complete(c, "table", sink.ExportTables())
	complete(c, "format", sink.ExportFormats())
	f.StringVarP(&e.output, "output", "o", "", "`FILE` to write; - is standard output")
	return c
}

func (a *app) runExport(ctx context.Context, e *exporting) error {
	from, to, err := e.check()
	if err != nil {
		return err
	}
	cfg, err := e.load()
	if err != nil {
		return err
	}
	write := func(w io.Writer) error { return sink.Export(ctx, cfg.Sink, e.table, e.format, from, to, w) }
	if e.output == "-" {
		return write(a.stdout)
	}
	direct, err := writable(e.output)
	if err != nil {
		return err
	}
	partial := e.output + ".partial"
	if direct {
		partial = e.output
	}
	file, err := create(partial)
	if err != nil {
		return err
	}
	w, finish := a.exportProgress(file)
	err = errors.Join(write(w), file.Close())
	finish()
	info, statErr := os.Stat(partial)
	switch {
	case direct:
		return err
	case err != nil && statErr == nil && info.Mode().IsRegular() && info.Size() == 0:
		return errors.Join(err, os.Remove(partial))
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("%w; what came until then is in %s: make room, or name a file on another disk with -o", err, partial)
	case err != nil:
		return fmt.Errorf("%w; what came until then is in %s", err, partial)
	}
	return os.Rename(partial, e.output)
}

func (e *exporting) check() (from, to time.Time, err error) {
	if e.output == "" {
		return from, to, usage("--output is missing; name a file, or - for standard output")
	}
	if e.from == "" {
		return from, to, usage("--from is missing; write it like 2025-11-18T11:20:00Z")
	}
	if from, err = eventTime("from", e.from); err != nil {
		return from, to, err
	}
	if to, err = eventTime("to", e.to); err != nil {
		return from, to, err
	}
	if to.IsZero() {
		to = time.Now()
	}
	if !to.After(from) {
		return from, to, usage("--to %s is not after --from %s", to.UTC().Format(time.RFC3339), e.from)
	}
	if e.format == "" {
		for _, f := range sink.ExportFormats() {
			if strings.HasSuffix(e.output, "."+f) {
				e.format = f
			}
		}
	}
	if e.format == "" {
		return from, to, usage("--format is missing, and %s has no ending that says it; allowed are %s", e.output, strings.Join(sink.ExportFormats(), ", "))
	}
	if !slices.Contains(sink.ExportFormats(), e.format) {
		return from, to, usage("--format is %q; allowed are %s", e.format, strings.Join(sink.ExportFormats(), ", "))
	}
	if !slices.Contains(sink.ExportTables(), e.table) {
		return from, to, usage("--table is %q; allowed are %s", e.table, strings.Join(sink.ExportTables(), ", "))
	}
	return from, to, nil
}

// exportProgress shows bytes written on a terminal, and nothing elsewhere.
func (a *app) exportProgress(file io.Writer) (io.Writer, func()) {
	if !telemetry.Terminal(a.stderr) {
		return file, func() {}
	}
	bar := progressbar.NewOptions64(-1, progressbar.OptionSetWriter(a.stderr), progressbar.OptionShowBytes(true),
		progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish(), progressbar.OptionSetDescription("writing"))
	return io.MultiWriter(file, bar), func() { _ = bar.Finish() } // a bar that cannot be drawn loses nothing
}
