// Package incident groups signals over services into incidents and walks each
// incident through its phases. It is a pure state machine: same windows in, same incidents out.
package incident

// Phase is where an incident stands.
type Phase uint8

// The phases, in the order of a full incident.
const (
	FirstSpike Phase = iota
	Cascade
	Peak
	Fluctuating
	PartialRecovery
	Relapse
	Residual
	Recovered
	Phases // how many there are
)

var phaseNames = [Phases]string{"first_spike", "cascade", "peak", "fluctuating", "partial_recovery", "relapse", "residual", "recovered"}

func (p Phase) String() string { return phaseNames[p] }

// Incident is an incident as it now stands. Times are Unix nanoseconds UTC, 0 while unknown.
type Incident struct {
	ID                string // from the data: first window and first service, so a replay finds the same
	Version           int64  // start of the last window that changed it
	Open              bool
	Phase             Phase
	StartedAt         int64 // the onset the detector estimates
	DetectedAt        int64 // end of the window whose judgement opened it
	PeakAt            int64
	MainImpactEndedAt int64
	EndedAt           int64
	FirstService      string
	Services          []Member // in order of the cascade
	Pops              []string
	Kinds             []string
	Requests          uint64 // of the members since StartedAt
	RequestsFailed    uint64 // their excess failures
	PeakErrorRate     float64
	Severity          string // minor, major, critical
	Shares            []Share
	Title             string
}

// Member is one service in an incident.
type Member struct {
	Service   string
	StartedAt int64
	EndedAt   int64 // 0 while it suffers
	Failed    uint64
	Requests  uint64
	PeakRate  float64
}

// Share attributes a part of the excess errors.
type Share struct {
	By    string // pop, status, cache, side
	Value string
	Share float64 // 0 to 1
}

// Event is one step of an incident's timeline. Seq is stable: an event that is
// amended (a peak that moved) keeps its Seq, so the later one replaces the earlier.
type Event struct {
	IncidentID string
	Seq        int32
	Version    int64 // start of the window whose judgement wrote it
	At         int64
	Event      string // a phase's name
	Service    string
	Pop        string
	Value      float64
	Summary    string // one line in plain words
	Withdrawn  bool
}
