package accesslog

import "bytes"

// maxHost is the longest host name of the DNS.
const maxHost = 253

// What a byte means in a host name. Zero: it may stay as it is.
const (
	hostUpper = 1 << iota
	hostColon
	hostBad
)

var hostBytes = hostTable()

func hostTable() (t [256]uint8) {
	for c := range t {
		switch c := byte(c); {
		case c-'a' < 26 || c-'0' < 10 || c == '-' || c == '.' || c == '_':
		case c-'A' < 26:
			t[c] = hostUpper
		case c == ':':
			t[c] = hostColon
		default:
			t[c] = hostBad
		}
	}
	return t
}

// host is raw in lower case, without its port and trailing dot. It aliases raw
// or buf. It is empty when raw is no host: not of letters, digits, "-", "_" and "." alone
// (or an IPv6 address in brackets), or longer than 253 bytes.
func host(raw, buf []byte) (name, scratch []byte) {
	var seen uint8
	for _, c := range raw {
		seen |= hostBytes[c]
	}
	n := len(raw)
	if seen == 0 && n-1 < maxHost && n > 0 && raw[n-1] != '.' {
		return raw, buf
	}
	return oddHost(raw, buf)
}

func oddHost(raw, buf []byte) (name, scratch []byte) {
	if len(raw) > 0 && raw[0] == '[' {
		end := bytes.IndexByte(raw, ']')
		if end < 0 || !isIPv6(raw[1:end]) || !isPort(raw[end+1:]) {
			return nil, buf
		}
		return lower(raw[:end+1], buf)
	}
	if colon := bytes.IndexByte(raw, ':'); colon >= 0 {
		if !isPort(raw[colon:]) {
			return nil, buf
		}
		raw = raw[:colon]
	}
	if n := len(raw); n > 0 && raw[n-1] == '.' {
		raw = raw[:n-1]
	}
	if n := len(raw); n == 0 || n > maxHost || raw[n-1] == '.' {
		return nil, buf
	}
	for _, c := range raw {
		if hostBytes[c] > hostUpper {
			return nil, buf
		}
	}
	return lower(raw, buf)
}

// isPort says whether b is empty or a colon and digits.
func isPort(b []byte) bool {
	return len(b) == 0 || b[0] == ':' && digits(b, 1) == len(b)
}

// lower appends raw in lower case to buf, and is that part of it.
func lower(raw, buf []byte) (name, scratch []byte) {
	at := len(buf)
	for _, c := range raw {
		if c-'A' < 26 {
			c += 'a' - 'A'
		}
		buf = append(buf, c)
	}
	return buf[at:], buf
}

// isIPv6 says whether b has the shape of an IPv6 address.
func isIPv6(b []byte) bool {
	colons := 0
	for _, c := range b {
		if c == ':' {
			colons++
		} else if !isHexDigit(c) && c != '.' {
			return false
		}
	}
	return colons >= 2 && len(b) <= 45
}

// isAddress says whether b has the shape of an IP address.
func isAddress(b []byte) bool {
	n, last := 0, 0
	if len(b) > 0 {
		n, last = quad(b)
	}
	return n == len(b) && n > last || isIPv6(b)
}
