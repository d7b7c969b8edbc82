package accesslog

import (
	"bytes"
	"math/bits"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth is how deep values may nest. encoding/json allows 10,000; no edge log needs more than a few.
const maxDepth = 512

// spaces is the index of the first byte at or after i that is no JSON white space.
func spaces(line []byte, i int) int {
	for i < len(line) && (line[i] == ' ' || line[i] == '\t' || line[i] == '\n' || line[i] == '\r') {
		i++
	}
	return i
}

// readAny is value.read without its short cuts. The predicted piece may have
// had less white space at its end than there is.
func (v *value) readAny(line []byte, i int) int {
	if i = spaces(line, i); i >= len(line) {
		return -1
	}
	end := -1
	switch c := line[i]; {
	case c == '"':
		return v.readRest(line, i+1, i+1)
	case c == '-' || c-'0' <= 9:
		end = numberEnd(line, i)
		*v = value{start: int32(i), end: int32(end), kind: number}
	case c == 'n':
		end = literalEnd(line, i)
		*v = value{}
	default:
		end = anyEnd(line, i, 0)
		*v = value{start: int32(i), end: int32(end), kind: other}
	}
	return end
}

// readRest notes the string that begins at i and is plain up to j, and is the index after its quote.
func (v *value) readRest(line []byte, i, j int) int {
	end, esc := stringRest(line, j)
	if end < 0 {
		return -1
	}
	*v = value{start: int32(i), end: int32(end), kind: plain}
	if esc {
		v.kind = escaped
	}
	return end + 1
}

// stringEnd is the index of the quote that closes the string opened at i, and
// whether there is an escape in it; -1 when there is no valid string.
func stringEnd(line []byte, i int) (end int, esc bool) {
	if i >= len(line) || line[i] != '"' {
		return -1, false
	}
	return stringRest(line, i+1)
}

// stringRest is stringEnd from any place between the quotes.
func stringRest(line []byte, i int) (end int, esc bool) {
	for i < len(line) {
		if i+8 <= len(line) {
			m := notPlain(load64(line, i))
			i += bits.TrailingZeros64(m) >> 3 // 8 when there is no mark
			if m == 0 {
				continue
			}
		}
		switch c := line[i]; {
		case c == '"':
			return i, esc
		case c == '\\':
			n := escapeLen(line[i:])
			if n == 0 {
				return -1, false
			}
			esc = true
			i += n
		case c < ' ':
			return -1, false
		default:
			i++
		}
	}
	return -1, false
}

// escapeLen is the length of the escape that b begins with, 0 if it is not valid.
func escapeLen(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		if len(b) >= 6 && hex4(b[2:6]) >= 0 {
			return 6
		}
	}
	return 0
}

func hex4(b []byte) rune {
	var v rune
	for _, c := range b {
		switch {
		case c-'0' <= 9:
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return -1
		}
		v = v<<4 | rune(c)
	}
	return v
}

// plainLen is the number of bytes before the first backslash.
func plainLen(s []byte) int {
	if n := bytes.IndexByte(s, '\\'); n >= 0 {
		return n
	}
	return len(s)
}

// unescape appends the text of a valid JSON string (without its quotes) to dst.
func unescape(dst, s []byte) []byte {
	for i := 0; i < len(s); {
		if n := plainLen(s[i:]); n > 0 {
			dst = append(dst, s[i:i+n]...)
			i += n
			continue
		}
		switch c := s[i+1]; c {
		case 'u':
			r := hex4(s[i+2 : i+6])
			i += 6
			if utf16.IsSurrogate(r) {
				pair := rune(utf8.RuneError)
				if i+6 <= len(s) && s[i] == '\\' && s[i+1] == 'u' {
					pair = utf16.DecodeRune(r, hex4(s[i+2:i+6]))
				}
				if r = pair; r != utf8.RuneError {
					i += 6
				}
			}
			dst = utf8.AppendRune(dst, r)
			continue
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		default:
			dst = append(dst, c)
		}
		i += 2
	}
	return dst
}

// numberEnd is the index after the number at i, -1 when it is not a valid one.
func numberEnd(line []byte, i int) int {
	if line[i] == '-' {
		i++
	}
	end := digits(line, i)
	if end == i || end > i+1 && line[i] == '0' {
		return -1
	}
	if end < len(line) && line[end] == '.' {
		i = end + 1
		if end = digits(line, i); end == i {
			return -1
		}
	}
	if end < len(line) && line[end]|0x20 == 'e' {
		i = end + 1
		if i < len(line) && (line[i] == '-' || line[i] == '+') {
			i++
		}
		if end = digits(line, i); end == i {
			return -1
		}
	}
	return end
}

// literalEnd is the index after the true, false or null at i, -1 if there is none.
func literalEnd(line []byte, i int) int {
	for _, s := range [...]string{"true", "false", "null"} {
		if len(line)-i >= len(s) && string(line[i:i+len(s)]) == s {
			return i + len(s)
		}
	}
	return -1
}

// anyEnd is the index after the value at i, -1 when it is not valid or nests
// deeper than maxDepth. depth is how many objects and arrays it is in.
func anyEnd(line []byte, i, depth int) int {
	if i >= len(line) {
		return -1
	}
	switch c := line[i]; {
	case c == '"':
		end, _ := stringEnd(line, i)
		if end < 0 {
			return -1
		}
		return end + 1
	case c == '-' || c-'0' <= 9:
		return numberEnd(line, i)
	case (c == '{' || c == '[') && depth < maxDepth:
		return membersEnd(line, i, depth+1)
	}
	return literalEnd(line, i)
}

// membersEnd is the index after the object or array at i, -1 when it is not valid.
func membersEnd(line []byte, i, depth int) int {
	object := line[i] == '{'
	last := line[i] + 2 // '}' is '{' + 2, ']' is '[' + 2
	i = spaces(line, i+1)
	if i < len(line) && line[i] == last {
		return i + 1
	}
	for {
		if object {
			if i = keyEnd(line, i); i < 0 {
				return -1
			}
		}
		if i = anyEnd(line, spaces(line, i), depth); i < 0 {
			return -1
		}
		if i = spaces(line, i); i == len(line) {
			return -1
		}
		switch line[i] {
		case last:
			return i + 1
		case ',':
			i = spaces(line, i+1)
		default:
			return -1
		}
	}
}

// keyEnd is the index after the key and colon at i, -1 when they are not valid.
func keyEnd(line []byte, i int) int {
	end, _ := stringEnd(line, i)
	if end < 0 {
		return -1
	}
	if end = spaces(line, end+1); end == len(line) || line[end] != ':' {
		return -1
	}
	return end + 1
}

// text is a string value, unescaped; empty when it is none.
func (r *jsonReader) text(slot uint8) []byte {
	v := r.values[slot%maxSlots]
	switch v.kind {
	case plain:
		return r.line[v.start:v.end]
	case escaped:
		at := len(r.scratch)
		r.scratch = unescape(r.scratch, r.line[v.start:v.end])
		return r.scratch[at:]
	}
	return nil
}

// scalar is the text of a string or a number; empty when it is neither.
func (r *jsonReader) scalar(slot uint8) []byte {
	if v := r.values[slot%maxSlots]; v.kind == small || v.kind == number {
		return r.line[v.start:v.end]
	}
	return r.text(slot)
}

// count is a value that is a natural number, -1 when it is anything else. It
// is quick for short ones.
func (r *jsonReader) count(slot uint8) int64 {
	if v := &r.values[slot%maxSlots]; v.kind == small {
		return int64(v.small)
	}
	if n, ok := natural(r.scalar(slot)); ok {
		return n
	}
	return -1
}

// raw is any value as it stands in the line.
func (r *jsonReader) raw(slot uint8) []byte {
	v := r.values[slot%maxSlots]
	return r.line[v.start:v.end]
}

// has says that the key is there and its value is neither null nor "" nor "-",
// which are the ways to write that there is none.
func (r *jsonReader) has(slot uint8) bool {
	v := r.values[slot%maxSlots]
	if v.kind != plain {
		return v.kind != absent
	}
	return v.end > v.start+1 || v.end == v.start+1 && r.line[v.start] != '-'
}
