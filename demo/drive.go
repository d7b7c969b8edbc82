package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// Producer takes the lines of one partition in order. It returns when it has
// them safe. values and times (Unix milliseconds of arrival) are valid during the call.
type Producer interface {
	Produce(ctx context.Context, partition int32, values [][]byte, times []int64) error
}

// Pace says how fast event time runs, and in what portions.
type Pace struct {
	Speed    float64         // event seconds per second; 0: as fast as possible; 1 with Options.Shift to now: live
	Batch    int             // bytes of one partition that are sent at once, at most; 0: 1 MiB
	Progress func(now int64) // called about once per batch or pause with the arrival time (Unix nanoseconds) reached; may be nil
}

// LiveShift is the Shift that makes a scenario begin now.
func LiveShift(script *Scenario, now time.Time) time.Duration {
	return now.Sub(script.Start)
}

// pause is the shortest sleep: it bounds how often small batches are sent.
const pause = 20 * time.Millisecond

// lastWords is how long the lines in hand may take when the context is done.
const lastWords = 5 * time.Second

// driver gathers lines by partition and sends them at their time.
type driver struct {
	to    Producer
	pace  Pace
	parts []portion
	began time.Time
	first int64
	due   int64 // arrival time up to which lines may be sent
}

// portion is one partition's lines that wait to be sent.
type portion struct {
	text   []byte
	ends   []int
	times  []int64
	values [][]byte
}

// Drive sends all lines of a generator until the scenario is over (nil) or ctx
// is done (its error). Every line that the generator has given is sent in both
// cases, so its Tally is the truth of what was sent, unless the error is another one.
func Drive(ctx context.Context, g *Generator, to Producer, pace Pace) error {
	if pace.Speed < 0 {
		return fmt.Errorf("speed is %v: give event seconds per second, or 0 for as fast as possible", pace.Speed)
	}
	if pace.Batch == 0 {
		pace.Batch = 1 << 20
	}
	d := driver{to: to, pace: pace, parts: make([]portion, g.options.Partitions), began: time.Now()}
	err := d.run(ctx, g)
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
		defer cancel()
		if failed := d.flush(last); failed != nil {
			return errors.Join(err, failed)
		}
	}
	g.Tally().close()
	return errors.Join(err, g.Tally().Err())
}

func (d *driver) run(ctx context.Context, g *Generator) error {
	var line []byte
	for n := 0; ; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		var m Meta
		var ok bool
		if line, m, ok = g.Next(line[:0]); !ok {
			return d.flush(ctx)
		}
		err := d.ready(ctx, len(line), m)
		d.parts[m.Partition].add(line, m.Arrival)
		if err != nil {
			return err
		}
	}
}

// ready makes room for a line, and returns when it is due.
func (d *driver) ready(ctx context.Context, size int, m Meta) error {
	if p := &d.parts[m.Partition]; len(p.ends) > 0 && len(p.text)+size > d.pace.Batch {
		if err := d.send(ctx, m.Partition); err != nil {
			return err
		}
		d.report(m.Arrival)
	}
	if d.pace.Speed > 0 && m.Arrival > d.due {
		return d.wait(ctx, m)
	}
	return nil
}

// wait sends the lines in hand, then sleeps until the given one is due.
func (d *driver) wait(ctx context.Context, m Meta) error {
	if d.first == 0 {
		d.first = m.Arrival
	}
	d.due = d.first + int64(float64(time.Since(d.began))*d.pace.Speed)
	if m.Arrival <= d.due {
		return nil
	}
	if err := d.flush(ctx); err != nil {
		return err
	}
	d.report(m.Arrival)
	early := time.Duration(float64(m.Arrival-d.due) / d.pace.Speed)
	timer := time.NewTimer(max(early, pause))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
	}
	d.due = d.first + int64(float64(time.Since(d.began))*d.pace.Speed)
	return nil
}

func (d *driver) report(now int64) {
	if d.pace.Progress != nil {
		d.pace.Progress(now)
	}
}

func (d *driver) flush(ctx context.Context) error {
	for p := range d.parts {
		if err := d.send(ctx, int32(p)); err != nil {
			return err
		}
	}
	return nil
}

// send keeps the lines when it fails, so that they can be sent again.
func (d *driver) send(ctx context.Context, partition int32) error {
	p := &d.parts[partition]
	if len(p.ends) == 0 {
		return nil
	}
	p.values = p.values[:0]
	for i, begin := 0, 0; i < len(p.ends); i++ {
		p.values = append(p.values, p.text[begin:p.ends[i]:p.ends[i]])
		begin = p.ends[i]
	}
	if err := d.to.Produce(ctx, partition, p.values, p.times); err != nil {
		return err
	}
	p.text, p.ends, p.times = p.text[:0], p.ends[:0], p.times[:0]
	return nil
}

func (p *portion) add(line []byte, arrival int64) {
	p.text = append(p.text, line...)
	p.ends = append(p.ends, len(p.text))
	p.times = append(p.times, arrival/int64(time.Millisecond))
}

// Lines writes every line, with a line end, to the writer of its partition; the
// last writer takes the partitions beyond. With one writer, give the generator one
// partition: then the lines come in order of arrival.
func Lines(w ...io.Writer) Producer { return &lines{writers: w} }

type lines struct {
	writers []io.Writer
	buf     []byte
}

func (l *lines) Produce(_ context.Context, partition int32, values [][]byte, _ []int64) error {
	l.buf = l.buf[:0]
	for _, v := range values {
		l.buf = append(append(l.buf, v...), '\n')
	}
	_, err := l.writers[min(int(partition), len(l.writers)-1)].Write(l.buf)
	return err
}
