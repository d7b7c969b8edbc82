package replay

import (
	"github.com/spikeline/spikeline/ingest/accesslog"
	"github.com/spikeline/spikeline/processor"
	"github.com/spikeline/spikeline/processor/window"
)

// account is the ledger of one file by blocks of lines, as that of a partition by blocks of offsets.
type account struct {
	blocks  []window.Block // changed since they were taken
	current window.Block
}

func (a *account) count(size, line int64, reason accesslog.Reason) {
	if index := line / size; index != a.current.Index {
		a.current = window.Block{Index: index}
	}
	c := &a.current
	c.Through = line
	c.Consumed++
	switch reason {
	case accesslog.OK:
		c.Counted++
	case accesslog.TooLate:
		c.TooLate++
	default:
		c.Rejected[reason]++
	}
	if n := len(a.blocks); n > 0 && a.blocks[n-1].Index == c.Index {
		a.blocks[n-1] = *c
	} else {
		a.blocks = append(a.blocks, *c)
	}
}

func (f *file) source() window.Source { return window.Source{Topic: f.name} }

func (f *file) takeLedger() (list []processor.LedgerEntry) {
	for _, b := range f.blocks {
		list = append(list, processor.LedgerEntry{Source: f.source(), Block: b})
	}
	f.blocks = f.blocks[:0]
	return list
}
