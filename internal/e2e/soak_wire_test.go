//go:build wire && soak

package e2e

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/spikeline/spikeline/internal/testkit"
)

// overload is how a worker did while it got ten times what it could take.
type overload struct {
	produced atomic.Uint64
	taken    atomic.Uint64 // as of the last second
	lags     []uint64      // at the end of each half minute
	resident []int         // MiB, the most of each half minute
	told     string        // by readiness
}

const (
	lasts    = 5 * time.Minute
	halfMin  = lasts / 10
	backlog  = 2_100_000 // more than readiness allows
	tenTimes = 10
)

// overwhelm sends a backlog that readiness must tell of, and then ten times what the worker takes meanwhile.
func overwhelm(t *testing.T, worker *process, client *kafka.Client) *overload {
	o := &overload{}
	watched := make(chan struct{})
	go func() { defer close(watched); o.watch(worker) }()
	for begun := time.Now(); time.Since(begun) < lasts; {
		now := time.Now()
		if o.produced.Load() >= backlog+tenTimes*o.taken.Load() {
			time.Sleep(50 * time.Millisecond)
			continue
		}
		values := make([][]byte, 5000)
		for i := range values {
			values[i] = []byte(request(now, fmt.Sprintf("host-%d.example", i%40), fmt.Sprintf("P%d", i%20)))
		}
		testkit.Produce(t, client, "edge.requests", 0, kafka.Lz4, values...)
		o.produced.Add(uint64(len(values)))
	}
	<-watched
	return o
}

// watch takes a sample each second, and notes the lag and the most memory of each half minute.
func (o *overload) watch(worker *process) {
	for begun, most := time.Now(), 0; len(o.lags) < int(lasts/halfMin); time.Sleep(time.Second) {
		o.taken.Store(uint64(worker.metric("spikeline_records_read_total")))
		most = max(most, worker.resident())
		if why := unready(worker.address()); strings.Contains(why, "records behind") {
			o.told = why
		}
		if time.Since(begun) >= halfMin*time.Duration(len(o.lags)+1) {
			o.lags, o.resident = append(o.lags, o.produced.Load()-o.taken.Load()), append(o.resident, most)
			most = 0
		}
	}
}

// A worker with a hundredth of its time gets ten times what it can take, for
// five minutes: it must stay in memory, say so, catch up once it may, and be exact.
func TestFiveMinutesOfOverload(t *testing.T) {
	broker := testkit.StartKafka(t)
	broker.CreateTopic("edge.requests", 1)
	db := startEngine(t)
	worker := start(t, "run", "--config", configure(t, broker.Addr, db, ""))
	if why := unready(worker.address()); why != "" {
		t.Errorf("an idle worker is not ready: %s", why)
	}
	release := worker.throttle(8 * time.Millisecond)
	o := overwhelm(t, worker, broker.Client())
	release()
	t.Logf("%d records produced, %d taken; lag by half minutes %v; MiB resident %v; %s", o.produced.Load(), o.taken.Load(), o.lags, o.resident, strings.TrimSpace(o.told))
	if !slices.IsSorted(o.lags) {
		t.Errorf("the lag did not grow all the time: %v", o.lags)
	}
	early, late := slices.Max(o.resident[:len(o.resident)/2]), slices.Max(o.resident[len(o.resident)/2:])
	if late > early+early/4 || late > 300 {
		t.Errorf("%d MiB resident in the first half, %d in the second", early, late)
	}
	if o.told == "" {
		t.Error("readiness never told that the worker is behind")
	}
	begun := time.Now()
	db.await(t, "SELECT sum(consumed), sum(counted), sum(too_late), sum(rejected_total), sum(missing) FROM spikeline.ledger", fmt.Sprintf("%d\t%[1]d\t0\t0\t0", o.produced.Load()), worker)
	db.await(t, "SELECT sum(requests) FROM spikeline.windows", fmt.Sprint(o.produced.Load()), worker)
	t.Logf("drained in %v", time.Since(begun).Round(100*time.Millisecond))
	if !waitFor(10*time.Second, func() bool { return unready(worker.address()) == "" }) {
		t.Errorf("not ready again: %s", unready(worker.address()))
	}
	worker.stop()
}
