package accesslog

// vercel reads the log drains of Vercel, one JSON object a line. The request is
// in "proxy"; lines without it are of builds and functions, and are Empty.
// A statusCode of -1 means that no answer was sent.
// Source: https://vercel.com/docs/drains/reference/logs
type vercel struct {
	entry, proxy *jsonReader
	clock        clock
}

const (
	vcTimestamp uint8 = iota + 1
	vcProject
	vcHost
	vcSource
	vcProxy
)

const (
	vpTimestamp uint8 = iota + 1
	vpHost
	vpMethod
	vpPath
	vpStatus
	vpRegion
	vpCache
	vpBytes
)

func newVercel() Decoder {
	return &vercel{
		entry: newJSONReader("timestamp", "projectId", "host", "source", "proxy"),
		proxy: newJSONReader("timestamp", "host", "method", "path", "statusCode", "region", "vercelCache", "responseByteSize"),
	}
}

func (d *vercel) Decode(line []byte, r *Record) Reason {
	e, p := d.entry, d.proxy
	if reason := e.start(line, r); reason != OK {
		return reason
	}
	if e.values[vcProxy].kind != other {
		return Empty
	}
	p.inside(e, vcProxy)
	t, _, reason := p.time(&d.clock, vpTimestamp)
	if reason == NoTimestamp {
		t, _, reason = e.time(&d.clock, vcTimestamp)
	}
	r.Time = t
	if r.Service = p.host(vpHost); len(r.Service) == 0 {
		r.Service = e.host(vcHost)
	}
	r.Zone = e.text(vcProject)
	r.Pop = p.text(vpRegion)
	r.Method = p.text(vpMethod)
	r.Path = p.path(vpPath)
	r.Bytes = p.size(vpBytes)
	r.Cache = cacheState(p.text(vpCache))
	reason = p.finish(r, reason, vpStatus, true)
	// Functions are the origin of what they answer; static files and redirects are the edge's own.
	if source := string(e.text(vcSource)); source == "lambda" || source == "edge" || source == "external" {
		r.OriginStatus = r.Status
	}
	return reason
}
