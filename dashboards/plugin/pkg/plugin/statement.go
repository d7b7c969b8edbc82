package plugin

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// statement is one SELECT. Values travel beside the text, as parameters.
type statement struct {
	text       string
	names      []string
	parameters map[string]any
}

func newStatement() *statement { return &statement{parameters: map[string]any{}} }

// bind keeps a value and gives its place in the text. A name that is bound
// twice keeps its first value, so both must be the same.
func (s *statement) bind(name, kind string, value any) string {
	if _, known := s.parameters[name]; !known {
		s.names = append(s.names, name)
		s.parameters[name] = value
	}
	return "{" + name + ":" + kind + "}"
}

// next gives a name that is still free.
func (s *statement) next(prefix string) string { return fmt.Sprintf("%s%d", prefix, len(s.names)) }

// from and to place the time range, in whole seconds, both ends inclusive.
func (s *statement) from(q query) string {
	return "toDateTime(" + s.bind("from", "UInt32", unix(q.From)) + ", 'UTC')"
}

func (s *statement) to(q query) string {
	return "toDateTime(" + s.bind("to", "UInt32", unix(q.To)) + ", 'UTC')"
}

func (s *statement) limit(q query) string {
	return s.bind("limit", "UInt32", int64(q.Limit)+1) // one more tells that there are more
}

func (s *statement) arguments() []any {
	all := make([]any, len(s.names))
	for i, name := range s.names {
		all[i] = clickhouse.Named(name, s.parameters[name])
	}
	return all
}

// String is the text with its parameters above it, as Grafana's inspector shows
// it and as the cache tells statements apart.
func (s *statement) String() string {
	var b strings.Builder
	for _, name := range s.names {
		value, err := json.Marshal(s.parameters[name])
		if err != nil {
			panic("BUG: a parameter is no JSON: " + err.Error())
		}
		fmt.Fprintf(&b, "-- %s = %s\n", name, value)
	}
	b.WriteString(s.text)
	return b.String()
}

// in limits a column to the chosen names; none chosen means all.
func (s *statement) in(where []string, column, name string, chosen []string) []string {
	if len(chosen) == 0 {
		return where
	}
	return append(where, column+" IN "+s.bind(name, "Array(String)", chosen))
}

// anyOf is in for a column that holds a list.
func (s *statement) anyOf(where []string, column, name string, chosen []string) []string {
	if len(chosen) == 0 {
		return where
	}
	return append(where, "hasAny("+column+", "+s.bind(name, "Array(String)", chosen)+")")
}

func all(where []string) string { return strings.Join(where, "\n  AND ") }
