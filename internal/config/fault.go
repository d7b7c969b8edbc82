package config

import (
	"fmt"
	"sort"
	"strings"
)

// Fault is one thing wrong with a configuration.
type Fault struct {
	File  string // as the user named it; empty when the value came from a flag
	Line  int    // 0: the value is a default, or came from a flag
	Key   string // dotted path from the top, "window.width"; empty for the document as a whole
	Value string // as written; empty for a secret and where there is none to show
	Want  string // what is allowed, and the next step
}

// Error gives the fault on one line: where, which key, which value, what is allowed.
func (f Fault) Error() string {
	var b strings.Builder
	if f.File != "" {
		b.WriteString(f.File)
		if f.Line > 0 {
			fmt.Fprintf(&b, ":%d", f.Line)
		}
		b.WriteString(": ")
	}
	if f.Key != "" {
		b.WriteString(f.Key)
		if f.Value != "" {
			b.WriteString(" = " + f.Value)
		}
		b.WriteString(": ")
	}
	return b.String() + f.Want
}

// Faults is every fault of one configuration, in the order of its lines.
type Faults []Fault

// Error gives one fault a line.
func (fs Faults) Error() string {
	lines := make([]string, len(fs))
	for i, f := range fs {
		lines[i] = f.Error()
	}
	return strings.Join(lines, "\n")
}

// err is nil without faults, so that a caller's err != nil means what it says.
func (fs Faults) err() error {
	if len(fs) == 0 {
		return nil
	}
	sort.SliceStable(fs, func(i, j int) bool { return fs[i].Line < fs[j].Line })
	return fs
}
