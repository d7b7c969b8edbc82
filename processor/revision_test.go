package processor

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/spikeline/spikeline/processor/detect"
	"github.com/spikeline/spikeline/processor/incident"
	"github.com/spikeline/spikeline/processor/window"
)

const (
	second  = int64(time.Second)
	sources = 3
)

var services = []string{"a.example", "b.example", "c.example", "d.example"}

// cell is what one window of one source holds of one service.
type cell struct{ requests, errors uint64 }

// history is windows of several sources in which services fail for a while, and what is brought for them later.
type history struct {
	onTime, later [][sources][]cell // by window, source and service
	delay         [][sources]int    // windows after its own in which the later part comes; 0 for none
}

func someHistory(r *rand.Rand, n int) history {
	h := history{onTime: make([][sources][]cell, n), later: make([][sources][]cell, n), delay: make([][sources]int, n)}
	from, to := 60+r.IntN(40), 110+r.IntN(40)
	struck := 1 + r.IntN(len(services))
	share := 0.1 + 0.8*r.Float64()
	for w := range n {
		for s := range sources {
			for i := range services {
				c := cell{requests: 80 + uint64(r.IntN(60))}
				if w >= from && w < to && i < struck {
					c.errors = uint64(float64(c.requests) * share)
				}
				l := cell{requests: uint64(r.IntN(120))}
				l.errors = uint64(r.IntN(int(l.requests) + 1)) // a late part may be all errors
				h.onTime[w][s], h.later[w][s] = append(h.onTime[w][s], c), append(h.later[w][s], l)
			}
			if r.IntN(3) == 0 {
				h.delay[w][s] = 1 + r.IntN(5)
			}
		}
	}
	return h
}

func partial(w int, through int64, parts ...[]cell) *window.Partial {
	p := &window.Partial{Start: int64(w) * 10 * second, Through: through}
	for i, name := range services {
		var c window.Counts
		for _, part := range parts {
			c.Requests += part[i].requests
			c.Errors += part[i].errors
		}
		c.Status = []window.StatusCount{{Code: 200, Count: c.Requests - c.Errors}, {Code: 503, Count: c.Errors}}
		p.Rows = append(p.Rows, window.Row{Service: name, Pop: "AMS", Counts: c})
	}
	return p
}

// messages is what the folders send: each window in time, and with revisions what came for it after it had closed.
func (h *history) messages(revisions bool) (list []window.Message) {
	for w := range h.onTime {
		for s := range sources {
			list = append(list, window.Message{Source: window.Source{Topic: "edge", Partition: int32(s)}, Sources: sources, Watermark: int64(w) * 10 * second,
				Position: int64(w)*100 + 50, Partial: partial(w, int64(w)*100+10, h.onTime[w][s])})
		}
		for back := 1; revisions && back <= min(5, w); back++ {
			for s := range sources {
				if old := w - back; h.delay[old][s] == back {
					list = append(list, window.Message{Source: window.Source{Topic: "edge", Partition: int32(s)}, Sources: sources, Watermark: int64(w) * 10 * second,
						Position: int64(w)*100 + 60, Partial: partial(old, int64(w)*100+20, h.onTime[old][s], h.later[old][s])})
				}
			}
		}
	}
	return list
}

type newest struct{ revision, requests uint64 }

// told is all that the batches of a judge, or of several that followed each other, have said.
type told struct {
	opened  []string // in order
	events  map[string]incident.Event
	newest  map[string]newest // by window and service: of a revision a batch has the services that it changed
	revised int
}

func (b *told) take(t *testing.T, batch Batch) {
	t.Helper()
	for _, in := range batch.Incidents {
		if !slices.Contains(b.opened, in.ID) {
			b.opened = append(b.opened, in.ID)
		}
	}
	for _, e := range batch.Events {
		key := fmt.Sprintf("%s/%d/%d", e.IncidentID, e.Seq, e.Version)
		if before, ok := b.events[key]; ok && before != e {
			t.Errorf("%s was told as\n%+v\nand then as\n%+v", key, before, e)
		}
		b.events[key] = e
	}
	for _, r := range batch.Windows {
		for _, row := range r.Rows {
			if key := cellKey(r.Start, row.Service); r.Revision > b.newest[key].revision {
				b.newest[key] = newest{r.Revision, row.Requests}
			}
		}
		if r.Revised {
			b.revised++
		}
	}
}

func cellKey(start int64, service string) string { return fmt.Sprintf("%d %s", start, service) }

func judgeConfig() JudgeConfig {
	return JudgeConfig{Window: window.Default(), Detect: detect.Default(), Incident: incident.Default()}
}

// run judges messages; a judge that dies is followed by one that starts from the last snapshot.
func run(t *testing.T, list []window.Message, dies func() bool) told {
	t.Helper()
	b := told{events: map[string]incident.Event{}, newest: map[string]newest{}}
	j := NewJudge(judgeConfig(), &JudgeCounters{})
	var last *Snapshot
	for place := int64(0); place < int64(len(list)); place++ {
		j.Apply(place, list[place])
		if !dies() {
			continue
		}
		b.take(t, j.Take())
		if last == nil || dies() {
			s := j.Snapshot(place+1, place+1)
			last = &s
		}
		j = NewJudge(judgeConfig(), &JudgeCounters{})
		if err := j.Restore(*last); err != nil {
			t.Fatal(err)
		}
		place = last.Offset - 1
	}
	b.take(t, j.Take())
	return b
}

func TestALateRevisionOfAWindowOpensNoIncident(t *testing.T) {
	opened, revised := 0, 0
	for seed := range uint64(25) {
		r := rand.New(rand.NewPCG(seed, 11))
		h := someHistory(r, 240)
		plain := run(t, h.messages(false), func() bool { return false })
		late := run(t, h.messages(true), func() bool { return false })
		crashes := 0
		crashed := run(t, h.messages(true), func() bool {
			if crashes < 20 && r.IntN(60) == 0 {
				crashes++
				return true
			}
			return false
		})
		if !slices.Equal(plain.opened, late.opened) || !slices.Equal(plain.opened, crashed.opened) {
			t.Errorf("seed %d: %v opened; with late revisions %v, with judges that die as well %v", seed, plain.opened, late.opened, crashed.opened)
		}
		if !reflect.DeepEqual(plain.events, late.events) || !reflect.DeepEqual(plain.events, crashed.events) {
			t.Errorf("seed %d: the timelines differ", seed)
		}
		for w := range h.onTime {
			for i, name := range services {
				want := uint64(0)
				for s := range sources {
					want += h.onTime[w][s][i].requests
					if d := h.delay[w][s]; d > 0 && w+d < len(h.onTime) {
						want += h.later[w][s][i].requests
					}
				}
				key := cellKey(int64(w)*10*second, name)
				if one, several := late.newest[key].requests, crashed.newest[key].requests; one != want || several != want {
					t.Errorf("seed %d: the newest row of %s has %d requests, with judges that die %d; %d came", seed, key, one, several, want)
				}
			}
		}
		opened += len(plain.opened)
		revised += late.revised
	}
	if opened < 25 || revised < 1000 {
		t.Errorf("only %d incidents and %d revisions were compared", opened, revised)
	}
}
