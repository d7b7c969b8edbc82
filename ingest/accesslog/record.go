// Package accesslog turns one line of an edge request log into a Record.
// There is one file per log format. The package knows nothing of Kafka, and uses the standard library alone.
package accesslog

// Record is what Spikeline needs of one edge request. Its byte slices alias
// the decoded line or the decoder's scratch space: they are valid until the
// next Decode.
type Record struct {
	Time          int64  // start of the request (its end, where the format has no start), Unix nanoseconds UTC
	Service       []byte // who was asked: the host, lower case, without port; empty when the format has none
	Zone          []byte // the customer's zone or site, where the format has one
	Pop           []byte // edge location ("FRA"), empty when unknown
	Method        []byte
	Path          []byte
	Status        uint16 // the answer to the client, 100 to 999; 0 when the client left before any answer
	OriginStatus  uint16 // 0: no origin answered
	Cache         Cache
	Bytes         uint64 // sent to the client
	LatencyMicros int64  // -1 when unknown
}

// EdgeError says that the edge itself made this 5xx: no origin answered, or its answer was below 500.
func (r *Record) EdgeError() bool { return r.Status >= 500 && r.OriginStatus < 500 }

// Aborted says that the client left first (nginx and Cloudflare 499, AWS load balancers 460, CloudFront 000, Envoy 0 with DC).
func (r *Record) Aborted() bool { return r.Status == 499 || r.Status == 460 || r.Status == 0 }

// Cache is how the edge cache took part, by the names of Cloudflare's CacheCacheStatus.
type Cache uint8

// The cache states. Other vendors' words are mapped to these.
const (
	CacheUnknown Cache = iota
	CacheHit
	CacheMiss
	CacheExpired
	CacheUpdating
	CacheStale
	CacheIgnored
	CacheBypass
	CacheRevalidated
	CacheDynamic
	CacheStreamHit
	CacheDeferred
	CacheError
	CacheStates // how many there are
)

var cacheNames = [CacheStates]string{"unknown", "hit", "miss", "expired", "updating", "stale", "ignored", "bypass", "revalidated", "dynamic", "stream_hit", "deferred", "error"}

func (c Cache) String() string { return cacheNames[c] }

// Hit says that the answer came from the cache.
func (c Cache) Hit() bool {
	return c == CacheHit || c == CacheStale || c == CacheUpdating || c == CacheRevalidated || c == CacheStreamHit
}

// Reason says why a record could not be used. The zero value means that it could.
type Reason uint8

// The reasons, in the order they are tested.
const (
	OK Reason = iota
	Empty
	TooLarge
	Malformed
	NoTimestamp
	BadTimestamp
	Future
	NoStatus
	BadStatus
	NoService
	TooLate
	Reasons // how many there are
)

var reasonNames = [Reasons]string{"ok", "empty", "too_large", "malformed", "no_timestamp", "bad_timestamp", "future", "no_status", "bad_status", "no_service", "too_late"}

func (r Reason) String() string { return reasonNames[r] }

// Decoder reads one format. A Decoder belongs to one goroutine: it learns the
// order of keys and owns scratch space.
type Decoder interface {
	// Decode fills r from one line (no line end), or says why it cannot.
	// It never keeps line, never panics, and allocates nothing per record.
	Decode(line []byte, r *Record) Reason
}
