package cli

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spikeline/spikeline/processor/detect"
)

// series is a file of timestamp,value or timestamp,value,total.
type series struct {
	name   string
	points []detect.Point
	lines  []int
	totals bool
	uneven error // where rows come as they come, not an interval apart
}

// mostRows bounds what a series may take of memory: a year of seconds.
const mostRows = 32_000_000

// readSeries reads a series; what is wrong is told with file and line.
func readSeries(in io.Reader, name string) (*series, error) {
	s := &series{name: name}
	r := csv.NewReader(withoutMark(in))
	r.Comment, r.FieldsPerRecord, r.TrimLeadingSpace, r.ReuseRecord = '#', -1, true, true
	columns := 0
	for first := true; ; first = false {
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		line, _ := r.FieldPos(0)
		if columns == 0 {
			columns = len(fields)
		}
		if len(fields) != columns || columns < 2 || columns > 3 {
			return nil, s.fault(line, "%d columns; give timestamp,value or timestamp,value,total in every row", len(fields))
		}
		if first && isHeader(fields) {
			continue
		}
		if err := s.add(fields, line); err != nil {
			return nil, err
		}
	}
	s.totals = columns == 3
	if len(s.points) < 2 {
		return nil, fmt.Errorf("%s: %d rows; a series needs two at least to have an interval", name, len(s.points))
	}
	s.uneven = s.checkInterval()
	return s, nil
}

// withoutMark passes over the byte order mark that spreadsheets write.
func withoutMark(in io.Reader) io.Reader {
	r := bufio.NewReader(in)
	if mark, err := r.Peek(3); err == nil && string(mark) == "\ufeff" {
		r.Discard(len(mark))
	}
	return r
}

func (s *series) fault(line int, format string, args ...any) error {
	return fmt.Errorf("%s:%d: %s", s.name, line, fmt.Sprintf(format, args...))
}

// isHeader says that neither the time nor the value of a row can be read as such.
func isHeader(fields []string) bool {
	_, timed := parseMoment(fields[0])
	_, err := strconv.ParseFloat(strings.TrimSpace(fields[1]), 64)
	return !timed && err != nil
}

func (s *series) add(fields []string, line int) error {
	at, ok := parseMoment(fields[0])
	if !ok {
		return s.fault(line, "%q is no time; write it like 2025-11-18T11:20:00Z, or as Unix seconds (or milli-, micro- or nanoseconds)", fields[0])
	}
	p := detect.Point{At: at}
	for i, into := range []*float64{&p.Value, &p.Total}[:len(fields)-1] {
		text := strings.TrimSpace(fields[i+1])
		v, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) || v < 0 {
			return s.fault(line, "%q is no count; allowed are numbers from 0 on; leave a row out where there is none, shift a series that goes below 0", text)
		}
		*into = v
	}
	if len(fields) == 3 && p.Value > p.Total {
		return s.fault(line, "%v of %v; a part cannot be more than its total (leave the third column out if it is no total)", p.Value, p.Total)
	}
	if n := len(s.points); n > 0 && p.At < s.points[n-1].At {
		return s.fault(line, "earlier than line %d; sort the rows by time", s.lines[n-1])
	}
	if len(s.points) == mostRows {
		return s.fault(line, "more than %d rows; split the series", mostRows)
	}
	s.points, s.lines = append(s.points, p), append(s.lines, line)
	return nil
}

// moments are the layouts of times; what names no zone is UTC.
var moments = []string{time.RFC3339, "2006-01-02 15:04:05Z07:00", time.DateTime, "2006-01-02T15:04:05", "2006-01-02 15:04"}

// parseMoment reads a time in one of the layouts, or Unix seconds, milli-, micro- or nanoseconds.
func parseMoment(text string) (int64, bool) {
	text = strings.TrimSpace(text)
	if v, err := strconv.ParseFloat(text, 64); err == nil {
		const latest = 1e11 // seconds, the year 5138: what is beyond is a smaller unit
		for range 3 {
			if v >= latest {
				v /= 1000
			}
		}
		if !(v >= 0 && v < 9e9) {
			return 0, false
		}
		return int64(math.Round(v*1000)) * int64(time.Millisecond), true
	}
	for _, layout := range moments {
		if t, err := time.Parse(layout, text); err == nil && t.Year() >= 1970 && t.Year() < 2262 {
			return t.UnixNano(), true
		}
	}
	return 0, false
}

// interval is the most usual distance between two rows.
func (s *series) interval() time.Duration {
	steps := make([]int64, len(s.points)-1)
	for i := range steps {
		steps[i] = s.points[i+1].At - s.points[i].At
	}
	slices.Sort(steps)
	return time.Duration(steps[len(steps)/2])
}

func (s *series) checkInterval() error {
	w := s.interval()
	for i := 1; i < len(s.points); i++ {
		if step := time.Duration(s.points[i].At - s.points[i-1].At); step < w || step == 0 {
			return s.fault(s.lines[i], "%v after the row before, while the interval of the series is %v; rows may be missing, but not lie closer (--width adds up what comes as it comes)", step, w)
		}
	}
	return nil
}

// widen adds up the rows of longer intervals; 0 leaves the series as it is. An
// interval of which rows are missing becomes a gap, and is told; where rows come
// as they come, that holds for the first and the last, which may have begun before or gone on.
func (s *series) widen(width time.Duration, told io.Writer) error {
	if width == 0 && s.uneven != nil {
		return s.uneven
	}
	w := s.interval()
	if width == 0 {
		width = w
	}
	if width < time.Second || width > time.Hour {
		return usage("%s: the interval is %v; allowed is 1s to 1h (--width adds up shorter rows)", s.name, width)
	}
	even := s.uneven == nil
	if even && width == w {
		return nil
	}
	if even && (width < w || width%w != 0) {
		return usage("--width is %v; give a multiple of the series' interval of %v", width, w)
	}
	sums, rows := s.addUp(width)
	whole := sums[:0]
	for i := range sums {
		if even && rows[i] == int(width/w) || !even && i > 0 && i < len(sums)-1 {
			whole = append(whole, sums[i])
		}
	}
	if s.points = whole; len(whole) < 2 {
		return fmt.Errorf("%s: %d whole intervals of %v; two are needed at least", s.name, len(whole), width)
	}
	switch broken := len(sums) - len(whole); {
	case !even:
		fmt.Fprintf(told, "rows come as they come: they are added up, without the first and the last %v, which may be cut\n", width)
	case broken > 0:
		fmt.Fprintf(told, "%d intervals of %v lack rows and are left out\n", broken, width)
	}
	return nil
}

// addUp sums the rows of each interval that has some.
func (s *series) addUp(width time.Duration) (sums []detect.Point, rows []int) {
	for _, p := range s.points {
		start := p.At - p.At%int64(width)
		if n := len(sums); n == 0 || sums[n-1].At != start {
			sums, rows = append(sums, detect.Point{At: start}), append(rows, 0)
		}
		last := len(sums) - 1
		sums[last].Value += p.Value
		sums[last].Total += p.Total
		rows[last]++
	}
	return sums, rows
}
