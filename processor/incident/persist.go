package incident

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"slices"

	"github.com/spikeline/spikeline/processor/detect"
)

// stateVersion is the first byte of a state. The version before is read too; one of another version is refused, never guessed at.
const stateVersion = 3 // 2 was without the nature of members and stray windows

// AppendState appends the tracker's whole memory: a version, the fields, and a
// checksum. The same memory gives the same bytes.
func (t *Tracker) AppendState(b []byte) []byte {
	from := len(b)
	c := codec{buf: append(b, stateVersion), version: stateVersion}
	t.state(&c)
	return binary.LittleEndian.AppendUint32(c.buf, crc32.ChecksumIEEE(c.buf[from:]))
}

// LoadState replaces the tracker's memory by one that AppendState wrote. After an error the memory is as before.
func (t *Tracker) LoadState(b []byte) error {
	if len(b) < 5 {
		return fmt.Errorf("incident state of %d bytes: too short, at least 5 are needed; start without a state", len(b))
	}
	if b[0] != stateVersion && b[0] != stateVersion-1 {
		return fmt.Errorf("incident state of version %d: only %d and %d can be read; start without a state", b[0], stateVersion-1, stateVersion)
	}
	body := b[:len(b)-4]
	if got, want := crc32.ChecksumIEEE(body), binary.LittleEndian.Uint32(b[len(b)-4:]); got != want {
		return fmt.Errorf("incident state: checksum %08x, but %08x is written at its end; start without a state", got, want)
	}
	return t.decode(body[0], body[1:])
}

func (t *Tracker) decode(version uint8, body []byte) error {
	fresh := New(t.cfg)
	c := codec{buf: body, reading: true, version: version}
	fresh.state(&c)
	if c.err == nil && len(c.buf) > 0 {
		c.err = fmt.Errorf("%d bytes too many", len(c.buf))
	}
	if c.err != nil {
		return fmt.Errorf("incident state: %w; start without a state", c.err)
	}
	*t = *fresh
	return nil
}

// codec writes fields, or reads them when reading: each type lists its fields
// once for both, so the two cannot differ.
type codec struct {
	buf     []byte
	version uint8
	reading bool
	err     error
}

var errShort = errors.New("it ends too early")

func (c *codec) fail(err error) {
	if c.err == nil {
		c.err = err
	}
	c.buf = nil
}

func (c *codec) uint(v *uint64) {
	if !c.reading {
		c.buf = binary.AppendUvarint(c.buf, *v)
		return
	}
	got, n := binary.Uvarint(c.buf)
	if n <= 0 {
		c.fail(errShort)
		*v = 0
		return
	}
	*v, c.buf = got, c.buf[n:]
}

func integer[T ~int | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32](c *codec, v *T) {
	z := uint64(int64(*v)<<1) ^ uint64(int64(*v)>>63)
	c.uint(&z)
	got := int64(z>>1) ^ -int64(z&1)
	if *v = T(got); int64(*v) != got {
		c.fail(fmt.Errorf("the number %d does not fit its field", got))
		*v = 0
	}
}

func (c *codec) bool(v *bool) {
	var n uint64
	if *v {
		n = 1
	}
	c.uint(&n)
	*v = n != 0
}

func (c *codec) float(v *float64) {
	if !c.reading {
		c.buf = binary.LittleEndian.AppendUint64(c.buf, math.Float64bits(*v))
		return
	}
	if len(c.buf) < 8 {
		c.fail(errShort)
		*v = 0
		return
	}
	*v, c.buf = math.Float64frombits(binary.LittleEndian.Uint64(c.buf)), c.buf[8:]
	if math.IsNaN(*v) || math.IsInf(*v, 0) {
		c.fail(errors.New("a number is not finite"))
		*v = 0
	}
}

func (c *codec) floats(vs ...*float64) {
	for _, v := range vs {
		c.float(v)
	}
}

func (c *codec) times(vs ...*int64) {
	for _, v := range vs {
		integer(c, v)
	}
}

func (c *codec) string(v *string) {
	n := uint64(len(*v))
	c.uint(&n)
	if !c.reading {
		c.buf = append(c.buf, *v...)
		return
	}
	if n > uint64(len(c.buf)) {
		c.fail(errShort)
		n = 0
	}
	*v, c.buf = string(c.buf[:n]), c.buf[n:]
}

// slice visits each element; an element takes at least one byte, which bounds what is read.
func slice[T any](c *codec, s *[]T, each func(*codec, *T)) {
	n := uint64(len(*s))
	c.uint(&n)
	if !c.reading {
		for i := range *s {
			each(c, &(*s)[i])
		}
		return
	}
	if n > uint64(len(c.buf)) {
		c.fail(errShort)
		return
	}
	var got []T
	for range n {
		if c.err != nil {
			return
		}
		var v T
		each(c, &v)
		got = append(got, v)
	}
	*s = got
}

func (t *Tracker) state(c *codec) {
	c.bool(&t.started)
	c.times(&t.last, &t.missing.from, &t.missing.to, &t.returned)
	slice(c, &t.past, (*codec).interval)
	t.fleet.state(c)
	slice(c, &t.open, func(c *codec, e **episode) {
		if c.reading {
			*e = &episode{byName: map[string]*member{}, byKey: map[seriesKey]*series{}}
			(*e).curve.limit, (*e).quiet = t.cfg.MaxPoints, t.cfg.Quiet
		}
		(*e).state(c)
	})
}

func (c *codec) interval(i *interval) { c.times(&i.from, &i.to) }

func (f *fleet) state(c *codec) {
	integer(c, &f.tick)
	c.floats(&f.total, &f.usual)
	f.spending.state(c)
	names := make([]string, 0, len(f.byName))
	for name := range f.byName {
		names = append(names, name)
	}
	slices.Sort(names)
	slice(c, &names, func(c *codec, name *string) {
		c.string(name)
		s := f.byName[*name]
		if s == nil {
			s = &service{}
			f.byName[*name] = s
		}
		s.state(c)
	})
}

func (s *service) state(c *codec) {
	c.times(&s.last, &s.first, &s.skipFrom, &s.skipTo, &s.surgeOnset, &s.surgeSeen)
	c.floats(&s.n, &s.k, &s.windows, &s.surgeRatio)
	for i := range s.ring {
		c.tally(&s.ring[i])
	}
	s.spending.state(c)
}

func (s *spending) state(c *codec) {
	c.times(&s.shortLast, &s.longLast)
	for _, ring := range [][]spent{s.short[:], s.long[:]} {
		for i := range ring {
			integer(c, &ring[i].requests)
			integer(c, &ring[i].errors)
		}
	}
}

func (c *codec) tally(t *tally) {
	integer(c, &t.requests)
	integer(c, &t.errors)
	integer(c, &t.clients)
}

func (k *seriesKey) state(c *codec) {
	c.string(&k.scope.Service)
	c.string(&k.scope.Pop)
	integer(c, &k.kind)
	if k.kind >= detect.Kinds {
		c.fail(fmt.Errorf("signal kind %d: there are %d", k.kind, detect.Kinds))
		k.kind = 0
	}
}
