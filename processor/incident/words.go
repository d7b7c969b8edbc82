package incident

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spikeline/spikeline/processor/detect"
)

// percent writes a share with as many digits as it deserves.
func percent(share float64) string {
	p := share * 100
	switch {
	case p >= 10 || p == 0:
		return strconv.FormatFloat(p, 'f', 0, 64) + " %"
	case p >= 1:
		return strconv.FormatFloat(p, 'f', 1, 64) + " %"
	}
	return strconv.FormatFloat(p, 'g', 2, 64) + " %"
}

// number groups the digits of a count by commas.
func number[T uint64 | uint32 | int](n T) string {
	s := strconv.FormatUint(uint64(n), 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func clock(t int64) string { return time.Unix(0, t).UTC().Format("15:04:05") }

// lasting writes a time in its two largest units.
func lasting(ns int64) string {
	d := time.Duration(ns)
	h, m, s := int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60
	switch {
	case h > 0 && m > 0:
		return fmt.Sprintf("%d h %d min", h, m)
	case h > 0:
		return fmt.Sprintf("%d h", h)
	case m > 0 && s > 0:
		return fmt.Sprintf("%d min %d s", m, s)
	case m > 0:
		return fmt.Sprintf("%d min", m)
	}
	return fmt.Sprintf("%d s", s)
}

// list names a few and counts the rest.
func list(names []string, few int) string {
	if len(names) <= few {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:few], ", "), len(names)-few)
}

func services(n int) string {
	if n == 1 {
		return "1 service"
	}
	return number(n) + " services"
}

func (e *episode) errors() bool { return e.lead() == detect.ErrorSurge }

// suffers says what part of the requests is struck, in the words of the leading kind.
func (e *episode) suffers(share float64) string {
	switch e.lead() {
	case detect.ErrorSurge:
		return percent(share) + " of requests fail"
	case detect.LatencySurge:
		return percent(share) + " more of requests than usual are slow"
	case detect.TrafficDrop:
		return percent(share) + " of the usual requests are missing"
	case detect.TrafficSurge:
		return fmt.Sprintf("traffic is %.1f times the usual", 1/max(1-share, 0.001))
	}
	return percent(share) + " more of requests than usual are refused (4xx)"
}

// there gives the error rate in the pops that the errors sit in, if they sit in few.
func (e *episode) there() string {
	if !e.errors() || e.where() == "" {
		return ""
	}
	var n, k float64
	for _, p := range e.ledger.pops {
		if p.excess >= 1 && p.excess >= 0.05*e.ledger.popExcess() {
			n, k = n+p.requests, k+p.excess
		}
	}
	return fmt.Sprintf(" (%s there, in the mean)", percent(k/n))
}

// where names the pops that the errors sit in, if they sit in few.
func (e *episode) where() string {
	if !e.ledger.local() {
		return ""
	}
	if pops := e.ledger.badPops(0.05); len(pops) > 0 {
		return " in " + list(pops, 3)
	}
	return ""
}

// evidence says what is wrong with a member.
func (e *episode) evidence(mem *member) string {
	var said []string
	if mem.has(detect.TrafficSurge) {
		said = append(said, fmt.Sprintf("traffic %.1f times the expected", e.ratioOf(mem, detect.TrafficSurge)))
	}
	if mem.has(detect.ErrorSurge) {
		said = append(said, fmt.Sprintf("%s of requests fail (%s expected)", percent(mem.PeakRate), percent(mem.usual)))
	}
	for _, f := range e.series {
		if f.key.scope == (detect.Scope{Service: mem.Service}) {
			switch f.key.kind {
			case detect.TrafficDrop:
				said = append(said, fmt.Sprintf("traffic at %s of the expected", percent(f.worst)))
			case detect.LatencySurge:
				said = append(said, fmt.Sprintf("%s more of requests than expected are slow", percent(f.harm)))
			case detect.ClientErrorSurge:
				said = append(said, fmt.Sprintf("%s more of requests than expected are refused (4xx)", percent(f.harm)))
			}
		}
	}
	return strings.Join(said, ", ")
}

// ratioOf is the worst ratio of observed to expected of a member in one kind.
func (e *episode) ratioOf(mem *member, kind detect.Kind) float64 {
	if f := e.byKey[seriesKey{detect.Scope{Service: mem.Service}, kind}]; f != nil {
		return f.worst
	}
	return mem.surge
}

// scopes says what an incident without a service is about.
func (e *episode) scopes() string {
	var pops []string
	for _, f := range e.series {
		if f.key.scope.Service == "" && f.key.scope.Pop != "" {
			pops = append(pops, f.key.scope.Pop)
		}
	}
	if len(pops) == 0 {
		return "many services, none of which stands out"
	}
	return list(pops, 3)
}

func (e *episode) firstSpike() told {
	t := told{key: FirstSpike.String(), Event: Event{At: e.StartedAt, Event: FirstSpike.String(), Service: e.FirstService}}
	if len(e.members) == 0 {
		t.Value = e.PeakErrorRate
		if e.pool != nil {
			t.Value = max(t.Value, e.pool.PeakRate)
		}
		t.Summary = e.scopes() + ": " + e.suffers(t.Value)
		return t
	}
	first := e.members[0]
	t.Value = first.PeakRate
	t.Summary = fmt.Sprintf("%s: %s%s", first.Service, e.evidence(first), e.where())
	return t
}

func (e *episode) joined(mem *member, m *moment) told {
	t := told{key: "cascade/" + mem.Service, Event: Event{At: mem.StartedAt, Event: Cascade.String(), Service: mem.Service, Value: mem.PeakRate}}
	after := "at the same time"
	if d := mem.StartedAt - e.StartedAt; d > 0 {
		after = lasting(d) + " after the first"
	}
	t.Summary = fmt.Sprintf("%s joins %s: %s", mem.Service, after, e.evidence(mem))
	return t
}

func (e *episode) joinedToo(rest []*member) told {
	n := len(rest) + e.beyond
	last := rest[len(rest)-1]
	t := told{key: "cascade/", Event: Event{At: rest[0].StartedAt, Event: Cascade.String(), Value: float64(n)}}
	t.Summary = fmt.Sprintf("and %s more services, the last %s at %s", number(n), last.Service, clock(last.StartedAt))
	if n == 1 {
		t.Summary = fmt.Sprintf("and 1 more service, %s at %s", last.Service, clock(last.StartedAt))
	}
	return t
}

func (e *episode) peakEvent(s shape) told {
	t := told{key: Peak.String(), Event: Event{At: e.PeakAt, Event: Peak.String(), Value: s.rate}}
	n := 0
	for _, mem := range e.members {
		if mem.StartedAt <= e.PeakAt && mem.has(e.lead()) {
			n++
		}
	}
	t.Summary = e.suffers(s.rate)
	if n > 0 {
		t.Summary += " at " + services(n)
	}
	t.Summary += e.where() + e.there()
	if code, share := e.ledger.topStatus(); e.errors() && share >= dominant {
		t.Summary += fmt.Sprintf("; %s of the errors are %s%d", percent(share), e.ledger.side(), code)
	}
	return t
}

func (s side) String() string {
	return [...]string{"", "edge-made ", "origin "}[s]
}

// turn words a turn of the curve: span i of the shape.
func (e *episode) turn(s shape, i int) told {
	sp, points := s.spans[i], e.curve.points
	from, to := points[sp.from], points[sp.to-1]
	sum := point{at: from.at}
	for _, p := range points[sp.from:sp.to] {
		if !p.gap {
			sum.merge(p)
		}
	}
	value := sum.rate()
	if !e.errors() && sum.windows > 0 {
		value = sum.level(e.lead(), e.usual())
	}
	t := told{Event: Event{At: max(from.at, e.StartedAt), Event: sp.phase.String(), Value: value}}
	since := to.end(e.curve.width) - from.at
	switch sp.phase {
	case Fluctuating:
		t.Value = float64(sp.swings)
		t.Summary = fmt.Sprintf("errors come and go: %d swings in %s, %s in the mean", sp.swings, lasting(since), e.suffers(value))
	case PartialRecovery:
		t.Summary = fmt.Sprintf("down from %s: %s in the mean of %s", percent(s.rate), e.suffers(value), lasting(since))
		if e.Open && from.at >= e.lastBad {
			t.Value = 0
			t.Summary = fmt.Sprintf("back within what is normal since %s; %s of calm make it a recovery", clock(from.at), lasting(int64(e.quiet)))
		}
	case Relapse:
		t.Summary = fmt.Sprintf("worse again: %s in the mean of %s", e.suffers(value), lasting(since))
	case Residual:
		t.Summary = fmt.Sprintf("main impact over, still above normal: %s in the mean of %s", e.suffers(value), lasting(since))
	}
	return t
}

func (e *episode) gapNote(g logGap) told {
	t := told{key: "note/" + strconv.FormatInt(g.from, 10), Event: Event{At: g.from, Event: "note"}}
	what := "logs missing"
	if g.dark {
		what = "not one request to " + services(len(e.members))
	}
	if g.to == 0 {
		t.Summary = fmt.Sprintf("%s since %s: not counted as recovery", what, clock(g.from))
		return t
	}
	t.Value = float64(g.to-g.from) / 1e9
	t.Summary = fmt.Sprintf("%s for %s, until %s: not counted as recovery", what, lasting(g.to-g.from), clock(g.to))
	return t
}

// dips gives the second troubles of members, where the incident as a whole had
// recovered: one for all whose trouble came back within dipsApart of the first.
func (e *episode) dips(s shape) (all []told) {
	var again []*member
	for _, mem := range e.members {
		if mem.again.errors >= dipErrors && mem.again.errors >= dipShare*mem.PeakRate*mem.again.requests && e.easing(s, mem.again.at) {
			again = append(again, mem)
		}
	}
	slices.SortStableFunc(again, func(a, b *member) int { return compare(a.again.at, b.again.at) })
	for i := 0; i < len(again) && len(all) < dipLimit; {
		first, n := again[i], 1
		for i+n < len(again) && again[i+n].again.at-first.again.at <= int64(dipsApart) {
			n++
		}
		t := told{key: "relapse/" + first.Service, Event: Event{At: first.again.at, Event: Relapse.String(), Service: first.Service}}
		t.Value = first.again.errors / first.again.requests
		t.Summary = fmt.Sprintf("%s fails again after it had recovered: %s of its requests", first.Service, percent(t.Value))
		if n > 1 {
			t.Summary += fmt.Sprintf(", and %s soon after", services(n-1))
		}
		all, i = append(all, t), i+n
	}
	return all
}

const (
	dipLimit  = 10
	dipsApart = 15 * time.Minute
	dipErrors = 10   // fewer are chance
	dipShare  = 0.25 // of the member's worst rate; less is its tail
)

// easing says that at a time the incident was in a recovery.
func (e *episode) easing(s shape, at int64) bool {
	for _, sp := range s.spans {
		if e.curve.points[sp.to-1].end(e.curve.width) > at {
			return sp.phase == PartialRecovery || sp.phase == Residual
		}
	}
	return false
}

func (e *episode) recovered() told {
	t := told{key: Recovered.String(), Event: Event{At: e.EndedAt, Event: Recovered.String(), Value: float64(e.EndedAt-e.StartedAt) / 1e9}}
	requests, failed := e.totals()
	t.Summary = fmt.Sprintf("over after %s", lasting(e.EndedAt-e.StartedAt))
	if e.errors() {
		t.Summary += fmt.Sprintf(": %s of %s requests failed", number(failed), number(requests))
	}
	switch {
	case e.newNormal:
		t.Summary += "; the errors that remain are taken as the new normal"
	case e.abandoned:
		t.Summary += "; no request came any more, so a recovery was not seen"
	}
	return t
}

// title says in one line what happened, to whom, and how bad it was.
func (e *episode) title() string {
	what := map[detect.Kind]string{
		detect.ErrorSurge: "5xx", detect.LatencySurge: "slow answers", detect.TrafficDrop: "traffic gone",
		detect.TrafficSurge: "traffic surge", detect.ClientErrorSurge: "4xx",
	}[e.lead()]
	if e.errors() && len(e.members) > 0 && e.members[0].has(detect.TrafficSurge) && e.led(e.members[0]) {
		what = "traffic surge, then 5xx"
	}
	who := e.scopes()
	if len(e.members) > 0 {
		who = e.struck()
	}
	return fmt.Sprintf("%s at %s; %s", what, who, e.worst())
}

// struck names the service that the leading kind is about, or counts them; members that suffer otherwise are not of them.
func (e *episode) struck() string {
	n, one := e.beyond, e.FirstService
	for _, mem := range e.members {
		if mem.has(e.lead()) {
			n, one = n+1, mem.Service
		}
	}
	if n <= 1 {
		return one + e.where()
	}
	return services(n) + e.where() + ", first " + e.FirstService
}

// worst words the peak in the past tense.
func (e *episode) worst() string {
	switch e.lead() {
	case detect.ErrorSurge:
		return "up to " + percent(e.PeakErrorRate) + " of requests failed"
	case detect.TrafficDrop:
		return "up to " + percent(e.PeakErrorRate) + " of requests missing"
	case detect.TrafficSurge:
		return fmt.Sprintf("up to %.1f times the usual", 1/max(1-e.PeakErrorRate, 0.001))
	case detect.LatencySurge:
		return "up to " + percent(e.PeakErrorRate) + " more requests slow"
	}
	return "up to " + percent(e.PeakErrorRate) + " more requests refused"
}

// led says that a member's surge began before its errors.
func (e *episode) led(mem *member) bool {
	f := e.byKey[seriesKey{detect.Scope{Service: mem.Service}, detect.ErrorSurge}]
	return f != nil && f.onset > mem.StartedAt
}
