package accesslog

// envoyJSON reads Envoy's and Istio's JSON access logs. Numbers may be strings.
// A response code of 0 means that the client left before any answer.
// The upstream's status is known only from the details: via_upstream says that the answer is the upstream's.
// Source: https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage
type envoyJSON struct {
	json  *jsonReader
	clock clock
}

const (
	evStart uint8 = iota + 1
	evAuthority
	evAuthorityPseudo
	evPop
	evMethod
	evPath
	evCode
	evDetails
	evFlags
	evUpstream
	evSent
	evDuration
)

func newEnvoyJSON() Decoder {
	return &envoyJSON{json: newJSONReader(
		"start_time", "authority", ":authority", "pop", "method", "path", "response_code",
		"response_code_details", "response_flags", "upstream_host", "bytes_sent", "duration")}
}

func (d *envoyJSON) Decode(line []byte, r *Record) Reason {
	if reason := d.json.start(line, r); reason != OK {
		return reason
	}
	j := d.json
	t, _, reason := j.time(&d.clock, evStart)
	r.Time = t
	r.Service = j.host(j.oneOf(evAuthority, evAuthorityPseudo))
	r.Pop = j.text(evPop)
	r.Method = j.text(evMethod)
	r.Path = j.path(evPath)
	r.Bytes = j.size(evSent)
	r.LatencyMicros = j.millis(evDuration)
	reason = j.finish(r, reason, evCode, true)
	details := string(j.text(evDetails))
	if details == "via_upstream" || details == "" && !j.has(evFlags) && j.has(evUpstream) {
		r.OriginStatus = r.Status
	}
	return reason
}
