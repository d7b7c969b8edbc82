package detect

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"
)

// Config is what can be set about the judging. The constants of the method
// itself are in tuning.go, with their reasons.
type Config struct {
	Width       time.Duration       `yaml:"-"` // of a window; the method's times are durations, so that any width judges alike
	Timezone    string              `yaml:"timezone" why:"IANA name of the zone whose days and weeks the traffic follows; a pattern learned in the wrong zone shifts when the clocks change"`
	Services    int                 `yaml:"services" why:"most services judged by themselves, about 4 kB each; those beyond count in their pop and in the fleet"`
	ServicePops int                 `yaml:"service_pops" why:"most (service, pop) pairs judged by themselves, about 0.2 kB each"`
	Pops        int                 `yaml:"pops" why:"most pops judged by themselves, about 4 kB each"`
	ForgetAfter time.Duration       `yaml:"forget_after" why:"a series unseen for so long is dropped; longer than a week keeps what runs once a week"`
	Sensitivity map[string]string   `yaml:"sensitivity" why:"low, normal or high by service name or glob (the exact name wins, then the longest pattern; * goes over slashes); low suits services whose error rate is wild by nature"`
	Quiet       map[string][]string `yaml:"quiet" why:"kinds never signalled, by service name or glob; \"all\" stands for every kind"`
}

// Default is the configuration for windows of 10 s.
func Default() Config {
	return Config{
		Width:       10 * time.Second,
		Timezone:    "UTC",
		Services:    20_000,
		ServicePops: 50_000,
		Pops:        1_000,
		ForgetAfter: 8 * 24 * time.Hour,
	}
}

// Validate tells every fault of the configuration at once.
func (c Config) Validate() error {
	var faults []error
	fault := func(format string, args ...any) { faults = append(faults, fmt.Errorf(format, args...)) }
	if c.Width < time.Second || c.Width > time.Hour {
		fault("detect.width is %v; allowed is 1s to 1h", c.Width)
	}
	if _, err := time.LoadLocation(c.Timezone); err != nil {
		fault("detect.timezone %q is not known here (%v); give an IANA name such as Europe/Berlin, or UTC", c.Timezone, err)
	}
	for _, l := range []struct {
		name  string
		value int
		least int
	}{{"services", c.Services, 1}, {"service_pops", c.ServicePops, 0}, {"pops", c.Pops, 0}} {
		if l.value < l.least || l.value > 1_000_000 {
			fault("detect.%s is %d; allowed is %d to 1000000", l.name, l.value, l.least)
		}
	}
	if c.ForgetAfter < time.Hour {
		fault("detect.forget_after is %v; allowed is 1h and longer", c.ForgetAfter)
	}
	for _, glob := range slices.Sorted(maps.Keys(c.Sensitivity)) {
		if _, err := path.Match(glob, ""); err != nil {
			fault("detect.sensitivity: %q is not a glob (%v); escape [ and \\ with a backslash", glob, err)
		}
		if _, ok := parseSensitivity(c.Sensitivity[glob]); !ok {
			fault("detect.sensitivity[%q] is %q; allowed are low, normal, high", glob, c.Sensitivity[glob])
		}
	}
	for _, glob := range slices.Sorted(maps.Keys(c.Quiet)) {
		if _, err := path.Match(glob, ""); err != nil {
			fault("detect.quiet: %q is not a glob (%v); escape [ and \\ with a backslash", glob, err)
		}
		if len(c.Quiet[glob]) == 0 {
			fault("detect.quiet[%q] names no kind; allowed are all, %s", glob, strings.Join(kindNames[:], ", "))
		}
		for _, name := range c.Quiet[glob] {
			if _, ok := parseKinds(name); !ok {
				fault("detect.quiet[%q] names %q; allowed are all, %s", glob, name, strings.Join(kindNames[:], ", "))
			}
		}
	}
	return errors.Join(faults...)
}

type sensitivity uint8

const (
	normal sensitivity = iota
	low
	high
	sensitivities
)

func parseSensitivity(name string) (sensitivity, bool) {
	switch name {
	case "normal":
		return normal, true
	case "low":
		return low, true
	case "high":
		return high, true
	}
	return normal, false
}

// kindSet is a set of kinds, one bit each.
type kindSet uint8

func (s kindSet) has(k Kind) bool { return s>>k&1 == 1 }

func parseKinds(name string) (kindSet, bool) {
	if name == "all" {
		return 1<<Kinds - 1, true
	}
	for k, n := range kindNames {
		if n == name {
			return 1 << k, true
		}
	}
	return 0, false
}

// RuleFor gives the value of the best match for a name: the name itself, then
// the longest pattern, then the first in the alphabet.
func RuleFor[V any](rules map[string]V, name string) (best V, found bool) {
	if v, ok := rules[name]; ok {
		return v, true
	}
	pattern := ""
	for glob, v := range rules {
		if !Matches(glob, name) {
			continue
		}
		if !found || len(glob) > len(pattern) || len(glob) == len(pattern) && glob < pattern {
			best, pattern, found = v, glob, true
		}
	}
	return best, found
}

// Matches says that a pattern is for a service. Its * goes over slashes, since a service is no path.
func Matches(pattern, service string) bool {
	ok, err := path.Match(noPath.Replace(pattern), noPath.Replace(service))
	return pattern == service || ok && err == nil
}

var noPath = strings.NewReplacer("/", "\x00")

func (c *Config) sensitivityOf(service string) sensitivity {
	name, _ := RuleFor(c.Sensitivity, service)
	s, _ := parseSensitivity(name)
	return s
}

func (c *Config) quietOf(service string) (set kindSet) {
	names, _ := RuleFor(c.Quiet, service)
	for _, name := range names {
		s, _ := parseKinds(name)
		set |= s
	}
	return set
}
