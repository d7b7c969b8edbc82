package accesslog

import "bytes"

// columns reads logs whose values stand in columns, in the order that a "#Fields:" line gives.
// Such a line may come anywhere, and changes the order from there on; other lines that start with # are comments.
type columns struct {
	separator byte
	names     map[string]uint8 // to slots; slot 0 is for all other columns
	clock     clock
	slots     []uint8 // by column
	values    [columnSlots][]byte
	stamp     [20]byte // date and time as RFC 3339
	scratch   []byte
}

// columnSlots is how many slots there are, maxColumns more than any format has columns.
const (
	columnSlots = 16
	maxColumns  = 256
)

func newColumns(separator byte, names map[string]uint8, order string) columns {
	c := columns{separator: separator, names: names, stamp: [20]byte{10: 'T', 19: 'Z'}}
	c.learn([]byte(order))
	return c
}

// learn takes the order of the columns.
func (c *columns) learn(list []byte) {
	c.slots = c.slots[:0]
	for _, name := range bytes.Fields(list) {
		if len(c.slots) < maxColumns {
			c.slots = append(c.slots, c.names[string(name)])
		}
	}
}

// start clears r and reads line. A comment is Empty.
func (c *columns) start(line []byte, r *Record) Reason {
	if reason := begin(line, r); reason != OK {
		return reason
	}
	line = bytes.TrimRight(line, "\r\n")
	if line[0] == '#' {
		if list, ok := bytes.CutPrefix(line, []byte("#Fields:")); ok {
			c.learn(list)
		}
		return Empty
	}
	if !c.split(line) {
		return Malformed
	}
	return OK
}

// split finds the columns. There must be as many as there are fields.
func (c *columns) split(line []byte) bool {
	c.values = [columnSlots][]byte{}
	for k, slot := range c.slots {
		end := bytes.IndexByte(line, c.separator)
		if last := k == len(c.slots)-1; last != (end < 0) {
			return false
		} else if last {
			end = len(line)
		}
		if v := line[:end]; slot != 0 && string(v) != "-" {
			c.values[slot%columnSlots] = v
		}
		line = line[min(end+1, len(line)):]
	}
	return len(c.slots) > 0
}

// dateTime joins a date and a time of day, which are in UTC.
func (c *columns) dateTime(date, clock []byte) (int64, Reason) {
	if len(date) == 0 || len(clock) == 0 {
		return 0, NoTimestamp
	}
	if len(date) != 10 || len(clock) != 8 {
		return 0, BadTimestamp
	}
	copy(c.stamp[:], date)
	copy(c.stamp[11:], clock)
	return c.timestamp(c.stamp[:])
}

func (c *columns) timestamp(b []byte) (int64, Reason) {
	if len(b) == 0 {
		return 0, NoTimestamp
	}
	ns, _, ok := c.clock.text(b)
	if !ok {
		return 0, BadTimestamp
	}
	return ns, OK
}
