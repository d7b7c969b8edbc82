package exchange

import (
	"github.com/apache/arrow/go/v17/arrow"

	"github.com/spikeline/spikeline/ingest/accesslog"
	"github.com/spikeline/spikeline/processor/window"
)

// partialColumns are the columns of a partial's rows.
type partialColumns struct {
	service, pop    texts
	counters        [len(counters)][]uint64
	cacheErrors     named
	status, latency tally
}

func (c *partialColumns) record(rows []window.Row) arrow.Record {
	c.reset()
	for i := range rows {
		c.add(&rows[i])
	}
	data := []arrow.ArrayData{c.service.data(text), c.pop.data(text)}
	for i := range c.counters {
		data = append(data, numbers(u64, c.counters[i]))
	}
	data = append(data, c.cacheErrors.data(), c.status.data(), c.latency.data())
	return record(schemas[partialKind], len(rows), data...)
}

func (c *partialColumns) reset() {
	c.service.reset()
	c.pop.reset()
	for i := range c.counters {
		c.counters[i] = c.counters[i][:0]
	}
	c.cacheErrors.reset()
	c.status.reset()
	c.latency.reset()
}

func (c *partialColumns) add(r *window.Row) {
	c.service.add(r.Service)
	c.pop.add(r.Pop)
	for i := range counters {
		c.counters[i] = append(c.counters[i], *counters[i].of(&r.Counts))
	}
	c.cacheErrors.addRow(r.CacheErrors[:], cacheName)
	for _, s := range r.Status {
		c.status.add(s.Code, s.Count)
	}
	c.status.endRow()
	for _, b := range r.Latency {
		c.latency.add(b.Bucket, b.Count)
	}
	c.latency.endRow()
}

func cacheName(i int) string  { return accesslog.Cache(i).String() }
func reasonName(i int) string { return accesslog.Reason(i).String() }

// ledgerColumns are the columns of ledger blocks.
type ledgerColumns struct {
	block, through                      []int64
	consumed, counted, tooLate, missing []uint64
	rejected                            named
}

func (c *ledgerColumns) record(blocks []window.Block) arrow.Record {
	c.block, c.through = c.block[:0], c.through[:0]
	c.consumed, c.counted, c.tooLate, c.missing = c.consumed[:0], c.counted[:0], c.tooLate[:0], c.missing[:0]
	c.rejected.reset()
	for i := range blocks {
		b := &blocks[i]
		c.block, c.through = append(c.block, b.Index), append(c.through, b.Through)
		c.consumed, c.counted = append(c.consumed, b.Consumed), append(c.counted, b.Counted)
		c.tooLate, c.missing = append(c.tooLate, b.TooLate), append(c.missing, b.Missing)
		c.rejected.addRow(b.Rejected[:], reasonName)
	}
	return record(schemas[ledgerKind], len(blocks), numbers(i64, c.block), numbers(i64, c.through),
		numbers(u64, c.consumed), numbers(u64, c.counted), numbers(u64, c.tooLate), numbers(u64, c.missing), c.rejected.data())
}

// rejectColumns are the columns of single rejects.
type rejectColumns struct {
	at, offset              []int64
	reason, service, sample texts
}

func (c *rejectColumns) record(rejects []window.Reject) arrow.Record {
	c.at, c.offset = c.at[:0], c.offset[:0]
	c.reason.reset()
	c.service.reset()
	c.sample.reset()
	for i := range rejects {
		r := &rejects[i]
		c.at, c.offset = append(c.at, r.At), append(c.offset, r.Offset)
		c.reason.add(r.Reason.String())
		c.service.add(r.Service)
		c.sample.add(r.Sample)
	}
	return record(schemas[rejectKind], len(rejects), numbers(when, c.at), numbers(i64, c.offset),
		c.reason.data(text), c.service.data(text), c.sample.data(raw))
}
