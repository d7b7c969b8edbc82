package ingest

import (
	"cmp"
	"slices"
	"sync/atomic"
	"time"
)

// Counters only grow. They are read by whoever shows metrics.
type Counters struct {
	Records     atomic.Uint64 // handed to owners
	Bytes       atomic.Uint64 // of responses, as sent (compressed)
	Fetches     atomic.Uint64 // answered
	Commits     atomic.Uint64 // accepted
	Fenced      atomic.Uint64 // commits refused because the generation is over
	Generations atomic.Uint64 // of the groups, as this member saw them
	GroupErrors atomic.Uint64 // failed attempts to join a group or to stay in it
	Missing     atomic.Uint64 // offsets that retention had deleted before they were read
	FetchErrors [FetchErrorKinds]atomic.Uint64
}

// FetchErrorKind says what kept a fetch from bringing records.
type FetchErrorKind uint8

// The kinds of failed fetches.
const (
	ErrorNetwork    FetchErrorKind = iota // no connection, or it broke, or no answer in time
	ErrorLeader                           // the leader moved, or is being elected
	ErrorTopic                            // the topic or the partition is not (yet) known
	ErrorOffset                           // the offset is not in the log
	ErrorAccess                           // not allowed
	ErrorBroker                           // any other refusal by the broker
	ErrorCorrupt                          // the response or a batch in it cannot be read
	FetchErrorKinds                       // how many there are
)

var fetchErrorNames = [FetchErrorKinds]string{"network", "leader", "topic", "offset", "access", "broker", "corrupt"}

func (k FetchErrorKind) String() string { return fetchErrorNames[k] }

// PartitionStatus is where the reading of one assigned partition stands.
type PartitionStatus struct {
	Topic         string
	ID            int32
	Next          int64     // the offset to be read next
	HighWatermark int64     // end of the partition; -1 before the first answer
	StalledSince  time.Time // fetches have failed since then; zero when the last one succeeded
}

// Lag is how many offsets are still to be read; 0 while that is unknown.
func (s PartitionStatus) Lag() int64 { return max(0, s.HighWatermark-s.Next) }

// status is the part of a Partition that other goroutines read.
type status struct {
	next, highWatermark atomic.Int64
	stalledSince        atomic.Int64 // Unix nanoseconds; 0 for none
}

// Partitions returns the partitions being read now, by topic and number.
func (c *Cluster) Partitions() []PartitionStatus {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := make([]PartitionStatus, 0, len(c.live))
	for p := range c.live {
		s := PartitionStatus{Topic: p.Topic, ID: p.ID, Next: p.status.next.Load(), HighWatermark: p.status.highWatermark.Load()}
		if t := p.status.stalledSince.Load(); t != 0 {
			s.StalledSince = time.Unix(0, t)
		}
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b PartitionStatus) int {
		return cmp.Or(cmp.Compare(a.Topic, b.Topic), cmp.Compare(a.ID, b.ID))
	})
	return list
}

func (c *Cluster) enter(p *Partition) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.live[p] = struct{}{}
}

func (c *Cluster) leave(p *Partition) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.live, p)
}
