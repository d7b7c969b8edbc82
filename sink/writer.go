package sink

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/spikeline/spikeline/processor"
	"github.com/spikeline/spikeline/sink/schema"
)

// ErrClosed is what Put gives after Close.
var ErrClosed = errors.New("sink is closed")

// Writer is a processor.Sink that writes to ClickHouse.
type Writer struct {
	config  Config
	conn    driver.Conn
	save    func(context.Context, processor.Snapshot) error
	log     *slog.Logger
	metrics *Metrics
	queue   *queue

	id    string   // of this writer, random: no other sends its tokens
	group uint64   // of rows written together, counted
	told  progress // what ClickHouse knows of ours

	rollAgain  time.Time // rollups are due then; zero when none are
	rolledAt   time.Time // of the last try
	rollFailed int       // times in a row, at most mostHalvings

	cancel context.CancelFunc
	ended  chan struct{}

	watching sync.WaitGroup
}

var _ processor.Sink = (*Writer)(nil)

// openPatience is how long Open waits for ClickHouse.
const openPatience = 2 * time.Second

// Open brings or checks the schema, and starts writing; what ClickHouse refuses
// for good is an error. Where it does not answer in time, all this goes on behind
// while batches wait in the queue; Failed tells how it ends. save keeps the judge's state; it is called after the
// rows of its batch are acknowledged, in order, and its error ends the writer.
// ctx ends the writer, too, without draining it.
func Open(ctx context.Context, c Config, save func(context.Context, processor.Snapshot) error) (*Writer, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	conn, err := Connect(c)
	if err != nil {
		return nil, err
	}
	w := &Writer{config: c, conn: conn, save: save, log: slog.Default(), metrics: &Metrics{}, id: rand.Text(), ended: make(chan struct{})}
	w.queue = newQueue(c, w.metrics)
	first, end := context.WithTimeout(ctx, openPatience)
	err = w.prepare(first)
	away := err != nil && first.Err() != nil && ctx.Err() == nil
	if end(); err != nil && !away {
		return nil, errors.Join(err, conn.Close())
	}
	life, cancel := context.WithCancel(ctx)
	w.cancel = cancel
	go w.run(life, away)
	w.watching.Go(func() { w.watchParts(life) })
	return w, nil
}

// prepare brings the schema and reads how far an earlier writer of this run has come.
func (w *Writer) prepare(ctx context.Context) error {
	err := w.retry(ctx, "schema", func(ctx context.Context) error {
		if !w.config.ApplySchema {
			return schema.Check(ctx, w.conn)
		}
		_, err := schema.Apply(ctx, w.conn)
		return err
	})
	if err != nil {
		return err
	}
	return w.retry(ctx, "read progress", w.loadProgress)
}

// Put queues a batch, which the writer owns from then on. It waits while the
// queue is full, until ctx ends. Any other error is final: rows of this batch, and maybe of
// earlier ones, are not in ClickHouse, and their state is not kept.
func (w *Writer) Put(ctx context.Context, b processor.Batch) error { return w.queue.put(ctx, b) }

// Failed waits until the writer ends, and gives the error that no more will be
// written for; nil once ctx ends, or after Close.
func (w *Writer) Failed(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-w.ended:
		return w.queue.failure()
	}
}

// Metrics gives the writer's counters and gauges.
func (w *Writer) Metrics() *Metrics { return w.metrics }

// Close writes what waits, until ctx ends, and ends the writer.
func (w *Writer) Close(ctx context.Context) error {
	w.queue.close()
	err := w.queue.drained(ctx)
	switch n, owed := w.queue.left(); {
	case err != nil && n > 0:
		err = fmt.Errorf("sink closed with %d batches not written, which Kafka still holds: %w", n, err)
	case err != nil && owed:
		err = fmt.Errorf("sink closed before windows_1m and windows_1h followed the windows; the next writer of run %s goes on with them: %w", w.config.Run, err)
	}
	w.cancel()
	<-w.ended
	w.watching.Wait()
	return errors.Join(err, w.conn.Close())
}

// run is the only goroutine that writes. unprepared says that ClickHouse was away so far.
func (w *Writer) run(ctx context.Context, unprepared bool) {
	defer close(w.ended)
	stop := context.AfterFunc(ctx, func() { w.queue.fail(ctx.Err()) })
	defer stop()
	if unprepared {
		if err := w.prepare(ctx); err != nil {
			w.fail(err)
			return
		}
	}
	for {
		batches, ended := w.queue.take(w.config.BlockRows, w.rollAgain)
		if ended {
			return
		}
		if err := w.write(ctx, batches); err != nil {
			w.fail(err)
			return
		}
		if len(batches) > 0 {
			w.queue.done(len(batches))
			w.metrics.Batches.Add(uint64(len(batches)))
			w.metrics.WrittenAt.Store(time.Now().UnixNano())
		}
	}
}

func (w *Writer) fail(err error) {
	w.queue.fail(err)
	w.log.Error("sink stops: rows that wait are not written, Kafka still holds them", "err", err)
}

// write brings batches, or none where only rollups are due, to ClickHouse: rows, then how far the judge has come;
// then it keeps the newest state. Rollups come last: they read final rows alone, and go on where the last writer stopped.
func (w *Writer) write(ctx context.Context, batches []processor.Batch) error {
	for _, piece := range pieces(batches, w.config.BlockRows) {
		w.group++
		for i := range storage {
			if err := w.writeTable(ctx, i, piece); err != nil {
				return err
			}
		}
	}
	now := w.progress(batches)
	if err := w.tell(ctx, now); err != nil {
		return err
	}
	if err := w.keep(ctx, batches); err != nil {
		return err
	}
	return w.rollUpAll(ctx, now, len(batches))
}

func (w *Writer) keep(ctx context.Context, batches []processor.Batch) error {
	for i := len(batches) - 1; i >= 0; i-- {
		if snapshot := batches[i].Snapshot; snapshot != nil {
			if err := w.save(ctx, *snapshot); err != nil {
				return fmt.Errorf("keep the judge's state: %w", err)
			}
			w.metrics.Saves.Add(1)
			return nil
		}
	}
	return nil
}

func (w *Writer) writeTable(ctx context.Context, i int, batches []processor.Batch) error {
	t := &storage[i]
	// A retry sends the same rows in the same order with the same token, so
	// that ClickHouse drops it when an answer got lost after the insert. A
	// token is never used for anything else: rows written again after a crash
	// have another one, and replace their equals by key and revision.
	settings := w.settings()
	settings["insert_deduplication_token"] = fmt.Sprintf("%s-%d-%s", w.id, w.group, t.name)
	var rows int
	err := w.retry(ctx, "insert into "+t.name, func(ctx context.Context) (err error) {
		rows, err = w.insert(ctx, t, batches, settings)
		return err
	})
	if err != nil || rows == 0 {
		return err
	}
	w.metrics.Rows[i].Add(uint64(rows))
	w.metrics.Inserts.Add(1)
	return nil
}

// settings are for every insert. A batch may hold rows of many days, as a replay does.
func (w *Writer) settings() clickhouse.Settings {
	return clickhouse.Settings{
		"async_insert":                    0,
		"max_execution_time":              int(w.config.InsertTimeout.Seconds()),
		"max_partitions_per_insert_block": 0,
	}
}

// insert sends the rows that batches have for a table, and says how many they are. Without one, ClickHouse is not asked.
func (w *Writer) insert(ctx context.Context, t *table, batches []processor.Batch, settings clickhouse.Settings) (rows int, err error) {
	var block driver.Batch
	add := func(values ...any) {
		if block == nil && err == nil {
			block, err = w.begin(ctx, t, settings)
		}
		if err == nil {
			err = block.Append(values...)
			rows++
		}
	}
	for i := range batches {
		t.fill(&batches[i], w.config.Run, add)
	}
	if block == nil {
		return 0, err
	}
	defer block.Close()
	if err != nil {
		return 0, fmt.Errorf("%w: %w", clickhouse.ErrBatchInvalid, err)
	}
	return rows, block.Send()
}

// begin gives an insert without rows.
func (w *Writer) begin(ctx context.Context, t *table, settings clickhouse.Settings) (driver.Batch, error) {
	names := make([]string, len(t.columns))
	for i, c := range t.columns {
		names[i] = c.Name
	}
	ctx = clickhouse.Context(ctx, clickhouse.WithSettings(settings), clickhouse.WithColumnNamesAndTypes(t.columns))
	return w.conn.PrepareBatch(ctx, "INSERT INTO spikeline."+t.name+" ("+strings.Join(names, ", ")+")")
}

func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
