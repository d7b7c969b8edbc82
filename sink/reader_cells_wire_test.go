//go:build wire

package sink

import (
	"errors"
	"reflect"
	"slices"
	"testing"

	"github.com/spikeline/spikeline/processor/window"
)

func TestWindowsComeBackWithAllThatTheyAreJudgedBy(t *testing.T) {
	e := startEngine(t)
	closed := fullBatch()
	later := result(3, 6, row("api", "FRA", 90, 1))
	open := result(4, 7, row("api", "FRA", 80, 2))
	closed.Windows = append(closed.Windows, later, open)
	closed.ClosedTo = later.End
	writeAll(t, configFor(e.DSN()), closed)

	r, err := OpenReader(configFor(e.ReaderDSN()))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if services, err := r.Services(t.Context(), 10); err != nil || !slices.Contains(services, "api") || !slices.IsSorted(services) {
		t.Errorf("the services stored are %v, %v", services, err)
	}
	if services, err := r.Services(t.Context(), 1); err != nil || len(services) != 1 {
		t.Errorf("of one service that was asked for came %v, %v", services, err)
	}
	read := func(from, to int64) (got []window.Result) {
		t.Helper()
		err := r.Windows(t.Context(), from, to, func(w *window.Result) error {
			got = append(got, window.Result{Start: w.Start, End: w.End, State: w.State, Rows: append([]window.Row(nil), w.Rows...)})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	first := closed.Windows[0]
	want := []window.Result{
		{Start: first.Start, End: first.End, State: window.Closed, Rows: first.Rows},
		{Start: later.Start, End: later.End, State: window.Closed, Rows: later.Rows},
	}
	if got := read(noon-readAtOnce/2, noon+2*readAtOnce); !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant the closed windows and not the provisional one\n%+v", got, want)
	}
	if got := read(noon+1, later.Start); len(got) != 0 {
		t.Errorf("between the windows there are %+v", got)
	}
	if got := read(noon, noon+1); len(got) != 1 {
		t.Errorf("%d windows start in the first nanosecond, want one", len(got))
	}
	enough := errors.New("enough")
	if err := r.Windows(t.Context(), noon, later.End, func(*window.Result) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("the taker's error became %v", err)
	}
}
