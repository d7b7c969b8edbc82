package sink

import (
	"reflect"
	"testing"

	"github.com/spikeline/spikeline/processor"
	"github.com/spikeline/spikeline/processor/window"
)

func TestALargeBatchIsWrittenInPiecesOfWholeServices(t *testing.T) {
	services := func(sizes map[string]int, order ...string) (rows []window.Row) {
		for _, s := range order {
			for p := range sizes[s] {
				rows = append(rows, row(s, string(rune('A'+p)), 10, 0))
			}
		}
		return rows
	}
	b := fullBatch()
	b.Windows = []window.Result{
		result(0, 1, services(map[string]int{"a": 2, "b": 2, "large": 9}, "a", "b", "large")...),
		result(1, 1),
		result(2, 1, services(map[string]int{"a": 3, "z": 1}, "a", "z")...),
		result(3, 1, services(map[string]int{"a": 1, "b": 4}, "a", "b")...),
	}
	for limit := 1; limit <= 25; limit++ {
		list := pieces([]processor.Batch{b}, limit)
		got := map[int64][]window.Row{}
		for i, piece := range list {
			p := piece[0]
			rows := 0
			seen := map[string]bool{}
			for _, r := range p.Windows {
				got[r.Start] = append(got[r.Start], r.Rows...)
				rows += len(r.Rows)
				for _, row := range r.Rows {
					seen[row.Service] = true
				}
			}
			if rows > limit && len(seen) > 1 {
				t.Errorf("limit %d: piece %d has %d rows of %d services", limit, i, rows, len(seen))
			}
			if i < len(list)-1 && !reflect.DeepEqual(p, processor.Batch{Windows: p.Windows}) {
				t.Errorf("limit %d: piece %d of %d has more than windows", limit, i, len(list))
			}
		}
		for _, r := range b.Windows {
			if len(r.Rows) != len(got[r.Start]) || len(r.Rows) > 0 && !reflect.DeepEqual(r.Rows, got[r.Start]) {
				t.Errorf("limit %d: a window has rows %v, want %v", limit, got[r.Start], r.Rows)
			}
		}
		if sums, want := serviceRows(list...), serviceRows([]processor.Batch{b}); sums != want {
			t.Errorf("limit %d: %d rows of services, want %d: one was cut", limit, sums, want)
		}
		last := list[len(list)-1][0]
		last.Windows = b.Windows
		if !reflect.DeepEqual(last, b) {
			t.Errorf("limit %d: the last piece lacks what is not of windows", limit)
		}
	}
}

func serviceRows(list ...[]processor.Batch) (n int) {
	for _, piece := range list {
		for i := range piece {
			n += len(rowsOf(&serviceWindows, piece[i]))
		}
	}
	return n
}

func TestBatchesWithinTheLimitStayTogether(t *testing.T) {
	several := []processor.Batch{fullBatch(), fullBatch()}
	if got := pieces(several, 1); len(got) != 1 || len(got[0]) != 2 {
		t.Errorf("two batches that the queue gave together are %d pieces, want 1", len(got))
	}
}
