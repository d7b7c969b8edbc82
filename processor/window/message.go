package window

import "github.com/spikeline/spikeline/ingest/accesslog"

// Times in this package are Unix nanoseconds, UTC. NoTime is before all of them.
const NoTime = int64(-1 << 62)

// EndOfTime is the watermark of a source that will bring nothing more.
const EndOfTime = int64(1<<62 - 1)

// Source is one partition of a topic of edge logs (or one file, in a replay).
type Source struct {
	Topic     string
	Partition int32
}

// Counts is what one window knows of one service in one pop. It only grows.
type Counts struct {
	Requests     uint64
	Errors       uint64 // status 500 and up
	EdgeErrors   uint64 // of those, made by the edge itself
	OriginErrors uint64 // of those, passed on from an origin
	ClientErrors uint64 // status 400 to 499
	Aborts       uint64 // the client left first
	Bytes        uint64
	CacheHits    uint64
	Late         uint64                        // counted after the partition's watermark had passed the window's end
	CacheErrors  [accesslog.CacheStates]uint64 // errors by cache state
	Status       []StatusCount                 // ascending by code
	Latency      Latency
}

// StatusCount is how many answers had one status code.
type StatusCount struct {
	Code  uint16
	Count uint64
}

// Row is one cell of a window: a service in a pop.
type Row struct {
	Service, Pop string
	Counts
}

// Other is the name under which services and pops beyond the limits are counted.
const Other = "__other__"

// Partial is the aggregate of all requests of one window in one source, from
// the window's first record to the one at offset Through. Of two partials of
// the same source and window the one with the higher Through contains the other.
type Partial struct {
	Start   int64 // of the window
	Through int64 // offset of the last record folded into this window
	Rows    []Row // in order of first appearance; keys are unique
}

// Block is the ledger of one block of offsets of a source. It is cumulative like a partial.
type Block struct {
	Index    int64 // block number: offset / Config.Block
	Through  int64 // offset of the last record of the block accounted for
	Consumed uint64
	Counted  uint64
	TooLate  uint64
	Missing  uint64 // offsets that Kafka no longer had (retention) or never gave (transaction markers, compaction)
	Rejected [accesslog.Reasons]uint64
}

// Reject is one record that could not be used, or that came too late.
type Reject struct {
	At      int64 // event time if known, else the time Kafka gave it
	Source  Source
	Offset  int64 // of the record (its line number, in a replay)
	Reason  accesslog.Reason
	Service string // if known
	Sample  string // bounded, client addresses masked
}

// Message is one step of a folder's ordered, acknowledged stream to the judge.
// A Watermark is told only after the last partial of every window that it retires.
type Message struct {
	Source    Source
	Sources   int32 // partitions of the topic, as the folder knows them
	Watermark int64 // largest timestamp less out_of_orderness; NoTime before the first record
	Idle      bool  // caught up and silent
	Behind    bool  // so far behind that it sends no early partials; changes when rows are shown, never what they hold
	Position  int64 // next offset to be read
	Partial   *Partial
	Blocks    []Block
	Rejects   []Reject
}
