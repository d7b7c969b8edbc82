package accesslog

// nginxJSON reads access logs that nginx writes as JSON (log_format with
// escape=json). The names are the operator's choice; these are the ones most
// seen. Numbers may be strings. Where a log has several names for one thing,
// the first of the list that holds a value counts.
// Time is the end of the request: nginx logs when it has answered.
type nginxJSON struct {
	json  *jsonReader
	clock clock
}

const (
	ngMsec uint8 = iota + 1
	ngISO
	ngAt
	ngTimestamp
	ngTime
	ngLocal
	ngHost
	ngHTTPHost
	ngServer
	ngPop
	ngColo
	ngMethod
	ngURI
	ngRequestURI
	ngRequest
	ngStatus
	ngUpstream
	ngCache
	ngSent
	ngBody
	ngDuration
)

func newNginxJSON() Decoder {
	return &nginxJSON{json: newJSONReader(
		"msec", "time_iso8601", "@timestamp", "timestamp", "time", "time_local",
		"host", "http_host", "server_name", "pop", "colo",
		"request_method", "uri", "request_uri", "request",
		"status", "upstream_status", "upstream_cache_status",
		"bytes_sent", "body_bytes_sent", "request_time")}
}

func (d *nginxJSON) Decode(line []byte, r *Record) Reason {
	if reason := d.json.start(line, r); reason != OK {
		return reason
	}
	j := d.json
	t, _, reason := j.time(&d.clock, j.oneOf(ngMsec, ngISO, ngAt, ngTimestamp, ngTime, ngLocal))
	r.Time = t
	r.Service = j.host(j.oneOf(ngHost, ngHTTPHost, ngServer))
	r.Pop = j.text(j.oneOf(ngPop, ngColo))
	r.Method = j.text(ngMethod)
	r.Path = j.path(j.oneOf(ngURI, ngRequestURI))
	if len(r.Method) == 0 || len(r.Path) == 0 {
		method, path := request(j.text(ngRequest))
		if len(r.Method) == 0 {
			r.Method = method
		}
		if len(r.Path) == 0 {
			r.Path = path
		}
	}
	r.OriginStatus = j.origin(ngUpstream)
	r.Cache = cacheState(j.text(ngCache))
	r.Bytes = j.size(j.oneOf(ngSent, ngBody))
	r.LatencyMicros = micros(j.scalar(ngDuration), 6)
	return j.finish(r, reason, ngStatus, true)
}
