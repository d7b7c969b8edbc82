package exchange

import (
	"errors"
	"fmt"
	"time"
)

// Config names the exchange's topics and bounds what travels over them.
type Config struct {
	PartialsTopic     string        `yaml:"partials_topic" why:"folders write here, the judge reads; one partition, so that one owner sees the whole fleet"`
	StateTopic        string        `yaml:"state_topic" why:"the judge's snapshots; compacted, so that it holds the newest only"`
	ReplicationFactor int           `yaml:"replication_factor" why:"replicas of topics created at start; -1 takes the broker's default"`
	Retention         time.Duration `yaml:"retention" why:"how long partials are kept; it bounds how long the judge may be away, since it re-reads them when it comes back"`
	MaxMessageBytes   int           `yaml:"max_message_bytes" why:"larger partials travel in several messages; below the broker's default max.message.bytes of 1048588"`
	MaxPendingBytes   int           `yaml:"max_pending_bytes" why:"memory for partials of which some messages have not come yet; beyond it the oldest is dropped and counted"`
}

// Default gives the settings that fit a broker's defaults.
func Default() Config {
	return Config{
		PartialsTopic: "spikeline.partials", StateTopic: "spikeline.state", ReplicationFactor: -1,
		Retention: 24 * time.Hour, MaxMessageBytes: 900 << 10, MaxPendingBytes: 256 << 20,
	}
}

// The least and the most of max_message_bytes. A row of the largest size allowed fits the least.
const (
	minMessageBytes = 64 << 10
	maxMessageBytes = 64 << 20
)

// Validate tells every fault of the settings.
func (c Config) Validate() error {
	var faults []error
	fault := func(bad bool, key string, value any, allowed string) {
		if bad {
			faults = append(faults, fmt.Errorf("%s: %v, allowed is %s", key, value, allowed))
		}
	}
	fault(c.PartialsTopic == "", "partials_topic", `""`, "a topic name")
	fault(c.StateTopic == "" || c.StateTopic == c.PartialsTopic, "state_topic", c.StateTopic, "a topic name other than partials_topic")
	fault(c.ReplicationFactor == 0 || c.ReplicationFactor < -1, "replication_factor", c.ReplicationFactor, "-1 or 1 and more")
	fault(c.Retention < time.Hour, "retention", c.Retention, "1h and more")
	fault(c.MaxMessageBytes < minMessageBytes || c.MaxMessageBytes > maxMessageBytes, "max_message_bytes", c.MaxMessageBytes, fmt.Sprintf("%d to %d", minMessageBytes, maxMessageBytes))
	fault(c.MaxPendingBytes < 16<<20, "max_pending_bytes", c.MaxPendingBytes, fmt.Sprintf("%d and more", 16<<20))
	return errors.Join(faults...)
}
