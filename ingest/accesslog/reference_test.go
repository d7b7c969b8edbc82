package accesslog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/big"
	"regexp"
	"strings"
	"testing"
	"time"
)

// The reference decoders: the plainest way to say what a record means, on
// encoding/json, time, math/big and regexp. The fuzz targets compare with them.

// text is the record as one line.
func text(r *Record, reason Reason) string {
	at := "-"
	if r.Time != 0 {
		at = time.Unix(0, r.Time).UTC().Format(time.RFC3339Nano)
	}
	s := fmt.Sprintf("%s service=%q zone=%q pop=%q %q %q %d/%d %s %dB %dus", at, runes(r.Service), runes(r.Zone), runes(r.Pop),
		runes(r.Method), runes(r.Path), r.Status, r.OriginStatus, r.Cache, r.Bytes, r.LatencyMicros)
	if reason != OK {
		s += " reject=" + reason.String()
	}
	return s
}

// runes puts U+FFFD for invalid UTF-8 as encoding/json does.
func runes(b []byte) string { return string([]rune(string(b))) }

type refObject map[string]any

// refParse is nil when line is no valid object, or nests deeper than this package allows.
func refParse(line []byte) refObject {
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	var o refObject
	if d.Decode(&o) != nil {
		return nil
	}
	if _, err := d.Token(); err != io.EOF {
		return nil
	}
	for _, v := range o {
		if depth(v) > maxDepth {
			return nil
		}
	}
	return o
}

func depth(v any) int {
	deepest := -1
	switch v := v.(type) {
	case map[string]any:
		for _, e := range v {
			deepest = max(deepest, depth(e))
		}
	case []any:
		for _, e := range v {
			deepest = max(deepest, depth(e))
		}
	default:
		return 0
	}
	return max(deepest, 0) + 1
}

func (o refObject) text(key string) string {
	s, _ := o[key].(string)
	return s
}

func (o refObject) scalar(key string) string {
	if n, ok := o[key].(json.Number); ok {
		return n.String()
	}
	return o.text(key)
}

func (o refObject) has(key string) bool { return o[key] != nil && o[key] != "" && o[key] != "-" }

func (o refObject) oneOf(keys ...string) string {
	for _, k := range keys {
		if o.has(k) {
			return k
		}
	}
	return "\xff" // can be no key: encoding/json makes valid UTF-8 of them
}

var (
	refNumberForm = regexp.MustCompile(`^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)
	refHugePower  = regexp.MustCompile(`[eE][+-]?[0-9]{4,}`)
)

// refDecimal is s times 10^scale, cut toward zero.
func refDecimal(s string, scale int64) (int64, bool) {
	if !refNumberForm.MatchString(s) {
		return 0, false
	}
	x, ok := new(big.Rat).SetString(s)
	if !ok {
		panic(s)
	}
	x.Mul(x, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(scale), nil)))
	n := new(big.Int).Quo(x.Num(), x.Denom())
	return n.Int64(), n.IsInt64()
}

var (
	refISOForm  = regexp.MustCompile(`^([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(\.[0-9]+)?(Z|[+-][0-9]{2}:?[0-9]{2})$`)
	refCLFForm  = regexp.MustCompile(`^[0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}:[0-9]{2}:[0-9]{2}:[0-9]{2} [+-][0-9]{4}$`)
	refOffset   = regexp.MustCompile(`([+-][0-9]{2})([0-9]{2})$`)
	refEarliest = time.Unix(0, 1)
)

func refTime(s string) (ns int64, precise, ok bool) {
	var t time.Time
	switch m := refISOForm.FindStringSubmatch(s); {
	case m != nil:
		if m[3] != "Z" {
			if m[3][1:3] > "23" {
				return 0, false, false // package time lets 24 pass, RFC 3339 does not
			}
			s = m[1] + m[2] + refOffset.ReplaceAllString(m[3], "$1:$2")
		}
		ok, precise = t.UnmarshalText([]byte(s)) == nil, m[2] != ""
		ns, ok = refRange(t, ok)
		return ns, precise && ok, ok
	case refCLFForm.MatchString(s):
		t, err := time.Parse("02/Jan/2006:15:04:05 -0700", s)
		if h, m := s[22:24], s[24:26]; h > "23" || m > "59" {
			return 0, false, false
		}
		ns, ok = refRange(t, err == nil)
		return ns, false, ok
	}
	v, ok := refDecimal(s, 0)
	if !ok || v < 0 {
		return 0, false, false
	}
	scale := int64(0)
	switch {
	case v < 1e11:
		scale = 9
	case v < 1e14:
		scale = 6
	case v < 1e17:
		scale = 3
	}
	ns, ok = refDecimal(s, scale)
	if ns <= 0 || !ok {
		return 0, false, false
	}
	return ns, scale < 9 || strings.ContainsAny(s, ".eE"), true
}

// refRange is the range of times by local calendar day, 1969-12-31 to 2261-12-31, and after 1970 began.
func refRange(t time.Time, ok bool) (int64, bool) {
	if !ok || t.Before(refEarliest) || t.Year() > 2261 {
		return 0, false
	}
	return t.UnixNano(), true
}

func (o refObject) time(key string) (int64, bool, Reason) {
	if !o.has(key) {
		return 0, false, NoTimestamp
	}
	ns, precise, ok := refTime(o.scalar(key))
	if !ok {
		return 0, false, BadTimestamp
	}
	return ns, precise, OK
}

var refHostForm = regexp.MustCompile(`^([a-z0-9_.-]*)$`)

func refHost(s string) string {
	s = asciiLower(s)
	if m := regexp.MustCompile(`^(\[[0-9a-f:.]{2,45}\])(:[0-9]*)?$`).FindStringSubmatch(s); m != nil && strings.Count(m[1], ":") >= 2 {
		return m[1]
	}
	s = regexp.MustCompile(`:[0-9]*$`).ReplaceAllString(s, "")
	s = strings.TrimSuffix(s, ".")
	if !refHostForm.MatchString(s) || strings.HasSuffix(s, ".") || len(s) > 253 || s == "-" || s == "_" {
		return ""
	}
	return s
}

func asciiLower(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			r += 'a' - 'A'
		}
		return r
	}, s)
}

func refStatus(s string, zero bool) (uint16, Reason) {
	if s == "" || s == "-" {
		return 0, NoStatus
	}
	switch v, ok := refDecimal(s, 0); {
	case ok && v >= 100 && v <= 999:
		return uint16(v), OK
	case ok && zero && (v == 0 || v == -1):
		return 0, OK
	}
	return 0, BadStatus
}

func refOrigin(s string) uint16 {
	var last uint16
	for _, part := range strings.FieldsFunc(s, func(r rune) bool { return strings.ContainsRune(",: ", r) }) {
		if v, reason := refStatus(part, false); reason == OK {
			last = v
		}
	}
	return last
}

func refSize(s string) uint64 {
	v, ok := refDecimal(s, 0)
	if !ok {
		return 0
	}
	return uint64(max(v, 0))
}

func refMicros(s string, scale int64) int64 {
	v, ok := refDecimal(s, scale)
	if !ok || v < 0 {
		return -1
	}
	return v
}

func refPath(s string) string {
	if i := strings.IndexAny(s, "?#"); i >= 0 {
		return s[:i]
	}
	return s
}

func refRequest(s string) (method, path string) {
	m := regexp.MustCompile(`(?s)^([A-Z]+) ([^ ]*)`).FindStringSubmatch(s)
	if m == nil {
		return "", ""
	}
	return m[1], refPath(m[2])
}

func (o refObject) finish(r *Record, reason Reason, key string, zero bool) Reason {
	bad := NoStatus
	if o.has(key) {
		if r.Status, bad = refStatus(o.scalar(key), zero); bad == NoStatus {
			bad = BadStatus
		}
	}
	return first(reason, bad)
}

func refCloudflare(o refObject, r *Record) Reason {
	start, precise, reason := o.time("EdgeStartTimestamp")
	end, endPrecise, endReason := o.time("EdgeEndTimestamp")
	r.Time = start
	if reason == NoTimestamp {
		r.Time, precise, reason = end, false, endReason
	}
	r.Service = []byte(refHost(o.text("ClientRequestHost")))
	r.Zone = []byte(o.text("ZoneName"))
	r.Pop = []byte(o.text("EdgeColoCode"))
	r.Method = []byte(o.text("ClientRequestMethod"))
	r.Path = []byte(o.text("ClientRequestPath"))
	if len(r.Path) == 0 {
		r.Path = []byte(refPath(o.text("ClientRequestURI")))
	}
	r.OriginStatus = refOrigin(o.scalar("OriginResponseStatus"))
	r.Cache = refCache(o.text("CacheCacheStatus"))
	r.Bytes = refSize(o.scalar("EdgeResponseBytes"))
	r.LatencyMicros = refMicros(o.scalar("EdgeTimeToFirstByteMs"), 3)
	if precise && endPrecise && end >= start {
		r.LatencyMicros = (end - start) / 1000
	}
	return o.finish(r, reason, "EdgeResponseStatus", false)
}

func refCache(s string) Cache { return cacheState([]byte(s)) }

func refNginxJSON(o refObject, r *Record) Reason {
	var reason Reason
	r.Time, _, reason = o.time(o.oneOf("msec", "time_iso8601", "@timestamp", "timestamp", "time", "time_local"))
	r.Service = []byte(refHost(o.text(o.oneOf("host", "http_host", "server_name"))))
	r.Pop = []byte(o.text(o.oneOf("pop", "colo")))
	method, path := refRequest(o.text("request"))
	if o.text("request_method") != "" {
		method = o.text("request_method")
	}
	if p := refPath(o.text(o.oneOf("uri", "request_uri"))); p != "" {
		path = p
	}
	r.Method, r.Path = []byte(method), []byte(path)
	r.OriginStatus = refOrigin(o.scalar("upstream_status"))
	r.Cache = refCache(o.text("upstream_cache_status"))
	r.Bytes = refSize(o.scalar(o.oneOf("bytes_sent", "body_bytes_sent")))
	r.LatencyMicros = refMicros(o.scalar("request_time"), 6)
	return o.finish(r, reason, "status", true)
}

// compare decodes line with a decoder of its own, with one that has seen lines before, and by reference.
func compare(t *testing.T, used Decoder, name string, line []byte, reference func([]byte, *Record) Reason) {
	t.Helper()
	if refHugePower.Match(line) {
		return // beyond what math/big can hold; decimal has its own test
	}
	var want Record
	reason := begin(line, &want)
	if reason == OK {
		reason = reference(line, &want)
	}
	wantText := text(&want, reason)
	if reason == Malformed {
		wantText = reason.String()
	}
	fresh, err := New(name)
	if err != nil {
		t.Fatal(err)
	}
	for i, d := range []Decoder{fresh, fresh, used} {
		var r Record
		reason := d.Decode(line, &r)
		got := text(&r, reason)
		if reason == Malformed {
			got = reason.String()
		}
		if got != wantText {
			t.Fatalf("decode %d of %q\n got %s\nwant %s", i, line, got, wantText)
		}
	}
}

// byJSON is the reference decoder of a JSON format.
func byJSON(ref func(refObject, *Record) Reason) func([]byte, *Record) Reason {
	return func(line []byte, r *Record) Reason {
		o := refParse(line)
		if o == nil {
			return Malformed
		}
		return ref(o, r)
	}
}
