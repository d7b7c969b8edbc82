package window

// Control is where the merger stands, but for the contents of its windows. It
// is small, and kept beside the place in the exchange from which to resume.
type Control struct {
	ClosedTo  int64 // windows that end at or before this have closed; NoTime before the first
	RetiredTo int64 // windows that end at or before this are final; NoTime before the first
	Largest   int64 // of the watermarks
	// A successor reads messages again about windows that had retired after
	// the place it resumes from. It cannot know all their partials, so until
	// Until, where its predecessor stood, it leaves windows up to Final alone.
	Final, Until int64
	Left         []Left `json:",omitempty"` // as they were at Until
	Sources      []SourceControl
}

// SourceControl is what the merger knows of one source.
type SourceControl struct {
	Source
	Watermark int64
	Position  int64
	Idle      bool
	IdleFrom  int64 // largest watermark when it fell idle
}

// NewControl is the control before the first message.
func NewControl() Control {
	return Control{ClosedTo: NoTime, RetiredTo: NoTime, Largest: NoTime, Final: NoTime}
}

func (m *Merger) control() Control {
	c := m.Control
	c.Sources = make([]SourceControl, len(m.order))
	for i, s := range m.order {
		c.Sources[i] = s.SourceControl
	}
	return c
}

// Resume gives the place in the exchange from which a successor must read, the
// first message of the oldest window that has not retired, and the control
// there. next is the place after the last message applied.
func (m *Merger) Resume(next int64) (int64, Control) {
	place, control := next, m.control()
	for _, w := range m.windows {
		if w.first < place {
			place, control = w.first, w.before
		}
	}
	control.Final, control.Until, control.Left = max(m.Final, m.RetiredTo), max(m.Until, next), m.Left
	return place, control
}

// Known gives what is known of every source.
func (m *Merger) Known() []SourceControl { return m.control().Sources }
