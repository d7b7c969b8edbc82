package window

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/spikeline/spikeline/ingest/accesslog"
)

// randomCounts is any Counts a sender can make: all fields over their whole range, lists of any length.
func randomCounts(r *rand.Rand) (c Counts) {
	number := func() uint64 { return r.Uint64() >> r.IntN(64) >> 8 }
	c.Requests = number()
	for _, f := range c.fields() {
		if r.IntN(3) == 0 {
			*f = number()
		}
	}
	for range r.IntN(3) {
		c.CacheErrors[r.IntN(int(accesslog.CacheStates))] = number()
	}
	for range r.IntN(4) {
		c.Status = addStatus(c.Status, StatusCount{uint16(r.IntN(1 << 16)), 1 + number()})
	}
	for range r.IntN(30) {
		c.Latency = c.Latency.add(LatencyBucket{uint16(r.IntN(LatencyBuckets)), 1 + number()})
	}
	return c
}

func TestTheSumOfPackedRowsIsTheSumOfTheRows(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var total sum
	var lists slabs
	for range 20_000 {
		var want Counts
		for range 1 + r.IntN(4) {
			c := randomCounts(r)
			packed := pack(nil, &c)
			if got := packedRequests(packed); got != c.Requests {
				t.Fatalf("%d requests of %d", got, c.Requests)
			}
			total.add(packed)
			want.Add(&c)
		}
		if got, w := fmt.Sprint(total.take(&lists)), fmt.Sprint(want); got != w {
			t.Fatalf("\n got %s\nwant %s", got, w)
		}
	}
}
