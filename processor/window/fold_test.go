package window

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/spikeline/spikeline/ingest/accesslog"
)

func edgeRecords(n, services, pops int) ([]accesslog.Record, [][]byte) {
	r := rand.New(rand.NewPCG(1, 2))
	records, names := make([]accesslog.Record, n), make([][]byte, n)
	for i := range records {
		status := uint16(200)
		if r.IntN(50) == 0 {
			status = []uint16{304, 404, 403, 500, 503}[r.IntN(5)]
		}
		records[i] = accesslog.Record{Time: 1_700_000_000e9 + int64(i)*1e6, Pop: fmt.Appendf(nil, "P%02d", r.IntN(pops)), Status: status,
			Cache: accesslog.Cache(r.IntN(3)), Bytes: 900, LatencyMicros: int64(5000 * (1 + r.ExpFloat64()))}
		names[i] = fmt.Appendf(nil, "service-%d.example.com", int(float64(services)*r.Float64()*r.Float64()))
	}
	return records, names
}

func BenchmarkFold(b *testing.B) {
	for _, size := range []struct{ services, pops int }{{200, 30}, {10_000, 50}} {
		b.Run(fmt.Sprintf("%dx%d", size.services, size.pops), func(b *testing.B) {
			const n = 1 << 17
			records, names := edgeRecords(n, size.services, size.pops)
			f := NewFolder(Default(), Source{"t", 0}, 1, Commit{Largest: NoTime})
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				r := records[i&(n-1)]
				r.Time += int64(i/n) * n * 1e6
				f.Add(int64(i), r.Time, &r, names[i&(n-1)], nil)
				if i%100_000 == 0 {
					f.Flush(false)
				}
			}
		})
	}
}

func TestFoldingARecordOfAKnownCellAllocatesNothing(t *testing.T) {
	records, names := edgeRecords(10_000, 20, 5)
	f := NewFolder(Default(), Source{"t", 0}, 1, Commit{Largest: NoTime})
	offset := int64(0)
	for range 5 {
		for i := range records {
			records[i].Time = 1_700_000_000e9
			f.Add(offset, records[i].Time, &records[i], names[i], nil)
			offset++
		}
	}
	i := 0
	if n := testing.AllocsPerRun(5000, func() {
		f.Add(offset, records[i].Time, &records[i], names[i], nil)
		offset++
		i++
	}); n != 0 {
		t.Fatalf("%v allocations a record", n)
	}
}

func TestACellCountsWhatASimpleSumCounts(t *testing.T) {
	records, names := edgeRecords(20_000, 30, 4)
	f := NewFolder(Default(), Source{"t", 0}, 1, Commit{Largest: NoTime})
	want := map[string]*Counts{}
	for i := range records {
		r := &records[i]
		r.Time = 1_700_000_000e9 + int64(i%10)*1e8
		f.Add(int64(i), r.Time, r, names[i], nil)
		key := string(names[i]) + " " + string(r.Pop)
		c := want[key]
		if c == nil {
			c = &Counts{}
			want[key] = c
		}
		one := Counts{Requests: 1, Bytes: r.Bytes, Status: []StatusCount{{r.Status, 1}}, Latency: Latency{{BucketOf(r.LatencyMicros), 1}}}
		if r.Status >= 500 {
			one.Errors, one.EdgeErrors, one.CacheErrors[r.Cache] = 1, 1, 1
		} else if r.Status >= 400 {
			one.ClientErrors = 1
		}
		if r.Cache == accesslog.CacheHit {
			one.CacheHits = 1
		}
		c.Add(&one)
	}
	var rows int
	for _, m := range f.Flush(false) {
		if m.Partial == nil {
			continue
		}
		for _, row := range m.Partial.Rows {
			rows++
			if got, w := fmt.Sprint(row.Counts), fmt.Sprint(*want[row.Service+" "+row.Pop]); got != w {
				t.Fatalf("%s in %s:\n got %s\nwant %s", row.Service, row.Pop, got, w)
			}
		}
	}
	if rows != len(want) {
		t.Fatalf("%d rows, want %d", rows, len(want))
	}
}

func TestQuantilesAreWithinTheStatedErrorOfTheExactOnes(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var values []int64
	var l Latency
	for range 5000 {
		v := int64(20 * (1 + 1000*r.ExpFloat64()*r.ExpFloat64()))
		values = append(values, v)
		l = l.add(LatencyBucket{BucketOf(v), 1})
	}
	slices.Sort(values)
	for _, q := range []float64{0, .5, .9, .95, .99, .999} {
		exact, got := float64(values[int(q*5000)]), float64(l.Quantile(q))
		if got < exact*(1-1/32.) || got > exact*(1+1/32.) {
			t.Errorf("quantile %v: %v, exact %v", q, got, exact)
		}
	}
	if (Latency{}).Quantile(.5) != 0 {
		t.Error("an empty histogram has no quantile")
	}
}

func TestEveryLatencyIsWithinItsBucketsErrorAndBucketsAreOrdered(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	for range 100_000 {
		v := r.Int64N(1 << (1 + r.IntN(35)))
		mid := int64(LatencyBucket{Bucket: BucketOf(v)}.Micros())
		if diff := max(mid-v, v-mid); float64(diff) > float64(v)/32+0.5 {
			t.Fatalf("%d µs is shown as %d", v, mid)
		}
		if BucketOf(v) > BucketOf(v+1) {
			t.Fatalf("bucket of %d is above that of %d", v, v+1)
		}
	}
	if b := BucketOf(1 << 62); int(b) != LatencyBuckets-1 {
		t.Fatalf("a huge latency is in bucket %d of %d", b, LatencyBuckets)
	}
}

func TestMergingHistogramsIsAddingThem(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	some := func() (l Latency) {
		for range r.IntN(20) {
			l = l.add(LatencyBucket{uint16(r.IntN(30)), uint64(1 + r.IntN(5))})
		}
		return l
	}
	for range 2000 {
		a, b := some(), some()
		want := slices.Clone(a)
		for _, x := range b {
			want = want.add(x)
		}
		if got := slices.Clone(a).Merge(b); !slices.Equal(got, want) {
			t.Fatalf("%v and %v: %v, want %v", a, b, got, want)
		}
	}
}

func TestALateRecordJoinsAWindowAsIfItsTableHadStayed(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 7))
		packing, staying := NewFolder(Default(), Source{"t", 0}, 1, Commit{Largest: NoTime}), NewFolder(Default(), Source{"t", 0}, 1, Commit{Largest: NoTime})
		records, names := edgeRecords(5000, 20, 4)
		var last [2]map[int64]string
		flush := func(i int, f *Folder) {
			if last[i] == nil {
				last[i] = map[int64]string{}
			}
			for m := range f.Each(false, false) {
				if m.Partial != nil {
					last[i][m.Partial.Start] = fmt.Sprint(m.Partial.Through, m.Partial.Rows)
				}
			}
		}
		for i := range records {
			rec := &records[i]
			rec.Time = 1_700_000_000e9 + int64(i)*20e6
			rec.Status = uint16(100 + r.IntN(900)/(1+r.IntN(100)))
			if r.IntN(10) == 0 {
				rec.Time -= r.Int64N(60e9)
			}
			packing.Add(int64(i), rec.Time, rec, names[i], nil)
			staying.Add(int64(i), rec.Time, rec, names[i], nil)
			if r.IntN(50) == 0 {
				flush(0, packing)
			}
		}
		packing.Add(5000, 1_800_000_000e9, &accesslog.Record{Time: 1_800_000_000e9, Status: 200}, names[0], nil)
		staying.Add(5000, 1_800_000_000e9, &accesslog.Record{Time: 1_800_000_000e9, Status: 200}, names[0], nil)
		flush(0, packing)
		flush(1, staying)
		for start, want := range last[1] {
			if last[0][start] != want {
				t.Fatalf("seed %d, window %d:\n got %s\nwant %s", seed, start, last[0][start], want)
			}
		}
		if len(last[1]) < 10 {
			t.Fatalf("only %d windows", len(last[1]))
		}
	}
}
