package config

import (
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/spikeline/spikeline/processor/detect"
)

// ServiceRule is a name or pattern by which a setting is limited to some services.
type ServiceRule struct {
	Key     string // such as detect.quiet
	Line    int    // 0 if it is not in a file
	Pattern string
}

// ServiceRules lists the rules of a file that name services, in the order of its lines. A
// file with faults has none to give.
func ServiceRules(file string) ([]ServiceRule, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("the configuration cannot be read: %w", err)
	}
	c := Default()
	lines, faults := decode(file, text, &c)
	if err := faults.err(); err != nil {
		return nil, err
	}
	k := checker{lines: lines}
	var rules []ServiceRule
	add := func(key, pattern, at string) {
		rules = append(rules, ServiceRule{Key: key, Line: k.line(at), Pattern: pattern})
	}
	each := func(key string, patterns []string) {
		for _, p := range patterns {
			add(key, p, key+"."+p)
		}
	}
	each("detect.sensitivity", slices.Sorted(maps.Keys(c.Detect.Sensitivity)))
	each("detect.quiet", slices.Sorted(maps.Keys(c.Detect.Quiet)))
	each("incident.objectives", slices.Sorted(maps.Keys(c.Incident.Objectives)))
	for i, q := range c.Alerts.Quiet {
		for _, p := range q.Services {
			key := fmt.Sprintf("alerts.quiet[%d].services", i)
			add(key, p, key)
		}
	}
	slices.SortStableFunc(rules, func(a, b ServiceRule) int { return a.Line - b.Line })
	return rules, nil
}

// Unmet gives a line for each rule that fits none of the services known.
func Unmet(file string, rules []ServiceRule, known []string) (list Faults) {
	for _, r := range rules {
		if slices.ContainsFunc(known, func(service string) bool { return detect.Matches(r.Pattern, service) }) {
			continue
		}
		f := Fault{File: file, Line: r.Line, Key: fmt.Sprintf("%s[%q]", r.Key, r.Pattern), Want: fmt.Sprintf("fits none of %d known services", len(known))}
		if near := nearest(r.Pattern, known); near != "" {
			f.Want += fmt.Sprintf("; did you mean %q?", near)
		}
		list = append(list, f)
	}
	return list
}
