package window

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/spikeline/spikeline/ingest/accesslog"
)

// What a folder holds when every request has a host of its own, or every pop
// and service occur together, with the default limits.
const (
	hostsLimit = 64 << 20  // the open windows of 20,000 services each
	cellsLimit = 128 << 20 // one window of 500,000 cells
)

// heap is what is in use now.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// named is how many requests of a window were counted under their own names, and how many were not.
type named struct{ own, other uint64 }

// newest keeps, of messages, each window's newest partial.
func newest(windows map[int64]named, messages []Message) {
	for _, m := range messages {
		if m.Partial == nil {
			continue
		}
		var n named
		for _, r := range m.Partial.Rows {
			if r.Service == Other {
				n.other += r.Requests
			} else {
				n.own += r.Requests
			}
		}
		windows[m.Partial.Start] = n
	}
}

func TestTenMillionInventedHostsDoNotEatTheMemory(t *testing.T) {
	const hosts, lasts = 10_000_000, 10 * time.Minute
	f := NewFolder(Default(), Source{"t", 0}, 1, Commit{Largest: NoTime})
	windows := map[int64]named{}
	pop, name := []byte("FRA"), make([]byte, 0, 64)
	before, peak := heap(), uint64(0)
	for i := range int64(hosts) {
		name = fmt.Appendf(name[:0], "host-%d.example", i)
		r := accesslog.Record{Time: 1_000_000e9 + i*int64(lasts)/hosts, Pop: pop, Status: 200, LatencyMicros: 1000}
		if reason := f.Add(i, r.Time, &r, name, nil); reason != accesslog.OK {
			t.Fatal(reason)
		}
		if i%500_000 == 499_999 {
			newest(windows, f.Flush(false))
			peak = max(peak, heap()-before)
		}
	}
	var sum named
	for n := range maps.Values(windows) {
		sum.own, sum.other = sum.own+n.own, sum.other+n.other
	}
	if want := uint64(len(windows) * Default().Services); sum.own != want || sum.own+sum.other != hosts {
		t.Errorf("%d requests under their own names and %d under %s; %d and %d are right", sum.own, sum.other, Other, want, hosts-want)
	}
	if peak > hostsLimit {
		t.Errorf("%d MiB held, allowed are %d", peak>>20, hostsLimit>>20)
	}
	t.Logf("%d MiB held at most, %d of %d requests under %s", peak>>20, sum.other, hosts, Other)
}

func TestServicesTimesPopsAreBounded(t *testing.T) {
	c := Default()
	f := NewFolder(c, Source{"t", 0}, 1, Commit{Largest: NoTime})
	before := heap()
	offset := int64(0)
	var pops [][]byte
	for p := range 1_200 {
		pops = append(pops, fmt.Appendf(nil, "P%d", p))
	}
	for s := range 1_000 {
		name := fmt.Appendf(nil, "service-%d", s)
		for _, pop := range pops {
			r := accesslog.Record{Time: 1_000_000e9, Pop: pop, Status: 200, LatencyMicros: 1000}
			f.Add(offset, r.Time, &r, name, nil)
			offset++
		}
	}
	held := heap() - before
	rows := f.Flush(false)[0].Partial.Rows
	distinct := map[string]bool{}
	requests := uint64(0)
	for _, r := range rows {
		distinct[r.Pop] = true
		requests += r.Requests
	}
	if len(rows) > c.Cells+1 || len(distinct) > c.Pops+1 || requests != uint64(offset) {
		t.Errorf("%d rows of %d pops, %d requests of %d", len(rows), len(distinct), requests, offset)
	}
	if held > cellsLimit {
		t.Errorf("%d MiB held, allowed are %d", held>>20, cellsLimit>>20)
	}
	if !slices.ContainsFunc(rows, func(r Row) bool { return r.Pop == Other }) {
		t.Error("nothing is counted under " + Other)
	}
	t.Logf("%d cells, %d MiB", len(rows), held>>20)
}
