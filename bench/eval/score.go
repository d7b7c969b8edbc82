package main

import (
	"cmp"
	"slices"
	"time"

	"github.com/spikeline/spikeline/bench/peers/rules"
	"github.com/spikeline/spikeline/demo"
	"github.com/spikeline/spikeline/processor/incident"
)

// episode is what any of the candidates has told as one incident.
type episode struct {
	started, detected int64
	mainEnd, ended    int64 // 0: open
	part              bool  // taken back later, or merged into another
	first             string
	services          []string
	phases            []string
}

func ours(list []found) (out []episode) {
	for _, f := range list {
		e := episode{started: f.StartedAt, detected: f.DetectedAt, mainEnd: f.MainImpactEndedAt, ended: f.EndedAt, part: f.Withdrawn, first: f.FirstService, phases: f.phases}
		for _, m := range f.Services {
			e.services = append(e.services, m.Service)
		}
		out = append(out, e)
	}
	return out
}

// group makes incidents of alerts as an alert manager does: of alerts with the
// same key, what fires within five minutes of another belongs to it.
func group(alerts []rules.Alert, end int64, key func(*rules.Alert) string) (out []episode) {
	last := map[string]int{}
	for i := range alerts {
		a := &alerts[i]
		to := a.To
		if to == 0 {
			to = end
		}
		if at, ok := last[key(a)]; ok && a.From <= out[at].ended+int64(5*time.Minute) {
			out[at].mainEnd, out[at].ended = max(out[at].ended, to), max(out[at].ended, to)
			continue
		}
		last[key(a)] = len(out)
		out = append(out, episode{started: a.From, detected: a.From, mainEnd: to, ended: to, first: a.Service})
	}
	return out
}

func byKind(a *rules.Alert) string { return a.Kind }

func byService(a *rules.Alert) string { return a.Kind + " " + a.Service }

// score is how right a candidate was about one run. Errors are found minus true, in seconds.
type score struct {
	expected, recalled int
	wrong              int // incidents told where there was none
	fragments          int // incidents told for those that were found; one each is right
	open               int // still open when the scenario was over
	hits               []hit
}

// hit is one expected incident that was found.
type hit struct {
	onset, delay, mainEnd, end float64
	windows                    int // from the window of the onset to the one that detected it; 0: the same
	phases, ofPhases           int
	extraPhases                int
	first                      bool
	members, ofMembers         int
	strangers                  int // members that did not fail
}

const (
	early = time.Minute      // an incident found this much before it began is still right
	tail  = 15 * time.Minute // one that opens so late in the tail too
)

func judge(truth demo.Truth, found []episode) (s score) {
	matched := make([]bool, len(found))
	for _, want := range truth.Incidents {
		s.expected++
		from, to := want.StartedAt.Add(-early).UnixNano(), want.EndedAt.Add(tail).UnixNano()
		main := -1
		for i, f := range found {
			if f.detected < from || f.detected > to {
				continue
			}
			matched[i] = true
			s.fragments++
			if !f.part && (main < 0 || found[main].part || f.detected < found[main].detected) {
				main = i
			}
		}
		if main >= 0 {
			s.recalled++
			s.hits = append(s.hits, meet(&want, &found[main]))
		}
	}
	for i, f := range found {
		if !matched[i] {
			s.wrong++
		}
		if f.ended == 0 {
			s.open++
		}
	}
	return s
}

func meet(want *demo.Expected, f *episode) hit {
	start := want.StartedAt.UnixNano()
	seconds := func(got int64, want time.Time) float64 { return float64(got-want.UnixNano()) / 1e9 }
	h := hit{
		onset: seconds(f.started, want.StartedAt), delay: seconds(f.detected, want.StartedAt),
		mainEnd: seconds(f.mainEnd, want.MainImpactEnd), end: seconds(f.ended, want.EndedAt),
		windows:  int((f.detected-start+int64(width)-1)/int64(width)) - 1,
		ofPhases: len(want.Phases), phases: inOrder(want.Phases, f.phases),
		first: f.first == want.FirstService || want.FirstService == "" && slices.Contains(want.Members, f.first), ofMembers: len(want.Members),
	}
	h.extraPhases = len(f.phases) - h.phases
	for _, name := range f.services {
		switch {
		case slices.Contains(want.Members, name):
			h.members++
		case !slices.Contains(want.Blocked, name):
			h.strangers++
		}
	}
	return h
}

// inOrder is how many of the phases wanted come in the order wanted: the longest common subsequence.
func inOrder(want, got []string) int {
	best := make([]int, len(got)+1)
	for _, w := range want {
		before := 0
		for j, g := range got {
			above := best[j+1]
			if g == w {
				best[j+1] = before + 1
			}
			best[j+1] = max(best[j+1], best[j], above)
			before = above
		}
	}
	return best[len(got)]
}

var phaseNames = func() map[string]bool {
	names := map[string]bool{}
	for p := range incident.Phases {
		names[p.String()] = true
	}
	return names
}()

// inTime gives the events that stand at the end, in order.
func inTime(events map[int32]incident.Event) (list []incident.Event) {
	for _, e := range events {
		if !e.Withdrawn {
			list = append(list, e)
		}
	}
	slices.SortFunc(list, func(a, b incident.Event) int { return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Seq, b.Seq)) })
	return list
}

// phasesOf reads the phases from a timeline; one that repeats at once, as the
// joining of a further service does, counts once.
func phasesOf(timeline []incident.Event) (phases []string) {
	for _, e := range timeline {
		if n := len(phases); phaseNames[e.Event] && (n == 0 || phases[n-1] != e.Event) {
			phases = append(phases, e.Event)
		}
	}
	return phases
}
