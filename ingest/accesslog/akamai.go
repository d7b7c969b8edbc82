package accesslog

// akamai reads Akamai DataStream 2 JSON. All values are strings, times are in
// seconds, durations in milliseconds; a status of 0 means that the client left.
// The stream knows no edge location: the country of the edge server stands in for the pop.
// The origin's status is not logged: without an errorCode an error is taken to be the origin's.
// Source: https://techdocs.akamai.com/datastream2/docs/data-set-parameters
type akamai struct {
	json  *jsonReader
	clock clock
}

const (
	akTime uint8 = iota + 1
	akHost
	akCode
	akCountry
	akMethod
	akPath
	akStatus
	akError
	akBytes
	akBody
	akTurn
	akTransfer
	akCache
)

func newAkamai() Decoder {
	return &akamai{json: newJSONReader(
		"reqTimeSec", "reqHost", "cp", "serverCountry", "reqMethod", "reqPath", "statusCode",
		"errorCode", "totalBytes", "bytes", "turnAroundTimeMSec", "transferTimeMSec", "cacheStatus")}
}

func (d *akamai) Decode(line []byte, r *Record) Reason {
	if reason := d.json.start(line, r); reason != OK {
		return reason
	}
	j := d.json
	t, _, reason := j.time(&d.clock, akTime)
	r.Time = t
	r.Service = j.host(akHost)
	r.Zone = j.scalar(akCode)
	r.Pop = j.text(akCountry)
	r.Method = j.text(akMethod)
	r.Path = j.path(akPath)
	r.Bytes = j.size(j.oneOf(akBytes, akBody))
	turn, transfer := j.millis(akTurn), j.millis(akTransfer)
	if turn >= 0 {
		r.LatencyMicros = turn + max(transfer, 0)
		r.LatencyMicros = max(r.LatencyMicros, turn) // not beyond int64
	}
	switch string(j.scalar(akCache)) {
	case "0":
		r.Cache = CacheMiss
	case "1", "2", "3", "4", "5", "6": // from memory, disk, or a parent
		r.Cache = CacheHit
	}
	reason = j.finish(r, reason, akStatus, true)
	if r.Status >= 500 && !j.has(akError) {
		r.OriginStatus = r.Status
	}
	return reason
}
