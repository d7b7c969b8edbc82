package incident

import "time"

// Config holds the rules by which signals become incidents and incidents end.
type Config struct {
	Near            time.Duration `yaml:"near" why:"Onsets this close together count as one moment; twice the usual error of an onset estimate."`
	Quiet           time.Duration `yaml:"quiet" why:"Time without any sign before an incident is over; longer than ten minutes, since second dips come about then."`
	QuietLimit      time.Duration `yaml:"quiet_limit" why:"An incident that flaps waits 2.5 times its longest calm, up to this."`
	Precursor       time.Duration `yaml:"precursor" why:"How long a traffic surge is remembered as the possible start of errors that follow it."`
	Silence         time.Duration `yaml:"silence" why:"Members without a single request for this long were switched off: the incident closes, and says so."`
	ResidualLimit   time.Duration `yaml:"residual_limit" why:"A rate that only the pooled test calls raised is the new normal after this long."`
	CascadeEvents   int           `yaml:"cascade_events" why:"This many services get a cascade event of their own; the others share one, so a timeline fits a screen."`
	LargeFleet      int           `yaml:"large_fleet" why:"Above this many services coincidences are common, so time alone no longer joins."`
	TrafficServices int           `yaml:"traffic_services" why:"So many services with a traffic warning at one moment open an incident together."`
	MaxServices     int           `yaml:"max_services" why:"Services whose recent counts are remembered (about 2 kB each)."`
	MaxMembers      int           `yaml:"max_members" why:"Services listed in one incident; the rest is counted, not named."`
	MaxOpen         int           `yaml:"max_open" why:"Open incidents; beyond it a further one joins the one that fits it best."`
	MaxPoints       int           `yaml:"max_points" why:"Points of an incident's curve; a longer one is halved in resolution (2048 points are 5.7 h of 10 s)."`
	Objective       float64       `yaml:"objective" why:"Share of requests promised to succeed over 30 days; the error budget an incident burns, and how fast, is measured by it."`

	Objectives map[string]float64 `yaml:"objectives" why:"The same for single services, by name or glob (the exact name wins, then the longest pattern)."`
}

// Default gives the settings that docs/incidents.md explains.
func Default() Config {
	return Config{
		Near: time.Minute, Quiet: 15 * time.Minute, QuietLimit: 30 * time.Minute, Precursor: 30 * time.Minute,
		Silence: 24 * time.Hour, ResidualLimit: 6 * time.Hour, CascadeEvents: 20, LargeFleet: 500, TrafficServices: 3,
		MaxServices: 20000, MaxMembers: 1000, MaxOpen: 64, MaxPoints: 2048, Objective: 0.999,
	}
}
