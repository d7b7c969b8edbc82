package detect

import "github.com/spikeline/spikeline/processor/window"

// moment is the window being judged: its number among all windows judged
// (which stands still in a gap), and its bounds in Unix nanoseconds.
type moment struct {
	t          int32
	start, end int64
	common     bool // so many services fail since they were first seen that it is not the nature of each
}

// ending says why a finding ended.
type ending uint8

const (
	lasting    ending = iota
	quiet             // normal again for long enough
	levelShift        // abnormal for so long that it is the new normal
	turned            // a surge became a drop, or the other way round
	nature            // there since the series was first seen, and unchanged
)

// finding is what a series remembers while it is abnormal.
type finding struct {
	opened     int32 // window of detection
	took       int32 // windows from the onset to the detection
	lastBad    int32
	age        int32 // windows since detection
	onset      int64
	lastBadEnd int64
	gap        int32 // largest number of windows between two abnormal ones
	deep       int32 // abnormal windows in a row that are deep enough for a critical drop
	up         bool  // a surge (traffic only)
	learning   bool  // little history when it opened
	elevated   bool
	told       bool // a signal has been given
	muted      bool // explained by source_incomplete
	native     bool // there since the series was first seen, and unchanged so far
	block      pair // of a native one: the part of the time that goes on
	end        ending
	severity   Severity // the highest so far
	score      float64
	peak       float64 // highest rate, or most extreme ratio
	total      corner  // since the onset
	count      int32   // windows in the ring so far
	ring       [ringWindows]pair
}

// pair is one window: bad requests and requests, or requests and expected requests.
type pair struct{ x, m float32 }

func newFinding(at moment, onsetWindow int32) *finding {
	width := at.end - at.start
	return &finding{
		opened: at.t, took: at.t - onsetWindow, lastBad: at.t, lastBadEnd: at.end, elevated: true,
		onset: at.start - int64(at.t-onsetWindow)*width,
	}
}

// begin starts from the sums since the onset, some windows ago, of which the
// last is given: the ring gets that one, and before it the mean of the others, which were not kept one by one.
func (f *finding) begin(x, m float64, since corner, windows int32) {
	f.total = since
	if windows > 1 {
		share := min(1, 5/float64(windows-1))
		f.push((since.u-x)*share, (since.m-m)*share)
	}
	f.push(x, m)
	if since.m > 0 {
		f.peak = since.u / since.m
	}
}

func (f *finding) push(x, m float64) {
	f.ring[f.count%ringWindows] = pair{float32(x), float32(m)}
	f.count++
	if f.count == 2*ringWindows {
		f.count = ringWindows // same place in the ring, no overflow
	}
}

// recent sums the last windows, further back until m is enough, over at most so many and the ring.
func (f *finding) recent(windows int32, enough float64, most int32) (x, m float64, n int32) {
	have := min(f.count, ringWindows, most)
	for n < have && (n < windows || m < enough) {
		p := f.ring[(f.count-1-n)%ringWindows]
		x += float64(p.x)
		m += float64(p.m)
		n++
	}
	return x, m, n
}

// tally is what one window holds of one scope, as far as it is judged.
type tally struct {
	requests, errors, client, aborts float64
	timed, slow                      float64 // requests with a known latency, and those of them above the slow threshold
}

func (c *tally) add(r *window.Counts) {
	c.requests += float64(r.Requests)
	c.errors += float64(r.Errors)
	c.aborts += float64(r.Aborts)
	refused := r.ClientErrors
	for _, s := range r.Status {
		if s.Code == 499 { // the client left first: its choice, not an answer
			refused -= min(s.Count, refused)
		}
	}
	c.client += float64(refused)
}

func (c *tally) addTally(o *tally) {
	c.requests += o.requests
	c.errors += o.errors
	c.client += o.client
	c.aborts += o.aborts
}

// answered is the requests that a 4xx share is taken of.
func (c *tally) answered() float64 { return max(0, c.requests-c.errors-c.aborts) }
