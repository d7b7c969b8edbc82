package alert

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/spikeline/spikeline/processor/detect"
	"github.com/spikeline/spikeline/processor/incident"
)

// Quiet keeps webhooks from being told. An incident is quiet while each of its
// services is covered by some rule; a service not covered makes it heard again.
type Quiet struct {
	Services []string `yaml:"services" why:"services it covers, as globs: *, ? and [a-z]; * goes over dots and slashes"`
	Kinds    []string `yaml:"kinds" why:"it covers incidents that are of these kinds alone; of any kind by default"`
	Days     []string `yaml:"days" why:"days of the week on which it begins, mon to sun; every day by default"`
	From     string   `yaml:"from" why:"time of day at which it begins, such as 22:00; with to, and all day by default"`
	To       string   `yaml:"to" why:"time of day at which it ends; before from, it ends on the next day"`
	Timezone string   `yaml:"timezone" why:"IANA name of the zone that days, from and to are in; UTC by default"`
}

var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

func kindNames() (names []string) {
	for k := range detect.Kinds {
		names = append(names, k.String())
	}
	return names
}

func (q Quiet) check(key string) (faults []error) {
	fault := func(bad bool, field, format string, args ...any) {
		if bad {
			faults = append(faults, fmt.Errorf(key+field+": "+format, args...))
		}
	}
	fault(len(q.Services) == 0, ".services", "none; name at least one, or \"*\" for all")
	for _, s := range q.Services {
		_, err := path.Match(s, "")
		fault(err != nil || s == "", ".services", "%q is no glob; *, ? and [a-z] are known, and \\ before a letter takes it as it is", s)
	}
	for _, k := range q.Kinds {
		fault(!slices.Contains(kindNames(), k), ".kinds", "%q, allowed are %s", k, strings.Join(kindNames(), ", "))
	}
	for _, d := range q.Days {
		fault(!slices.Contains(weekdays, d), ".days", "%q, allowed are mon, tue, wed, thu, fri, sat, sun", d)
	}
	fault((q.From == "") != (q.To == ""), "", "from and to: give both or neither")
	for _, t := range []struct{ field, text string }{{".from", q.From}, {".to", q.To}} {
		_, err := time.Parse("15:04", t.text)
		fault(t.text != "" && err != nil, t.field, "%q is no time of day; write it like 22:00", t.text)
	}
	fault(q.From != "" && q.From == q.To, ".to", "%q is from too; leave both out for the whole day", q.To)
	_, err := time.LoadLocation(q.Timezone)
	fault(err != nil, ".timezone", "%q is not known here; give an IANA name such as Europe/Berlin, or UTC", q.Timezone)
	return faults
}

// rule is a checked Quiet, ready to be asked.
type rule struct {
	Quiet
	zone     *time.Location
	from, to time.Duration // since midnight; equal: the whole day
}

func rulesOf(list []Quiet) (rules []rule) {
	for _, q := range list {
		zone, err := time.LoadLocation(q.Timezone)
		if err != nil {
			panic("BUG: alerts.quiet was not checked: " + err.Error())
		}
		rules = append(rules, rule{Quiet: q, zone: zone, from: ofDay(q.From), to: ofDay(q.To)})
	}
	return rules
}

func ofDay(text string) time.Duration {
	t, err := time.Parse("15:04", text)
	if err != nil {
		return 0
	}
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute
}

// covers says that the rule is on for findings of these kinds at a service, at a time of the wall in its zone.
func (r *rule) covers(service string, kinds []string, at time.Time) bool {
	return r.on(at) && slices.ContainsFunc(r.Services, func(glob string) bool { return matches(glob, service) }) &&
		(len(r.Kinds) == 0 || len(kinds) > 0 && !slices.ContainsFunc(kinds, func(k string) bool { return !slices.Contains(r.Kinds, k) }))
}

func (r *rule) on(at time.Time) bool {
	at = at.In(r.zone)
	day := at.Weekday()
	now := time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute
	switch {
	case r.from == r.to:
	case r.from < r.to:
		if now < r.from || now >= r.to {
			return false
		}
	case now < r.to: // since yesterday
		day = (day + 6) % 7
	case now < r.from:
		return false
	}
	return len(r.Days) == 0 || slices.Contains(r.Days, weekdays[day])
}

// matches is path.Match whose * goes over slashes, since a service is no path.
func matches(glob, service string) bool {
	flat := strings.NewReplacer("/", "\x00")
	ok, _ := path.Match(flat.Replace(glob), flat.Replace(service))
	return ok
}

// quietIncident says that every service of an incident is covered.
func quietIncident(rules []rule, in *incident.Incident, at time.Time) bool {
	if len(rules) == 0 || in.MoreServices > 0 || len(in.Services) == 0 {
		return false
	}
	for _, m := range in.Services {
		if !covered(rules, m.Service, in.Kinds, at) {
			return false
		}
	}
	return true
}

func covered(rules []rule, service string, kinds []string, at time.Time) bool {
	return slices.ContainsFunc(rules, func(r rule) bool { return r.covers(service, kinds, at) })
}
