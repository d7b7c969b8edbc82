package demo

import (
	"time"

	"github.com/spikeline/spikeline/ingest/accesslog"
)

var writers = map[Format]func(*Generator, []byte, *request) []byte{
	Cloudflare: writeCloudflare,
	Combined:   writeCombined,
	NginxJSON:  writeNginxJSON,
}

type field uint8

const (
	edgeStart field = iota
	edgeEnd
	rayID
	clientIP
	country
	host
	zone
	method
	path
	uri
	protocol
	colo
	edgeStatus
	edgeBytes
	firstByte
	cacheStatus
	originStatus
	originTime
	fields
)

// orders are the orders of keys that the jobs of different accounts ask for.
var orders = [4][fields]field{
	{edgeStart, edgeEnd, rayID, clientIP, country, host, zone, method, path, uri, protocol, colo, edgeStatus, edgeBytes, firstByte, cacheStatus, originStatus, originTime},
	{cacheStatus, clientIP, country, host, method, path, protocol, uri, colo, edgeEnd, edgeBytes, edgeStatus, edgeStart, firstByte, originTime, originStatus, rayID, zone},
	{rayID, zone, edgeStart, edgeEnd, colo, host, method, uri, path, edgeStatus, originStatus, cacheStatus, edgeBytes, firstByte, originTime, clientIP, country, protocol},
	{host, path, edgeStatus, edgeStart, edgeEnd, colo, method, edgeBytes, cacheStatus, originStatus, originTime, firstByte, clientIP, country, uri, protocol, zone, rayID},
}

// writeCloudflare writes a record of Cloudflare's Logpush, dataset http_requests.
func writeCloudflare(g *Generator, buf []byte, r *request) []byte {
	if r.damage == blank {
		return buf
	}
	begin := len(buf)
	k := int(r.service)*len(g.script.Pops) + int(r.pop)
	for _, f := range orders[k&3] {
		if r.hides(f) {
			continue
		}
		buf = g.appendField(buf, r, f, g.keys[k].form)
	}
	buf[begin] = '{' // in place of the first comma
	buf = append(buf, '}')
	if r.damage == cutShort {
		buf = buf[:begin+(len(buf)-begin)/2]
	}
	return buf
}

func (r *request) hides(f field) bool {
	switch r.damage {
	case noTimestamp:
		return f == edgeStart || f == edgeEnd
	case noStatus:
		return f == edgeStatus
	case noService:
		return f == host || f == zone
	}
	return false
}

func (g *Generator) appendField(buf []byte, r *request, f field, form Timestamp) []byte {
	switch f {
	case edgeStart:
		buf = append(buf, `,"EdgeStartTimestamp":`...)
		if r.damage == badTimestamp {
			return append(buf, `"yesterday"`...)
		}
		return g.appendTime(buf, r.at, form)
	case edgeEnd:
		buf = append(buf, `,"EdgeEndTimestamp":`...)
		return g.appendTime(buf, r.at+int64(r.micros)*1000, form)
	case rayID:
		buf = append(buf, `,"RayID":"`...)
		return append(appendHex(buf, r.seed), '"')
	case clientIP:
		buf = append(buf, `,"ClientIP":"`...)
		return append(appendClient(buf, r.seed), '"')
	case country:
		return quoted(buf, `,"ClientCountry":"`, g.script.Pops[r.pop].Country)
	case host:
		return quoted(buf, `,"ClientRequestHost":"`, g.services[r.service].host)
	case zone:
		return quoted(buf, `,"ZoneName":"`, g.services[r.service].zone)
	case method:
		return quoted(buf, `,"ClientRequestMethod":"`, r.method())
	case path:
		buf = append(buf, `,"ClientRequestPath":"`...)
		return append(appendPath(buf, g.services[r.service].paths, r.seed), '"')
	case uri:
		buf = append(buf, `,"ClientRequestURI":"`...)
		buf = appendPath(buf, g.services[r.service].paths, r.seed)
		return append(appendQuery(buf, r.seed, `\u0026`), '"')
	case protocol:
		return quoted(buf, `,"ClientRequestProtocol":"`, r.protocol())
	case colo:
		return quoted(buf, `,"EdgeColoCode":"`, g.script.Pops[r.pop].Code)
	}
	return r.appendNumber(buf, f)
}

func (r *request) appendNumber(buf []byte, f field) []byte {
	switch f {
	case edgeStatus:
		buf = append(buf, `,"EdgeResponseStatus":`...)
		if r.damage == badStatus {
			return append(buf, '7')
		}
		return appendUint(buf, uint64(r.status))
	case edgeBytes:
		return appendUint(append(buf, `,"EdgeResponseBytes":`...), uint64(r.bytes))
	case firstByte:
		return appendUint(append(buf, `,"EdgeTimeToFirstByteMs":`...), uint64(r.micros*7/8)/1000)
	case cacheStatus:
		return quoted(buf, `,"CacheCacheStatus":"`, accesslog.Cache(r.cache).String())
	case originStatus:
		return appendUint(append(buf, `,"OriginResponseStatus":`...), uint64(r.originStatus))
	case originTime:
		took := uint64(0)
		if r.originStatus != 0 {
			took = uint64(r.micros*3/4) / 1000
		}
		return appendUint(append(buf, `,"OriginResponseDurationMs":`...), took)
	}
	panic("BUG: a field without a writer")
}

func quoted(buf []byte, name, value string) []byte {
	return append(append(append(buf, name...), value...), '"')
}

func (g *Generator) appendTime(buf []byte, ns int64, form Timestamp) []byte {
	switch form {
	case UnixNano:
		return appendUint(buf, uint64(ns))
	case UnixSeconds:
		return appendUint(buf, uint64(ns/int64(time.Second)))
	case RFC3339:
		return append(g.clock.appendISO(append(buf, '"'), ns), `Z"`...)
	}
	buf = append(g.clock.appendISO(append(buf, '"'), ns), '.')
	return append(append3(buf, ns/1e6%1000), `Z"`...)
}
