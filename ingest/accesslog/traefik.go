package accesslog

import "bytes"

// traefik reads Traefik's access logs in JSON. The zone is Traefik's service,
// else its router. The origin status is absent or 0 where Traefik itself
// answered. Durations are in nanoseconds. The entry's own time, which is that of the end, counts where the start was dropped.
// Source: https://doc.traefik.io/traefik/observability/access-logs/
type traefik struct {
	json  *jsonReader
	clock clock
}

const (
	tfStartUTC uint8 = iota + 1
	tfStartLocal
	tfTime
	tfHost
	tfAddr
	tfService
	tfRouter
	tfMethod
	tfPath
	tfStatus
	tfOrigin
	tfSize
	tfDuration
)

func newTraefik() Decoder {
	return &traefik{json: newJSONReader("StartUTC", "StartLocal", "time", "RequestHost", "RequestAddr", "ServiceName", "RouterName",
		"RequestMethod", "RequestPath", "DownstreamStatus", "OriginStatus", "DownstreamContentSize", "Duration")}
}

func (d *traefik) Decode(line []byte, r *Record) Reason {
	if reason := d.json.start(line, r); reason != OK {
		return reason
	}
	j := d.json
	t, _, reason := j.time(&d.clock, j.oneOf(tfStartUTC, tfStartLocal, tfTime))
	r.Time = t
	r.Service = j.host(j.oneOf(tfHost, tfAddr))
	r.Zone = j.text(j.oneOf(tfService, tfRouter))
	r.Method = j.text(tfMethod)
	r.Path = j.path(tfPath)
	r.OriginStatus = j.origin(tfOrigin)
	r.Bytes = j.size(tfSize)
	if ns := j.count(tfDuration); ns >= 0 {
		r.LatencyMicros = ns / 1000
	}
	return j.finish(r, reason, tfStatus, true)
}

// traefikCLF reads Traefik's text logs: the combined format, and after it
//
//	... 123 "router@provider" "http://10.0.0.1:80" 12ms
//
// They name no host; the zone is the router. Time is the start of the request.
// Source: https://doc.traefik.io/traefik/observability/access-logs/
type traefikCLF struct{ combined }

func newTraefikCLF() Decoder { return &traefikCLF{} }

func (d *traefikCLF) Decode(line []byte, r *Record) Reason {
	reason := d.combined.Decode(line, r)
	if reason == Malformed || reason == Empty || reason == TooLarge {
		return reason
	}
	router, took, ok := traefikSuffix(bytes.TrimRight(line, "\r\n"))
	if !ok {
		return Malformed
	}
	r.LatencyMicros = micros(took, 3)
	if string(router) != "-" {
		r.Zone = router
	}
	return reason
}

// traefikSuffix reads the end of a line.
func traefikSuffix(line []byte) (router, took []byte, ok bool) {
	line, found := bytes.CutSuffix(line, []byte("ms"))
	space := bytes.LastIndexByte(line, ' ')
	if !found || space < 0 {
		return nil, nil, false
	}
	took = line[space+1:]
	_, line, ok1 := lastQuoted(line[:space])
	router, line, ok2 := lastQuoted(line)
	space = bytes.LastIndexByte(line, ' ')
	return router, took, ok1 && ok2 && space > 0 && isCount(line[space+1:]) && line[space-1] == '"' && isCount(took)
}

// lastQuoted takes the quoted field at the end of line, and the space before it.
func lastQuoted(line []byte) (field, before []byte, ok bool) {
	end := len(line) - 1
	if end < 2 || line[end] != '"' {
		return nil, line, false
	}
	open := bytes.LastIndexByte(line[:end], '"')
	if open < 1 || line[open-1] != ' ' {
		return nil, line, false
	}
	return line[open+1 : end], line[:open-1], true
}
