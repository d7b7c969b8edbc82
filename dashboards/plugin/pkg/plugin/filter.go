package plugin

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// column is what an ad-hoc filter's key stands for in one query type.
type column struct {
	text string
	list bool // it holds a list of strings
}

var (
	windowColumns   = map[string]column{"service": {text: "service"}, "pop": {text: "pop"}}
	incidentColumns = map[string]column{
		"service": {text: "services", list: true}, "pop": {text: "pops", list: true}, "kind": {text: "kinds", list: true},
		"severity": {text: "severity"}, "status": {text: "status"}, "phase": {text: "phase"},
		"first_service": {text: "first_service"}, "incident": {text: "incident_id"},
	}
	// On a timeline a filter on services picks rows, not whole incidents: those of a member, whatever else was in its incident.
	memberColumns = replaced(incidentColumns, "service", &column{text: "member.1"})
	turnColumns   = replaced(incidentColumns, "service", nil)
	signalColumns = map[string]column{
		"service": {text: "service"}, "pop": {text: "pop"}, "kind": {text: "kind"}, "severity": {text: "severity"},
	}
	eventColumns = map[string]column{
		"service": {text: "service"}, "pop": {text: "pop"}, "event": {text: "event"}, "incident": {text: "incident_id"},
	}
)

// replaced are columns with another one for a key, or with none.
func replaced(columns map[string]column, key string, with *column) map[string]column {
	columns = maps.Clone(columns)
	delete(columns, key)
	if with != nil {
		columns[key] = *with
	}
	return columns
}

// filterKeys are all keys, for the picker.
var filterKeys = []string{"service", "pop", "kind", "severity", "status", "phase", "event", "first_service", "incident"}

// filter adds the ad-hoc filters that have a column here; it names the others.
func (s *statement) filter(where []string, filters []filter, columns map[string]column) (_ []string, unused []string, err error) {
	for _, f := range filters {
		c, known := columns[f.Key]
		if !known {
			if !slices.Contains(filterKeys, f.Key) {
				return nil, nil, fmt.Errorf("the ad-hoc filter has the key %q; allowed are %q", f.Key, filterKeys)
			}
			unused = append(unused, f.Key)
			continue
		}
		text, err := s.condition(f, c)
		if err != nil {
			return nil, nil, err
		}
		where = append(where, text)
	}
	return where, unused, nil
}

func (s *statement) condition(f filter, c column) (string, error) {
	positive, negated := f.Operator, false
	if rest, found := strings.CutPrefix(f.Operator, "!"); found {
		positive, negated = rest, true
	}
	if positive == "~" {
		positive = "=~"
	}
	name := s.next("f")
	var text string
	switch {
	case positive == "=" && c.list:
		text = "has(" + c.text + ", " + s.bind(name, "String", f.Value) + ")"
	case positive == "=":
		text = "toString(" + c.text + ") = " + s.bind(name, "String", f.Value)
	case positive == "=|" && c.list:
		text = "hasAny(" + c.text + ", " + s.bind(name, "Array(String)", f.values()) + ")"
	case positive == "=|":
		text = "toString(" + c.text + ") IN " + s.bind(name, "Array(String)", f.values())
	case positive == "=~":
		if _, err := regexp.Compile(f.Value); err != nil {
			return "", fmt.Errorf("the ad-hoc filter on %s is no regular expression: %w", f.Key, err)
		}
		place := s.bind(name, "String", "^(?:"+f.Value+")$")
		text = "match(toString(" + c.text + "), " + place + ")"
		if c.list {
			text = "arrayExists(x -> match(x, " + place + "), " + c.text + ")"
		}
	default:
		return "", fmt.Errorf("the ad-hoc filter on %s has the operator %q; allowed are =, !=, =|, !=|, =~ and !~", f.Key, f.Operator)
	}
	if negated {
		text = "NOT " + text
	}
	return text, nil
}

func (f filter) values() []string {
	if len(f.Values) == 0 {
		return []string{f.Value}
	}
	return f.Values
}
