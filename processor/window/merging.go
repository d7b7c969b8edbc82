package window

import "slices"

// merging is a window that has not retired.
type merging struct {
	start    int64
	first    int64   // place in the exchange of the first message about it
	before   Control // control before that message
	closed   bool
	revised  bool
	listed   bool // among those that changed
	parts    []part
	services names
	pops     names
	cells    cells
	changed  []bool // by service: with a change since the last result
	changes  int    // how many of them
	given    []Row  // of all cells, as they were given when the window closed, if nothing has come since
}

// part is the newest partial of one source.
type part struct {
	source  int32
	through int64
	cells   []uint32 // of its rows
	ends    []uint32 // of its rows, in packed
	packed  []byte
}

func newMerging(start, place int64, before Control) *merging {
	return &merging{start: start, first: place, before: before}
}

// newer gives the part of a source if a partial with this through is to replace it.
func (w *merging) newer(source int32, through int64) *part {
	i := slices.IndexFunc(w.parts, func(p part) bool { return p.source == source })
	if i < 0 {
		w.parts = append(w.parts, part{source: source, through: through})
		return &w.parts[len(w.parts)-1]
	}
	if through <= w.parts[i].through {
		return nil
	}
	w.parts[i].through = through
	return &w.parts[i]
}

func (p *part) row(i int) []byte {
	if i == 0 {
		return p.packed[:p.ends[0]]
	}
	return p.packed[p.ends[i-1]:p.ends[i]]
}

func (p *part) requests() (n uint64) {
	for i := range p.ends {
		n += packedRequests(p.row(i))
	}
	return n
}

// replace puts a source's newer rows in the place of its older ones. They
// begin with the older ones in the same order, which saves finding their cells; only a
// former owner's may not. buf is scratch space.
func (w *merging) replace(cfg Config, p *part, rows []Row, buf []byte) []byte {
	w.given = nil
	old := *p
	p.cells, p.ends, buf = make([]uint32, len(rows)), make([]uint32, len(rows)), buf[:0]
	for i := range rows {
		r := &rows[i]
		if i < len(old.cells) && w.is(old.cells[i], r) {
			p.cells[i] = old.cells[i]
			if packedRequests(old.row(i)) != r.Requests { // it only grows
				w.change(old.cells[i])
			}
		} else {
			p.cells[i] = w.cell(cfg, r.Service, r.Pop)
			w.change(p.cells[i])
		}
		buf = pack(buf, &r.Counts)
		p.ends[i] = uint32(len(buf))
	}
	p.packed = slices.Clone(buf)
	return buf
}

// is says whether a row is that of a cell, and not one of several beyond the limits.
func (w *merging) is(cell uint32, r *Row) bool {
	service, pop := w.cells.of(cell)
	return w.services.list[service] == r.Service && w.pops.list[pop] == r.Pop && r.Service != Other && r.Pop != Other
}

// cell finds or makes the cell under which a row is counted: its own, or the one for all beyond the limits.
func (w *merging) cell(cfg Config, service, pop string) uint32 {
	return w.cells.at(w.services.of(service, cfg.Services), w.pops.of(pop, cfg.Pops))
}

func (w *merging) change(cell uint32) {
	service, _ := w.cells.of(cell)
	if n := int(service) + 1 - len(w.changed); n > 0 {
		w.changed = append(w.changed, make([]bool, n)...)
	}
	if !w.changed[service] {
		w.changed[service] = true
		w.changes++
	}
}

func (w *merging) unchange() {
	clear(w.changed)
	w.changes, w.given = 0, nil
}

// rows gives the sums of all cells, or those of the services that changed, ascending by service, then pop.
func (w *merging) rows(all bool) []Row {
	if w.changes == len(w.services.list) {
		all = true
	}
	if all && w.given != nil {
		return w.given
	}
	wanted := w.wanted(all)
	place := make([]uint32, w.cells.len()) // of a cell in wanted, from 1 on
	for i, cell := range wanted {
		place[cell] = uint32(i + 1)
	}
	starts, refs := w.refs(place, len(wanted))
	rows := make([]Row, len(wanted))
	var total sum
	var lists slabs
	for i, cell := range wanted {
		for _, r := range refs[starts[i]:starts[i+1]] {
			total.add(w.parts[r.part].row(int(r.row)))
		}
		service, pop := w.cells.of(cell)
		rows[i] = Row{Service: w.services.list[service], Pop: w.pops.list[pop], Counts: total.take(&lists)}
	}
	return rows
}

// wanted gives the cells of a result in its order.
func (w *merging) wanted(all bool) []uint32 {
	var wanted []uint32
	if all {
		wanted = make([]uint32, 0, w.cells.len())
	}
	for cell := range uint32(w.cells.len()) {
		if service, _ := w.cells.of(cell); all || int(service) < len(w.changed) && w.changed[service] {
			wanted = append(wanted, cell)
		}
	}
	services, pops := w.services.ranks(), w.pops.ranks()
	wanted = sortBy(wanted, len(pops), func(cell uint32) uint32 { _, pop := w.cells.of(cell); return pops[pop] })
	return sortBy(wanted, len(services), func(cell uint32) uint32 { service, _ := w.cells.of(cell); return services[service] })
}

// sortBy sorts by ranks below n, and keeps the order of those that are equal.
func sortBy(list []uint32, n int, rank func(uint32) uint32) []uint32 {
	ends := make([]uint32, n+1)
	for _, v := range list {
		ends[rank(v)+1]++
	}
	for i := range n {
		ends[i+1] += ends[i]
	}
	sorted := make([]uint32, len(list))
	for _, v := range list {
		r := rank(v)
		sorted[ends[r]] = v
		ends[r]++
	}
	return sorted
}

// ref is a row of a part.
type ref struct{ part, row uint32 }

// refs gives the rows of every wanted cell: those of the i-th are from starts[i] to starts[i+1].
func (w *merging) refs(place []uint32, wanted int) (starts []uint32, refs []ref) {
	starts = make([]uint32, wanted+2) // shifted by one while they are filled
	for _, p := range w.parts {
		for _, cell := range p.cells {
			if i := place[cell]; i > 0 {
				starts[i+1]++
			}
		}
	}
	for i := range wanted {
		starts[i+2] += starts[i+1]
	}
	refs = make([]ref, starts[wanted+1])
	for n, p := range w.parts {
		for row, cell := range p.cells {
			if i := place[cell]; i > 0 {
				refs[starts[i]] = ref{uint32(n), uint32(row)}
				starts[i]++
			}
		}
	}
	return starts, refs
}
