package plugin

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"
)

// maxCells bounds a wide frame: many series that are mostly empty would fill the memory.
const maxCells = 5_000_000

// seriesFrame turns rows of (time, label..., value) into one wide frame: a
// field a series, its labels on it, sorted by time. A series without a row at
// a point has 0 there when its measure counts, and null when it divides.
func seriesFrame(q query, rows, band *data.Frame) (*data.Frame, error) {
	m := measures[q.Measure]
	w := newWide(rows, band)
	labels := len(rows.Fields) - 2
	w.add(rows, labels, len(rows.Fields)-1, q.Measure, m.config(m.name), nil)
	if m.zero {
		w.zero()
	}
	if band != nil {
		last := len(band.Fields)
		for i, name := range []string{"expected", "upper band", "lower band"} {
			w.add(band, last-4, last-3+i, name, m.config(name), data.Labels{"band": strings.Fields(name)[0]})
		}
	}
	if w.full {
		return nil, fmt.Errorf("%w: the series have more than %d points together: choose fewer services or pops, or a shorter time", errMoreRows, maxCells)
	}
	return w.frame(), nil
}

func (m measure) config(name string) *data.FieldConfig {
	return &data.FieldConfig{Unit: m.unit, DisplayName: "", Description: name}
}

// wide collects series over one axis of times.
type wide struct {
	times []time.Time
	at    map[int64]int
	order []string
	field map[string]*data.Field
	full  bool // a series did not fit
}

func newWide(frames ...*data.Frame) *wide {
	w := &wide{at: map[int64]int{}, field: map[string]*data.Field{}}
	for _, f := range frames {
		if f == nil {
			continue
		}
		for i := range f.Rows() {
			w.times = append(w.times, f.Fields[0].At(i).(time.Time).UTC())
		}
	}
	slices.SortFunc(w.times, time.Time.Compare)
	w.times = slices.CompactFunc(w.times, time.Time.Equal)
	for i, t := range w.times {
		w.at[t.Unix()] = i
	}
	return w
}

// add puts one column of values on the axis, a series for each set of labels.
func (w *wide) add(rows *data.Frame, labels, column int, name string, config *data.FieldConfig, extra data.Labels) {
	for i := range rows.Rows() {
		value, known := number(rows.Fields[column], i)
		if !known {
			continue
		}
		set := data.Labels{}
		for l := 1; l <= labels; l++ {
			set[rows.Fields[l].Name] = text(rows, l, i)
		}
		for k, v := range extra {
			set[k] = v
		}
		key := name + "\x00" + set.String()
		field, known := w.field[key]
		if !known {
			if (len(w.field)+1)*len(w.times) > maxCells {
				w.full = true
				return
			}
			field = data.NewField(name, set, make([]*float64, len(w.times)))
			own := *config
			own.DisplayNameFromDS = shown(rows, labels, i, config.Description, len(extra) > 0)
			field.Config = &own
			w.field[key] = field
			w.order = append(w.order, key)
		}
		field.Set(w.at[rows.Fields[0].At(i).(time.Time).Unix()], &value)
	}
}

// shown is the name of a series in a legend: what tells it from the others of its query.
func shown(rows *data.Frame, labels, row int, name string, ofBand bool) string {
	var values []string
	for l := 1; l <= labels; l++ {
		values = append(values, text(rows, l, row))
	}
	if len(values) == 0 || ofBand {
		values = append(values, name)
	}
	return strings.Join(values, " ")
}

func (w *wide) zero() {
	for _, field := range w.field {
		for i := range field.Len() {
			if field.NilAt(i) {
				none := 0.0
				field.Set(i, &none)
			}
		}
	}
}

func (w *wide) frame() *data.Frame {
	f := data.NewFrame("windows", data.NewField("time", nil, w.times))
	f.Meta = &data.FrameMeta{Type: data.FrameTypeTimeSeriesWide, TypeVersion: data.FrameTypeVersion{0, 1}, PreferredVisualization: data.VisTypeGraph}
	slices.Sort(w.order)
	for _, key := range w.order {
		f.Fields = append(f.Fields, w.field[key])
	}
	return f
}

// number reads a number; NULL, NaN and infinities are unknown.
func number(f *data.Field, row int) (float64, bool) {
	if f.NilAt(row) {
		return 0, false
	}
	v, err := f.FloatAt(row)
	return v, err == nil && !math.IsNaN(v) && !math.IsInf(v, 0)
}
