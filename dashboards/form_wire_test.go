//go:build wire

package dashboards

import (
	"fmt"
	"slices"
	"strings"
)

func formFaults(s statement, a answer) (faults []string) {
	find := func(match func(kind string) bool) (n int) {
		for _, c := range a.Meta {
			if match(bare(c.Type)) {
				n++
			}
		}
		return n
	}
	isTime := func(kind string) bool { return strings.HasPrefix(kind, "Date") }
	if s.format == Series {
		if find(isTime) != 1 || find(isNumber) == 0 {
			faults = append(faults, fmt.Sprintf("a time series needs one time and numbers, has %v", a.Meta))
		}
		if !sortedByTime(a) {
			faults = append(faults, "a time series must be sorted by time")
		}
		if twin := twins(a); twin != "" {
			faults = append(faults, "two values of one series at one time, the last would win: "+twin)
		}
	}
	for _, c := range a.Meta {
		if strings.HasPrefix(c.Type, "Array") || strings.HasPrefix(c.Type, "Map") || strings.HasPrefix(c.Type, "Tuple") {
			faults = append(faults, c.Name+" is a "+c.Type+", which Grafana shows as JSON")
		}
	}
	if s.kind == "annotation" {
		faults = append(faults, annotationFaults(a)...)
	}
	if s.kind == "variable" && len(a.Meta) != 1 {
		faults = append(faults, "a variable takes one column")
	}
	return faults
}

func annotationFaults(a answer) (faults []string) {
	names := map[string]int{}
	for i, c := range a.Meta {
		names[c.Name] = i
	}
	for _, want := range []string{"time", "timeEnd", "text", "tags", "title", "id"} {
		if i, ok := names[want]; !ok {
			faults = append(faults, "no column "+want)
		} else if strings.HasPrefix(a.Meta[i].Type, "Nullable") {
			faults = append(faults, want+" can be NULL")
		}
	}
	for _, row := range a.Data {
		if len(faults) == 0 && row[names["timeEnd"]].(string) < row[names["time"]].(string) {
			faults = append(faults, fmt.Sprintf("ends before it begins: %v", row))
		}
	}
	return faults
}

func bare(kind string) string {
	for _, wrap := range []string{"Nullable(", "LowCardinality("} {
		kind = strings.TrimSuffix(strings.TrimPrefix(kind, wrap), ")")
	}
	return kind
}

func isNumber(kind string) bool {
	for _, prefix := range []string{"Int", "UInt", "Float", "Decimal"} {
		if strings.HasPrefix(kind, prefix) {
			return true
		}
	}
	return false
}

func timeColumn(a answer) int {
	return slices.IndexFunc(a.Meta, func(c struct{ Name, Type string }) bool { return strings.HasPrefix(c.Type, "Date") })
}

func sortedByTime(a answer) bool {
	i := timeColumn(a)
	return i >= 0 && slices.IsSortedFunc(a.Data, func(x, y []any) int { return strings.Compare(x[i].(string), y[i].(string)) })
}

func twins(a answer) string {
	seen := map[string]bool{}
	for _, row := range a.Data {
		var key []string
		for i, c := range a.Meta {
			if !isNumber(bare(c.Type)) {
				key = append(key, fmt.Sprint(row[i]))
			}
		}
		k := strings.Join(key, "|")
		if seen[k] {
			return k
		}
		seen[k] = true
	}
	return ""
}
