//go:build wire

package chaos

import (
	"context"
	"fmt"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/spikeline/spikeline/ingest/accesslog"
	"github.com/spikeline/spikeline/processor/window"
)

// cell is one service in one pop in one window.
type cell struct {
	start        int64 // Unix seconds
	service, pop string
}

type counts struct{ requests, errors uint64 }

// truth is what the topic's records amount to, read one partition after the other.
type truth struct {
	produced uint64
	rejected [accesslog.Reasons]uint64 // too late among them
	cells    map[cell]counts
}

// read counts the topic. It shares the decoder with the program, and nothing else.
func read(ctx context.Context, client *kafka.Client, through [partitions]int64) (*truth, error) {
	t := &truth{cells: map[cell]counts{}}
	for p := range partitions {
		decoder, err := accesslog.New("cloudflare")
		if err != nil {
			return nil, err
		}
		largest := int64(-1 << 62)
		err = readBack(ctx, client, p, through[p], func(_, timeMs int64, value []byte) {
			largest = t.add(decoder, largest, timeMs*int64(time.Millisecond), value)
		})
		if err != nil {
			return nil, err
		}
	}
	return t, nil
}

// add judges one record by the rules of one partition, and gives the largest timestamp so far.
func (t *truth) add(decoder accesslog.Decoder, largest, arrived int64, value []byte) int64 {
	t.produced++
	c := window.Default()
	var r accesslog.Record
	reason := decoder.Decode(value, &r)
	start := r.Time - r.Time%int64(c.Width)
	switch {
	case reason != accesslog.OK:
	case len(r.Service) == 0:
		reason = accesslog.NoService
	case r.Time > arrived+int64(c.MaxFuture):
		reason = accesslog.Future
	case start+int64(c.Width+c.AllowedLateness+c.OutOfOrderness) <= largest:
		reason = accesslog.TooLate
	}
	if reason != accesslog.OK {
		t.rejected[reason]++
		return largest
	}
	key := cell{start / int64(time.Second), string(r.Service), string(r.Pop)}
	n := t.cells[key]
	n.requests++
	if r.Status >= 500 {
		n.errors++
	}
	t.cells[key] = n
	return max(largest, r.Time)
}

func (t *truth) counted() (n uint64) {
	for _, c := range t.cells {
		n += c.requests
	}
	return n
}

// damage is how a window row differs from the truth.
type damage struct {
	cell
	got, want counts
	rows      int
}

func (d damage) String() string {
	return fmt.Sprintf("%s %s %s: %d rows, %d requests and %d errors stored; %d and %d produced",
		time.Unix(d.start, 0).UTC().Format("15:04:05"), d.service, d.pop, d.rows, d.got.requests, d.got.errors, d.want.requests, d.want.errors)
}

func (d damage) lost() uint64 { return d.want.requests - min(d.want.requests, d.got.requests) }
func (d damage) doubled() uint64 {
	return d.got.requests - min(d.want.requests, d.got.requests)
}

// compareWindows finds every row that is missing, doubled or wrong.
func (t *truth) compareWindows(ctx context.Context, db database) (found []damage, err error) {
	rows, err := db.rows(ctx, "SELECT toUnixTimestamp(window_start), service, pop, requests, errors FROM spikeline.windows")
	if err != nil {
		return nil, err
	}
	type stored struct {
		counts
		rows int
	}
	have := map[cell]stored{}
	for _, r := range rows {
		start, _ := strconv.ParseInt(r[0], 10, 64)
		requests, _ := strconv.ParseUint(r[3], 10, 64)
		errors, _ := strconv.ParseUint(r[4], 10, 64)
		s := have[cell{start, r[1], r[2]}]
		s.requests, s.errors, s.rows = s.requests+requests, s.errors+errors, s.rows+1
		have[cell{start, r[1], r[2]}] = s
	}
	for key, want := range t.cells {
		if got := have[key]; got.rows != 1 || got.counts != want {
			found = append(found, damage{key, got.counts, want, got.rows})
		}
		delete(have, key)
	}
	for key, got := range have {
		found = append(found, damage{key, got.counts, counts{}, got.rows})
	}
	sort.Slice(found, func(i, j int) bool { return found[i].start < found[j].start })
	return found, nil
}

// compareLedger checks that produced = counted + too late + rejected, and each of them.
func (t *truth) compareLedger(ctx context.Context, db database) error {
	var want strings.Builder
	fmt.Fprintf(&want, "%d\t%d\t%d\t0\t0", t.produced, t.counted(), t.rejected[accesslog.TooLate])
	for reason := accesslog.OK + 1; reason < accesslog.Reasons; reason++ {
		if reason != accesslog.TooLate {
			fmt.Fprintf(&want, "\t%d", t.rejected[reason])
		}
	}
	query := "SELECT sum(consumed), sum(counted), sum(too_late), sum(missing), sum(abs(unaccounted))"
	for reason := accesslog.OK + 1; reason < accesslog.Reasons; reason++ {
		if reason != accesslog.TooLate {
			query += fmt.Sprintf(", sum(rejected['%s'])", reason)
		}
	}
	return db.await(ctx, time.Minute, query+" FROM spikeline.ledger", want.String())
}
