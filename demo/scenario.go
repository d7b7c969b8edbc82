// Package demo tells real outages as data and makes from them the edge logs
// that an observer would have seen, with the truth beside them: what
// `spikeline simulate` writes and `spikeline demo` replays.
//
// A Scenario is a script: services, pops, and phases that act on them. A
// Generator turns it into log lines in order of arrival, the same for the same
// seed on every machine; its Tally knows what the lines say. Counts goes from
// the same script to window counts without the text in between.
//
// Times in the scripts come from the post-mortems named in Sources. Error
// shares and request rates are models: hardly any vendor published them.
package demo

import (
	"fmt"
	"strings"
	"time"
)

// Scenario is a script of what happened to a fleet of services behind an edge network.
type Scenario struct {
	Name      string
	Story     string   // one line
	Sources   []string // post-mortems and reports, by title
	Start     time.Time
	End       time.Time // zero: endless
	Services  []Service
	Pops      []Pop
	Announced []Notice // what people were told, by the status page's clock
	Phases    []Phase
	Habits    float64 // how much of everyday life happens: cron spikes, deploys, bots, launches; 1 is usual, 0 none
	Still     bool    // rates do not follow the time of day
	Truth     Truth
}

// Service is a host behind the edge.
type Service struct {
	Name      string
	Kind      string        // what effects select by
	Rate      float64       // requests per second, mean over a day
	Latency   time.Duration // median
	ErrorRate float64       // share of 5xx on a good day
}

// Pop is an edge location: an IATA code, its share of the traffic and its clock.
type Pop struct {
	Code    string
	Country string
	Weight  float64
	Offset  time.Duration // of local time from UTC
}

// Notice is one public announcement.
type Notice struct {
	At   time.Time
	Text string
}

// Phase is one part of the story.
type Phase struct {
	Name    string
	Start   time.Time
	End     time.Time // zero: the end of the scenario
	Story   string
	Effects []Effect
}

// Measure is what an effect acts on.
type Measure uint8

// The measures. Shares add up as independent causes do; factors multiply.
const (
	Traffic      Measure = iota // factor on the request rate
	EdgeErrors                  // share of requests that the edge answers with 5xx
	OriginErrors                // share of requests that the origin answers with 5xx
	Blocked                     // share of requests that the edge refuses with 403
	Slowness                    // factor on latency
	Misses                      // share of cache hits that turn into misses
	LogLoss                     // share of records that the source never sends
	measures
)

// Effect is one thing that happens to some services in some pops.
type Effect struct {
	On        Measure
	Kinds     []string // of services; empty: all
	Services  []string // by name; empty: all of the kinds
	Pops      []string // empty: all
	Curve     Curve
	Status    uint16        // of the errors; 0: 500 at the edge, 503 at the origin
	JoinOver  time.Duration // services are hit one after another over this time from the curve's start
	PopsJoin  time.Duration // as JoinOver, pop by pop
	PopsLeave time.Duration // pops are freed one after another over this time before the curve's end
}

// Truth is what an observer should find.
type Truth struct {
	Incidents  []Expected
	Incomplete []Span // the source lost records: neither a drop nor a recovery
}

// Expected is one incident an observer should find. Times are UTC.
type Expected struct {
	StartedAt     time.Time // first window that is abnormal
	MainImpactEnd time.Time // last time the error share was above a quarter of its maximum
	EndedAt       time.Time
	FirstService  string   // empty: many at once, any member will do
	Members       []string // services that fail with 5xx
	Blocked       []string // services that only refuse (403): they may join
	Phases        []string // by their names in package incident, in order; short ones may be missing
}

// Span is a stretch of time.
type Span struct{ From, To time.Time }

// Info names a scenario.
type Info struct {
	Name     string
	Story    string
	Sources  []string
	Start    time.Time
	End      time.Time // zero: endless
	Services int
	Pops     int
	Rate     float64 // requests per second, mean over a day
}

func scripts() []*Scenario {
	return []*Scenario{
		cloudflareNovember(), cloudflareDecember(), awsOctober(), azureOctober(), fastlyJune(),
		logsNovember(), quietWeek(), quietDay(), steady(),
	}
}

// Scenarios lists what can be simulated, the flagship first.
func Scenarios() []Info {
	var list []Info
	for _, s := range scripts() {
		list = append(list, Info{
			Name: s.Name, Story: s.Story, Sources: s.Sources, Start: s.Start, End: s.End,
			Services: len(s.Services), Pops: len(s.Pops), Rate: s.rate(),
		})
	}
	return list
}

// Find gives the scenario of a name, or an error that lists the names.
func Find(name string) (*Scenario, error) {
	var names []string
	for _, s := range scripts() {
		if s.Name == name {
			return s, nil
		}
		names = append(names, s.Name)
	}
	return nil, fmt.Errorf("unknown scenario %q: choose one of %s", name, strings.Join(names, ", "))
}

func (s *Scenario) rate() (sum float64) {
	for _, service := range s.Services {
		sum += service.Rate
	}
	return sum
}

func members(services []Service, kinds ...string) (names []string) {
	for _, s := range services {
		if selects(kinds, s.Kind) {
			names = append(names, s.Name)
		}
	}
	return names
}
