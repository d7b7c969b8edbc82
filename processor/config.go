package processor

import (
	"errors"
	"fmt"
	"time"
)

// Config is the rhythm of folders and judge. It changes how soon things are seen, never what is counted.
type Config struct {
	EmitEvery      time.Duration `yaml:"emit_every" why:"how often a folder sends the windows that changed, so that live panels move before a window closes"`
	CommitEvery    time.Duration `yaml:"commit_every" why:"how often a partition's offset is committed; a restart re-reads from there, which costs time and changes nothing"`
	PutEvery       time.Duration `yaml:"put_every" why:"how often the judge hands rows to ClickHouse; fewer, larger inserts suit it better"`
	SnapshotEvery  time.Duration `yaml:"snapshot_every" why:"how often the judge saves its states; the next judge re-reads the exchange from there"`
	MaxRecordBytes int           `yaml:"max_record_bytes" why:"a longer log record is rejected as too_large, unread; edge records have some hundred bytes"`
}

// Default gives the rhythm for live traffic.
func Default() Config {
	return Config{EmitEvery: time.Second, CommitEvery: 5 * time.Second, PutEvery: time.Second, SnapshotEvery: time.Minute, MaxRecordBytes: 1 << 20}
}

// Validate tells every fault of the settings.
func (c Config) Validate() error {
	var faults []error
	within := func(key string, v, low, high time.Duration) {
		if v < low || v > high {
			faults = append(faults, fmt.Errorf("%s: %v, allowed is %v to %v", key, v, low, high))
		}
	}
	within("emit_every", c.EmitEvery, 100*time.Millisecond, time.Minute)
	within("commit_every", c.CommitEvery, time.Second, 10*time.Minute)
	within("put_every", c.PutEvery, 100*time.Millisecond, time.Minute)
	within("snapshot_every", c.SnapshotEvery, time.Second, time.Hour)
	if c.MaxRecordBytes < 1<<10 || c.MaxRecordBytes > 64<<20 {
		faults = append(faults, fmt.Errorf("max_record_bytes: %d, allowed is %d to %d", c.MaxRecordBytes, 1<<10, 64<<20))
	}
	return errors.Join(faults...)
}
