package accesslog

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// ServiceConfig says which service a record belongs to.
type ServiceConfig struct {
	From     string    `yaml:"from" why:"Where the name comes from: host, zone, path:N (the first N segments of the path) or constant:NAME; the host, since it is what users and on-call people call a service."`
	Fallback string    `yaml:"fallback" why:"Name for records of which that part is empty; none, so that they are rejected as no_service and seen, not mixed."`
	Rewrite  []Rewrite `yaml:"rewrite" why:"Rules that turn names into services; the first that matches counts; none, since most hosts are services as they are."`
}

// Rewrite is one rule: a name that Match matches becomes To.
type Rewrite struct {
	Match string `yaml:"match" why:"A regular expression (RE2); it is anchored nowhere unless it says so with ^ and $."`
	To    string `yaml:"to" why:"The service; $1 or ${name} stand for what a group matched."`
}

// DefaultService names services by host, without a fallback.
func DefaultService() ServiceConfig { return ServiceConfig{From: "host"} }

// Namer maps records to service names. It belongs to one goroutine.
type Namer struct {
	part     func(*Record) []byte
	asIs     bool // hosts need no cleaning and no rule applies
	fallback []byte
	rules    []rule
	recent   map[string][]byte // names by key, not more than namesKept
	older    map[string][]byte // the recent ones before the last change
}

type rule struct {
	match *regexp.Regexp
	to    []byte
}

const (
	maxName   = 253   // bytes, that of a host name
	namesKept = 10000 // a generation; regular expressions run once a name, not once a record
)

// NewNamer tells all faults of c at once.
func NewNamer(c ServiceConfig) (*Namer, error) {
	n := &Namer{fallback: cleanName([]byte(c.Fallback)), recent: map[string][]byte{}}
	var faults []string
	var err error
	if n.part, err = partOf(c.From); err != nil {
		faults = append(faults, err.Error())
	}
	for i, r := range c.Rewrite {
		match, err := regexp.Compile(r.Match)
		if err != nil {
			faults = append(faults, fmt.Sprintf("service.rewrite[%d].match %q is no regular expression: %v; see https://golang.org/s/re2syntax", i, r.Match, err))
			continue
		}
		n.rules = append(n.rules, rule{match, []byte(r.To)})
	}
	if len(faults) > 0 {
		return nil, fmt.Errorf("%s", strings.Join(faults, "\n"))
	}
	n.asIs = c.From == "host" && len(n.rules) == 0
	return n, nil
}

// partOf is the function that takes the part of a record that from names.
func partOf(from string) (func(*Record) []byte, error) {
	kind, arg, _ := strings.Cut(from, ":")
	switch {
	case from == "host":
		return func(r *Record) []byte { return r.Service }, nil
	case from == "zone":
		return func(r *Record) []byte { return r.Zone }, nil
	case kind == "constant" && arg != "":
		name := cleanName([]byte(arg))
		return func(*Record) []byte { return name }, nil
	case kind == "path":
		if n, err := strconv.Atoi(arg); err == nil && n >= 1 && n <= 8 {
			return func(r *Record) []byte { return segments(r.Path, n) }, nil
		}
	}
	return nil, fmt.Errorf("service.from %q is not known; use host, zone, path:N (N from 1 to 8) or constant:NAME", from)
}

// Name is the service of r; empty when it has none. It is valid until the next
// Decode. It does not allocate for names it has seen lately.
func (n *Namer) Name(r *Record) []byte {
	key := n.part(r)
	if n.asIs && len(key) > 0 {
		return key
	}
	if len(key) == 0 {
		return n.fallback
	}
	if len(key) > maxName {
		key = key[:maxName]
	}
	if name, ok := n.recent[string(key)]; ok {
		return name
	}
	name, ok := n.older[string(key)]
	if !ok {
		name = n.rewritten(key)
	}
	if len(n.recent) >= namesKept {
		n.older, n.recent = n.recent, make(map[string][]byte, namesKept)
	}
	n.recent[string(key)] = name
	return name
}

func (n *Namer) rewritten(key []byte) []byte {
	for _, r := range n.rules {
		if at := r.match.FindSubmatchIndex(key); at != nil {
			key = r.match.Expand(nil, r.to, key, at)
			break
		}
	}
	if name := cleanName(key); len(name) > 0 {
		return name
	}
	return n.fallback
}

// cleanName is a copy of name that is safe to store and to show: valid UTF-8
// without control characters and outer white space, at most maxName bytes.
func cleanName(name []byte) []byte {
	s := strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(string(name), "\uFFFD"))
	s = strings.TrimSpace(s)
	for len(s) > maxName {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	return []byte(s)
}

// segments is the first n segments of path with their slashes: /v1/items for n = 2.
func segments(path []byte, n int) []byte {
	for i := 1; i < len(path); i++ {
		if path[i] == '/' {
			if n--; n == 0 {
				return path[:i]
			}
		}
	}
	return path
}
