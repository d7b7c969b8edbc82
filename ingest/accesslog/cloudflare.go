package accesslog

// cloudflare reads the http_requests data set of Cloudflare Logpush, one JSON object a line.
// Source: https://developers.cloudflare.com/logs/logpush/logpush-job/datasets/zone/http_requests/
type cloudflare struct {
	json  *jsonReader
	clock clock
}

const (
	cfStart uint8 = iota + 1
	cfEnd
	cfHost
	cfZone
	cfColo
	cfMethod
	cfPath
	cfURI
	cfStatus
	cfOrigin
	cfBytes
	cfTTFB
	cfCache
)

func newCloudflare() Decoder {
	return &cloudflare{json: newJSONReader(
		"EdgeStartTimestamp", "EdgeEndTimestamp", "ClientRequestHost", "ZoneName", "EdgeColoCode",
		"ClientRequestMethod", "ClientRequestPath", "ClientRequestURI", "EdgeResponseStatus",
		"OriginResponseStatus", "EdgeResponseBytes", "EdgeTimeToFirstByteMs", "CacheCacheStatus")}
}

func (d *cloudflare) Decode(line []byte, r *Record) Reason {
	if reason := d.json.start(line, r); reason != OK {
		return reason
	}
	j := d.json
	start, precise, reason := j.time(&d.clock, cfStart)
	r.Time = start
	end, endPrecise, endReason := j.time(&d.clock, cfEnd)
	if reason == NoTimestamp {
		r.Time, precise, reason = end, false, endReason
	}
	r.Service = j.host(cfHost)
	r.Zone = j.text(cfZone)
	r.Pop = j.text(cfColo)
	r.Method = j.text(cfMethod)
	if r.Path = j.text(cfPath); len(r.Path) == 0 {
		r.Path = j.path(cfURI)
	}
	r.OriginStatus = j.origin(cfOrigin)
	r.Cache = cacheState(j.text(cfCache))
	r.Bytes = j.size(cfBytes)
	// The time to the last byte, if the log knows it to less than a second: in
	// whole seconds (timestamp_format unix, or rfc3339 by default) it would be 0
	// or 1 s for nearly all requests, and the time to the first byte says more.
	if precise && endPrecise && end >= start {
		r.LatencyMicros = (end - start) / 1000
	} else {
		r.LatencyMicros = j.millis(cfTTFB)
	}
	return j.finish(r, reason, cfStatus, false)
}
