package processor_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/spikeline/spikeline/demo"
	"github.com/spikeline/spikeline/ingest/accesslog"
	"github.com/spikeline/spikeline/processor"
	"github.com/spikeline/spikeline/processor/detect"
	"github.com/spikeline/spikeline/processor/incident"
	"github.com/spikeline/spikeline/processor/window"
)

var config = processor.JudgeConfig{Window: window.Default(), Detect: detect.Default(), Incident: incident.Default()}

// outage is what the folders of four partitions say about an hour and a half
// with 25 minutes of trouble, in the order in which the exchange holds it.
func outage(t *testing.T) (messages []window.Message) {
	t.Helper()
	const partitions, flushEvery = 4, 1000
	script, err := demo.Find("cloudflare-2025-12-05")
	if err != nil {
		t.Fatal(err)
	}
	o := demo.Default()
	o.Partitions, o.Total, o.Broken = partitions, 8, 0.001
	o.Start, o.End = time.Date(2025, 12, 5, 8, 0, 0, 0, time.UTC), time.Date(2025, 12, 5, 9, 30, 0, 0, time.UTC)
	source, err := demo.New(script, o)
	if err != nil {
		t.Fatal(err)
	}
	var folders [partitions]*processor.Lines
	var offsets [partitions]int64
	for i := range folders {
		folder := window.NewFolder(config.Window, window.Source{Topic: "edge", Partition: int32(i)}, partitions, window.Commit{Largest: window.NoTime})
		folders[i], err = processor.NewLines("cloudflare", accesslog.DefaultService(), folder, 1<<20, &processor.FoldCounters{})
		if err != nil {
			t.Fatal(err)
		}
	}
	for n := 1; ; n++ {
		line, m, more := source.Next(nil)
		if !more {
			break
		}
		folders[m.Partition].Line(offsets[m.Partition], m.Arrival, line)
		offsets[m.Partition]++
		if n%flushEvery == 0 {
			messages = append(messages, folders[n/flushEvery%partitions].Folder.Flush(false)...)
		}
	}
	for _, f := range folders {
		messages = append(messages, f.Folder.End()...)
	}
	return messages
}

// story is what ClickHouse would hold in the end: of each key the newest.
type story map[string]entry

type entry struct {
	version int64
	text    string
}

func (s story) put(version int64, content any, key ...any) {
	k, e := fmt.Sprint(key...), entry{version, fmt.Sprintf("%+v", content)}
	if old, found := s[k]; !found || e.version > old.version {
		s[k] = e
	} else if e.version == old.version && e.text != old.text {
		e.text += "\nbut also\n" + old.text
		s[k] = e
	}
}

func (s story) add(b processor.Batch) {
	for _, w := range b.Windows {
		for _, r := range w.Rows {
			s.put(int64(w.Revision), r, "window ", w.Start, r.Service, r.Pop)
		}
	}
	for _, x := range b.Signals {
		s.put(0, x, "signal ", x.Window, x.Scope, x.Kind)
	}
	for _, x := range b.Incidents {
		s.put(x.Version, x, "incident ", x.ID)
	}
	for _, x := range b.Events {
		s.put(x.Version, x, "event ", x.IncidentID, x.Seq)
	}
	for _, x := range b.Rejects {
		s.put(0, x, "reject ", x.Source, x.Offset)
	}
	for _, x := range b.Ledger {
		s.put(x.Through, x, "ledger ", x.Source, x.Index)
	}
}

func (s story) count(kind string) (n int) {
	for k := range s {
		if len(k) > len(kind) && k[:len(kind)] == kind {
			n++
		}
	}
	return n
}

// tell gives the story of judges who follow one another: each ends somewhere,
// and the next starts from the last snapshot, which may be well before.
func tell(t *testing.T, messages []window.Message, dice *rand.Rand, handOvers int) story {
	t.Helper()
	s, places, counters := story{}, int64(len(messages)), &processor.JudgeCounters{}
	var ends []int64
	for range handOvers {
		ends = append(ends, dice.Int64N(places))
	}
	slices.Sort(ends)
	judge := processor.NewJudge(config, counters)
	kept := judge.Snapshot(0, 0)
	for place := int64(0); place < places; {
		judge.Apply(place, messages[place])
		place++
		switch dice.IntN(20) {
		case 0:
			s.add(judge.Take())
			kept = judge.Snapshot(place, place)
		case 1, 2, 3:
			s.add(judge.Take())
		}
		if len(ends) > 0 && place > ends[0] {
			judge, place, ends = processor.NewJudge(config, counters), kept.Offset, ends[1:]
			if err := judge.Restore(kept); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.add(judge.Take())
	return s
}

func TestJudgesThatTakeOverFromOneAnotherTellTheStoryOfOne(t *testing.T) {
	messages := outage(t)
	whole := tell(t, messages, rand.New(rand.NewPCG(1, 1)), 0)
	if whole.count("incident ") != 1 || whole.count("event ") < 3 || whole.count("signal ") == 0 || whole.count("reject ") == 0 {
		t.Fatalf("one judge tells of %d incidents, %d events, %d signals, %d rejects", whole.count("incident "), whole.count("event "), whole.count("signal "), whole.count("reject "))
	}
	for seed := range uint64(3) {
		broken := tell(t, messages, rand.New(rand.NewPCG(seed, 2)), 20)
		if len(broken) != len(whole) {
			t.Errorf("seed %d: %d rows, one judge tells %d", seed, len(broken), len(whole))
		}
		shown := 0
		for _, k := range slices.Sorted(maps.Keys(whole)) {
			if broken[k].text != whole[k].text && shown < 3 {
				shown++
				t.Errorf("seed %d: %s is\n%v\nbut of one judge\n%v", seed, k, broken[k].text, whole[k].text)
			}
		}
	}
}

func TestASnapshotOfAnotherWindowIsRefusedWithTheNextStep(t *testing.T) {
	kept := processor.NewJudge(config, &processor.JudgeCounters{}).Snapshot(0, 0)
	wider := config
	wider.Window.Width = time.Minute
	err := processor.NewJudge(wider, &processor.JudgeCounters{}).Restore(kept)
	const want = "the judge's snapshot is of windows of 10s, the configuration says 1m0s: change window.width back, or use another group and other exchange topics"
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func TestADamagedSnapshotIsAnError(t *testing.T) {
	kept := processor.NewJudge(config, &processor.JudgeCounters{}).Snapshot(0, 0)
	for n := range len(kept.State) {
		cut := processor.Snapshot{State: kept.State[:n]}
		if err := processor.NewJudge(config, &processor.JudgeCounters{}).Restore(cut); err == nil {
			t.Errorf("the first %d of %d bytes are taken for a snapshot", n, len(kept.State))
		}
	}
}
