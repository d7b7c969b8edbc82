package accesslog

import "bytes"

// combined reads the combined log format of Apache and nginx and the common log format:
//
//	[vhost[:port]] address ident user [18/Nov/2025:11:28:04 +0000] "request" status bytes ["referer" "agent" [request_time ...]]
//
// Time is the start of the request in Apache's logs and its end in nginx's.
// The first number with a decimal point among the fields after the agent, alone
// or as rt=0.012 or request_time=0.012, is taken for nginx's request_time; those
// fields are not checked otherwise.
// An agent without its closing quote was cut off by the server; all that counts stands before it.
// A line of the common format that is cut off inside its byte count looks whole and is read as such.
//
// Sources: https://httpd.apache.org/docs/current/mod/mod_log_config.html,
// https://nginx.org/en/docs/http/ngx_http_log_module.html
type combined struct {
	clock   clock
	scratch []byte
}

func newCombined() Decoder { return &combined{} }

func (d *combined) Decode(line []byte, r *Record) Reason {
	if reason := begin(line, r); reason != OK {
		return reason
	}
	line = bytes.TrimRight(line, "\r\n")
	quote := requestQuote(line)
	if quote < 0 {
		return Malformed
	}
	stamp := quote - len(`] `) - clfLen
	closing := quoteEnd(line, quote)
	if closing < 0 {
		return Malformed
	}
	r.Service, d.scratch = vhost(line[:stamp-1], d.scratch[:0])
	r.Method, r.Path = request(line[quote+1 : closing])
	reason := OK
	if t, ok := d.clock.clf(line[stamp : stamp+clfLen]); ok {
		r.Time = t
	} else {
		reason = BadTimestamp
	}
	return d.answer(line[closing+1:], r, reason)
}

// requestQuote is the index of the quote that opens the request: the first one
// with a bracketed time in front of it. Both servers escape quotes in the
// fields before, so no user name can fake a time and the start of a request.
func requestQuote(line []byte) int {
	for i := 0; ; i++ {
		next := bytes.IndexByte(line[i:], '"')
		if next < 0 {
			return -1
		}
		i += next
		open := i - len(`[] `) - clfLen
		if open >= 1 && line[open] == '[' && line[i-2] == ']' && line[i-1] == ' ' {
			return i
		}
	}
}

// answer reads ` 200 742` and what may follow.
func (d *combined) answer(rest []byte, r *Record, reason Reason) Reason {
	code, rest, ok1 := word(rest)
	bytes, rest, ok2 := word(rest)
	if !ok1 || !ok2 || !isCount(bytes) || !optionals(rest, r) {
		return Malformed
	}
	r.Bytes = size(bytes)
	v, bad := status(code, len(code) == 3) // nginx writes 000 when it sent no answer
	r.Status = v
	return first(reason, bad)
}

// optionals reads ` "referer" "agent"` and the fields after them, or nothing.
func optionals(rest []byte, r *Record) bool {
	if len(rest) == 0 {
		return true
	}
	for field := range 2 {
		if len(rest) < 2 || rest[0] != ' ' || rest[1] != '"' {
			return false
		}
		end := quoteEnd(rest, 1)
		if end < 0 {
			return field == 1 // a long agent that the server cut off
		}
		rest = rest[end+1:]
	}
	r.LatencyMicros = requestTime(rest)
	return len(rest) == 0 || rest[0] == ' '
}

// requestTime is the first number with a decimal point in rest, seconds, in microseconds; -1 when there is none.
func requestTime(rest []byte) int64 {
	for {
		w, after, ok := word(rest)
		if !ok {
			return -1
		}
		if name, v, named := bytes.Cut(w, []byte("=")); named && (string(name) == "rt" || string(name) == "request_time") {
			w = v
		}
		if bytes.IndexByte(w, '.') >= 0 {
			if us := micros(w, 6); us >= 0 {
				return us
			}
		}
		rest = after
	}
}

// word takes a space and the word after it from rest.
func word(rest []byte) (w, after []byte, ok bool) {
	if len(rest) < 2 || rest[0] != ' ' {
		return nil, nil, false
	}
	rest = rest[1:]
	end := bytes.IndexByte(rest, ' ')
	if end < 0 {
		end = len(rest)
	}
	return rest[:end], rest[end:], end > 0
}

func isCount(b []byte) bool {
	return len(b) == 1 && b[0] == '-' || len(b) > 0 && digits(b, 0) == len(b)
}

// quoteEnd is the index of the quote that closes the one at i, -1 if there is
// none. A backslash takes the byte after it along.
func quoteEnd(line []byte, i int) int {
	for i++; i < len(line); i++ {
		end := bytes.IndexByte(line[i:], '"')
		if end < 0 {
			return -1
		}
		escape := bytes.IndexByte(line[i:i+end], '\\')
		if escape < 0 {
			return i + end
		}
		i += escape + 1
	}
	return -1
}

// vhost is the host in front of the client's address, if the format has one.
func vhost(head, buf []byte) (name, scratch []byte) {
	name, rest, _ := bytes.Cut(head, []byte(" "))
	address, _, more := bytes.Cut(rest, []byte(" "))
	if !more || !isAddress(address) {
		return nil, buf
	}
	return host(name, buf)
}

// request is the method and path of "GET /v1/items?page=2 HTTP/2.0"; both are
// empty when it is no request ("-", TLS sent to a plain port).
func request(line []byte) (method, path []byte) {
	n := 0
	for n < len(line) && line[n]-'A' < 26 {
		n++
	}
	if n == 0 || n == len(line) || line[n] != ' ' {
		return nil, nil
	}
	target := line[n+1:]
	if end := bytes.IndexByte(target, ' '); end >= 0 {
		target = target[:end]
	}
	return line[:n], pathOf(target)
}
