package incident

import (
	"slices"
	"time"

	"github.com/spikeline/spikeline/processor/detect"
)

// seriesKey names one series of the detector.
type seriesKey struct {
	scope detect.Scope
	kind  detect.Kind
}

// series is one finding that belongs to an incident.
type series struct {
	key     seriesKey
	onset   int64
	seen    int64 // start of the last window with a signal of it
	last    int64 // end of its last abnormal window
	ended   bool
	holding bool    // it was a warning at least: while it is abnormal the incident is not over
	weight  float64 // requests a window it usually has
	harm    float64 // how badly its last abnormal window was struck, 0 to 1
	excess  float64 // requests struck in its last abnormal window
	worst   float64 // largest ratio of observed to expected (least, for a drop)
}

// member is a service in an incident.
type member struct {
	Member
	kinds   uint8   // bits of detect.Kind
	usual   float64 // error rate before
	weight  float64 // requests a window before
	failed  float64 // excess errors
	pending pending // since the incident's last abnormal window
	recent  [fewest]tally
	pop     string // of a pool: the pop it is limited to
	lastBad int64
	early   bool    // its start is that of a surge before its errors
	failing int64   // onset of its errors, 0 for none
	surge   float64 // ratio of a surge that came before the errors
	again   dip     // its first trouble after it had recovered
	single  bool    // it has a cascade event of its own
	sure    bool    // its usual rate comes from the detector
	adopted bool    // the detector has taken its errors as normal
	native  float64 // the share of errors that the detector has taken as its nature, while others of the incident fail still; 0: none
}

// dip is a member's second trouble.
type dip struct {
	at               int64 // 0 for none
	requests, errors float64
}

type pending struct{ requests, failed float64 }

// tolerated is the share of its errors that says nothing about the others.
func (m *member) tolerated() float64 { return max(m.usual, m.native) }

func (m *member) has(k detect.Kind) bool { return m.kinds&(1<<k) != 0 }

// episode is an incident that is open, with all that is needed to go on.
type episode struct {
	Incident
	opened  int64 // start of the window that opened it
	members []*member
	byName  map[string]*member
	pool    *member // all other services, if the incident began where none stands out
	beyond  int     // services that did not fit
	singles int     // cascade events given to single services
	series  []*series
	byKey   map[seriesKey]*series
	ledger  ledger
	hint    ledger // within the window that opens it, when the ledger is still empty
	curve   curve
	kinds   uint8

	lastBad    int64 // end of the last window with a sign of trouble
	lastSignal int64 // the same, by a signal alone
	calm       int64 // windows since lastBad, gaps not counted
	strayed    int64 // end of the last bad window that was taken for a stray one, 0 for none
	longest    int64 // longest calm that did not last
	silence    float64
	silent     int64 // windows without any request of the members
	gapFrom    int64
	dark       bool // the gap that goes on is one of the members alone
	gaps       []logGap
	tail       tail
	recent     [fewest]fleetShare
	lost       float64 // windows of the whole fleet's traffic that failed
	slow       float64
	missed     float64
	grade      int           // index into severities
	quiet      time.Duration // that ends it
	newNormal  bool          // its errors never ended: they are what is usual now
	abandoned  bool          // its members never came back
	dirty      bool          // something a reader sees has changed in this window

	told []told
}

func (e *episode) has(k detect.Kind) bool { return e.kinds&(1<<k) != 0 }

// leads is the order in which kinds speak for an incident.
var leads = [...]detect.Kind{detect.ErrorSurge, detect.TrafficDrop, detect.LatencySurge, detect.TrafficSurge, detect.ClientErrorSurge}

// lead is the kind that the incident is about.
func (e *episode) lead() detect.Kind {
	for _, k := range leads {
		if e.has(k) {
			return k
		}
	}
	return detect.ErrorSurge
}

// holds says that while a signal of this kind is abnormal, the incident is not over.
func (e *episode) holds(k detect.Kind) bool {
	switch k {
	case detect.ErrorSurge, detect.LatencySurge, detect.TrafficDrop:
		return true
	}
	return k == e.lead()
}

// usual is the requests a window that all that the leading kind struck usually have.
func (e *episode) usual() (sum float64) {
	lead := e.lead()
	for _, m := range e.members {
		if m.has(lead) {
			sum += m.weight
		}
	}
	if e.pool != nil && lead == detect.ErrorSurge {
		sum += e.pool.weight
	}
	for _, s := range e.series {
		if lead != detect.ErrorSurge && s.key.kind == lead && s.key.scope.Service == "" {
			sum += s.weight
		}
	}
	return sum
}

// order keeps the members in the order of the cascade.
func (e *episode) order(m *moment) {
	for _, mem := range e.members {
		if mem.early && !e.leading(mem, m) {
			mem.early, mem.StartedAt = false, max(mem.StartedAt, mem.failing)
		}
	}
	slices.SortStableFunc(e.members, func(a, b *member) int { return compare(a.StartedAt, b.StartedAt) })
	if len(e.members) > 0 {
		e.FirstService, e.StartedAt = e.members[0].Service, e.members[0].StartedAt
	}
}

func compare[T int | int64 | float64](a, b T) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
