package window

// merging is a window that has not retired.
type merging struct {
	start    int64
	first    int64   // place in the exchange of the first message about it
	before   Control // control before that message
	closed   bool
	revised  bool
	through  []throughOf
	cells    map[cellKey]*mergedCell
	services map[string]struct{}
	pops     map[string]struct{}
	changed  map[string]struct{} // services with a change since the last result
}

type throughOf struct {
	source  int32
	through int64
}

type cellKey struct{ service, pop string }

type mergedCell struct {
	parts []part
}

type part struct {
	source int32
	counts *Counts
}

func (w *merging) newer(source int32, through int64) bool {
	for i := range w.through {
		if t := &w.through[i]; t.source == source {
			if through <= t.through {
				return false
			}
			t.through = through
			return true
		}
	}
	w.through = append(w.through, throughOf{source, through})
	return true
}

// admit gives the key under which a row is counted: its own, or the one for all beyond the limits.
func (w *merging) admit(cfg Config, service, pop string) cellKey {
	return cellKey{bounded(w.services, service, cfg.Services), bounded(w.pops, pop, cfg.Pops)}
}

func bounded(set map[string]struct{}, name string, limit int) string {
	if _, ok := set[name]; ok {
		return name
	}
	if len(set) >= limit && name != Other {
		return bounded(set, Other, limit)
	}
	set[name] = struct{}{}
	return name
}

func (c *mergedCell) set(source int32, counts *Counts) (changed bool) {
	for i := range c.parts {
		if p := &c.parts[i]; p.source == source {
			changed = p.counts.Requests != counts.Requests // it only grows
			p.counts = counts
			return changed
		}
	}
	c.parts = append(c.parts, part{source, counts})
	return true
}

func (c *mergedCell) sum() (total Counts) {
	if len(c.parts) == 1 {
		return *c.parts[0].counts
	}
	buckets := 0
	for _, p := range c.parts {
		buckets += len(p.counts.Latency)
	}
	total.Latency = make(Latency, 0, buckets)
	for _, p := range c.parts {
		total.Add(p.counts)
	}
	return total
}
