package accesslog

import "bytes"

// gcp reads the request logs of Google Cloud's external Application Load
// Balancers, as Cloud Logging exports them. A statusDetails that begins with
// client_disconnected and status 0 say that the client left; response_sent_by_backend
// says that the answer is the backend's own.
// Source: https://cloud.google.com/load-balancing/docs/https/https-logging-monitoring
type gcp struct {
	entry, request, payload, resource, labels *jsonReader
	clock                                     clock
}

const (
	gcTimestamp uint8 = iota + 1
	gcRequest
	gcPayload
	gcResource
)

const (
	gcMethod uint8 = iota + 1
	gcURL
	gcStatus
	gcSize
	gcLatency
	gcLookup
	gcHit
)

const (
	gcDetails uint8 = iota + 1
	gcCacheID
)

func newGCP() Decoder {
	return &gcp{
		entry:    newJSONReader("timestamp", "httpRequest", "jsonPayload", "resource"),
		request:  newJSONReader("requestMethod", "requestUrl", "status", "responseSize", "latency", "cacheLookup", "cacheHit"),
		payload:  newJSONReader("statusDetails", "cacheId"),
		resource: newJSONReader("labels"),
		labels:   newJSONReader("backend_service_name"),
	}
}

func (d *gcp) Decode(line []byte, r *Record) Reason {
	if reason := d.entry.start(line, r); reason != OK {
		return reason
	}
	t, _, reason := d.entry.time(&d.clock, gcTimestamp)
	r.Time = t
	d.request.inside(d.entry, gcRequest)
	d.payload.inside(d.entry, gcPayload)
	d.resource.inside(d.entry, gcResource)
	d.labels.inside(d.resource, 1)
	q := d.request
	name, target := splitURL(q.text(gcURL))
	r.Service, q.scratch = host(name, q.scratch)
	r.Path = pathOf(target)
	r.Zone = d.labels.text(1)
	pop, _, _ := bytes.Cut(d.payload.text(gcCacheID), []byte("-")) // FRA-fbae48ad
	r.Pop = pop
	r.Method = q.text(gcMethod)
	r.Bytes = q.size(gcSize)
	if s := q.text(gcLatency); len(s) > 1 && s[len(s)-1] == 's' {
		r.LatencyMicros = micros(s[:len(s)-1], 6)
	}
	switch {
	case string(q.raw(gcHit)) == "true":
		r.Cache = CacheHit
	case string(q.raw(gcLookup)) == "true":
		r.Cache = CacheMiss
	}
	details := d.payload.text(gcDetails)
	left := bytes.HasPrefix(details, []byte("client_disconnected"))
	reason = q.finish(r, reason, gcStatus, left)
	if string(details) == "response_sent_by_backend" {
		r.OriginStatus = r.Status
	}
	return reason
}

// splitURL splits https://host/path in two; all of it is the path when there is no host in it.
func splitURL(url []byte) (host, target []byte) {
	_, rest, ok := bytes.Cut(url, []byte("://"))
	if !ok {
		return nil, url
	}
	if i := bytes.IndexAny(rest, "/?#"); i >= 0 {
		return rest[:i], rest[i:]
	}
	return rest, nil
}
