package exchange

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/apache/arrow/go/v17/arrow"

	"github.com/spikeline/spikeline/ingest/accesslog"
	"github.com/spikeline/spikeline/processor/window"
)

func TestEveryMessageComesBackAsItWasSent(t *testing.T) {
	encoder, decoder := NewEncoder(Default().MaxMessageBytes), NewDecoder(16<<20)
	for seed := range uint64(200) {
		sent := randomMessage(rand.New(rand.NewPCG(seed, 1)), 60)
		got := decodeAll(t, decoder, mustEncode(t, encoder, &sent))
		if merged := merge(got); !reflect.DeepEqual(merged, sent) {
			t.Fatalf("seed %d:\nsent %+v\n got %+v", seed, sent, merged)
		}
	}
}

func TestOnlyTheLastValueTellsTheWatermarkAndIdleness(t *testing.T) {
	sent := randomMessage(rand.New(rand.NewPCG(7, 7)), 400)
	sent.Partial.Rows = partialOf(rand.New(rand.NewPCG(7, 7)), 400).Rows
	sent.Blocks, sent.Rejects = randomBlocks(rand.New(rand.NewPCG(7, 7)), 3), randomRejects(rand.New(rand.NewPCG(7, 7)), 3, sent.Source)
	sent.Watermark, sent.Idle = 12345, true
	values := mustEncode(t, NewEncoder(minMessageBytes/8), &sent)
	for i, v := range values {
		h, _, err := parse(v, &names{})
		if err != nil {
			t.Fatal(err)
		}
		last := i == len(values)-1
		if (h.watermark == 12345) != last || h.idle != last {
			t.Errorf("value %d of %d (%s, chunk %d of %d) tells watermark %d, idle %v", i+1, len(values), h.kind, h.chunk, h.chunks, h.watermark, h.idle)
		}
	}
}

func TestNoValueIsLargerThanTheLimit(t *testing.T) {
	const limit = 20_000
	encoder := NewEncoder(limit)
	r := rand.New(rand.NewPCG(3, 3))
	for range 20 {
		m := window.Message{Source: window.Source{Topic: "edge"}, Watermark: 1, Partial: partialOf(r, r.IntN(1500)), Rejects: randomRejects(r, r.IntN(2000), window.Source{Topic: "edge"})}
		for _, v := range mustEncode(t, encoder, &m) {
			if len(v) > limit {
				t.Fatalf("a value of %d bytes, limit %d", len(v), limit)
			}
		}
	}
}

// Whatever the order, the repetitions and the strangers between them: every
// partial of which all chunks came arrives whole, and nothing else does.
func TestChunksJoinInAnyOrderWithDuplicatesAndZombies(t *testing.T) {
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 2))
		encoder, decoder := NewEncoder(8_000), NewDecoder(64<<20)
		source := window.Source{Topic: "edge", Partition: 3}
		var values [][]byte
		sent := map[int64]*window.Partial{}
		for through := range int64(4) {
			p := partialOf(r, 80+r.IntN(100))
			p.Through = through
			sent[through] = p
			m := window.Message{Source: source, Watermark: 1000 + through, Partial: p}
			own := mustEncode(t, encoder, &m)
			values = append(values, own...)
			values = append(values, own[r.IntN(len(own))])
		}
		r.Shuffle(len(values), func(i, j int) { values[i], values[j] = values[j], values[i] })
		highest, watermark := int64(-1), window.NoTime
		for i, v := range values {
			got, ok, err := decoder.Decode(int64(i), v)
			if err != nil {
				t.Fatal(err)
			}
			if !ok {
				continue
			}
			watermark = max(watermark, got.Watermark)
			if got.Partial == nil {
				continue
			}
			if want := sent[got.Partial.Through]; !reflect.DeepEqual(got.Partial, want) {
				t.Fatalf("seed %d: the partial of through %d arrived changed", seed, got.Partial.Through)
			}
			highest = max(highest, got.Partial.Through)
		}
		if highest != 3 || watermark != 1003 {
			t.Fatalf("seed %d: through %d and watermark %d arrived, want 3 and 1003", seed, highest, watermark)
		}
		if o, pending := decoder.Oldest(); pending {
			t.Fatalf("seed %d: chunks from offset %d are still waited for after all arrived", seed, o)
		}
	}
}

func TestAnIncompletePartialHoldsTheCommitUntilItIsContainedOrRetired(t *testing.T) {
	encoder, decoder := NewEncoder(8_000), NewDecoder(64<<20)
	r := rand.New(rand.NewPCG(1, 1))
	p := partialOf(r, 200)
	m := window.Message{Source: window.Source{Topic: "edge"}, Watermark: 5, Partial: p}
	chunks := mustEncode(t, encoder, &m)
	decode := func(offset int64, value []byte) bool {
		_, ok, err := decoder.Decode(offset, value)
		if err != nil {
			t.Fatal(err)
		}
		return ok
	}
	if decode(10, chunks[0]) || decode(11, chunks[1]) {
		t.Fatal("a part of a partial arrived")
	}
	if o, pending := decoder.Oldest(); o != 10 || !pending {
		t.Fatalf("oldest is %d, %v, want 10", o, pending)
	}
	small := window.Message{Source: m.Source, Partial: &window.Partial{Start: p.Start, Through: p.Through + 1, Rows: p.Rows[:1]}}
	if !decode(12, mustEncode(t, encoder, &small)[0]) {
		t.Fatal("a whole partial did not arrive")
	}
	if o, pending := decoder.Oldest(); pending {
		t.Fatalf("offset %d is held although a newer partial contains it", o)
	}
	m.Partial.Through += 2
	decode(13, mustEncode(t, encoder, &m)[0])
	decoder.Retire(p.Start + 1)
	if _, pending := decoder.Oldest(); pending || decoder.pending != 0 {
		t.Fatalf("%d bytes are held after the window retired", decoder.pending)
	}
	if decode(14, chunks[0]); decoder.pending != 0 {
		t.Fatal("a chunk of a retired window is kept")
	}
}

func TestUnfinishedPartialsAreBoundedAndTheirLossIsCounted(t *testing.T) {
	encoder, decoder := NewEncoder(8_000), NewDecoder(200_000)
	r := rand.New(rand.NewPCG(1, 1))
	for i := range int64(50) {
		p := partialOf(r, 100)
		p.Start = i * 10
		m := window.Message{Source: window.Source{Topic: "edge"}, Watermark: 5, Partial: p}
		if _, _, err := decoder.Decode(i, mustEncode(t, encoder, &m)[0]); err != nil {
			t.Fatal(err)
		}
		if decoder.pending > decoder.limit {
			t.Fatalf("%d bytes are held, limit %d", decoder.pending, decoder.limit)
		}
	}
	if decoder.Evicted == 0 || int(decoder.Evicted)+len(decoder.windows) != 50 {
		t.Fatalf("%d evicted and %d kept of 50", decoder.Evicted, len(decoder.windows))
	}
}

func TestAnUnknownFormatVersionNamesBoth(t *testing.T) {
	h := header{kind: progressKind, chunk: 1, chunks: 1}
	md := h.metadata()
	values := slices.Clone(md.Values())
	values[md.FindKey("format")] = "2"
	value, err := newStream(schemas[progressKind]).write(arrow.NewMetadata(md.Keys(), values), record(schemas[progressKind], 0))
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = NewDecoder(1).Decode(42, value)
	const want = "exchange: message at offset 42: message has format version 2, this program reads version 1: run the same version everywhere"
	if err == nil || err.Error() != want {
		t.Fatalf("got %v\nwant %s", err, want)
	}
}

func TestDamagedValuesAreErrors(t *testing.T) {
	m := randomMessage(rand.New(rand.NewPCG(5, 5)), 30)
	decoder := NewDecoder(1 << 20)
	for _, v := range mustEncode(t, NewEncoder(1<<20), &m) {
		for cut := 0; cut < len(v)-len(endOfStream); cut += 7 {
			if _, _, err := decoder.Decode(0, v[:cut]); err == nil {
				t.Fatalf("%d of %d bytes were read as a message", cut, len(v))
			}
		}
		r := rand.New(rand.NewPCG(9, 9))
		for range 3000 {
			bad := slices.Clone(v)
			for range 1 + r.IntN(4) {
				bad[r.IntN(len(bad))] = byte(r.Uint32())
			}
			decoder.Decode(0, bad) // must not panic
		}
	}
}

// Run it with -fuzzminimizetime 5x: what Arrow covers varies from run to run, and the fuzzer would minimize forever.
func FuzzDecode(f *testing.F) {
	for seed := range uint64(6) {
		m := randomMessage(rand.New(rand.NewPCG(seed, seed)), 12)
		for _, v := range mustEncode(f, NewEncoder(4_000), &m) {
			f.Add(v)
		}
	}
	f.Add([]byte(strings.Repeat("\xff\xff\xff\xff", 8)))
	f.Fuzz(func(t *testing.T, value []byte) {
		got, ok, err := NewDecoder(1<<20).Decode(0, value)
		if err != nil || !ok {
			return
		}
		m := merge([]Arrival{got})
		again := merge(decodeAll(t, NewDecoder(1<<20), mustEncode(t, NewEncoder(maxMessageBytes), &m)))
		if !reflect.DeepEqual(again, m) {
			t.Fatalf("read %+v\nwhich comes back as %+v", m, again)
		}
	})
}

func mustEncode(t testing.TB, e *Encoder, m *window.Message) [][]byte {
	t.Helper()
	values, err := e.Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	return values
}

func decodeAll(t testing.TB, d *Decoder, values [][]byte) (arrivals []Arrival) {
	t.Helper()
	for i, v := range values {
		a, ok, err := d.Decode(int64(i), v)
		if err != nil {
			t.Fatal(err)
		}
		if ok {
			arrivals = append(arrivals, a)
		}
	}
	return arrivals
}

// merge puts the parts of one message together as a receiver does.
func merge(arrivals []Arrival) window.Message {
	m := window.Message{Watermark: window.NoTime}
	for _, a := range arrivals {
		m.Source, m.Sources, m.Position = a.Source, a.Sources, a.Position
		m.Watermark, m.Idle, m.Behind = max(m.Watermark, a.Watermark), a.Idle, a.Behind
		if a.Partial != nil {
			m.Partial = a.Partial
		}
		m.Blocks, m.Rejects = append(m.Blocks, a.Blocks...), append(m.Rejects, a.Rejects...)
	}
	return m
}

func randomMessage(r *rand.Rand, rows int) window.Message {
	m := window.Message{
		Source: window.Source{Topic: "edge.logs", Partition: r.Int32N(64)}, Sources: 64,
		Watermark: window.NoTime, Idle: r.IntN(4) == 0, Behind: r.IntN(4) == 0, Position: r.Int64N(1 << 50),
	}
	if r.IntN(3) > 0 {
		m.Watermark = r.Int64() - r.Int64()/2
	}
	if r.IntN(4) > 0 {
		m.Partial = partialOf(r, r.IntN(rows+1))
	}
	if r.IntN(2) == 0 {
		m.Blocks = randomBlocks(r, 1+r.IntN(3))
	}
	if r.IntN(2) == 0 {
		m.Rejects = randomRejects(r, 1+r.IntN(9), m.Source)
	}
	return m
}

func partialOf(r *rand.Rand, rows int) *window.Partial {
	p := &window.Partial{Start: 1_763_460_000_000_000_000, Through: r.Int64N(1 << 40), Rows: make([]window.Row, rows)}
	for i := range p.Rows {
		row := &p.Rows[i]
		row.Service, row.Pop = fmt.Sprintf("s%d.example.com", i%200), fmt.Sprintf("P%02d", i/200)
		for c := range counters {
			*counters[c].of(&row.Counts) = r.Uint64N(1 << r.UintN(63))
		}
		for n := r.IntN(3); n > 0; n-- {
			row.CacheErrors[r.IntN(int(accesslog.CacheStates))] = r.Uint64()
		}
		for code := uint16(r.IntN(300)); code < 1000 && r.IntN(8) > 0; code += 1 + uint16(r.IntN(200)) {
			row.Status = append(row.Status, window.StatusCount{Code: code, Count: r.Uint64()})
		}
		for b := uint16(r.IntN(100)); b < window.LatencyBuckets && r.IntN(40) > 0; b += 1 + uint16(r.IntN(9)) {
			row.Latency = append(row.Latency, window.LatencyBucket{Bucket: b, Count: r.Uint64N(1000)})
		}
	}
	return p
}

func randomBlocks(r *rand.Rand, n int) []window.Block {
	blocks := make([]window.Block, n)
	for i := range blocks {
		blocks[i] = window.Block{
			Index: r.Int64N(1 << 40), Through: r.Int64N(1 << 50),
			Consumed: r.Uint64(), Counted: r.Uint64(), TooLate: r.Uint64(), Missing: r.Uint64(),
		}
		blocks[i].Rejected[r.IntN(int(accesslog.Reasons))] = r.Uint64()
	}
	return blocks
}

func randomRejects(r *rand.Rand, n int, source window.Source) []window.Reject {
	rejects := make([]window.Reject, n)
	for i := range rejects {
		rejects[i] = window.Reject{
			At: r.Int64(), Source: source, Offset: r.Int64N(1 << 50), Reason: accesslog.Reason(r.IntN(int(accesslog.Reasons))),
			Service: strings.Repeat("x", r.IntN(9)), Sample: string([]byte{byte(r.Uint32()), 0, 0xff, byte(r.Uint32())}),
		}
	}
	return rejects
}
