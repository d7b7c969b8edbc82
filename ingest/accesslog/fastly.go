package accesslog

// fastly reads JSON that Fastly's log format strings write. They are free; the
// names read here are those of Fastly's own examples and the most used ones.
// With shielding, one request is logged by the edge and by the shield: records
// with "is_edge":false are the shield's, and are Empty so as not to count it twice.
// time_elapsed is in microseconds (the VCL variable time.elapsed.usec).
// Source: https://www.fastly.com/documentation/reference/vcl/variables/
type fastly struct {
	json  *jsonReader
	clock clock
}

const (
	fsTimestamp uint8 = iota + 1
	fsStart
	fsTime
	fsHost
	fsService
	fsPop
	fsDatacenter
	fsMethodLong
	fsMethod
	fsRequest
	fsURL
	fsStatusLong
	fsStatus
	fsOrigin
	fsElapsed
	fsBytesAll
	fsBytes
	fsCache
	fsEdge
)

func newFastly() Decoder {
	return &fastly{json: newJSONReader(
		"timestamp", "time_start", "time", "host", "service_id", "fastly_pop", "datacenter",
		"request_method", "method", "request", "url", "response_status", "status", "origin_status",
		"time_elapsed", "response_bytes", "response_body_size", "cache_status", "is_edge")}
}

func (d *fastly) Decode(line []byte, r *Record) Reason {
	if reason := d.json.start(line, r); reason != OK {
		return reason
	}
	j := d.json
	t, _, reason := j.time(&d.clock, j.oneOf(fsTimestamp, fsStart, fsTime))
	r.Time = t
	r.Service = j.host(fsHost)
	r.Zone = j.text(fsService)
	r.Pop = j.text(j.oneOf(fsPop, fsDatacenter))
	r.Method = j.text(j.oneOf(fsMethodLong, fsMethod, fsRequest))
	r.Path = j.path(fsURL)
	r.OriginStatus = j.origin(fsOrigin)
	r.Cache = cacheState(j.text(fsCache))
	r.Bytes = j.size(j.oneOf(fsBytesAll, fsBytes))
	r.LatencyMicros = micros(j.scalar(fsElapsed), 0)
	reason = j.finish(r, reason, j.oneOf(fsStatusLong, fsStatus), false)
	if edge := string(j.raw(fsEdge)); edge == "false" || edge == "0" {
		return Empty
	}
	return reason
}
