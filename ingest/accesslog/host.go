package accesslog

import "bytes"

// maxHost is the longest host name of the DNS.
const maxHost = 253

// host is raw in lower case, without its port and trailing dot. It aliases raw
// or buf. It is empty when raw is no host: not of letters, digits, "-", "_" and "." alone
// (or an IPv6 address in brackets), or longer than 253 bytes.
func host(raw, buf []byte) (name, scratch []byte) {
	n := len(raw)
	if n >= 8 && n <= maxHost && raw[n-1] != '.' && isPlainHost(raw) {
		return raw, buf
	}
	return oddHost(raw, buf)
}

// isPlainHost says whether all bytes of raw, eight or more, may stay as they are: a-z, 0-9, "-", "." and "_".
func isPlainHost(raw []byte) bool {
	bad := notHost(load64(raw, len(raw)-8))
	for i := 0; i+8 <= len(raw); i += 8 {
		bad |= notHost(load64(raw, i))
	}
	return bad == 0
}

// notHost is zero if no byte of w is out of place in a host name. Adding 0x80-c
// to a byte of 7 bits sets its high bit when it is c or more.
func notHost(w uint64) uint64 {
	below := ^(w + (0x80-'-')*ones)
	slash := (w + (0x80-'/')*ones) &^ (w + (0x80-'0')*ones)
	upper := (w + (0x80-':')*ones) &^ (w + (0x80-'_')*ones) // with what is around A-Z
	grave := (w + (0x80-'`')*ones) &^ (w + (0x80-'a')*ones)
	above := w + (0x80-'{')*ones
	return (w | below | slash | upper | grave | above) & highs
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
	if n := len(raw); n == 0 || n > maxHost || raw[n-1] == '.' || n == 1 && (raw[0] == '-' || raw[0] == '_') {
		return nil, buf // "-" is how logs write that there is none, "_" nginx's name of a server for all
	}
	for _, c := range raw {
		if !(c|0x20-'a' < 26 || c-'0' < 10 || c == '-' || c == '.' || c == '_') {
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
