package accesslog

import (
	"net/netip"
	"regexp"
	"strings"
	"unicode/utf8"
)

var (
	refCombinedStart = regexp.MustCompile(`(?s).\[(.{26})\] "`)
	refCombinedRest  = regexp.MustCompile(`(?s)^((?:[^"\\]|\\.)*)" ([^ ]+) ([0-9]+|-)( "(?:[^"\\]|\\.)*" "(?:(?:[^"\\]|\\.)*"( .*)?|(?:[^"\\]|\\.)*\\?))?$`)
)

// latin1 makes a rune of every byte, for regexp to count bytes; bytesOf undoes it.
func latin1(b []byte) string {
	var s strings.Builder
	for _, c := range b {
		s.WriteRune(rune(c))
	}
	return s.String()
}

func bytesOf(s string) []byte {
	b := []byte{}
	for _, r := range s {
		b = append(b, byte(r))
	}
	return b
}

func refCombined(line []byte, r *Record) Reason {
	s := strings.TrimRight(latin1(line), "\r\n")
	start := refCombinedStart.FindStringSubmatchIndex(s)
	if start == nil {
		return Malformed
	}
	_, size := utf8.DecodeRuneInString(s[start[0]:])
	head, stamp := s[:start[0]+size], s[start[2]:start[3]]
	m := refCombinedRest.FindStringSubmatch(s[start[1]:])
	if m == nil {
		return Malformed
	}
	m = append([]string{"", head, stamp}, m[1:]...)
	if words := strings.SplitN(m[1], " ", 3); len(words) == 3 && refAddress(words[1]) {
		r.Service = []byte(refHost(words[0]))
	}
	method, path := refRequest(m[3])
	r.Method, r.Path = bytesOf(method), bytesOf(path)
	r.Bytes = refSize(m[5])
	for _, w := range strings.Split(strings.TrimPrefix(m[7], " "), " ") {
		if w == "" {
			break
		}
		w = regexp.MustCompile(`^(rt|request_time)=`).ReplaceAllString(w, "")
		if us := refMicros(w, 6); us >= 0 && strings.Contains(w, ".") {
			r.LatencyMicros = us
			break
		}
	}
	reason := BadTimestamp
	if refCLFForm.MatchString(m[2]) {
		if t, _, ok := refTime(m[2]); ok {
			r.Time, reason = t, OK
		}
	}
	v, bad := refStatus(m[4], len(m[4]) == 3)
	r.Status = v
	return first(reason, bad)
}

// refAddress is wider than an address in the same way as isAddress: by shape.
func refAddress(s string) bool {
	if _, err := netip.ParseAddr(s); err == nil && !strings.Contains(s, "%") {
		return true
	}
	return regexp.MustCompile(`^([0-9]{1,3}\.){3}[0-9]{1,3}$`).MatchString(s) ||
		regexp.MustCompile(`^[0-9a-fA-F:.]{2,45}$`).MatchString(s) && strings.Count(s, ":") >= 2
}
