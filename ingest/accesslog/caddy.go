package accesslog

import "bytes"

// caddy reads Caddy's access logs in JSON. A log may also hold the entries of
// Caddy's other loggers, among them a second one of a request that failed: they are Empty.
//
// Time is when the entry was written, the end of the request, in any form that
// names its zone; durations are in seconds, as by default, and one of more than
// a day is taken to be in another unit and not known. A status of 0 means that nothing was answered.
// The logs do not tell whether Caddy or what it stands before made an error.
// Source: https://caddyserver.com/docs/logging, https://caddyserver.com/docs/caddyfile/directives/log
type caddy struct {
	entry, request *jsonReader
	clock          clock
}

const (
	cdTime uint8 = iota + 1
	cdLogger
	cdRequest
	cdStatus
	cdSize
	cdDuration
)

const (
	cdHost uint8 = iota + 1
	cdMethod
	cdURI
)

const dayMicros = day / 1000

func newCaddy() Decoder {
	return &caddy{
		entry:   newJSONReader("ts", "logger", "request", "status", "size", "duration"),
		request: newJSONReader("host", "method", "uri"),
	}
}

func (d *caddy) Decode(line []byte, r *Record) Reason {
	if reason := d.entry.start(line, r); reason != OK {
		return reason
	}
	j, q := d.entry, d.request
	if logger := j.text(cdLogger); len(logger) > 0 && !bytes.HasPrefix(logger, []byte("http.log.access")) {
		return Empty
	}
	t, _, reason := j.time(&d.clock, cdTime)
	r.Time = t
	q.inside(j, cdRequest)
	r.Service = q.host(cdHost)
	r.Method = q.text(cdMethod)
	r.Path = q.path(cdURI)
	r.Bytes = j.size(cdSize)
	if us := micros(j.scalar(cdDuration), 6); us <= dayMicros {
		r.LatencyMicros = us
	}
	return j.finish(r, reason, cdStatus, true)
}
