package demo

import (
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spikeline/spikeline/ingest/accesslog"
)

// Tally is the truth of the lines a generator has given: what a reader of all
// of them must count. Lines that come too late to be counted in their window
// are in the counts all the same, and apart in TooLate.
type Tally struct {
	Lines   uint64
	Broken  [accesslog.Reasons]uint64 // damaged lines, by what is wrong with them; they are in no other count
	Late    uint64                    // valid lines that came 10 to 50 s late
	TooLate uint64                    // valid lines that came minutes late
	Jumped  uint64                    // valid lines whose producer's clock was wrong

	// Window, if set, gets every window of event time once, in order, when no
	// more lines for it can come (at the latest when Next or Drive ends). Its
	// argument is valid during the call. Set it before the first line.
	Window func(WindowTruth) error

	script  *Scenario
	totals  []Count // by service
	open    map[int64][]Count
	free    [][]Count
	horizon int64 // ns
	flushed int64 // arrival time of the last flush
	err     error
}

// Count is the truth of one service, or of one service in one pop in one window.
type Count struct {
	Requests, Errors, EdgeErrors, ClientErrors, Bytes uint64
}

// WindowTruth is the truth of one window.
type WindowTruth struct {
	Start  int64 // Unix nanoseconds
	script *Scenario
	counts []Count
}

// Each calls f for every service and pop that had requests, in the scenario's order.
func (w WindowTruth) Each(f func(service, pop string, c Count)) {
	for i, c := range w.counts {
		if c.Requests > 0 {
			f(w.script.Services[i/len(w.script.Pops)].Name, w.script.Pops[i%len(w.script.Pops)].Code, c)
		}
	}
}

const width = int64(step * time.Second)

func newTally(script *Scenario, o Options) *Tally {
	return &Tally{
		script: script, totals: make([]Count, len(script.Services)),
		open: map[int64][]Count{}, horizon: o.horizon()*int64(time.Second) + width,
	}
}

func (t *Tally) add(r *request) {
	t.Lines++
	if r.damage != intact {
		t.Broken[r.damage.reason()]++
		return
	}
	switch r.late {
	case late:
		t.Late++
	case tooLate:
		t.TooLate++
	case jumped:
		t.Jumped++
	}
	t.totals[r.service].add(r)
	if t.Window == nil {
		return
	}
	start := r.at - r.at%width
	counts := t.open[start]
	if counts == nil {
		counts = t.fresh()
		t.open[start] = counts
	}
	counts[int(r.service)*len(t.script.Pops)+int(r.pop)].add(r)
	if r.arrival-t.flushed >= width {
		t.flushed = r.arrival
		t.flush(r.arrival - t.horizon)
	}
}

func (c *Count) add(r *request) {
	c.Requests++
	c.Bytes += uint64(r.bytes)
	if r.failed() {
		c.Errors++
	}
	if r.byEdge() {
		c.EdgeErrors++
	}
	if r.refused() {
		c.ClientErrors++
	}
}

func (t *Tally) fresh() []Count {
	if n := len(t.free); n > 0 {
		counts := t.free[n-1]
		t.free = t.free[:n-1]
		clear(counts)
		return counts
	}
	return make([]Count, len(t.script.Services)*len(t.script.Pops))
}

// flush hands on the windows that end by a time.
func (t *Tally) flush(until int64) {
	var starts []int64
	for start := range t.open {
		if start+width <= until {
			starts = append(starts, start)
		}
	}
	slices.Sort(starts)
	for _, start := range starts {
		if t.err == nil {
			t.err = t.Window(WindowTruth{start, t.script, t.open[start]})
		}
		t.free = append(t.free, t.open[start])
		delete(t.open, start)
	}
}

func (t *Tally) close() {
	if t.Window != nil {
		t.flush(1<<63 - 1)
	}
}

// Err is the first error that Window returned.
func (t *Tally) Err() error { return t.err }

// Services calls f for every service, in the scenario's order.
func (t *Tally) Services(f func(service string, c Count)) {
	for i, c := range t.totals {
		f(t.script.Services[i].Name, c)
	}
}

// WriteTotals writes service,requests,errors as CSV with a header.
func (t *Tally) WriteTotals(w io.Writer) error {
	out := []byte("service,requests,errors\n")
	t.Services(func(service string, c Count) {
		out = fmt.Appendf(out, "%s,%d,%d\n", service, c.Requests, c.Errors)
	})
	_, err := w.Write(out)
	return err
}

// WriteWindows sets Window so that every window's rows go to w as CSV with a header.
func (t *Tally) WriteWindows(w io.Writer) {
	out := []byte("window_start,service,pop,requests,errors,edge_errors,client_errors,bytes\n")
	t.Window = func(truth WindowTruth) error {
		at := time.Unix(0, truth.Start).UTC().Format("2006-01-02T15:04:05Z")
		truth.Each(func(service, pop string, c Count) {
			out = append(append(append(append(append(append(out, at...), ','), service...), ','), pop...), ',')
			for _, v := range [...]uint64{c.Requests, c.Errors, c.EdgeErrors, c.ClientErrors} {
				out = append(appendUint(out, v), ',')
			}
			out = append(appendUint(out, c.Bytes), '\n')
		})
		_, err := w.Write(out)
		out = out[:0]
		return err
	}
}
