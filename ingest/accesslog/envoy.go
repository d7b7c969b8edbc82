package accesslog

import "bytes"

// envoy reads Envoy's default text format, and Istio's, which has three more
// fields after the flags (details, termination details, "transport failure"):
//
//	[start] "method path protocol" code flags received sent duration upstream_time "forwarded" "agent" "request id" "authority" "upstream host"
//
// Durations are in milliseconds. A code of 0 means that the client left before any answer.
// The answer is the upstream's when no flag is set and a host was asked.
// Source: https://www.envoyproxy.io/docs/envoy/latest/configuration/observability/access_log/usage
type envoy struct {
	clock   clock
	scratch []byte
}

func newEnvoy() Decoder { return &envoy{} }

func (d *envoy) Decode(line []byte, r *Record) Reason {
	if reason := begin(line, r); reason != OK {
		return reason
	}
	line = bytes.TrimRight(line, "\r\n")
	end := bytes.IndexByte(line, ']')
	if line[0] != '[' || end < 0 {
		return Malformed
	}
	reason := OK
	if t, _, ok := d.clock.text(line[1:end]); ok {
		r.Time = t
	} else {
		reason = BadTimestamp
	}
	target, rest, ok := quoted(line[end+1:])
	if !ok {
		return Malformed
	}
	r.Method, r.Path = request(target)
	code, rest, ok1 := word(rest)
	flags, rest, ok2 := word(rest)
	rest, ok3 := d.numbers(rest, r)
	if !ok1 || !ok2 || !ok3 {
		return Malformed
	}
	upstream, ok := d.names(rest, r)
	if !ok {
		return Malformed
	}
	v, bad := status(code, true)
	if r.Status = v; string(flags) == "-" && string(upstream) != "-" {
		r.OriginStatus = v
	}
	return first(reason, bad)
}

// numbers reads from the field after the flags to the upstream's time.
func (d *envoy) numbers(rest []byte, r *Record) (after []byte, ok bool) {
	w, after, ok := word(rest)
	if ok && !isCount(w) || string(w) == "-" { // Istio's fields
		for ok && len(after) > 1 && after[1] != '"' {
			_, after, ok = word(after)
		}
		if _, after, ok = quoted(after); ok {
			_, after, ok = word(after)
		}
	}
	if !ok {
		return nil, false
	}
	sent, after, ok1 := word(after)
	duration, after, ok2 := word(after)
	_, after, ok3 := word(after)
	if !ok1 || !ok2 || !ok3 || !isCount(sent) || !isCount(duration) {
		return nil, false
	}
	r.Bytes, r.LatencyMicros = size(sent), micros(duration, 3)
	return after, true
}

// names reads the five quoted fields at the end.
func (d *envoy) names(rest []byte, r *Record) (upstream []byte, ok bool) {
	var fields [5][]byte
	for i := range fields {
		if fields[i], rest, ok = quoted(rest); !ok {
			return nil, false
		}
	}
	r.Service, d.scratch = host(fields[3], d.scratch[:0])
	return fields[4], len(rest) == 0 || rest[0] == ' '
}

// quoted takes a space and the quoted field after it from rest.
func quoted(rest []byte) (field, after []byte, ok bool) {
	if len(rest) < 3 || rest[0] != ' ' || rest[1] != '"' {
		return nil, nil, false
	}
	end := quoteEnd(rest, 1)
	if end < 0 {
		return nil, nil, false
	}
	return rest[2:end], rest[end+1:], true
}
