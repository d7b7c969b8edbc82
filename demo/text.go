package demo

import (
	"strconv"
	"strings"
	"time"
)

const latencySteps = 512

// serviceText is what lines need of a service, made once.
type serviceText struct {
	host      string
	zone      string // its registered domain
	paths     []string
	cached    [2]uint32 // cumulative shares: from the cache, a miss; the rest is dynamic
	latencies [latencySteps]uint32
}

func serviceTexts(script *Scenario) []serviceText {
	texts := make([]serviceText, len(script.Services))
	for i, s := range script.Services {
		t := traitsOf(s.Name, 0)
		text := &texts[i]
		text.host, text.zone, text.paths = s.Name, zoneOf(s.Name), pathsOf(s)
		text.cached = [2]uint32{share32(t.cacheShare), share32(t.cacheShare + float64((1-t.cacheShare)*0.4))}
		median := float64(s.Latency / time.Microsecond)
		for q := range text.latencies {
			z := quantile((float64(q) + 0.5) / latencySteps)
			text.latencies[q] = uint32(min(median*exp(t.spread*z), 60e6))
		}
	}
	return texts
}

func zoneOf(host string) string {
	labels := strings.Split(host, ".")
	return strings.Join(labels[max(0, len(labels)-2):], ".")
}

// pathsOf gives paths that fit a service: "#" stands for a number.
func pathsOf(s Service) []string {
	if strings.HasPrefix(s.Name, "api.") {
		return []string{"/v1/responses", "/v1/models", "/v1/files/#", "/v1/embeddings", "/v1/threads/#/runs", "/v1/items"}
	}
	switch s.Kind {
	case turnstile:
		return []string{"/turnstile/v0/api.js", "/turnstile/v0/g/#/api.js", "/cdn-cgi/challenge-platform/h/b/flow/ov1/#", "/turnstile/v0/siteverify"}
	case kv:
		return []string{"/v4/namespaces/#/values/config", "/v4/namespaces/#/values/session-#", "/v4/namespaces/#/keys"}
	case access, dashboard:
		return []string{"/login", "/api/v4/user", "/api/v4/zones/#", "/cdn-cgi/access/callback", "/api/v4/accounts/#/analytics", "/session"}
	}
	return []string{"/", "/index.html", "/static/app.#.js", "/static/site.css", "/img/#.webp", "/api/session", "/api/items/#", "/search"}
}

// clockText keeps the written form of the current minute.
type clockText struct {
	minute int64
	iso    []byte // "2025-11-18T11:28:"
	clf    []byte // "18/Nov/2025:11:28:"
}

func (c *clockText) turn(second int64) (of int64) {
	of = second % 60
	if minute := second - of; minute != c.minute || c.iso == nil {
		t := time.Unix(minute, 0).UTC()
		c.minute = minute
		c.iso = t.AppendFormat(c.iso[:0], "2006-01-02T15:04:")
		c.clf = t.AppendFormat(c.clf[:0], "02/Jan/2006:15:04:")
	}
	return of
}

// appendISO writes whole seconds, without the zone.
func (c *clockText) appendISO(buf []byte, ns int64) []byte {
	of := c.turn(ns / int64(time.Second))
	return append2(append(buf, c.iso...), of)
}

func (c *clockText) appendCLF(buf []byte, ns int64) []byte {
	of := c.turn(ns / int64(time.Second))
	return append2(append(buf, c.clf...), of)
}

func append2(buf []byte, v int64) []byte {
	return append(buf, byte('0'+v/10), byte('0'+v%10))
}

func append3(buf []byte, v int64) []byte {
	return append(buf, byte('0'+v/100), byte('0'+v/10%10), byte('0'+v%10))
}

func appendUint(buf []byte, v uint64) []byte { return strconv.AppendUint(buf, v, 10) }

const hexDigits = "0123456789abcdef"

func appendHex(buf []byte, v uint64) []byte {
	for shift := 60; shift >= 0; shift -= 4 {
		buf = append(buf, hexDigits[v>>shift&15])
	}
	return buf
}

// appendClient writes an address from the ranges kept for documentation (RFC 5737, RFC 3849).
func appendClient(buf []byte, seed uint64) []byte {
	host := seed >> 8 & 255
	if seed>>16&3 == 0 {
		buf = append(buf, "2001:db8:"...)
		buf = strconv.AppendUint(buf, seed>>20&0xffff, 16)
		buf = append(buf, "::"...)
		return strconv.AppendUint(buf, host, 16)
	}
	buf = append(buf, [...]string{"203.0.113.", "198.51.100.", "192.0.2.", "203.0.113."}[seed>>18&3]...)
	return appendUint(buf, host)
}

// appendPath writes the request's path, with its number filled in.
func appendPath(buf []byte, paths []string, seed uint64) []byte {
	path := paths[seed>>24%uint64(len(paths))]
	for i := 0; i < len(path); i++ {
		if path[i] == '#' {
			buf = appendUint(buf, seed>>32&0xffff)
			continue
		}
		buf = append(buf, path[i])
	}
	return buf
}

// appendQuery writes the query of some requests; and is how "&" is written.
func appendQuery(buf []byte, seed uint64, and string) []byte {
	if seed>>48&3 != 0 {
		return buf
	}
	buf = append(buf, "?page="...)
	buf = appendUint(buf, seed>>50&63)
	if seed>>56&3 == 0 {
		buf = append(append(buf, and...), "sort=new"...)
	}
	return buf
}

var methods = [16]string{"GET", "GET", "GET", "GET", "GET", "GET", "GET", "GET", "GET", "GET", "POST", "POST", "POST", "HEAD", "PUT", "OPTIONS"}
var protocols = [4]string{"HTTP/2", "HTTP/3", "HTTP/1.1", "HTTP/2"}

func (r *request) method() string   { return methods[r.seed>>58&15] }
func (r *request) protocol() string { return protocols[r.seed>>62] }
