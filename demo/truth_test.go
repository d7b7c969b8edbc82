package demo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/spikeline/spikeline/ingest/accesslog"
)

// rough is a feed with everything that a generator can do to its lines.
func rough(format Format) Options {
	o := Default()
	d := onDay(2025, time.November, 18)
	o.Start, o.End = d.at("11:23"), d.at("11:32")
	o.Format, o.Partitions = format, 4
	o.Timestamps = []Timestamp{UnixNano, UnixSeconds, RFC3339, RFC3339Millis}
	o.Late, o.TooLate, o.Broken = 0.01, 0.002, 0.01
	return o
}

type place struct {
	window       int64
	service, pop string
}

// reader counts as a reader of the lines does.
type reader struct {
	counts map[place]Count
	broken [accesslog.Reasons]uint64
}

func (r *reader) add(at int64, service, pop string, status, origin uint16, sent uint64) {
	k := place{at - at%width, service, pop}
	c := r.counts[k]
	c.Requests++
	c.Bytes += sent
	if status >= 500 {
		c.Errors++
		if origin < 500 {
			c.EdgeErrors++
		}
	} else if status >= 400 {
		c.ClientErrors++
	}
	r.counts[k] = c
}

// truthAnd runs a generator, hands each line to read, and gives the truth by place.
func truthAnd(t *testing.T, o Options, read func(line []byte, m Meta)) (*Tally, map[place]Count) {
	t.Helper()
	g, err := New(find(t, "cloudflare-2025-11-18"), o)
	if err != nil {
		t.Fatal(err)
	}
	truth := map[place]Count{}
	before := int64(0)
	g.Tally().Window = func(w WindowTruth) error {
		if w.Start <= before {
			return fmt.Errorf("window %d came after %d", w.Start, before)
		}
		before = w.Start
		w.Each(func(service, pop string, c Count) { truth[place{w.Start, service, pop}] = c })
		return nil
	}
	var line []byte
	for {
		var m Meta
		var ok bool
		if line, m, ok = g.Next(line[:0]); !ok {
			break
		}
		read(line, m)
	}
	if err := g.Tally().Err(); err != nil {
		t.Fatal(err)
	}
	return g.Tally(), truth
}

func compare(t *testing.T, got, want map[place]Count) {
	t.Helper()
	wrong := 0
	for k, c := range want {
		if got[k] != c {
			if wrong++; wrong < 5 {
				t.Errorf("%v: lines say %+v, truth is %+v", k, got[k], c)
			}
		}
	}
	if len(got) != len(want) || len(want) < 1000 {
		t.Errorf("lines have %d places, truth has %d", len(got), len(want))
	}
}

type logpush struct {
	EdgeStartTimestamp   any
	ClientRequestHost    string
	EdgeColoCode         string
	EdgeResponseStatus   int
	OriginResponseStatus int
	EdgeResponseBytes    uint64
}

func (l *logpush) start() (int64, bool) {
	switch v := l.EdgeStartTimestamp.(type) {
	case json.Number:
		n, err := strconv.ParseInt(string(v), 10, 64)
		if n < 1e12 {
			n *= 1e9
		}
		return n, err == nil
	case string:
		at, err := time.Parse(time.RFC3339Nano, v)
		return at.UnixNano(), err == nil
	}
	return 0, false
}

func TestTruthIsWhatTheLinesSay(t *testing.T) {
	read := reader{counts: map[place]Count{}}
	broken := uint64(0)
	tally, truth := truthAnd(t, rough(Cloudflare), func(line []byte, _ Meta) {
		var l logpush
		d := json.NewDecoder(bytes.NewReader(line))
		d.UseNumber()
		err := d.Decode(&l)
		at, ok := l.start()
		if err != nil || !ok || l.EdgeResponseStatus < 100 || l.ClientRequestHost == "" {
			broken++
			return
		}
		read.add(at, l.ClientRequestHost, l.EdgeColoCode, uint16(l.EdgeResponseStatus), uint16(l.OriginResponseStatus), l.EdgeResponseBytes)
	})
	compare(t, read.counts, truth)
	want := uint64(0)
	for _, n := range tally.Broken {
		want += n
	}
	if broken != want || broken < 500 {
		t.Errorf("%d lines could not be used, the truth is %d", broken, want)
	}
	if tally.Late < 500 || tally.TooLate < 100 {
		t.Errorf("%d late and %d too late", tally.Late, tally.TooLate)
	}
}

func TestTotalsAreTheSumOfTheWindows(t *testing.T) {
	tally, truth := truthAnd(t, rough(NginxJSON), func([]byte, Meta) {})
	sums := map[string]Count{}
	for k, c := range truth {
		s := sums[k.service]
		s.Requests += c.Requests
		s.Errors += c.Errors
		sums[k.service] = s
	}
	var csv bytes.Buffer
	if err := tally.WriteTotals(&csv); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(csv.String()), "\n")
	if lines[0] != "service,requests,errors" || len(lines) != len(sums)+1 {
		t.Fatalf("%d lines under %q", len(lines)-1, lines[0])
	}
	for _, line := range lines[1:] {
		name := strings.Split(line, ",")[0]
		if want := fmt.Sprintf("%s,%d,%d", name, sums[name].Requests, sums[name].Errors); line != want {
			t.Errorf("%s, windows say %s", line, want)
		}
	}
}

// decode counts with the project's own decoder.
func decode(t *testing.T, o Options, pop func(Meta, *accesslog.Record) string, service func(Meta, *accesslog.Record) string) (*Tally, reader, map[place]Count) {
	t.Helper()
	decoder, err := accesslog.New(string(o.Format))
	if err != nil {
		t.Fatal(err)
	}
	read := reader{counts: map[place]Count{}}
	var r accesslog.Record
	tally, truth := truthAnd(t, o, func(line []byte, m Meta) {
		reason := decoder.Decode(line, &r)
		if reason == accesslog.OK && service(m, &r) == "" {
			reason = accesslog.NoService // the folder's judgement: another part of the message may name the service
		}
		read.broken[reason]++
		if (reason != accesslog.OK) != m.Broken {
			t.Fatalf("reason %v, broken is %v: %s", reason, m.Broken, line)
		}
		if reason == accesslog.OK {
			read.add(r.Time, service(m, &r), pop(m, &r), r.Status, r.OriginStatus, r.Bytes)
		}
	})
	tally.Broken[accesslog.OK] = read.broken[accesslog.OK]
	return tally, read, truth
}

func fromMeta(m Meta, _ *accesslog.Record) string    { return m.Service }
func popOf(_ Meta, r *accesslog.Record) string       { return string(r.Pop) }
func popFromMeta(m Meta, _ *accesslog.Record) string { return m.Pop }
func serviceOf(_ Meta, r *accesslog.Record) string   { return string(r.Service) }

func TestTheDecodersReadTheLinesAsTheTruthHasThem(t *testing.T) {
	t.Run("cloudflare", func(t *testing.T) {
		tally, read, truth := decode(t, rough(Cloudflare), popOf, serviceOf)
		compare(t, read.counts, truth)
		if read.broken != tally.Broken {
			t.Errorf("rejects by reason %v, truth %v", read.broken, tally.Broken)
		}
	})
	t.Run("nginx_json", func(t *testing.T) {
		tally, read, truth := decode(t, rough(NginxJSON), popFromMeta, serviceOf)
		compare(t, read.counts, truth)
		if read.broken != tally.Broken {
			t.Errorf("rejects by reason %v, truth %v", read.broken, tally.Broken)
		}
	})
	t.Run("combined", func(t *testing.T) {
		_, read, truth := decode(t, rough(Combined), popFromMeta, fromMeta)
		for k, c := range truth { // the format does not know the origin's part
			c.EdgeErrors = c.Errors
			truth[k] = c
		}
		compare(t, read.counts, truth)
	})
}
