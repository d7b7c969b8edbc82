package demo

import (
	"github.com/spikeline/spikeline/ingest/accesslog"
)

var agents = [4]string{
	"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36", "okhttp/4.12.0",
	"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X)", "curl/8.11.0",
}

// writeCombined writes nginx's and Apache's combined format.
func writeCombined(g *Generator, buf []byte, r *request) []byte {
	if r.damage == blank {
		return buf
	}
	begin := len(buf)
	buf = append(appendClient(buf, r.seed), " - - ["...)
	buf = append(g.clock.appendCLF(buf, r.at), " +0000] \""...)
	buf = append(append(buf, r.method()...), ' ')
	buf = appendPath(buf, g.services[r.service].paths, r.seed)
	buf = append(appendQuery(buf, r.seed, "&"), ' ')
	if r.damage == cutShort {
		return buf[:begin+(len(buf)-begin)/2]
	}
	buf = append(append(buf, r.protocol()...), "\" "...)
	buf = append(appendUint(buf, uint64(r.status)), ' ')
	buf = append(appendUint(buf, uint64(r.bytes)), ` "-" "`...)
	return append(append(buf, agents[r.seed>>54&3]...), '"')
}

// writeNginxJSON writes nginx's log_format with escape=json, by its usual names.
func writeNginxJSON(g *Generator, buf []byte, r *request) []byte {
	if r.damage == blank {
		return buf
	}
	begin := len(buf)
	buf = append(buf, '{')
	if r.damage != noTimestamp {
		buf = g.appendNginxTime(buf, r)
	}
	if r.damage != noService {
		buf = append(quoted(buf, `"host":"`, g.services[r.service].host), ',')
	}
	buf = append(quoted(buf, `"request_method":"`, r.method()), `,"request_uri":"`...)
	buf = appendPath(buf, g.services[r.service].paths, r.seed)
	buf = append(appendQuery(buf, r.seed, "&"), `","uri":"`...)
	buf = append(appendPath(buf, g.services[r.service].paths, r.seed), '"')
	switch r.damage {
	case noStatus:
	case badStatus:
		buf = append(buf, `,"status":"7"`...)
	default:
		buf = append(appendUint(append(buf, `,"status":"`...), uint64(r.status)), '"')
	}
	buf = append(appendUint(append(buf, `,"bytes_sent":"`...), uint64(r.bytes)), '"')
	buf = append(appendSeconds(append(buf, `,"request_time":"`...), int64(r.micros)), '"')
	buf = append(r.appendUpstream(buf), `,"remote_addr":"`...)
	buf = append(appendClient(buf, r.seed), `"}`...)
	if r.damage == cutShort {
		buf = buf[:begin+(len(buf)-begin)/2]
	}
	return buf
}

func (g *Generator) appendNginxTime(buf []byte, r *request) []byte {
	if r.damage == badTimestamp {
		return append(buf, `"msec":"soon","time_iso8601":"yesterday",`...)
	}
	buf = append(buf, `"msec":"`...)
	buf = append(appendUint(buf, uint64(r.at/1e9)), '.')
	buf = append(append3(buf, r.at/1e6%1000), `","time_iso8601":"`...)
	return append(g.clock.appendISO(buf, r.at), `+00:00",`...)
}

func (r *request) appendUpstream(buf []byte) []byte {
	if r.originStatus == 0 {
		buf = append(buf, `,"upstream_status":"","upstream_response_time":""`...)
	} else {
		buf = appendUint(append(buf, `,"upstream_status":"`...), uint64(r.originStatus))
		buf = append(appendSeconds(append(buf, `","upstream_response_time":"`...), int64(r.micros)*3/4), '"')
	}
	return quoted(buf, `,"upstream_cache_status":"`, nginxCache[r.cache])
}

// nginxCache has nginx's words for the cache states; it has none for a request that no cache saw.
var nginxCache = [accesslog.CacheStates]string{
	accesslog.CacheHit: "HIT", accesslog.CacheMiss: "MISS", accesslog.CacheExpired: "EXPIRED", accesslog.CacheStale: "STALE",
	accesslog.CacheUpdating: "UPDATING", accesslog.CacheRevalidated: "REVALIDATED", accesslog.CacheBypass: "BYPASS",
}

func appendSeconds(buf []byte, micros int64) []byte {
	buf = append(appendUint(buf, uint64(micros/1e6)), '.')
	return append3(buf, micros/1000%1000)
}
