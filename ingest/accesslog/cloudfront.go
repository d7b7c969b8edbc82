package accesslog

// cloudfront reads Amazon CloudFront's standard logs: values split by tabs, in
// the order of the "#Fields:" line of the file (a line that starts with # is
// Empty, and a new #Fields line changes the order), by default that of the 33
// fields of version 1.0. Real-time logs, which have no such line, can be read
// when their field list is sent before them as one.
//
// Time is the end of the response. Status 000 means that the viewer left before any answer.
// The logs hold no origin status: an error is taken to be the origin's own
// answer unless the detailed result type names a failure to get one, such as OriginCommError.
// Source: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logs-reference.html
type cloudfront struct{ columns }

const (
	cfnDate uint8 = iota + 1
	cfnTime
	cfnTimestamp
	cfnHost
	cfnDistribution
	cfnPop
	cfnMethod
	cfnPath
	cfnStatus
	cfnBytes
	cfnTaken
	cfnResult
	cfnDetail
)

var cloudfrontNames = map[string]uint8{
	"date": cfnDate, "time": cfnTime, "timestamp": cfnTimestamp, "x-host-header": cfnHost, "cs(Host)": cfnDistribution, "cs-host": cfnDistribution,
	"x-edge-location": cfnPop, "cs-method": cfnMethod, "cs-uri-stem": cfnPath, "sc-status": cfnStatus, "sc-bytes": cfnBytes,
	"time-taken": cfnTaken, "x-edge-result-type": cfnResult, "x-edge-detailed-result-type": cfnDetail,
}

const cloudfrontFields = "date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query cs(Cookie) " +
	"x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken x-forwarded-for ssl-protocol ssl-cipher x-edge-response-result-type " +
	"cs-protocol-version fle-status fle-encrypted-fields c-port time-to-first-byte x-edge-detailed-result-type sc-content-type sc-content-len sc-range-start sc-range-end"

func newCloudfront() Decoder {
	return &cloudfront{newColumns('\t', cloudfrontNames, cloudfrontFields)}
}

func (d *cloudfront) Decode(line []byte, r *Record) Reason {
	if reason := d.start(line, r); reason != OK {
		return reason
	}
	v := &d.values
	t, reason := d.time()
	r.Time = t
	r.Service, d.scratch = host(v[cfnHost], d.scratch[:0])
	if len(r.Service) == 0 {
		r.Service, d.scratch = host(v[cfnDistribution], d.scratch)
	}
	r.Pop = v[cfnPop][:min(len(v[cfnPop]), 3)] // FRA56-P4: the airport, then the site
	r.Method, r.Path = v[cfnMethod], pathOf(v[cfnPath])
	r.Bytes = size(v[cfnBytes])
	r.LatencyMicros = micros(v[cfnTaken], 6)
	r.Cache = cacheState(v[cfnResult])
	code, bad := status(v[cfnStatus], len(v[cfnStatus]) == 3)
	r.Status = code
	if r.Status >= 500 && !isEdgeFailure(v[cfnDetail]) {
		r.OriginStatus = r.Status
	}
	return first(reason, bad)
}

func (d *cloudfront) time() (int64, Reason) {
	date, clock := d.values[cfnDate], d.values[cfnTime]
	if len(date)+len(clock) > 0 {
		return d.dateTime(date, clock)
	}
	return d.timestamp(d.values[cfnTimestamp])
}

// isEdgeFailure says that the edge failed to get an answer from the origin, or to run its own code.
func isEdgeFailure(detail []byte) bool {
	switch string(detail) {
	case "AbortedOrigin", "OriginCommError", "OriginConnectError", "OriginContentRangeLengthError", "OriginDnsError",
		"OriginHeaderTooBigError", "OriginInvalidResponseError", "OriginReadError", "OriginWriteError",
		"OriginZeroSizeObjectError", "SlowReaderOriginError", "LambdaExecutionError", "LambdaLimitExceeded", "LambdaValidationError",
		"FunctionExecutionError", "FunctionThrottledError", "FunctionValidationError", "LimitExceeded", "CapacityExceeded":
		return true
	}
	return false
}
