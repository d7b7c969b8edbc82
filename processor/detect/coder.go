package detect

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

// coder writes or reads a state, by one description for both directions: a
// layout cannot drift apart from its reader. The first fault stays and makes all further reads empty.
type coder struct {
	b       []byte // written so far, or left to read
	reading bool
	version uint8
	err     error
}

var errShort = errors.New("the state ends too early")

func (c *coder) fail(format string, args ...any) {
	if c.err == nil {
		c.err = fmt.Errorf(format, args...)
	}
	c.b = nil
}

func (c *coder) take(n int) []byte {
	if len(c.b) < n {
		if c.err == nil {
			c.err = errShort
		}
		c.b = nil
		return nil
	}
	v := c.b[:n]
	c.b = c.b[n:]
	return v
}

func (c *coder) byte(v *uint8) {
	if !c.reading {
		c.b = append(c.b, *v)
		return
	}
	if b := c.take(1); b != nil {
		*v = b[0]
	}
}

func (c *coder) flag(v *bool) {
	b := uint8(0)
	if *v {
		b = 1
	}
	c.byte(&b)
	*v = b == 1
}

func (c *coder) float32(v *float32) {
	if !c.reading {
		c.b = binary.LittleEndian.AppendUint32(c.b, math.Float32bits(*v))
		return
	}
	if b := c.take(4); b != nil {
		*v = math.Float32frombits(binary.LittleEndian.Uint32(b))
		if f := float64(*v); math.IsNaN(f) || math.IsInf(f, 0) {
			c.fail("the state holds %v where a number should be", f)
		}
	}
}

func (c *coder) float64(v *float64) {
	if !c.reading {
		c.b = binary.LittleEndian.AppendUint64(c.b, math.Float64bits(*v))
		return
	}
	if b := c.take(8); b != nil {
		*v = math.Float64frombits(binary.LittleEndian.Uint64(b))
		if math.IsNaN(*v) || math.IsInf(*v, 0) {
			c.fail("the state holds %v where a number should be", *v)
		}
	}
}

// integer codes a signed number between two bounds in as few bytes as it needs.
func (c *coder) integer(v, least, most int64) int64 {
	if !c.reading {
		c.b = binary.AppendVarint(c.b, v)
		return v
	}
	v, n := binary.Varint(c.b)
	if n <= 0 {
		c.take(len(c.b) + 1)
		return least
	}
	c.b = c.b[n:]
	if v < least || v > most {
		c.fail("the state holds %d where %d to %d is allowed", v, least, most)
		return least
	}
	return v
}

func (c *coder) int64(v *int64) { *v = c.integer(*v, math.MinInt64, math.MaxInt64) }

func (c *coder) int32(v *int32, least, most int32) {
	*v = int32(c.integer(int64(*v), int64(least), int64(most)))
}

func (c *coder) uint32(v *uint32) { *v = uint32(c.integer(int64(*v), 0, math.MaxUint32)) }

func (c *coder) uint64(v *uint64) {
	high, low := uint32(*v>>32), uint32(*v)
	c.uint32(&high)
	c.uint32(&low)
	*v = uint64(high)<<32 | uint64(low)
}

// length codes how many parts follow. Each takes a byte at least, so a false length cannot ask for more memory than the state has bytes.
func (c *coder) length(n int) int {
	most := len(c.b)
	if c.reading {
		return int(c.integer(0, 0, int64(most)))
	}
	return int(c.integer(int64(n), 0, math.MaxInt32))
}

func (c *coder) string(v *string) {
	n := c.length(len(*v))
	if !c.reading {
		c.b = append(c.b, *v...)
		return
	}
	*v = string(c.take(n))
}

// bytes codes bytes most of which are zero.
func (c *coder) bytes(v []uint8) {
	for i := 0; i < len(v) && c.err == nil; {
		zeros := i
		for !c.reading && zeros < len(v) && v[zeros] == 0 {
			zeros++
		}
		zeros = i + int(c.integer(int64(zeros-i), 0, int64(len(v)-i)))
		end := zeros
		for !c.reading && end < len(v) && (v[end] != 0 || end+1 < len(v) && v[end+1] != 0) {
			end++
		}
		end = zeros + int(c.integer(int64(end-zeros), 0, int64(len(v)-zeros)))
		if c.reading && end == i {
			c.fail("the state holds an empty run")
			return
		}
		if !c.reading {
			c.b = append(c.b, v[zeros:end]...)
		} else {
			copy(v[zeros:end], c.take(end-zeros))
		}
		i = end
	}
}

// steps codes values that lie close to their neighbours.
func (c *coder) steps(v []int16) {
	last := int64(0)
	for i := 0; i < len(v) && c.err == nil; {
		end := i
		for !c.reading && end < len(v) && v[end] == unseen {
			end++
		}
		end = i + int(c.integer(int64(end-i), 0, int64(len(v)-i)))
		for ; i < end; i++ {
			v[i] = unseen
		}
		for !c.reading && end < len(v) && v[end] != unseen {
			end++
		}
		end = i + int(c.integer(int64(end-i), 0, int64(len(v)-i)))
		for ; i < end && c.err == nil; i++ {
			last += c.integer(int64(v[i])-last, unseen+1-last, math.MaxInt16-last)
			v[i] = int16(last)
		}
	}
}
