package window

import (
	"hash/maphash"
	"slices"
	"strings"
	"unsafe"
)

// names numbers the distinct services or pops of a window.
type names struct {
	list   []string
	slots  []nameSlot // open addressing
	beyond uint32     // number of Other + 1, 0 as long as it has none
}

type nameSlot struct {
	hash   uint32
	number uint32 // + 1, 0 for a free slot
}

var hashSeed = maphash.MakeSeed()

// of gives the number of a name, or that of Other beyond the limit.
func (n *names) of(name string, limit int) uint32 {
	if i, ok := n.find(name); ok {
		return i
	}
	if len(n.list) >= limit && name != Other {
		return n.other()
	}
	return n.put(name)
}

// add is of for a name in a buffer: it is copied if it is new.
func (n *names) add(name []byte, limit int) uint32 {
	if i, ok := n.find(unsafe.String(unsafe.SliceData(name), len(name))); ok {
		return i
	}
	if len(n.list) >= limit && string(name) != Other {
		return n.other()
	}
	return n.put(string(name))
}

func (n *names) other() uint32 {
	if n.beyond == 0 {
		return n.put(Other)
	}
	return n.beyond - 1
}

func (n *names) find(name string) (uint32, bool) {
	if len(n.slots) == 0 {
		return 0, false
	}
	hash, mask := hashOf(name), uint32(len(n.slots)-1)
	for i := hash & mask; ; i = (i + 1) & mask {
		s := n.slots[i]
		if s.number == 0 {
			return 0, false
		}
		if s.hash == hash && n.list[s.number-1] == name {
			return s.number - 1, true
		}
	}
}

func hashOf(name string) uint32 { return uint32(maphash.String(hashSeed, name)) }

// put adds a name that is not there.
func (n *names) put(name string) uint32 {
	if 4*len(n.list) >= 3*len(n.slots) {
		n.slots = make([]nameSlot, max(64, 2*len(n.slots)))
		for i, old := range n.list {
			n.place(hashOf(old), uint32(i+1))
		}
	}
	n.list = append(n.list, name)
	n.place(hashOf(name), uint32(len(n.list)))
	if name == Other {
		n.beyond = uint32(len(n.list))
	}
	return uint32(len(n.list) - 1)
}

func (n *names) place(hash, number uint32) {
	mask := uint32(len(n.slots) - 1)
	i := hash & mask
	for n.slots[i].number != 0 {
		i = (i + 1) & mask
	}
	n.slots[i] = nameSlot{hash, number}
}

func (n *names) reset() {
	clear(n.slots)
	clear(n.list)
	n.list, n.beyond = n.list[:0], 0
}

// ranks gives the place of each name in their order.
func (n *names) ranks() []uint32 {
	order := make([]uint32, len(n.list))
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortFunc(order, func(a, b uint32) int { return strings.Compare(n.list[a], n.list[b]) })
	ranks := make([]uint32, len(order))
	for rank, i := range order {
		ranks[i] = uint32(rank)
	}
	return ranks
}
