package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spikeline/spikeline/internal/config"
	"github.com/spikeline/spikeline/processor"
	"github.com/spikeline/spikeline/processor/detect"
	"github.com/spikeline/spikeline/processor/incident"
	"github.com/spikeline/spikeline/processor/window"
)

// rejudging is the detector and the tracker over windows that are stored, with what they find.
type rejudging struct {
	config   config.Config
	detector *detect.Detector
	tracker  *incident.Tracker
	story    *timeline
	findings []finding
	open     map[findingKey]int // place in findings
	windows  int64
	gaps     int64
	first    int64
	last     int64
	width    int64
}

type findingKey struct {
	scope detect.Scope
	kind  detect.Kind
}

// finding is a signal from its opening to its end.
type finding struct {
	opening  detect.Signal
	severity detect.Severity // the highest
	endedAt  int64           // 0 while it lasts
}

// span checks what --from and --to say.
func (b *backtesting) span() (from, to time.Time, err error) {
	if b.from == "" || b.to == "" {
		return from, to, usage("a range needs both --from and --to; write them like 2025-11-18T11:20:00Z")
	}
	if from, err = eventTime("from", b.from); err != nil {
		return from, to, err
	}
	if to, err = eventTime("to", b.to); err != nil {
		return from, to, err
	}
	if !to.After(from) {
		return from, to, usage("--to %s is not after --from %s", b.to, b.from)
	}
	return from, to, nil
}

func (a *app) backtestStored(ctx context.Context, b *backtesting) (err error) {
	from, to, err := b.span()
	if err != nil {
		return err
	}
	s, err := openArchive(ctx, &b.settings)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	j := &rejudging{config: s.config, story: newTimeline(a.stdout, false), open: map[findingKey]int{}}
	if b.sensitivity != "" {
		j.config.Detect.Sensitivity = map[string]string{"*": b.sensitivity}
	}
	if err := s.Windows(ctx, from.UnixNano(), to.UnixNano(), j.take); err != nil {
		return err
	}
	if j.windows == 0 {
		return fmt.Errorf("no closed window from %s to %s in ClickHouse; spikeline export --table windows_1h shows which hours are stored", stamp(from.UnixNano()), stamp(to.UnixNano()))
	}
	if b.asJSON {
		return writeJSON(a.stdout, j.document())
	}
	out := bufio.NewWriter(a.stdout)
	j.story.out = out
	j.print(out)
	return out.Flush()
}

// take judges one window. The first one says how wide windows are.
func (j *rejudging) take(r *window.Result) error {
	if j.detector == nil {
		j.width, j.first = r.End-r.Start, r.Start
		c := j.config.Detect
		c.Width = time.Duration(j.width)
		if err := c.Validate(); err != nil {
			return err
		}
		j.detector, j.tracker = detect.New(c), incident.New(j.config.Incident)
	}
	if r.End-r.Start != j.width {
		return fmt.Errorf("the window at %s is %v wide, those before %v; give a range in which the width did not change", stamp(r.Start), time.Duration(r.End-r.Start), time.Duration(j.width))
	}
	if j.windows > 0 && r.Start > j.last {
		j.gaps++
	}
	j.windows, j.last = j.windows+1, r.End
	signals := j.detector.Step(r)
	for i := range signals {
		j.note(&signals[i])
	}
	incidents, events := j.tracker.Step(r, signals)
	j.story.learn(processor.Batch{Incidents: incidents, Events: events}, false)
	return nil
}

func (j *rejudging) note(s *detect.Signal) {
	key := findingKey{s.Scope, s.Kind}
	i, known := j.open[key]
	if !known {
		i = len(j.findings)
		j.open[key] = i
		j.findings = append(j.findings, finding{opening: *s})
	}
	f := &j.findings[i]
	f.severity = max(f.severity, s.Severity)
	if s.Ended {
		f.endedAt = s.EndedAt
		delete(j.open, key)
	}
}

// print writes every incident with its story, and the signals as a table.
func (j *rejudging) print(w io.Writer) {
	fmt.Fprintf(w, "%d windows of %v from %s to %s", j.windows, time.Duration(j.width), stamp(j.first), stamp(j.last))
	if j.gaps > 0 {
		fmt.Fprintf(w, "; %s without any row, over which the clock stood still", plural(int(j.gaps), "gap"))
	}
	incidents := j.story.found()
	fmt.Fprintf(w, "\n%s, %s\n", plural(len(incidents), "incident"), plural(len(j.findings), "signal"))
	for _, in := range incidents {
		fmt.Fprintf(w, "\n%s  %s\n", in.ID, in.Title)
		j.story.story(in.ID)
	}
	if len(j.findings) > 0 {
		j.printSignals(w)
	}
}

// printSignals writes a line a signal; those of a service in one pop are many, and only counted.
func (j *rejudging) printSignals(w io.Writer) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "\nonset\tdetected\tended\tseverity\tscope\tsignal")
	narrow := 0
	for i := range j.findings {
		f := &j.findings[i]
		s := &f.opening
		if s.Scope.Service != "" && s.Scope.Pop != "" {
			narrow++
			continue
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s: %s\n", stamp(s.Onset), laterClock(s.Onset, s.Window+j.width), laterClock(s.Onset, f.endedAt), f.severity, scopeName(s.Scope), s.Kind, oneLine(s.Reason))
	}
	t.Flush()
	if narrow > 0 {
		fmt.Fprintf(w, "and %s of a service in one pop; --json names them\n", plural(narrow, "signal"))
	}
}

// laterClock gives the time of day, with the date where it is not that of the onset, and a dash for never.
func laterClock(onset, at int64) string {
	switch {
	case at == 0:
		return "-"
	case day(at) != day(onset):
		return stamp(at)
	}
	return clock(at)
}

// scopeName says in words what a series over more than one pop or service counts.
func scopeName(s detect.Scope) string {
	switch {
	case s == detect.Scope{}:
		return "fleet"
	case s.Service == "":
		return "pop " + s.Pop
	}
	return s.Service
}

type rejudgedJSON struct {
	From      string         `json:"from"`
	To        string         `json:"to"`
	Windows   int64          `json:"windows"`
	Gaps      int64          `json:"gaps"`
	Signals   []findingJSON  `json:"signals"`
	Incidents []incidentJSON `json:"incidents"`
}

type findingJSON struct {
	Service  string  `json:"service,omitempty"`
	Pop      string  `json:"pop,omitempty"`
	Kind     string  `json:"kind"`
	Severity string  `json:"severity"`
	Onset    string  `json:"onset"`
	Detected string  `json:"detected_at"`
	EndedAt  string  `json:"ended_at,omitempty"`
	Observed float64 `json:"observed"`
	Expected float64 `json:"expected"`
	Band     float64 `json:"band"`
	Score    float64 `json:"score"`
	Reason   string  `json:"reason"`
}

func (j *rejudging) document() rejudgedJSON {
	d := rejudgedJSON{From: rowTime(j.first), To: rowTime(j.last), Windows: j.windows, Gaps: j.gaps, Signals: []findingJSON{}, Incidents: []incidentJSON{}}
	for i := range j.findings {
		f := &j.findings[i]
		s := &f.opening
		out := findingJSON{Service: s.Scope.Service, Pop: s.Scope.Pop, Kind: s.Kind.String(), Severity: f.severity.String(), Onset: rowTime(s.Onset),
			Detected: rowTime(s.Window + j.width), Observed: s.Observed, Expected: s.Expected, Band: s.Band, Score: s.Score, Reason: s.Reason}
		if f.endedAt != 0 {
			out.EndedAt = rowTime(f.endedAt)
		}
		d.Signals = append(d.Signals, out)
	}
	for _, in := range j.story.found() {
		d.Incidents = append(d.Incidents, incidentDocument(in, j.story.events[in.ID]))
	}
	return d
}
