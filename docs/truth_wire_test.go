//go:build wire

package docs

import (
	"bufio"
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// request is one line of a log, read by encoding/json and by no code of ours.
type request struct {
	at           time.Time
	run          string
	service, pop string
	status       int
	origin       int
	cache        string
	micros       int64
	late         bool // its window's end had passed by more than the 5 s that are waited for
}

func (r request) failed() bool { return r.status >= 500 }

func (r request) window() time.Time { return r.at.Truncate(10 * time.Second) }

// truth is an independent count of the logs.
type truth struct {
	*desk
	requests []request                 // those that count
	rejected map[string]map[string]int // by run and reason
	tooLate  map[string]int
	read     map[string]int // lines
}

func countLogs(t *testing.T, d *desk) *truth {
	t.Helper()
	g := &truth{desk: d, rejected: map[string]map[string]int{}, tooLate: map[string]int{}, read: map[string]int{}}
	g.log(t, "november", time.Hour)
	g.log(t, "december", time.Minute)
	return g
}

func (g *truth) log(t *testing.T, run string, lateness time.Duration) {
	t.Helper()
	f, err := os.Open(filepath.Join(g.dir, run+".log"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	g.rejected[run] = map[string]int{}
	var watermark time.Time
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		g.read[run]++
		r, fault := readLine(lines.Bytes())
		if fault != "" {
			g.rejected[run][fault]++
			continue
		}
		if r.run = run; r.service == "" {
			r.service = run // the name of the file
		}
		end := r.window().Add(10 * time.Second)
		if !watermark.Before(end.Add(lateness)) {
			g.tooLate[run]++
			continue
		}
		r.late = !watermark.Before(end)
		if w := r.at.Add(-5 * time.Second); w.After(watermark) {
			watermark = w
		}
		g.requests = append(g.requests, r)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
}

// readLine gives a request, or why there is none.
func readLine(line []byte) (r request, fault string) {
	if len(bytes.TrimSpace(line)) == 0 {
		return r, "empty"
	}
	var v struct {
		EdgeStartTimestamp, EdgeEndTimestamp                            json.RawMessage
		ClientRequestHost, ZoneName, EdgeColoCode, CacheCacheStatus     string
		EdgeResponseStatus, OriginResponseStatus, EdgeTimeToFirstByteMs *int64
	}
	if json.Unmarshal(line, &v) != nil {
		return r, "malformed"
	}
	start, startExact, startFault := instant(v.EdgeStartTimestamp)
	end, endExact, _ := instant(v.EdgeEndTimestamp)
	switch {
	case startFault != "":
		return r, startFault
	case v.EdgeResponseStatus == nil:
		return r, "no_status"
	case *v.EdgeResponseStatus < 100 || *v.EdgeResponseStatus > 999:
		return r, "bad_status"
	}
	r = request{at: start, service: v.ClientRequestHost, pop: v.EdgeColoCode, status: int(*v.EdgeResponseStatus), cache: v.CacheCacheStatus}
	r.origin = int(*v.OriginResponseStatus)
	if r.micros = *v.EdgeTimeToFirstByteMs * 1000; startExact && endExact {
		r.micros = end.Sub(start).Microseconds()
	}
	return r, ""
}

// instant reads the forms of Cloudflare's times, and says whether they are finer than a second.
func instant(raw json.RawMessage) (at time.Time, exact bool, fault string) {
	text := strings.Trim(string(raw), `"`)
	if text == "" {
		return at, false, "no_timestamp"
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		if n > 1e15 {
			return time.Unix(0, n).UTC(), true, ""
		}
		return time.Unix(n, 0).UTC(), false, ""
	}
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return at, false, "bad_timestamp"
	}
	return at.UTC(), strings.Contains(text, "."), ""
}

// tally is requests and failures of a group.
type tally struct{ asked, failed int }

// by counts the requests that are wanted, in the groups that key names.
func (g *truth) by(want func(request) bool, key func(request) string) map[string]tally {
	groups := map[string]tally{}
	for _, r := range g.requests {
		if !want(r) {
			continue
		}
		k := key(r)
		c := groups[k]
		c.asked++
		if r.failed() {
			c.failed++
		}
		groups[k] = c
	}
	return groups
}

// during chooses the requests of windows that start in [from, to), both like 2025-11-18 11:20:00.
func during(t *testing.T, from, to string) func(request) bool {
	t.Helper()
	a, b := when(t, from), when(t, to)
	return func(r request) bool { w := r.window(); return !w.Before(a) && w.Before(b) }
}

func when(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.DateTime, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// rounded writes x with so many digits at most, as JSON does.
func rounded(x float64, digits int) string {
	scale := math.Pow(10, float64(digits))
	return strconv.FormatFloat(math.Round(x*scale)/scale, 'f', -1, 64)
}

// firsts sorts a copy and gives its first n.
func firsts[T any](all []T, n int, compare func(a, b T) int) []T {
	all = slices.Clone(all)
	slices.SortFunc(all, compare)
	return all[:min(n, len(all))]
}
