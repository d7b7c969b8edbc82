package accesslog

import "unicode/utf8"

// MaxSample is the longest sample that Mask makes, in bytes.
const MaxSample = 256

// Mask appends a sample of a raw line to dst, to be kept with a reject: at most
// MaxSample bytes of valid UTF-8 without control characters, with every IP
// address masked. 203.0.113.7 becomes 203.0.113.x; of an IPv6 address the first
// two groups stay (2001:db8:x). What only looks like an address is masked as well.
func Mask(dst, line []byte) []byte {
	start := len(dst)
	for len(line) > 0 && len(dst) < start+MaxSample {
		if n := wordLen(line); n > 0 {
			dst = maskWord(dst, line[:n])
			line = line[n:]
			continue
		}
		r, n := utf8.DecodeRune(line)
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			r = ' '
		}
		dst = utf8.AppendRune(dst, r)
		line = line[n:]
	}
	end := min(len(dst), start+MaxSample)
	for end < len(dst) && end > start && !utf8.RuneStart(dst[end]) {
		end--
	}
	return dst[:end]
}

// wordLen is how many bytes at the start of b could be of an address: hex digits, dots and colons.
func wordLen(b []byte) int {
	n := 0
	for n < len(b) && (isHexDigit(b[n]) || b[n] == '.' || b[n] == ':') {
		n++
	}
	return n
}

func isHexDigit(c byte) bool { return c-'0' < 10 || c|0x20-'a' < 6 }

// maskWord appends a word of hex digits, dots and colons. What has "::" or four
// colons is taken for an IPv6 address; a time of day, with or without its year, has fewer.
func maskWord(dst, word []byte) []byte {
	word = word[:min(len(word), MaxSample)]
	colons, second, double := 0, 0, false
	for i, c := range word {
		if c != ':' {
			continue
		}
		if colons++; colons == 2 {
			second = i
		}
		double = double || i > 0 && word[i-1] == ':'
	}
	if double || colons >= 4 {
		return append(maskQuads(dst, word[:second+1]), 'x')
	}
	return maskQuads(dst, word)
}

func maskQuads(dst, word []byte) []byte {
	for len(word) > 0 {
		n, last := quad(word)
		dst = append(dst, word[:last]...)
		if n > last {
			dst = append(dst, 'x')
		}
		word = word[n:]
	}
	return dst
}

// quad measures what b begins with: an IPv4 address (n bytes, its last number
// from byte last on), a run of digits, or one other byte (then last is n).
func quad(b []byte) (n, last int) {
	for part := 0; ; part++ {
		end := digits(b, n)
		if end == n || end > n+3 {
			break
		}
		if part == 3 {
			return end, n
		}
		if end == len(b) || b[end] != '.' {
			break
		}
		n = end + 1
	}
	n = max(digits(b, 0), 1)
	return n, n
}
