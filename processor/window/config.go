package window

import (
	"errors"
	"fmt"
	"time"
)

// Config is how time is cut and what is bounded. It must be the same for every worker of a topic.
type Config struct {
	Width           time.Duration `yaml:"width" why:"length of a tumbling window; 10 s shows a spike within seconds and still holds enough requests to judge"`
	OutOfOrderness  time.Duration `yaml:"out_of_orderness" why:"how far a partition's records may be out of order before the watermark passes them; edge logs arrive within a few seconds"`
	AllowedLateness time.Duration `yaml:"allowed_lateness" why:"how long after its end a window still takes records, as a new revision; later ones are counted as too late"`
	MaxFuture       time.Duration `yaml:"max_future" why:"a timestamp further ahead of the clock than this is rejected and moves nothing, so one wrong clock cannot close windows for all"`
	IdleAfter       time.Duration `yaml:"idle_after" why:"a partition that is caught up and silent for this long no longer holds windows open"`
	ReleaseAfter    time.Duration `yaml:"release_after" why:"a partition idle for this much event time no longer keeps old windows in memory; what it brings for them later is counted as too late"`
	Services        int           `yaml:"services" why:"distinct services in one window of one partition; the rest is counted under __other__, so invented Host headers cannot eat the memory"`
	Pops            int           `yaml:"pops" why:"distinct pops in one window of one partition; the rest is counted under __other__"`
	Block           int64         `yaml:"ledger_block" why:"offsets in one row of the ledger; a restart re-reads at most this many records of a partition, or the open windows"`
	Cells           int           `yaml:"cells" why:"service and pop pairs in one window of one partition; the rest is counted under __other__"`
}

// Default gives the settings for live edge logs.
func Default() Config {
	return Config{
		Width: 10 * time.Second, OutOfOrderness: 5 * time.Second, AllowedLateness: time.Minute,
		MaxFuture: 5 * time.Minute, IdleAfter: 30 * time.Second, ReleaseAfter: time.Hour,
		Services: 20_000, Pops: 1_000, Cells: 500_000, Block: 65_536,
	}
}

// Validate tells every fault of the settings.
func (c Config) Validate() error {
	var faults []error
	fault := func(bad bool, key string, value any, allowed string) {
		if bad {
			faults = append(faults, fmt.Errorf("%s: %v, allowed is %s", key, value, allowed))
		}
	}
	fault(c.Width < time.Second || c.Width > time.Minute || time.Minute%max(c.Width, 1) != 0 || c.Width%time.Second != 0, "width", c.Width, "whole seconds that divide a minute: 1s to 1m")
	fault(c.OutOfOrderness < 0 || c.OutOfOrderness > time.Hour, "out_of_orderness", c.OutOfOrderness, "0s to 1h")
	fault(c.AllowedLateness < 0 || c.AllowedLateness > 24*time.Hour, "allowed_lateness", c.AllowedLateness, "0s to 24h")
	fault(c.MaxFuture < time.Second || c.MaxFuture > 24*time.Hour, "max_future", c.MaxFuture, "1s to 24h")
	fault(c.IdleAfter < time.Second, "idle_after", c.IdleAfter, "1s and more")
	fault(c.ReleaseAfter < c.AllowedLateness+c.OutOfOrderness, "release_after", c.ReleaseAfter, "at least allowed_lateness + out_of_orderness")
	fault(c.Services < 1 || c.Services > 1_000_000, "services", c.Services, "1 to 1000000")
	fault(c.Pops < 1 || c.Pops > 65_000, "pops", c.Pops, "1 to 65000")
	fault(c.Block < 64 || c.Block > 1<<24, "ledger_block", c.Block, "64 to 16777216")
	fault(c.Cells < 1 || c.Cells > 10_000_000, "cells", c.Cells, "1 to 10000000")
	return errors.Join(faults...)
}

// StartOf gives the start of the window that a time falls into.
func (c Config) StartOf(t int64) int64 {
	w := int64(c.Width)
	q := t / w
	if t%w < 0 {
		q--
	}
	return q * w
}

// retireAt gives the watermark at which the window with this start retires.
func (c Config) retireAt(start int64) int64 {
	return start + int64(c.Width) + int64(c.AllowedLateness)
}

// retires says whether a watermark retires the window with this start.
func (c Config) retires(start, watermark int64) bool {
	return c.retireAt(start) <= watermark
}
