package accesslog

import (
	"encoding/binary"
	"math"
	"math/bits"
	"unsafe"
)

// Eight bytes are tested at a time, in one register. In each of these words every byte is the same.
const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
	zeros = '0' * ones
)

func load64(b []byte, i int) uint64 { return binary.LittleEndian.Uint64(b[i:]) }

// checked64 is load64 where the caller has made sure of 0 <= i and i+8 <= len(b),
// as every caller does in the lines above the call. The compiler cannot see that, and
// its own tests would cost a quarter of the speed of jsonReader.read, the only user.
func checked64(b []byte, i int) uint64 {
	return binary.LittleEndian.Uint64((*[8]byte)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(b)), i))[:])
}

// nonDigits marks with 0x80 the bytes of w that are no decimal digits. The
// lowest mark is exact; marks above it may be spurious.
func nonDigits(w uint64) uint64 {
	x := w ^ zeros
	return (x + 0x76*ones | x) & highs
}

// zeroBytes marks with 0x80 the bytes of w that are zero. The lowest mark is
// exact; marks above it may be spurious.
func zeroBytes(w uint64) uint64 { return (w - ones) &^ w & highs }

// eightDigits is the number written by the eight digits of w, the first in its lowest byte.
func eightDigits(w uint64) uint64 {
	w -= zeros
	w = w*10 + w>>8
	return (w&0x000000FF000000FF*(100+1000000<<32) + w>>16&0x000000FF000000FF*(1+10000<<32)) >> 32
}

// natural reads up to 19 decimal digits and nothing else.
func natural(b []byte) (int64, bool) {
	if len(b)-1 >= 19 || len(b) == 0 {
		return 0, false
	}
	var v uint64
	for len(b) >= 8 {
		w := load64(b, 0)
		if nonDigits(w) != 0 {
			return 0, false
		}
		v = v*100000000 + eightDigits(w)
		b = b[8:]
	}
	for _, c := range b {
		if c -= '0'; c > 9 {
			return 0, false
		}
		v = v*10 + uint64(c)
	}
	return int64(v), v <= math.MaxInt64
}

// decimal reads a number as JSON writes it (leading zeros are allowed, as in
// the strings that some formats put in place of numbers) and returns it times
// 10^scale, cut toward zero. It is exact, and false beyond the range of int64.
func decimal(b []byte, scale int) (int64, bool) {
	if v, ok := natural(b); ok {
		hi, lo := bits.Mul64(uint64(v), pow10[scale])
		return int64(lo), hi == 0 && lo <= math.MaxInt64
	}
	negative := len(b) > 0 && b[0] == '-'
	if negative {
		b = b[1:]
	}
	whole := digits(b, 0)
	end := whole
	if end < len(b) && b[end] == '.' {
		end = digits(b, end+1)
		if end == whole+1 {
			return 0, false
		}
	}
	power, ok := exponent(b[end:])
	if whole == 0 || !ok {
		return 0, false
	}
	v, ok := shifted(b[:whole], b[min(whole+1, end):end], power+scale)
	if negative {
		v = -v
	}
	return v, ok
}

var pow10 = [...]uint64{1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9}

// digits is the index of the first byte of b at or after i that is no digit.
func digits(b []byte, i int) int {
	for ; i+8 <= len(b); i += 8 {
		if m := nonDigits(load64(b, i)); m != 0 {
			return i + bits.TrailingZeros64(m)>>3
		}
	}
	for i < len(b) && b[i]-'0' <= 9 {
		i++
	}
	return i
}

// exponent reads all of b as the exponent of a number: nothing, or e, a sign and digits.
func exponent(b []byte) (int, bool) {
	if len(b) == 0 {
		return 0, true
	}
	if b[0]|0x20 != 'e' {
		return 0, false
	}
	b = b[1:]
	sign := 1
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		if b[0] == '-' {
			sign = -1
		}
		b = b[1:]
	}
	v := 0
	for _, c := range b {
		if c -= '0'; c > 9 {
			return 0, false
		}
		v = min(v*10+int(c), 1<<30)
	}
	return sign * v, len(b) > 0
}

// shifted is whole.fraction times 10^power, cut toward zero.
func shifted(whole, fraction []byte, power int) (int64, bool) {
	var v int64
	add := func(c byte) bool {
		digit := int64(c - '0')
		if v > (math.MaxInt64-digit)/10 {
			return false
		}
		v = v*10 + digit
		return true
	}
	take := len(whole) + power
	for k := range min(take, len(whole)+len(fraction)) {
		c := byte('0')
		if k < len(whole) {
			c = whole[k]
		} else {
			c = fraction[k-len(whole)]
		}
		if !add(c) {
			return 0, false
		}
	}
	for k := len(whole) + len(fraction); k < take && v != 0; k++ {
		if !add('0') {
			return 0, false
		}
	}
	return v, true
}
