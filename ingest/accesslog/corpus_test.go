package accesslog

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// field is one key and its value as JSON.
type field struct{ key, value string }

var (
	corpusHosts  = []string{"api.example.com", "login.example.com", "www.shop.example", "static.cdn.example.net", "x.io"}
	corpusColos  = []string{"FRA", "IAD", "SIN", "GRU", "LHR", "AMS"}
	corpusCaches = []string{"hit", "miss", "dynamic", "expired", "bypass", "stale", "revalidated", "unknown"}
	corpusAgents = []string{
		"Mozilla/5.0 (Windows NT 10.0; Win64; x64)", "okhttp/4.12.0", "curl/8.8.0", "Go-http-client/2.0",
	}
)

func pick(r *rand.Rand, list []string) string { return list[r.IntN(len(list))] }

// logpushFields is one plausible record of about 550 bytes.
func logpushFields(r *rand.Rand, at time.Time, stamp func(time.Time) string) []field {
	str := func(s string) string { return `"` + s + `"` }
	path := fmt.Sprintf("/v%d/%s/%d", 1+r.IntN(3), pick(r, []string{"items", "session", "users/profile", "search"}), r.IntN(1e6))
	code, origin := 200, 200
	switch n := r.IntN(100); {
	case n < 3:
		code, origin = 503, 503
	case n < 4:
		code, origin = 500, 0
	case n < 12:
		code, origin = 404, 404
	case n < 50:
		origin = 0
	}
	ttfb := r.IntN(300)
	return []field{
		{"EdgeStartTimestamp", stamp(at)},
		{"EdgeEndTimestamp", stamp(at.Add(time.Duration(ttfb) * time.Millisecond))},
		{"RayID", str(fmt.Sprintf("%016x", r.Uint64()))},
		{"ClientIP", str(fmt.Sprintf("203.0.%d.%d", r.IntN(256), r.IntN(256)))},
		{"ClientCountry", str(pick(r, []string{"de", "us", "br", "jp"}))},
		{"ClientRequestHost", str(pick(r, corpusHosts))},
		{"ClientRequestMethod", str(pick(r, []string{"GET", "GET", "GET", "POST", "HEAD"}))},
		{"ClientRequestPath", str(path)},
		{"ClientRequestURI", str(path + fmt.Sprintf("?page=%d", r.IntN(100)))},
		{"ClientRequestProtocol", str(pick(r, []string{"HTTP/2", "HTTP/2", "HTTP/1.1", "HTTP/3"}))},
		{"ClientRequestUserAgent", str(pick(r, corpusAgents))},
		{"EdgeColoCode", str(pick(r, corpusColos))},
		{"EdgeResponseStatus", fmt.Sprint(code)},
		{"EdgeResponseBytes", fmt.Sprint(r.IntN(100000))},
		{"EdgeTimeToFirstByteMs", fmt.Sprint(ttfb)},
		{"CacheCacheStatus", str(pick(r, corpusCaches))},
		{"OriginResponseStatus", fmt.Sprint(origin)},
		{"OriginResponseDurationMs", fmt.Sprint(ttfb / 2)},
	}
}

func object(fields []field) []byte {
	var b strings.Builder
	for i, f := range fields {
		b.WriteByte(",{"[min(1, 1-min(i, 1))])
		fmt.Fprintf(&b, "%q:%s", f.key, f.value)
	}
	b.WriteByte('}')
	return []byte(b.String())
}

// The three forms of Logpush's timestamp_format.
var stamps = []func(time.Time) string{
	func(t time.Time) string { return t.Format(`"` + time.RFC3339 + `"`) },
	func(t time.Time) string { return fmt.Sprint(t.UnixNano()) },
	func(t time.Time) string { return fmt.Sprint(t.Unix()) },
}

var corpusStart = time.Date(2025, 11, 18, 11, 28, 4, 123e6, time.UTC)

const corpusLen = 4096

// logpushLines are records of one producer: one key order, no escapes.
func logpushLines(stamp func(time.Time) string) [][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	lines := make([][]byte, corpusLen)
	for i := range lines {
		lines[i] = object(logpushFields(r, corpusStart.Add(time.Duration(i)*time.Millisecond), stamp))
	}
	return lines
}

// mixedLogpushLines are records of eight producers with their own key orders,
// of all timestamp forms; one in four has an escape in a string, one in eight
// lacks a key, one in sixteen has a nested value.
func mixedLogpushLines() [][]byte {
	r := rand.New(rand.NewPCG(3, 4))
	orders := make([][]int, 8)
	for i := range orders {
		orders[i] = r.Perm(18)
	}
	lines := make([][]byte, corpusLen)
	for i := range lines {
		fields := logpushFields(r, corpusStart.Add(time.Duration(i)*time.Millisecond), stamps[i%len(stamps)])
		if r.IntN(4) == 0 {
			fields[8].value = `"/v1/search?q=\"caf\u00e9\""`
		}
		if r.IntN(16) == 0 {
			fields[10].value = `{"product":"curl","tags":["a",1,null]}`
		}
		order := orders[r.IntN(len(orders))]
		shuffled := make([]field, 0, 18)
		for _, k := range order {
			shuffled = append(shuffled, fields[k])
		}
		if r.IntN(8) == 0 {
			shuffled = shuffled[1:]
		}
		lines[i] = object(shuffled)
	}
	return lines
}

func combinedLines() [][]byte {
	r := rand.New(rand.NewPCG(5, 6))
	lines := make([][]byte, corpusLen)
	for i := range lines {
		at := corpusStart.Add(time.Duration(i) * 50 * time.Millisecond)
		lines[i] = fmt.Appendf(nil, `203.0.%d.%d - - [%s] "%s /v%d/items/%d?page=%d HTTP/1.1" %s %d "-" "%s" %d.%03d`, r.IntN(256), r.IntN(256),
			at.Format("02/Jan/2006:15:04:05 -0700"), pick(r, []string{"GET", "POST"}), r.IntN(3), r.IntN(1e6), r.IntN(100),
			pick(r, []string{"200", "200", "404", "503"}), r.IntN(1e5), pick(r, corpusAgents), r.IntN(3), r.IntN(1000))
	}
	return lines
}

func nginxJSONLines() [][]byte {
	r := rand.New(rand.NewPCG(7, 8))
	lines := make([][]byte, corpusLen)
	for i := range lines {
		at := corpusStart.Add(time.Duration(i) * 50 * time.Millisecond)
		lines[i] = fmt.Appendf(nil, `{"msec":"%d.%03d","time_iso8601":"%s","host":"%s","request_method":"GET","request_uri":"/v1/items/%d?page=2","uri":"/v1/items/%d","status":"%s","bytes_sent":"%d","request_time":"%d.%03d","upstream_status":"%s","upstream_response_time":"0.012","upstream_cache_status":"%s","remote_addr":"203.0.113.%d"}`,
			at.Unix(), i%1000, at.Format(time.RFC3339), pick(r, corpusHosts), r.IntN(1e6), r.IntN(1e6), pick(r, []string{"200", "200", "404", "503"}), r.IntN(1e5),
			r.IntN(3), r.IntN(1000), pick(r, []string{"", "200", "502, 504"}), pick(r, []string{"HIT", "MISS", ""}), r.IntN(256))
	}
	return lines
}
