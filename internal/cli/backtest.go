package cli

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/spikeline/spikeline/processor/detect"
)

// backtesting is what the flags of backtest say.
type backtesting struct {
	settings
	series, from, to, sensitivity string
	width                         time.Duration
	asJSON                        bool
}

func (a *app) backtest() *cobra.Command {
	var b backtesting
	c := &cobra.Command{
		Use:   "backtest (--series FILE | --from T --to T)",
		Short: "Judge a series of your own, or stored windows with other settings",
		Long: `With --series: judges "timestamp,value" (requests) or "timestamp,value,total"
(bad ones of all) as the worker would judge a service, and prints for every row
what was expected, the band called normal, the score, the signal, and the effect
with the least that counts. narrowest is the bar (learning, score, effect or
duration) that it came over by the least, or failed: then margin is below 1.

Times are RFC 3339 (a space for the T, no zone for UTC) or Unix seconds, milli-,
micro- or nanoseconds, a row an interval of 1s to 1h, in order; rows may be
missing. Rows that come as they come are added up by --width. Rows beginning
with # and one header are passed over.

With --from and --to: judges the windows in ClickHouse anew, with the settings
of --config and --sensitivity, and prints the signals and incidents that it
finds. Nothing is written. It knows nothing of the time before --from: begin a
day earlier, or two weeks where traffic follows the week.`,
		Example: `  spikeline backtest --series requests.csv
  spikeline backtest --series errors.csv --json --sensitivity high
  zcat metric.csv.gz | spikeline backtest --series -
  spikeline backtest --from 2025-11-17T00:00:00Z --to 2025-11-19T00:00:00Z --config new.yaml`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.runBacktest(c.Context(), &b) },
	}
	b.addFile(c)
	b.addClickHouse(c)
	f := c.Flags()
	f.StringVar(&b.series, "series", "", "CSV `FILE`; - is standard input")
	f.StringVar(&b.from, "from", "", "first `TIME` of the stored windows, RFC 3339")
	f.StringVar(&b.to, "to", "", "`TIME` at which they end, RFC 3339")
	f.BoolVar(&b.asJSON, "json", false, "a series as JSON lines with the reason of every signal, stored windows as one document")
	f.DurationVar(&b.width, "width", 0, "add up the rows of so long an interval first; 0 takes the series as it is")
	f.StringVar(&b.sensitivity, "sensitivity", "", "low, normal or high, for every service; normal, or what --config says, when not given")
	complete(c, "sensitivity", []string{"low", "normal", "high"})
	return c
}

func (a *app) runBacktest(ctx context.Context, b *backtesting) error {
	stored := b.from != "" || b.to != ""
	switch {
	case b.series == "" && !stored:
		return usage("nothing to judge; give --series FILE (- for standard input), or --from and --to for stored windows")
	case b.series != "" && stored:
		return usage("--series is a file, --from and --to are for stored windows; give one of them")
	case stored && b.width != 0:
		return usage("--width is for --series; stored windows are as wide as they were written")
	case !slices.Contains([]string{"", "low", "normal", "high"}, b.sensitivity):
		return usage("--sensitivity is %q; choose low, normal or high", b.sensitivity)
	case stored:
		return a.backtestStored(ctx, b)
	}
	return a.backtestSeries(b)
}

func (a *app) backtestSeries(b *backtesting) (err error) {
	in := a.stdin
	if b.series != "-" {
		file, err := os.Open(b.series)
		if err != nil {
			return err
		}
		defer file.Close()
		in = file
	}
	s, err := readSeries(in, seriesName(b.series))
	if err != nil {
		return err
	}
	if err := s.widen(b.width, a.stderr); err != nil {
		return err
	}
	cfg, err := b.load()
	if err != nil {
		return err
	}
	if b.sensitivity != "" {
		cfg.Detect.Sensitivity = map[string]string{"*": b.sensitivity}
	}
	rows, err := detect.Backtest(cfg.Detect, s.points, s.totals)
	if err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	out := bufio.NewWriter(a.stdout)
	if b.asJSON {
		err = writeJudgedJSON(out, rows, s.totals)
	} else {
		err = writeJudgedCSV(out, rows, s.totals)
	}
	return errors.Join(err, out.Flush())
}

func seriesName(file string) string {
	if file == "-" {
		return "standard input"
	}
	return file
}

// kindsOf names the signals of a row that have not ended.
func kindsOf(signals []detect.Signal) string {
	var kinds []string
	for i := range signals {
		if !signals[i].Ended {
			kinds = append(kinds, signals[i].Kind.String())
		}
	}
	return strings.Join(kinds, " ")
}

// observedOf is the value judged: a share where there are totals; false for the share of nothing.
func observedOf(j *detect.Judged, totals bool) (float64, bool) {
	if !totals {
		return j.Value, true
	}
	return j.Value / j.Total, j.Total > 0
}

func writeJudgedCSV(w io.Writer, rows []detect.Judged, totals bool) error {
	_, err := fmt.Fprintln(w, "timestamp,observed,expected,band_low,band_high,score,signal,effect,effect_least,narrowest,margin")
	for i := range rows {
		j := &rows[i]
		observed := ""
		if v, ok := observedOf(j, totals); ok {
			observed = digits(v)
		}
		_, more := fmt.Fprintf(w, "%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s\n", rowTime(j.At), observed, digits(j.Expected), digits(j.Low), digits(j.High), digits(j.Score), kindsOf(j.Signals),
			digits(j.Effect), digits(j.Least), j.Narrowest, digits(j.Margin))
		err = cmp.Or(err, more)
	}
	return err
}

func digits(v float64) string { return strconv.FormatFloat(v, 'g', 6, 64) }

func rowTime(at int64) string { return time.Unix(0, at).UTC().Format(time.RFC3339Nano) }

// judgedJSON has what was observed as it came, and what was made of it in the precision it is kept in.
type judgedJSON struct {
	Timestamp string       `json:"timestamp"`
	Observed  *float64     `json:"observed"`
	Expected  float32      `json:"expected"`
	Low       float32      `json:"band_low"`
	High      float32      `json:"band_high"`
	Score     float32      `json:"score"`
	Learning  bool         `json:"learning,omitempty"`
	Effect    float32      `json:"effect"`
	Least     float32      `json:"effect_least"`
	Narrowest string       `json:"narrowest"`
	Margin    float32      `json:"margin"`
	Signals   []signalJSON `json:"signals,omitempty"`
}

type signalJSON struct {
	Kind     string `json:"kind"`
	Severity string `json:"severity"`
	Opened   bool   `json:"opened,omitempty"`
	Ended    bool   `json:"ended,omitempty"`
	Onset    string `json:"onset"`
	EndedAt  string `json:"ended_at,omitempty"`
	Reason   string `json:"reason"`
}

func writeJudgedJSON(w io.Writer, rows []detect.Judged, totals bool) (err error) {
	e := json.NewEncoder(w)
	for i := range rows {
		j := &rows[i]
		row := judgedJSON{Timestamp: rowTime(j.At), Expected: float32(j.Expected), Low: float32(j.Low), High: float32(j.High), Score: float32(j.Score), Learning: j.Learning,
			Effect: float32(j.Effect), Least: float32(j.Least), Narrowest: j.Narrowest.String(), Margin: float32(j.Margin)}
		if v, ok := observedOf(j, totals); ok {
			row.Observed = &v
		}
		for k := range j.Signals {
			s := &j.Signals[k]
			out := signalJSON{Kind: s.Kind.String(), Severity: s.Severity.String(), Opened: s.Opened, Ended: s.Ended, Onset: rowTime(s.Onset), Reason: s.Reason}
			if s.Ended {
				out.EndedAt = rowTime(s.EndedAt)
			}
			row.Signals = append(row.Signals, out)
		}
		err = cmp.Or(err, e.Encode(row))
	}
	return err
}
