package window

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/spikeline/spikeline/ingest/accesslog"
)

// The laws of the design, on the real folder and merger: several partitions,
// folders that crash and go on sending as zombies, a judge that crashes, idle
// markers, stragglers. Everything is compared with the same input read without a fault.

const lawParts = 3

var lawCfg = Config{Width: 10 * time.Second, OutOfOrderness: 5 * time.Second, AllowedLateness: 30 * time.Second,
	MaxFuture: time.Hour, IdleAfter: time.Second, ReleaseAfter: 1000 * time.Hour, Services: 100, Pops: 100, Cells: 1000, Block: 64}

type request struct {
	at           int64
	service, pop string
	status       uint16
	broken       bool
}

func someRequests(r *rand.Rand, n int) []request {
	out := make([]request, n)
	now := 1000 + r.IntN(20)
	for i := range out {
		now += r.IntN(3)
		at := now - r.IntN(12)
		if r.IntN(20) == 0 {
			at = now - r.IntN(80)
		}
		out[i] = request{int64(at) * 1e9, string(rune('a' + r.IntN(5))), string(rune('X' + r.IntN(3))), uint16(200 + 300*(r.IntN(8)/7)), r.IntN(30) == 0}
	}
	return out
}

func fold(f *Folder, offset int64, q request) {
	if q.broken {
		f.Reject(offset, q.at, accesslog.Malformed, nil)
		return
	}
	f.Add(offset, q.at, &accesslog.Record{Time: q.at, Pop: []byte(q.pop), Status: q.status, Bytes: 7, LatencyMicros: q.at % 9999}, []byte(q.service), nil)
}

// store is what the database keeps: per key the row of the highest version.
type store struct {
	rows   map[string]stored
	ledger map[string]Block
}

type stored struct {
	revision uint64
	counts   string
}

func newStore() *store { return &store{map[string]stored{}, map[string]Block{}} }

func (s *store) put(results []Result) {
	for _, r := range results {
		for _, row := range r.Rows {
			key := fmt.Sprint(r.Start/1e9, " ", row.Service, " ", row.Pop)
			if old, ok := s.rows[key]; !ok || r.Revision >= old.revision { // as ReplacingMergeTree does: of equal versions the last
				s.rows[key] = stored{r.Revision, fmt.Sprint(row.Requests, row.Errors, row.Bytes, row.Status, row.Latency)}
			}
		}
	}
}

func (s *store) account(m Message) {
	for _, b := range m.Blocks {
		key := fmt.Sprint(m.Source, b.Index)
		if old, ok := s.ledger[key]; !ok || b.Through >= old.Through { // as ClickHouse does, the later of two equals counts
			s.ledger[key] = b
		}
	}
}

type lawJudge struct {
	m    *Merger
	next int64
	save struct {
		place   int64
		control Control
	}
}

func (j *lawJudge) step(m Message, s *store) {
	j.m.Apply(j.next, m)
	j.next++
	j.m.Closing()
	s.account(m)
	if j.m.Retiring() {
		s.put(j.m.Changes())
		j.m.Retire()
	}
}

type lawRun struct {
	r        *rand.Rand
	faults   bool
	input    [lawParts][]request
	folders  [lawParts]*Folder
	commits  [lawParts]Commit
	zombies  []*Folder
	log      []Message
	judge    lawJudge
	database *store
}

func newLawRun(seed uint64, faults bool) *lawRun {
	run := &lawRun{faults: faults, database: newStore(), r: rand.New(rand.NewPCG(seed, 78))}
	for p := range lawParts {
		run.input[p] = someRequests(rand.New(rand.NewPCG(seed, uint64(p+1))), 500)
		run.commits[p] = Commit{Largest: NoTime}
		run.folders[p] = run.folder(p)
	}
	run.judge.m = NewMerger(lawCfg, NewControl())
	run.judge.save.control = NewControl()
	return run
}

func (run *lawRun) folder(p int) *Folder {
	return NewFolder(lawCfg, Source{"t", int32(p)}, lawParts, run.commits[p])
}

// send gives the judge what a folder has, sometimes without early partials, sometimes after breaking off.
func (run *lawRun) send(f *Folder, idle bool) {
	early, most := true, math.MaxInt
	if run.faults {
		early, most = run.r.IntN(2) == 0, run.r.IntN(4)
	}
	for m := range f.Each(idle, early) {
		run.log = append(run.log, m)
		if most--; most < 0 {
			break
		}
	}
	if most < 0 { // a folder commits, and ends, only behind a complete flush
		run.log = append(run.log, f.Flush(idle)...)
	}
}

func (run *lawRun) read(f *Folder, n int) {
	input := run.input[f.source.Partition]
	for ; n > 0 && f.Position() < int64(len(input)); n-- {
		fold(f, f.Position(), input[f.Position()])
	}
}

func (run *lawRun) finished() bool {
	for p, f := range run.folders {
		if f.Position() < int64(len(run.input[p])) {
			return false
		}
	}
	return true
}

func (run *lawRun) fold(p int) {
	r, f := run.r, run.folders[p]
	if p == 2 && r.IntN(4) != 0 { // a partition that is silent for long
		if r.IntN(6) == 0 {
			run.send(f, true)
		}
	} else {
		run.read(f, 1+r.IntN(6))
	}
	if r.IntN(3) == 0 {
		run.send(f, false)
		if r.IntN(2) == 0 {
			run.commits[p] = f.Commit()
		}
	}
	if run.faults && r.IntN(30) == 0 {
		if r.IntN(2) == 0 {
			run.zombies = append(run.zombies, f)
		}
		run.folders[p] = run.folder(p)
	}
}

func (run *lawRun) judgeSome(n int) {
	j := &run.judge
	for ; n > 0 && j.next < int64(len(run.log)); n-- {
		j.step(run.log[j.next], run.database)
	}
	if run.r.IntN(3) == 0 {
		run.database.put(j.m.Changes())
		j.save.place, j.save.control = j.m.Resume(j.next)
	}
	if run.faults && run.r.IntN(25) == 0 {
		j.m, j.next = NewMerger(lawCfg, j.save.control), j.save.place
	}
}

func (run *lawRun) toEnd() *store {
	for !run.finished() {
		for p := range lawParts {
			run.fold(p)
		}
		for _, z := range run.zombies {
			if run.r.IntN(4) == 0 {
				run.read(z, 3)
				run.send(z, false)
			}
		}
		run.judgeSome(1 + run.r.IntN(60))
	}
	for _, f := range run.folders {
		run.send(f, false)
	}
	run.faults = false
	for run.judge.next < int64(len(run.log)) {
		run.judgeSome(100)
	}
	run.database.put(run.judge.m.Changes())
	return run.database
}

func TestWhateverCrashesTheRowsAndTheLedgerAreThoseOfAFaultFreeReading(t *testing.T) {
	for seed := range uint64(40) {
		want, got := newLawRun(seed, false).toEnd(), newLawRun(seed, true).toEnd()
		if !maps.EqualFunc(want.rows, got.rows, func(a, b stored) bool { return a.counts == b.counts }) {
			t.Fatalf("seed %d: rows differ", seed)
		}
		if !maps.Equal(want.ledger, got.ledger) {
			t.Fatalf("seed %d: ledgers differ", seed)
		}
	}
}

func TestConsumedIsCountedPlusTooLatePlusRejected(t *testing.T) {
	var late, broken, consumed uint64
	for seed := range uint64(10) {
		for key, b := range newLawRun(seed, true).toEnd().ledger {
			rejected := b.Rejected[accesslog.Malformed]
			if b.Consumed != b.Counted+b.TooLate+rejected {
				t.Fatalf("seed %d, block %s: %+v", seed, key, b)
			}
			late += b.TooLate
			broken += rejected
			consumed += b.Consumed
		}
	}
	if consumed != 10*lawParts*500 || late == 0 || broken == 0 {
		t.Fatalf("consumed %d of %d, %d too late, %d broken", consumed, 10*lawParts*500, late, broken)
	}
}

func TestWindowsCloseOnceInOrderWithoutAGap(t *testing.T) {
	for seed := range uint64(10) {
		run := newLawRun(seed, false)
		run.toEnd()
		m := NewMerger(lawCfg, NewControl())
		last := NoTime
		for place, msg := range run.log {
			m.Apply(int64(place), msg)
			for _, r := range m.Closing() {
				if last != NoTime && r.Start != last+int64(lawCfg.Width) {
					t.Fatalf("seed %d: after the window at %d s came the one at %d s", seed, last/1e9, r.Start/1e9)
				}
				if r.Start >= m.frontier() {
					t.Fatalf("seed %d: closed ahead of the frontier", seed)
				}
				last = r.Start
			}
			m.Changes()
			m.Retire()
		}
	}
}

func TestMergingIsIdempotentAndCommutative(t *testing.T) {
	for seed := range uint64(10) {
		run := newLawRun(seed, false)
		run.toEnd()
		shuffled := slices.Clone(run.log)
		for i := range shuffled { // watermarks and admission follow the order of the log, contents do not
			shuffled[i].Watermark = NoTime
		}
		want := mergeAll(lawCfg, shuffled)
		r := rand.New(rand.NewPCG(seed, 5))
		shuffled = append(shuffled, shuffled[:len(shuffled)/2]...)
		r.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		if got := mergeAll(lawCfg, shuffled); !maps.Equal(want.rows, got.rows) {
			t.Fatalf("seed %d: order or repetition changed the rows", seed)
		}
	}
}

func mergeAll(cfg Config, log []Message) *store {
	m, s := NewMerger(cfg, NewControl()), newStore()
	for place, msg := range log {
		m.Apply(int64(place), msg)
	}
	s.put(m.Changes())
	return s
}

func TestBeyondTheLimitsRequestsAreCountedUnderOther(t *testing.T) {
	tight := lawCfg
	tight.Services, tight.Pops = 3, 2
	f := NewFolder(tight, Source{"t", 0}, 1, Commit{Largest: NoTime})
	for i := range 100 {
		fold(f, int64(i), request{at: 1000e9, service: string(rune('a' + i%10)), pop: string(rune('P' + i%4)), status: 200})
	}
	partial := f.Flush(false)[0]
	m := NewMerger(tight, NewControl())
	for p := range int32(3) {
		partial.Source.Partition = p
		m.Apply(int64(p), partial)
	}
	rows := m.Changes()[0].Rows
	services, requests, other := map[string]bool{}, uint64(0), uint64(0)
	for _, r := range rows {
		services[r.Service] = true
		requests += r.Requests
		if r.Service == Other {
			other += r.Requests
		}
	}
	if len(services) != 4 || !services[Other] || requests != 300 || other != 210 {
		t.Fatalf("%d services, %d requests, %d of them under %s, in %d rows", len(services), requests, other, Other, len(rows))
	}
}

func TestAPartitionThatIsIdleForTooLongIsReleasedAndWhatItBringsIsTooLate(t *testing.T) {
	cfg := lawCfg
	cfg.ReleaseAfter = time.Minute
	busy, silent := NewFolder(cfg, Source{"t", 0}, 2, Commit{Largest: NoTime}), NewFolder(cfg, Source{"t", 1}, 2, Commit{Largest: NoTime})
	m := NewMerger(cfg, NewControl())
	place := int64(0)
	send := func(messages []Message) {
		for _, msg := range messages {
			m.Apply(place, msg)
			m.Closing()
			m.Changes()
			m.Retire()
			place++
		}
	}
	fold(silent, 0, request{at: 1000e9, service: "a", pop: "X", status: 200})
	send(silent.Flush(true))
	for i := range int64(300) {
		fold(busy, i, request{at: (1000 + i) * 1e9, service: "a", pop: "X", status: 200})
		send(busy.Flush(false))
	}
	if m.RetiredTo < 1200e9 {
		t.Fatalf("windows are final to %d s only: the idle partition holds them", m.RetiredTo/1e9)
	}
	fold(silent, 1, request{at: 1005e9, service: "a", pop: "X", status: 200})
	send(silent.Flush(false))
	want := LatePartial{Source: Source{"t", 1}, Start: 1000e9, Through: 1, Requests: 1, New: 1}
	if late := m.Late(); !slices.Equal(late, []LatePartial{want}) {
		t.Fatalf("late: %+v", late)
	}
	fold(silent, 2, request{at: 1006e9, service: "b", pop: "X", status: 200})
	again := silent.Flush(false)
	send(append(again, again...))
	want = LatePartial{Source: Source{"t", 1}, Start: 1000e9, Through: 2, Requests: 2, New: 1}
	if late := m.Late(); !slices.Equal(late, []LatePartial{want}) {
		t.Fatalf("late: %+v", late)
	}
	_, control := m.Resume(place)
	m = NewMerger(cfg, control)
	fold(silent, 3, request{at: 1007e9, service: "b", pop: "X", status: 200})
	send(silent.Flush(false))
	want = LatePartial{Source: Source{"t", 1}, Start: 1000e9, Through: 3, Requests: 3, New: 1}
	if late := m.Late(); !slices.Equal(late, []LatePartial{want}) {
		t.Fatalf("after a hand-over, late: %+v", late)
	}
	send([]Message{{Source: Source{"t", 0}, Sources: 2, Watermark: busy.told, Partial: &Partial{Start: 1000e9, Through: 9, Rows: []Row{{Service: "a", Pop: "X", Counts: Counts{Requests: 10}}}}}})
	if late := m.Late(); len(late) != 0 {
		t.Fatalf("a re-send was taken for late records: %+v", late)
	}
}

func TestAFormerOwnerCannotCallAPartitionIdle(t *testing.T) {
	m := NewMerger(lawCfg, NewControl())
	zombie, owner, other := NewFolder(lawCfg, Source{"t", 0}, 2, Commit{Largest: NoTime}), NewFolder(lawCfg, Source{"t", 0}, 2, Commit{Largest: NoTime}), NewFolder(lawCfg, Source{"t", 1}, 2, Commit{Largest: NoTime})
	first := request{at: 1000e9, service: "a", pop: "X", status: 200}
	place := int64(0)
	send := func(messages []Message) (closed []Result) {
		for _, msg := range messages {
			m.Apply(place, msg)
			closed = append(closed, m.Closing()...)
			place++
		}
		return closed
	}
	fold(zombie, 0, first)
	fold(owner, 0, first)
	fold(owner, 1, first)
	send(owner.Flush(false))
	fold(other, 0, request{at: 1100e9, service: "a", pop: "X", status: 200})
	if closed := append(send(other.Flush(false)), send(zombie.Flush(true))...); len(closed) != 0 {
		t.Fatalf("%d windows closed before their owner had read on", len(closed))
	}
	if closed := send(owner.Flush(true)); len(closed) == 0 {
		t.Fatal("the owner's word was not taken")
	}
}

func TestAHoleInTheOffsetsIsCountedAsMissingInEachBlockItTouches(t *testing.T) {
	f := NewFolder(lawCfg, Source{"t", 0}, 1, Commit{Offset: lawCfg.Block - 10, Largest: NoTime})
	fold(f, 2*lawCfg.Block+5, request{at: 1000e9, service: "a", pop: "X", status: 200})
	var got []uint64
	for _, m := range f.Flush(false) {
		for _, b := range m.Blocks {
			got = append(got, b.Missing)
		}
	}
	if !slices.Equal(got, []uint64{10, 64, 5}) {
		t.Fatalf("missing per block: %v", got)
	}
}

func TestATimestampAheadOfTheClockIsRejectedAndMovesNothing(t *testing.T) {
	cfg := lawCfg
	cfg.MaxFuture = time.Minute
	f := NewFolder(cfg, Source{"t", 0}, 1, Commit{Largest: NoTime})
	rec := accesslog.Record{Time: 2000e9, Status: 200}
	if got := f.Add(0, 1000e9, &rec, []byte("a"), nil); got != accesslog.Future {
		t.Fatalf("got %v", got)
	}
	if f.Watermark() != NoTime {
		t.Fatalf("the watermark moved to %d", f.Watermark())
	}
}

func TestASourceThatIsFarBehindDelaysTheRowsOfOpenWindowsAlone(t *testing.T) {
	m := NewMerger(lawCfg, NewControl())
	width := int64(lawCfg.Width)
	partial := func(p int32, start, watermark int64, behind bool) {
		rows := []Row{{Service: "a", Pop: "P", Counts: Counts{Requests: 1}}}
		m.Apply(start+int64(p), Message{Source: Source{"t", p}, Sources: 2, Watermark: watermark, Position: start, Behind: behind, Partial: &Partial{Start: start, Through: start, Rows: rows}})
		m.Closing()
	}
	starts := func() (starts []int64) {
		for _, r := range m.Changes() {
			starts = append(starts, r.Start/width)
		}
		return starts
	}
	partial(0, 0, width, true)
	if got := starts(); got != nil {
		t.Fatalf("windows %v of a backlog are shown before they close", got)
	}
	partial(1, 0, width, false)
	partial(1, width, width, false)
	if got := starts(); !slices.Equal(got, []int64{0}) {
		t.Fatalf("windows %v are shown, want the closed one", got)
	}
	partial(0, width, width, false)
	if got := starts(); !slices.Equal(got, []int64{1}) {
		t.Fatalf("windows %v are shown once nothing is behind, want the open one", got)
	}
}
