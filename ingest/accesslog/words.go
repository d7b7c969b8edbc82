package accesslog

import "math/bits"

// cacheState maps the words that edges use for what their cache did. The case of letters does not matter.
func cacheState(word []byte) Cache {
	if c := cacheWord(word); c != CacheUnknown || len(word) == 0 || word[0]-'A' >= 26 {
		return c
	}
	var buf [24]byte
	name, _ := lower(word[:min(len(word), len(buf))], buf[:0])
	return cacheWord(name)
}

func cacheWord(word []byte) Cache {
	switch string(word) {
	case "hit", "hit-cluster", "hit-wait", "hit-synth":
		return CacheHit
	case "miss", "miss-cluster", "miss-wait":
		return CacheMiss
	case "expired":
		return CacheExpired
	case "updating":
		return CacheUpdating
	case "stale", "hit-stale":
		return CacheStale
	case "ignored":
		return CacheIgnored
	case "bypass", "pass", "pass-wait":
		return CacheBypass
	case "revalidated", "refreshhit", "hit-refresh":
		return CacheRevalidated
	case "dynamic":
		return CacheDynamic
	case "stream_hit":
		return CacheStreamHit
	case "deferred":
		return CacheDeferred
	case "error", "limitexceeded", "capacityexceeded":
		return CacheError
	}
	return CacheUnknown
}

// status reads an HTTP status, 100 to 999. zero says that the format writes 0
// (or 000, or -1) for a client that left before any answer; elsewhere those are bad.
func status(b []byte, zero bool) (uint16, Reason) {
	if len(b) == 3 {
		h, t, u := b[0]-'0', b[1]-'0', b[2]-'0'
		if h-1 < 9 && t <= 9 && u <= 9 {
			return uint16(h)*100 + uint16(t)*10 + uint16(u), OK
		}
	}
	if len(b) == 0 || len(b) == 1 && b[0] == '-' {
		return 0, NoStatus
	}
	v, ok := decimal(b, 0)
	switch {
	case !ok:
		return 0, BadStatus
	case v >= 100 && v <= 999:
		return uint16(v), OK
	case (v == 0 || v == -1) && zero:
		return 0, OK
	}
	return 0, BadStatus
}

// originStatus reads the status that the origin gave; 0 when there is none in b.
// Of a list ("502, 504", after retries) the last one counts.
func originStatus(b []byte) uint16 {
	if len(b) == 1 && b[0] == '0' {
		return 0
	}
	end := len(b)
	for end > 0 {
		start := end
		for start > 0 && b[start-1] != ',' && b[start-1] != ':' && b[start-1] != ' ' {
			start--
		}
		if code, reason := status(b[start:end], false); reason == OK {
			return code
		}
		end = max(start-1, 0)
	}
	return 0
}

// size reads a count of bytes, 0 when b is none ("-" is how many formats write 0).
func size(b []byte) uint64 {
	v, ok := decimal(b, 0)
	if !ok || v < 0 {
		return 0
	}
	return uint64(v)
}

// micros reads a duration in units of 10^scale microseconds (6: seconds), -1 when b is none.
func micros(b []byte, scale int) int64 {
	v, ok := decimal(b, scale)
	if !ok || v < 0 {
		return -1
	}
	return v
}

// pathOf is a request target without its query.
func pathOf(target []byte) []byte {
	i := 0
	for ; i+8 <= len(target); i += 8 {
		w := load64(target, i)
		if m := zeroBytes(w^'?'*ones) | zeroBytes(w^'#'*ones); m != 0 {
			return target[:i+bits.TrailingZeros64(m)>>3]
		}
	}
	for ; i < len(target); i++ {
		if target[i] == '?' || target[i] == '#' {
			return target[:i]
		}
	}
	return target
}
