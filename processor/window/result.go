package window

// State says how far a window has come when a result of it is given.
type State uint8

// A window is provisional until the frontier passes its end, closed until every
// source has passed its end by the allowed lateness, then final.
const (
	Provisional State = iota
	Closed
	Final
)

// Result is what the merger knows of one window: all of it, summed over the sources.
type Result struct {
	Start    int64
	End      int64
	State    State
	Revision uint64 // sum over the partials of Through+1: it only grows
	Revised  bool   // changed after it had closed
	Seen     int32  // sources that gave a partial
	Live     int32  // sources not idle
	Rows     []Row  // ascending by service, then pop
}
