package processor

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spikeline/spikeline/processor/window"
)

const snapshotVersion = 1

// snapshotHead is the small part of a snapshot; the states of detector and tracker follow it.
type snapshotHead struct {
	Version  int            `json:"version"`
	WidthNs  int64          `json:"width_ns"`
	JudgedTo int64          `json:"judged_to"`
	Control  window.Control `json:"control"`
}

// Snapshot gives the whole state. next is the place after the last message
// applied, pending that of a message of which only a part has come, or next.
// It must follow a Take: what the batches hold is not part of it.
func (j *Judge) Snapshot(next, pending int64) Snapshot {
	if j.Pending() > 0 {
		panic("BUG: a snapshot is taken while a batch is pending")
	}
	place, control := j.merger.Resume(next)
	head, err := json.Marshal(snapshotHead{snapshotVersion, int64(j.cfg.Window.Width), j.judged, control})
	if err != nil {
		panic("BUG: snapshot head: " + err.Error())
	}
	state := appendPart(nil, head)
	state = appendPart(state, j.detector.AppendState(nil))
	state = appendPart(state, j.tracker.AppendState(nil))
	return Snapshot{Offset: min(place, pending), State: state}
}

func appendPart(state, part []byte) []byte {
	return append(binary.LittleEndian.AppendUint32(state, uint32(len(part))), part...)
}

func takePart(state []byte) (part, rest []byte, err error) {
	if len(state) < 4 {
		return nil, nil, errors.New("it is cut short")
	}
	n := int(binary.LittleEndian.Uint32(state))
	if n > len(state)-4 {
		return nil, nil, errors.New("it is cut short")
	}
	return state[4 : 4+n], state[4+n:], nil
}

// Restore makes the judge the one that gave the snapshot. The next message to
// apply is the one at the snapshot's offset.
func (j *Judge) Restore(s Snapshot) error {
	text, rest, err := takePart(s.State)
	if err != nil {
		return fmt.Errorf("the judge's snapshot: %w", err)
	}
	var head snapshotHead
	if err := json.Unmarshal(text, &head); err != nil {
		return fmt.Errorf("the judge's snapshot: %w", err)
	}
	if head.Version != snapshotVersion {
		return fmt.Errorf("the judge's snapshot is of version %d, this program reads %d: run the newer program, or delete the state topic to start anew", head.Version, snapshotVersion)
	}
	if head.WidthNs != int64(j.cfg.Window.Width) {
		return fmt.Errorf("the judge's snapshot is of windows of %ds, the configuration says %s: change window.width back, or use another group and other exchange topics", head.WidthNs/1e9, j.cfg.Window.Width)
	}
	detector, rest, err := takePart(rest)
	if err != nil {
		return fmt.Errorf("the judge's snapshot: %w", err)
	}
	tracker, _, err := takePart(rest)
	if err != nil {
		return fmt.Errorf("the judge's snapshot: %w", err)
	}
	if err := errors.Join(j.detector.LoadState(detector), j.tracker.LoadState(tracker)); err != nil {
		return fmt.Errorf("the judge's snapshot: %w", err)
	}
	j.merger = window.NewMerger(j.cfg.Window, head.Control)
	j.judged = head.JudgedTo
	return nil
}
