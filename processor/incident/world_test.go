package incident

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spikeline/spikeline/processor/detect"
	"github.com/spikeline/spikeline/processor/window"
)

const step = int64(10 * time.Second)

// world is a small edge: services in pops, and what befalls them. It gives one
// window after the other, in exact expected counts, so that timelines can be read.
type world struct {
	t        *testing.T
	day      time.Time
	pops     []string
	services []*site
	effects  []effect
	carry    map[string]float64
	missing  []stretch // the logs of the fleet are incomplete
	watcher  watcher
	chance   *rand.Rand // nil: expected counts
}

type stretch struct{ from, to int64 }

type site struct {
	name string
	rate float64 // requests a window in each pop
	base float64 // usual error rate
}

// effect changes the counts of a service (or all, for ""), in some pops (or all).
type effect struct {
	from, to int64
	service  string
	pops     []string
	fail     func(share float64) float64 // error rate, by how much of the time has passed
	status   uint16
	edge     bool
	traffic  func(share float64) float64
	slow     float64
	refused  float64
}

func newWorld(t *testing.T, pops ...string) *world {
	day := time.Date(2025, 11, 18, 0, 0, 0, 0, time.UTC)
	return &world{t: t, day: day, pops: pops, carry: map[string]float64{}, watcher: watcher{series: map[seriesKey]*watched{}}}
}

func (w *world) at(clock string) int64 {
	d, err := time.Parse("15:04:05", (clock + ":00:00")[:8])
	if err != nil {
		w.t.Fatal(err)
	}
	return w.day.Add(time.Duration(d.Hour())*time.Hour + time.Duration(d.Minute())*time.Minute + time.Duration(d.Second())*time.Second).UnixNano()
}

func (w *world) service(name string, rate float64) {
	w.services = append(w.services, &site{name: name, rate: rate, base: 0.0005})
	slices.SortFunc(w.services, func(a, b *site) int { return strings.Compare(a.name, b.name) })
}

func flat(v float64) func(float64) float64 { return func(float64) float64 { return v } }

func ramp(from, to float64) func(float64) float64 {
	return func(s float64) float64 { return from + (to-from)*s }
}

// fails makes part of a service's requests fail from one time to another.
func (w *world) fails(service, from, to string, rate func(float64) float64, status uint16, edge bool, pops ...string) {
	w.effects = append(w.effects, effect{from: w.at(from), to: w.at(to), service: service, pops: pops, fail: rate, status: status, edge: edge})
}

func (w *world) traffic(service, from, to string, factor float64, pops ...string) {
	w.effects = append(w.effects, effect{from: w.at(from), to: w.at(to), service: service, pops: pops, traffic: flat(factor)})
}

func (w *world) slow(service, from, to string, share float64) {
	w.effects = append(w.effects, effect{from: w.at(from), to: w.at(to), service: service, slow: share})
}

func (w *world) refuses(service, from, to string, share float64) {
	w.effects = append(w.effects, effect{from: w.at(from), to: w.at(to), service: service, refused: share})
}

func (w *world) logsMissing(from, to string, part float64) {
	w.traffic("", from, to, 1-part)
	w.missing = append(w.missing, stretch{w.at(from), w.at(to)})
}

func (e *effect) hits(s *site, pop string, at int64) bool {
	return at >= e.from && at < e.to && (e.service == "" || e.service == s.name) && (len(e.pops) == 0 || slices.Contains(e.pops, pop))
}

// whole rounds an expected count, carrying the rest to the next window.
func (w *world) whole(key string, v float64) uint64 {
	if w.chance != nil {
		return w.draw(v)
	}
	if _, known := w.carry[key]; !known {
		h := fnv.New32a() // services must not fail in step
		h.Write([]byte(key))
		w.carry[key] = float64(h.Sum32()%1000) / 1000
	}
	v += w.carry[key]
	n := float64(int64(v + 1e-9))
	w.carry[key] = v - n
	return uint64(n)
}

// window gives the counts of one window and what share of each service is slow.
func (w *world) window(at int64) (*window.Result, map[string]float64) {
	r, slow := &window.Result{Start: at, End: at + step, State: window.Closed}, map[string]float64{}
	for _, s := range w.services {
		slow[s.name] = 0.02
		for _, pop := range w.pops {
			row := w.cell(s, pop, at, slow)
			if row.Requests > 0 {
				r.Rows = append(r.Rows, row)
			}
		}
	}
	slices.SortFunc(r.Rows, func(a, b window.Row) int { return strings.Compare(a.Service+"\x00"+a.Pop, b.Service+"\x00"+b.Pop) })
	return r, slow
}

func (w *world) cell(s *site, pop string, at int64, slow map[string]float64) window.Row {
	rate, fail, refused, status, edge := s.rate, s.base, 0.01, uint16(502), false
	for i := range w.effects {
		e := &w.effects[i]
		if !e.hits(s, pop, at) {
			continue
		}
		share := float64(at-e.from) / float64(e.to-e.from)
		if e.fail != nil {
			fail, status, edge = max(fail, e.fail(share)), e.status, e.edge
		}
		if e.traffic != nil {
			rate *= e.traffic(share)
		}
		slow[s.name] = max(slow[s.name], e.slow)
		refused = max(refused, e.refused)
	}
	key := s.name + "/" + pop
	row := window.Row{Service: s.name, Pop: pop}
	row.Requests = w.whole(key+"/n", rate)
	row.Errors = min(row.Requests, w.whole(key+"/k", float64(row.Requests)*fail))
	row.ClientErrors = min(row.Requests-row.Errors, w.whole(key+"/c", float64(row.Requests)*refused))
	if w.chance != nil {
		row.Errors, row.ClientErrors = w.drawOf(row.Requests, fail), 0
	}
	if row.Errors > 0 {
		row.Status = []window.StatusCount{{Code: status, Count: row.Errors}}
		row.CacheErrors[2] = row.Errors
		if edge {
			row.EdgeErrors = row.Errors
		} else {
			row.OriginErrors = row.Errors
		}
	}
	return row
}

// play runs the world and gives the tracker's whole output.
func (w *world) play(cfg Config, from, to string) *tape {
	tape := &tape{tracker: New(cfg), incidents: map[string]Incident{}, events: map[string]Event{}}
	for at := w.at(from); at < w.at(to); at += step {
		r, slow := w.window(at)
		tape.take(tape.tracker.Step(r, w.watcher.step(w, r, slow)))
	}
	return tape
}

// tape is what a reader of the tables sees in the end, and every step on the way.
type tape struct {
	tracker   *Tracker
	incidents map[string]Incident
	events    map[string]Event
	log       []string
	all       []Event
}

func (p *tape) take(incidents []Incident, events []Event) {
	for _, i := range incidents {
		p.incidents[i.ID] = i
	}
	for _, e := range events {
		p.events[fmt.Sprintf("%s/%04d", e.IncidentID, e.Seq)] = e
		p.all = append(p.all, e)
		verb := ""
		if e.Withdrawn {
			verb = " withdrawn"
		}
		p.log = append(p.log, fmt.Sprintf("at %s #%d%s %s", clock(e.Version+step), e.Seq, verb, line(e)))
	}
}

func line(e Event) string { return fmt.Sprintf("%s %s  %s", clock(e.At), e.Event, e.Summary) }

// text is every incident with its timeline, on one screen.
func (p *tape) text() string {
	var b strings.Builder
	for _, id := range sorted(p.incidents) {
		i := p.incidents[id]
		fmt.Fprintf(&b, "%s\n%s %s: %s\n", id, i.Severity, i.Phase, i.Title)
		fmt.Fprintf(&b, "started %s detected %s peak %s main impact to %s ended %s\n", clockOr(i.StartedAt), clockOr(i.DetectedAt), clockOr(i.PeakAt), clockOr(i.MainImpactEndedAt), clockOr(i.EndedAt))
		fmt.Fprintf(&b, "failed %d of %d, at worst %s of the fleet; pops %s; kinds %s\n", i.RequestsFailed, i.Requests, percent(i.PeakFleetShare), strings.Join(i.Pops, ","), strings.Join(i.Kinds, ","))
		for _, m := range i.Services {
			fmt.Fprintf(&b, "  %s %s-%s %d failed\n", m.Service, clockOr(m.StartedAt), clockOr(m.EndedAt), m.Failed)
		}
		for _, e := range p.timeline(id) {
			fmt.Fprintf(&b, "%s\n", line(e))
		}
	}
	if b.Len() == 0 {
		return "nothing\n"
	}
	return b.String()
}

// timeline gives the events of an incident that stand, in order of time.
func (p *tape) timeline(id string) (out []Event) {
	for _, key := range sorted(p.events) {
		if e := p.events[key]; e.IncidentID == id && !e.Withdrawn {
			out = append(out, e)
		}
	}
	slices.SortStableFunc(out, func(a, b Event) int { return compare(a.At, b.At) })
	return out
}

func clockOr(t int64) string {
	if t == 0 {
		return "-"
	}
	return clock(t)
}

func sorted[T any](m map[string]T) (keys []string) {
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// watcher stands in for the detector: it knows what is usual and has the holds of the real one.
type watcher struct {
	series   map[seriesKey]*watched
	blind    detect.Kind // a kind it does not see, if not 0
	patience int         // abnormal windows before a finding opens, 2 if not set
}

type watched struct {
	onset, last int64
	run         int
	open        bool
}

func (w *watcher) step(world *world, r *window.Result, slow map[string]float64) (out []detect.Signal) {
	for _, m := range world.missing {
		if r.Start >= m.from+2*step && r.Start <= m.to {
			out = append(out, detect.Signal{Window: r.Start, Kind: detect.SourceIncomplete, Onset: m.from, Elevated: true, Ended: r.Start == m.to, EndedAt: m.to})
		}
	}
	for _, s := range world.services {
		c := world.sum(r, s.name)
		n := float64(c.Requests)
		usual := s.rate * float64(len(world.pops))
		out = w.judge(out, r, s.name, detect.ErrorSurge, float64(c.Errors)/max(n, 1), s.base, c, n > 0 && poissonGLR(float64(c.Errors), n*(1.5*s.base+0.001)) > 6 && float64(c.Errors) > n*(s.base+0.005), detect.Critical)
		out = w.judge(out, r, s.name, detect.TrafficSurge, n, usual, c, n > 1.6*usual, detect.Warning)
		out = w.judge(out, r, s.name, detect.TrafficDrop, n, usual, c, n < usual/1.6, detect.Warning)
		out = w.judge(out, r, s.name, detect.LatencySurge, slow[s.name], 0.02, c, n > 0 && slow[s.name] > 0.10, detect.Critical)
		out = w.judge(out, r, s.name, detect.ClientErrorSurge, float64(c.ClientErrors)/max(n, 1), 0.01, c, n > 0 && float64(c.ClientErrors) > 0.11*n, detect.Info)
	}
	return out
}

func (w *world) sum(r *window.Result, service string) (c window.Counts) {
	for i := range r.Rows {
		if row := &r.Rows[i]; row.Service == service {
			c.Requests += row.Requests
			c.Errors += row.Errors
			c.ClientErrors += row.ClientErrors
		}
	}
	return c
}

// judge opens a finding after two abnormal windows and ends it after ten minutes of calm.
func (w *watcher) judge(out []detect.Signal, r *window.Result, service string, kind detect.Kind, observed, expected float64, c window.Counts, bad bool, grade detect.Severity) []detect.Signal {
	if kind == w.blind && kind != 0 {
		return out
	}
	key := seriesKey{detect.Scope{Service: service}, kind}
	f := w.series[key]
	if f == nil {
		f = &watched{}
		w.series[key] = f
	}
	if bad {
		if f.run == 0 && !f.open {
			f.onset = r.Start
		}
		f.run++
		f.last = r.End
	} else {
		f.run = 0
	}
	opened := !f.open && f.run >= max(w.patience, 2)
	f.open = f.open || opened
	if !f.open {
		return out
	}
	ended := r.End-f.last >= 60*step
	if (kind == detect.TrafficSurge && observed >= 3*expected || kind == detect.TrafficDrop && observed <= 0.15*expected) && f.run >= 12 {
		grade = detect.Critical
	}
	excess := (observed - expected)
	if kind != detect.TrafficSurge && kind != detect.TrafficDrop {
		excess *= float64(c.Requests)
	}
	out = append(out, detect.Signal{Window: r.Start, Scope: key.scope, Kind: kind, Opened: opened, Ended: ended, Onset: f.onset,
		EndedAt: f.last, Observed: observed, Expected: expected, Requests: c.Requests, Excess: excess, Elevated: bad && !ended, Severity: grade})
	f.open = !ended
	return out
}
