//go:build wire

package chaos

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/spikeline/spikeline/demo"
)

// feed plays an outage to the topic. What the broker may or may not have taken
// is sent again: the truth is what the topic holds in the end.
type feed struct {
	client *kafka.Client
	script *demo.Scenario
	gen    *demo.Generator
	speed  float64
	faults map[string]int

	mu     sync.Mutex
	last   [partitions]int64 // offset, as acknowledged
	resent int
}

const recordsPerSecond = 2500

// newFeed plays a part of an outage with an hour before it, so that it takes about the given wall time.
func newFeed(client *kafka.Client, seed uint64, lasts, idle time.Duration) (*feed, error) {
	name, from, to := "cloudflare-2025-12-05", "2025-12-05T07:50:00Z", "2025-12-05T09:40:00Z"
	if lasts > 4*time.Minute {
		name, from, to = "cloudflare-2025-11-18", "2025-11-18T10:20:00Z", "2025-11-18T18:00:00Z"
	}
	script, err := demo.Find(name)
	if err != nil {
		return nil, err
	}
	o := demo.Default()
	o.Seed, o.Partitions, o.Broken, o.TooLate = seed, partitions, 0.0005, 0.0002
	o.Start, _ = time.Parse(time.RFC3339, from)
	o.End, _ = time.Parse(time.RFC3339, to)
	f := &feed{client: client, script: script, faults: map[string]int{}}
	f.speed = float64(o.End.Sub(o.Start)) / float64(lasts)
	o.Total = recordsPerSecond / f.speed
	f.plan(&o, rand.New(rand.NewPCG(seed, 2)), time.Duration(float64(idle)*f.speed))
	f.gen, err = demo.New(script, o)
	for i := range f.last {
		f.last[i] = -1
	}
	return f, err
}

// plan has clocks jump, partitions fall silent, and one fall ten minutes behind. idle is event time.
func (f *feed) plan(o *demo.Options, random *rand.Rand, idle time.Duration) {
	length := o.End.Sub(o.Start)
	strike := func(kind string, partition int32, at float64, lasts time.Duration, fault demo.Fault) {
		fault.Partition, fault.From = partition, o.Start.Add(time.Duration(at*float64(length)))
		fault.To = fault.From.Add(lasts)
		o.Faults = append(o.Faults, fault)
		f.faults[kind]++
	}
	for i := range 3 {
		part := (float64(i) + 0.7*random.Float64()) / 3
		strike(producerAhead, 1, part, time.Minute, demo.Fault{Jump: time.Hour})
		strike(producerBehind, 2, part, time.Minute, demo.Fault{Jump: -time.Hour})
	}
	for i := range 2 {
		part := (float64(i) + 0.2 + 0.3*random.Float64()) / 2
		strike(partitionSilent, 3, part, idle+idle/2, demo.Fault{Silent: true})
	}
	strike(partitionSlow, 4, 0.3+0.2*random.Float64(), length/4, demo.Fault{Delay: 10 * time.Minute})
	strike(partitionSlow, 5, 0.5+0.2*random.Float64(), length, demo.Fault{Delay: 10 * time.Minute})
}

func (f *feed) run(ctx context.Context) error {
	if err := demo.Drive(ctx, f.gen, f, demo.Pace{Speed: f.speed, Batch: 256 << 10}); err != nil {
		return err
	}
	return f.closeWindows(ctx)
}

// closingTime is event time well after the outage.
func (f *feed) closingTime() time.Time {
	return f.script.End.Add(time.Hour)
}

// closeWindows brings one record to each partition whose watermark closes all windows before it.
func (f *feed) closeWindows(ctx context.Context) error {
	at := f.closingTime()
	line := fmt.Sprintf(`{"EdgeStartTimestamp":%d,"ClientRequestHost":"closing.example","EdgeColoCode":"FRA","EdgeResponseStatus":200,"EdgeResponseBytes":1}`, at.UnixNano())
	for p := range partitions {
		if err := f.Produce(ctx, int32(p), [][]byte{[]byte(line)}, []int64{at.UnixMilli()}); err != nil {
			return err
		}
	}
	return nil
}

// Produce returns once the broker has acknowledged the lines.
func (f *feed) Produce(ctx context.Context, partition int32, values [][]byte, times []int64) error {
	for {
		records := make([]kafka.Record, len(values))
		for i := range values {
			records[i] = kafka.Record{Time: time.UnixMilli(times[i]), Value: kafka.NewBytes(values[i])}
		}
		attempt, cancel := context.WithTimeout(ctx, 5*time.Second)
		answer, err := f.client.Produce(attempt, &kafka.ProduceRequest{Topic: topic, Partition: int(partition),
			RequiredAcks: kafka.RequireAll, Compression: kafka.Lz4, Records: kafka.NewRecordReader(records...)})
		cancel()
		if err == nil {
			err = answer.Error
		}
		if err == nil {
			f.acknowledged(partition, answer.BaseOffset+int64(len(values))-1)
			return nil
		}
		f.mu.Lock()
		f.resent++
		f.mu.Unlock()
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func (f *feed) acknowledged(partition int32, offset int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last[partition] = offset
}

func (f *feed) produced() [partitions]int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.last
}

// readBack gives every record of a partition, in order.
func readBack(ctx context.Context, client *kafka.Client, partition int, through int64, each func(offset, timeMs int64, value []byte)) error {
	for next := int64(0); next <= through; {
		answer, err := client.Fetch(ctx, &kafka.FetchRequest{Topic: topic, Partition: partition, Offset: next, MinBytes: 1, MaxBytes: 4 << 20, MaxWait: time.Second})
		if err == nil {
			err = answer.Error
		}
		if err != nil {
			return fmt.Errorf("read %s/%d back at %d: %w", topic, partition, next, err)
		}
		for {
			r, err := answer.Records.ReadRecord()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return fmt.Errorf("read %s/%d back at %d: %w", topic, partition, next, err)
			}
			if r.Offset < next {
				continue
			}
			if r.Offset > next {
				return fmt.Errorf("%s/%d has no record %d", topic, partition, next)
			}
			var value bytes.Buffer
			if _, err := value.ReadFrom(r.Value); err != nil {
				return err
			}
			each(r.Offset, r.Time.UnixMilli(), value.Bytes())
			next++
		}
	}
	return nil
}
