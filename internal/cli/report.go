package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/spikeline/spikeline/dashboards/report"
)

func (a *app) report() *cobra.Command {
	var from settings
	var format, output, charts string
	var objective float64
	c := &cobra.Command{
		Use:   "report ID",
		Short: "Write the draft of a post-mortem",
		Long: `Writes the draft of a post-mortem: what the records say (summary, charts,
detection, timeline, impact, where the errors came from, how good the data was,
the SQL behind every number), and blanks for what only people know. ID may be
shortened; latest is the newest.

The HTML page is one file that needs no network. Without --format the name of
the file decides: .html, .json, and Markdown otherwise.`,
		Example: `  spikeline report latest -o postmortem.html
  spikeline report 20251118 --objective 99.95 -o postmortem.md --charts charts`,
		Args: oneArg("the incident's id, or latest"),
		RunE: func(c *cobra.Command, args []string) (err error) {
			format = cmp.Or(format, report.FormatOf(output))
			if !slices.Contains(report.Formats(), format) {
				return usage("--format is %q; choose one of %s", format, strings.Join(report.Formats(), ", "))
			}
			if c.Flags().Changed("objective") && !(objective > 0 && objective < 100) {
				return usage("--objective is %v; give a percentage above 0 and below 100, such as 99.9", objective)
			}
			s, err := openArchive(c.Context(), &from)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, s.Close()) }()
			data, err := s.report(c.Context(), args[0], objective/100, time.Now())
			if err != nil {
				return err
			}
			if err := a.writeCharts(&data, charts, output); err != nil {
				return err
			}
			return a.write(output, func(w io.Writer) error { return report.Write(w, format, data) })
		},
	}
	completeIncident(c, &from)
	from.addFile(c)
	from.addClickHouse(c)
	c.Flags().StringVar(&format, "format", "", "html, md or json; by the name of the file when not given")
	complete(c, "format", report.Formats())
	c.Flags().Float64Var(&objective, "objective", 0, "`PERCENT` of requests promised to succeed over 30 days, for the error budget; incident.objective when not given")
	c.Flags().StringVar(&charts, "charts", "", "`DIR` for the charts as SVG files, which the Markdown then shows")
	c.Flags().StringVarP(&output, "output", "o", "", "`FILE` to write; - or nothing is standard output")
	return c
}

// writeCharts writes the charts into a folder, and has the report at output find them there.
func (a *app) writeCharts(data *report.Data, folder, output string) error {
	if folder == "" {
		return nil
	}
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return err
	}
	for _, p := range report.Pictures(*data) {
		if err := a.write(filepath.Join(folder, p.File), func(w io.Writer) error { _, err := w.Write(p.SVG); return err }); err != nil {
			return err
		}
	}
	data.Charts = filepath.ToSlash(folder)
	if near, err := filepath.Rel(filepath.Dir(output), folder); err == nil && output != "" && output != "-" {
		data.Charts = filepath.ToSlash(near)
	}
	return nil
}

// write lets something be written to a file, or to standard output. A file
// appears whole or not at all.
func (a *app) write(file string, text func(io.Writer) error) error {
	if file == "" || file == "-" {
		return text(a.stdout)
	}
	direct, err := writable(file)
	if err != nil {
		return err
	}
	part := file + ".part"
	if direct {
		part = file
	}
	f, err := create(part)
	if err != nil {
		return err
	}
	if err = errors.Join(text(f), f.Close()); direct {
		return err
	}
	if err != nil {
		return errors.Join(fmt.Errorf("%s could not be written: %w", file, err), os.Remove(part))
	}
	return os.Rename(part, file)
}

// writable says how a file is written: direct is a device, a pipe or a link, which
// no other file may take the place of.
func writable(file string) (direct bool, err error) {
	info, err := os.Lstat(file)
	switch {
	case err != nil:
		return false, nil // to be made, or refused when it is
	case info.IsDir():
		return false, fmt.Errorf("%s is a directory: name a file in it", file)
	}
	return !info.Mode().IsRegular(), nil
}

// create opens a file to write, with the next step where its folder is missing.
func create(file string) (*os.File, error) {
	f, err := os.Create(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s cannot be written: the folder %s is missing; make it, or name another", file, filepath.Dir(file))
	}
	return f, err
}
