package window

// cells numbers pairs of a service's and a pop's number.
type cells struct {
	pairs []uint64
	slots []uint32 // cell number + 1, open addressing
}

func (c *cells) len() int { return len(c.pairs) }

func (c *cells) of(cell uint32) (service, pop uint32) {
	pair := c.pairs[cell]
	return uint32(pair >> 32), uint32(pair)
}

// find gives the number of a pair, if it has one.
func (c *cells) find(service, pop uint32) (cell uint32, known bool) {
	if len(c.slots) == 0 {
		return 0, false
	}
	n := c.slots[c.slot(uint64(service)<<32|uint64(pop))]
	return n - 1, n > 0
}

// at finds or makes the cell of a pair.
func (c *cells) at(service, pop uint32) uint32 {
	if 4*len(c.pairs) >= 3*len(c.slots) {
		c.grow()
	}
	pair := uint64(service)<<32 | uint64(pop)
	i := c.slot(pair)
	if c.slots[i] == 0 {
		c.pairs = append(c.pairs, pair)
		c.slots[i] = uint32(len(c.pairs))
	}
	return c.slots[i] - 1
}

// slot gives the slot of a pair, or the free one where it belongs.
func (c *cells) slot(pair uint64) int {
	mask := len(c.slots) - 1
	i := int(pair*0x9E3779B97F4A7C15>>32) & mask
	for n := c.slots[i]; n != 0 && c.pairs[n-1] != pair; n = c.slots[i] {
		i = (i + 1) & mask
	}
	return i
}

func (c *cells) grow() {
	c.slots = make([]uint32, max(64, 2*len(c.slots)))
	for i, pair := range c.pairs {
		c.slots[c.slot(pair)] = uint32(i + 1)
	}
}

func (c *cells) reset() {
	clear(c.slots)
	c.pairs = c.pairs[:0]
}
