// Package detect judges every closed window of every series: has something
// changed, since when, and how sure is that. The method is guarded FOCuS; see docs/detection.md.
package detect

// Kind is what a signal is about.
type Kind uint8

// The kinds.
const (
	ErrorSurge Kind = iota
	TrafficSurge
	TrafficDrop
	LatencySurge
	ClientErrorSurge
	SourceIncomplete
	Kinds // how many there are
)

var kindNames = [Kinds]string{"error_surge", "traffic_surge", "traffic_drop", "latency_surge", "client_error_surge", "source_incomplete"}

func (k Kind) String() string { return kindNames[k] }

// Severity grades a signal. Info is a row in the table, Warning joins an incident, Critical may open one.
type Severity uint8

// The severities.
const (
	Info Severity = iota
	Warning
	Critical
)

func (s Severity) String() string { return [...]string{"info", "warning", "critical"}[s] }

// Scope is what a series counts: a service over all pops (no Pop), a service
// in one pop, a pop over all services (no Service), or the fleet (neither).
type Scope struct{ Service, Pop string }

// Signal is one finding on one series in one closed window. A series that
// stays abnormal gives one signal a window until it ends; the last one has
// Ended set. Times are Unix nanoseconds UTC.
type Signal struct {
	Window   int64 // start of the window that was judged
	Scope    Scope
	Kind     Kind
	Opened   bool // the first of this finding
	Ended    bool // the last of this finding
	Onset    int64
	EndedAt  int64   // set with Ended: backdated end of the last abnormal window
	Observed float64 // a rate (0 to 1) for errors, latency, client errors; requests a window for traffic
	Expected float64
	Band     float64 // the worst value still called normal (the guard)
	Score    float64 // generalised log likelihood ratio since the onset, over the overdispersion
	Impact   float64 // windows of full outage, or of full traffic, in excess since the onset
	Requests uint64  // in this window
	Excess   float64 // requests in excess of expectation in this window (failed, slow, added, missing)
	Elevated bool    // this very window is abnormal
	Adopted  float64 // set with Ended where the share that was seen is now taken as normal: that share
	Severity Severity
	Reason   string // one plain sentence
	Test            // what it passed, and how narrowly
}
