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
	Requests          uint64  // of the members since StartedAt
	RequestsFailed    uint64  // their failures (5xx) beyond what is usual
	RequestsSlow      uint64  // slow ones beyond what is usual
	RequestsMissing   uint64  // those that never came, while traffic had dropped
	PeakErrorRate     float64 // share of the members' requests that failed at the peak
	PeakFleetShare    float64 // share of the whole fleet's requests that failed, at its worst
	BudgetBurnt       float64 // share of the members' error budget of 30 days, at their usual traffic; 1 is all of it
	Burn              Burn    // how fast the budget goes, and went
	MoreServices      uint32  // services beyond the limit of one incident, counted only
	MergedInto        string  // the older incident that this one turned out to be part of
	Withdrawn         bool    // not an incident after all (the logs were incomplete), or merged
	Severity          string  // minor, major, critical
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
	Event      string // a phase's name, or note
	Service    string
	Pop        string
	Value      float64
	Summary    string // one line in plain words
	Withdrawn  bool
	Was        string // of an amended event: the name it was last told under; empty for a new one
}
