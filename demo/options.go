package demo

import (
	"errors"
	"fmt"
	"time"
)

// Format is a log line format the generator writes.
type Format string

// The formats.
const (
	Cloudflare Format = "cloudflare" // Logpush http_requests, NDJSON
	Combined   Format = "combined"   // nginx and Apache; knows no service and no pop
	NginxJSON  Format = "nginx_json" // knows no pop
)

// Timestamp is how Cloudflare's Logpush writes times.
type Timestamp string

// The timestamp forms.
const (
	UnixNano      Timestamp = "unixnano" // Logpush's default
	UnixSeconds   Timestamp = "unix"
	RFC3339       Timestamp = "rfc3339" // whole seconds
	RFC3339Millis Timestamp = "rfc3339ms"
)

// Options say how a scenario becomes lines.
type Options struct {
	Seed       uint64
	Rate       float64       // factor on the scenario's request rates; 0: 1
	Total      float64       // requests per second in place of the scenario's mean (Rate is then not used); 0: as scripted
	Start, End time.Time     // part of the scenario; zero: all of it
	Shift      time.Duration // added to all times that are written, rounded down to 10 s
	Format     Format        // "": Cloudflare
	Timestamps []Timestamp   // a key's lines have one of them; none: UnixNano
	Partitions int32         // 0: 1
	RoundRobin bool          // else a partition by the hash of service and pop
	Jitter     time.Duration // records arrive up to this long after the request; 0: none. At most 4 s keep within a bound of 5 s
	Late       float64       // share that arrives 10 to 50 s late
	TooLate    float64       // share that arrives 3 to 6 min late
	Broken     float64       // share of lines that are damaged
	Faults     []Fault
}

// Default gives the options that a realistic feed has: jitter up to 4 s, one
// record in 2,000 late but within what the pipeline allows, nothing broken.
func Default() Options {
	return Options{Seed: 1, Rate: 1, Format: Cloudflare, Partitions: 1, Jitter: 4 * time.Second, Late: 0.0005}
}

// Fault is trouble of one partition's feed between two event times.
type Fault struct {
	Partition int32
	From, To  time.Time
	Silent    bool          // its records go to the next partition: it brings nothing
	Delay     time.Duration // its records arrive this much later, in order
	Jump      time.Duration // added to the event times that its lines state
}

// maxDelay bounds what the generator keeps in memory for a delayed partition.
const maxDelay = 6 * time.Hour

func (o Options) check(s *Scenario) (Options, error) {
	if o.Rate == 0 {
		o.Rate = 1
	}
	if o.Total > 0 {
		o.Rate = o.Total / s.rate()
	}
	if o.Start.IsZero() {
		o.Start = s.Start
	}
	if o.End.IsZero() {
		o.End = s.End
	}
	if o.Format == "" {
		o.Format = Cloudflare
	}
	if len(o.Timestamps) == 0 {
		o.Timestamps = []Timestamp{UnixNano}
	}
	if o.Partitions == 0 {
		o.Partitions = 1
	}
	o.Start, o.Shift = o.Start.Truncate(time.Second), o.Shift.Truncate(step*time.Second)
	return o, errors.Join(o.checkNumbers(), o.checkNames(), o.checkFaults())
}

func (o *Options) checkNumbers() error {
	var faults []error
	for _, share := range []struct {
		name  string
		value float64
	}{{"late", o.Late}, {"too late", o.TooLate}, {"broken", o.Broken}} {
		if !(share.value >= 0 && share.value <= 1) {
			faults = append(faults, fmt.Errorf("share of %s records is %v: give a number from 0 to 1", share.name, share.value))
		}
	}
	if !(o.Rate > 0 && o.Rate < 1e9) {
		faults = append(faults, fmt.Errorf("rate is %v: give a factor above 0", o.Rate))
	}
	if o.Jitter < 0 || o.Jitter > time.Minute {
		faults = append(faults, fmt.Errorf("jitter is %v: give 0 to 1m", o.Jitter))
	}
	if o.Partitions < 1 || o.Partitions > 1<<15 {
		faults = append(faults, fmt.Errorf("partitions is %d: give 1 to 32768", o.Partitions))
	}
	if !o.End.IsZero() && !o.End.After(o.Start) {
		faults = append(faults, fmt.Errorf("end %s is not after start %s", o.End.Format(time.RFC3339), o.Start.Format(time.RFC3339)))
	}
	return errors.Join(faults...)
}

func (o *Options) checkNames() error {
	var faults []error
	switch o.Format {
	case Cloudflare, Combined, NginxJSON:
	default:
		faults = append(faults, fmt.Errorf("unknown format %q: choose cloudflare, combined or nginx_json", o.Format))
	}
	for _, t := range o.Timestamps {
		switch t {
		case UnixNano, UnixSeconds, RFC3339, RFC3339Millis:
		default:
			faults = append(faults, fmt.Errorf("unknown timestamp form %q: choose from unixnano, unix, rfc3339, rfc3339ms", t))
		}
	}
	return errors.Join(faults...)
}

func (o *Options) checkFaults() error {
	var faults []error
	for _, f := range o.Faults {
		if f.Partition < 0 || f.Partition >= o.Partitions {
			faults = append(faults, fmt.Errorf("fault of partition %d: there are partitions 0 to %d", f.Partition, o.Partitions-1))
		}
		if f.Delay < 0 || f.Delay > maxDelay {
			faults = append(faults, fmt.Errorf("fault of partition %d delays by %v: give 0 to %v", f.Partition, f.Delay, maxDelay))
		}
	}
	return errors.Join(faults...)
}
