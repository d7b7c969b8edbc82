package sink

import (
	"github.com/spikeline/spikeline/processor"
	"github.com/spikeline/spikeline/processor/window"
)

// pieces are what one insert into each table takes, at most limit rows of
// windows. Several batches are within the limit as the queue gives them; a
// single one may be larger, and is cut between two services, so that each is
// summed from all its pops. What is not of windows comes with the last piece.
func pieces(batches []processor.Batch, limit int) (list [][]processor.Batch) {
	if len(batches) != 1 || batches[0].Rows() <= limit {
		return [][]processor.Batch{batches}
	}
	last := batches[0]
	var piece []window.Result
	room := limit
	for _, r := range last.Windows {
		for len(r.Rows) > room {
			head := r
			n := wholeServices(r.Rows, room, len(piece) == 0)
			if head.Rows, r.Rows = r.Rows[:n], r.Rows[n:]; n > 0 {
				piece = append(piece, head)
			}
			list = append(list, []processor.Batch{{Windows: piece}})
			piece, room = nil, limit
		}
		piece = append(piece, r)
		room -= len(r.Rows)
	}
	last.Windows = piece
	return append(list, []processor.Batch{last})
}

// wholeServices is how many of more than limit rows come first: whole services within the limit, or the first of them alone where one is wanted.
func wholeServices(rows []window.Row, limit int, one bool) int {
	n := limit
	for n > 0 && rows[n].Service == rows[n-1].Service {
		n--
	}
	if n == 0 && one {
		return samePrefix(rows)
	}
	return n
}
