package accesslog

import "bytes"

// alb reads the access logs of AWS's Application Load Balancers:
//
//	type time balancer client target request_time target_time response_time code target_code received sent "request" "agent"
//	cipher protocol target_group "trace" "domain" "certificate" priority created ...
//
// Time is that of the request's arrival, which old logs lack: there it is that
// of the answer. The latency is what lies between the two; a WebSocket's is
// not known, since its entry is written when the connection closes. The service is the host
// of the request, else the domain of the TLS handshake; the zone is the balancer. The origin is the target.
// The format does not escape quotes in the request or the agent; all that counts but the arrival stands before them.
// A code of 000 means that the balancer gave no answer, and 460 that the client left. There is no cache, and no place.
// Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html
type alb struct {
	clock   clock
	scratch []byte
}

// The fields between the type and the request.
const (
	albTime = iota
	albBalancer
	albClient
	albTarget
	albRequestTime
	albTargetTime
	albResponseTime
	albCode
	albTargetCode
	albReceived
	albSent
	albWords
)

func newALB() Decoder { return &alb{} }

func (d *alb) Decode(line []byte, r *Record) Reason {
	if reason := begin(line, r); reason != OK {
		return reason
	}
	line = bytes.TrimRight(line, "\r\n")
	kind, _, _ := bytes.Cut(line, []byte(" "))
	rest := line[len(kind):]
	var v [albWords][]byte
	for i := range v {
		var ok bool
		if v[i], rest, ok = word(rest); !ok {
			return Malformed
		}
	}
	asked, rest, ok := quoted(rest)
	if !ok || !isALBKind(kind) || !isCount(v[albSent]) {
		return Malformed
	}
	domain, created := d.tail(rest)
	r.Zone = v[albBalancer]
	r.Bytes = size(v[albSent])
	r.OriginStatus = originStatus(v[albTargetCode])
	d.request(asked, domain, r)
	reason := d.times(v[albTime], created, r)
	if string(kind) == "ws" || string(kind) == "wss" {
		r.LatencyMicros = -1
	}
	code, bad := status(v[albCode], len(v[albCode]) == 3)
	r.Status = code
	return first(reason, bad)
}

func isALBKind(kind []byte) bool {
	switch string(kind) {
	case "http", "https", "h2", "grpcs", "ws", "wss":
		return true
	}
	return false
}

// request reads "GET https://api.example.com:443/v1/items HTTP/2.0".
func (d *alb) request(asked, domain []byte, r *Record) {
	method, url := request(asked)
	name, path := splitURL(url)
	r.Method, r.Path = method, path
	if r.Service, d.scratch = host(name, d.scratch[:0]); len(r.Service) == 0 {
		r.Service, d.scratch = host(domain, d.scratch)
	}
}

// times sets the record's time and latency.
func (d *alb) times(answered, created []byte, r *Record) Reason {
	end, _, ok := d.clock.rfc3339(answered)
	if !ok {
		return BadTimestamp
	}
	r.Time = end
	if start, _, ok := d.clock.rfc3339(created); ok && start <= end {
		r.Time, r.LatencyMicros = start, (end-start)/1000
	}
	return OK
}

// tail gives what counts after the request; what cannot be found is empty.
func (d *alb) tail(rest []byte) (domain, created []byte) {
	const wordsThenQuoted = 3
	_, rest, ok := quoted(rest) // agent
	for range wordsThenQuoted {
		if ok {
			_, rest, ok = word(rest)
		}
	}
	var fields [3][]byte // trace, domain, certificate
	for i := range fields {
		if ok {
			fields[i], rest, ok = quoted(rest)
		}
	}
	if ok {
		_, rest, ok = word(rest) // priority
	}
	if ok {
		created, _, _ = word(rest)
	}
	return fields[1], created
}
