package exchange

import (
	"fmt"

	"github.com/apache/arrow/go/v17/arrow"
	"github.com/apache/arrow/go/v17/arrow/array"
)

// readTally reads a column of maps from a number below a limit to a count. All
// rows share one slab; rows without entries are not set.
func readTally[T any](column arrow.Array, below int, entry func(uint16, uint64) T, set func(row int, entries []T)) error {
	m := column.(*array.Map)
	keys, values := m.Keys().(*array.Uint16).Uint16Values(), m.Items().(*array.Uint64).Uint64Values()
	slab := make([]T, len(keys))
	return eachRow(m, len(keys), func(row, from, to int) error {
		for i := from; i < to; i++ {
			if int(keys[i]) >= below || i > from && keys[i] <= keys[i-1] {
				return fmt.Errorf("key %d at %d of row %d, want ascending keys below %d", keys[i], i-from, row, below)
			}
			slab[i] = entry(keys[i], values[i])
		}
		if to > from {
			set(row, slab[from:to:to])
		}
		return nil
	})
}

// readNamed reads a column of maps from a known name to a count into one array of counts a row.
func readNamed(column arrow.Array, index map[string]int, counts func(row int) []uint64) error {
	m := column.(*array.Map)
	keys, values := m.Keys().(*array.String), m.Items().(*array.Uint64).Uint64Values()
	return eachRow(m, keys.Len(), func(row, from, to int) error {
		for i := from; i < to; i++ {
			k, known := index[keys.Value(i)]
			if !known {
				return fmt.Errorf("%.40q is not known here: run the same version everywhere", keys.Value(i))
			}
			counts(row)[k] = values[i]
		}
		return nil
	})
}

// eachRow walks the rows of a map column, whose entries must follow each other without gap.
func eachRow(m *array.Map, entries int, visit func(row, from, to int) error) error {
	ends := m.Offsets()
	at := 0
	for row := range m.Len() {
		from, to := int(ends[row]), int(ends[row+1])
		if from != at || to < from || to > entries {
			return fmt.Errorf("row %d has entries %d to %d of %d, want them from %d on", row, from, to, entries, at)
		}
		if err := visit(row, from, to); err != nil {
			return err
		}
		at = to
	}
	if at != entries {
		return fmt.Errorf("%d entries belong to no row", entries-at)
	}
	return nil
}

// names keeps one copy of each service and pop, so that the rows of a day do
// not hold the same name a million times.
type names struct{ known map[string]string }

// maxNames bounds what senders can make us remember; beyond it the names are learned anew.
const maxNames = 1 << 17

// of gives the kept copy of a name that may alias a buffer.
func (n *names) of(name string) string {
	if kept, ok := n.known[name]; ok {
		return kept
	}
	if n.known == nil || len(n.known) >= maxNames {
		n.known = make(map[string]string)
	}
	kept := string([]byte(name))
	n.known[kept] = kept
	return kept
}
