package window

import "slices"

type sourceState struct {
	SourceControl
	index  int32
	behind bool
}

// meet makes a source known, and with the first word of a topic all its partitions, so that no window closes without them.
func (m *Merger) meet(of Source, partitions int32) *sourceState {
	if partitions > m.topics[of.Topic] {
		m.topics[of.Topic] = partitions
		for p := range partitions {
			m.know(Source{of.Topic, p})
		}
	}
	return m.know(of)
}

func (m *Merger) know(of Source) *sourceState {
	s, ok := m.sources[of]
	if !ok {
		s = &sourceState{SourceControl: SourceControl{Source: of, Watermark: NoTime, IdleFrom: NoTime}, index: int32(len(m.order))}
		m.sources[of] = s
		m.order = append(m.order, s)
	}
	return s
}

// frontier is the lowest watermark of the sources that are not idle; of all that ever spoke, when all are idle.
func (m *Merger) frontier() int64 {
	low, any := int64(0), false
	lowIdle, anyIdle := int64(0), false
	for _, s := range m.order {
		switch {
		case !s.Idle:
			if !any || s.Watermark < low {
				low, any = s.Watermark, true
			}
		case s.Watermark != NoTime:
			if !anyIdle || s.Watermark < lowIdle {
				lowIdle, anyIdle = s.Watermark, true
			}
		}
	}
	switch {
	case any:
		return low
	case anyIdle:
		return lowIdle
	}
	return NoTime
}

// passed is the lowest watermark of all sources, the idle ones too, but not those released.
func (m *Merger) passed() int64 {
	low, any := NoTime, false
	for _, s := range m.order {
		if m.released(s) {
			continue
		}
		if !any || s.Watermark < low {
			low, any = s.Watermark, true
		}
	}
	return low
}

// behind says that some source is far behind: what it has not told yet would change nearly every row.
func (m *Merger) behind() bool {
	return slices.ContainsFunc(m.order, func(s *sourceState) bool { return s.behind })
}

func (m *Merger) released(s *sourceState) bool {
	return s.Idle && m.Largest != NoTime && s.IdleFrom != NoTime && m.Largest-s.IdleFrom > int64(m.cfg.ReleaseAfter)
}

func (m *Merger) live() (n int32) {
	for _, s := range m.order {
		if !s.Idle {
			n++
		}
	}
	return n
}
