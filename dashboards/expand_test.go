package dashboards

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"
)

// span of time and step of a panel, as Grafana gives them to the data source.
type asked struct {
	from, to  time.Time
	seconds   int               // of $__interval_s; 0 where there is none: variables, annotations, alerts
	variables map[string]string // name to the value as :singlequote makes it
}

var (
	macro    = regexp.MustCompile(`\$__([A-Za-z_]+)(?:\(([^()]*)\))?`)
	variable = regexp.MustCompile(`\$\{([a-z]+)(?::([a-z]+))?\}`)
)

// expand does what the data source does to a query, for the macros that are allowed here. Others are an error.
func (a asked) expand(sql string) (string, error) {
	var fault error
	sql = variable.ReplaceAllStringFunc(sql, func(m string) string {
		parts := variable.FindStringSubmatch(m)
		value, known := a.variables[parts[1]]
		if !known || parts[2] != "singlequote" {
			fault = fmt.Errorf("variable %s is unknown or not escaped", m)
		}
		return value
	})
	sql = macro.ReplaceAllStringFunc(sql, func(m string) string {
		parts := macro.FindStringSubmatch(m)
		switch name, arg := parts[1], parts[2]; {
		case name == "fromTime" && arg == "":
			return seconds(a.from)
		case name == "toTime" && arg == "":
			return seconds(a.to)
		case name == "timeFilter" && arg != "":
			return fmt.Sprintf("%s >= %s AND %s <= %s", arg, seconds(a.from), arg, seconds(a.to))
		case name == "timeInterval" && arg != "" && a.seconds > 0:
			return fmt.Sprintf("toStartOfInterval(toDateTime(%s), INTERVAL %d second)", arg, a.seconds)
		case name == "interval_s" && arg == "" && a.seconds > 0:
			return fmt.Sprint(a.seconds)
		}
		fault = fmt.Errorf("macro %s is not one that every version of the data source has", m)
		return m
	})
	return sql, fault
}

func seconds(t time.Time) string { return fmt.Sprintf("toDateTime(%d)", t.Unix()) }

// quoted is Grafana's :singlequote.
func quoted(values ...string) string {
	list := make([]string, 0, len(values))
	for _, v := range values {
		list = append(list, "'"+strings.ReplaceAll(v, "'", `\'`)+"'")
	}
	return strings.Join(list, ",")
}

func TestMacrosExpandAsTheDataSourceDoes(t *testing.T) {
	a := asked{from: time.Unix(100, 0), to: time.Unix(200, 0), seconds: 10, variables: map[string]string{"service": quoted("x", "o'brien")}}
	for sql, want := range map[string]string{
		"$__timeFilter(t)":                   "t >= toDateTime(100) AND t <= toDateTime(200)",
		"$__timeInterval(t) / $__interval_s": "toStartOfInterval(toDateTime(t), INTERVAL 10 second) / 10",
		"$__fromTime $__toTime":              "toDateTime(100) toDateTime(200)",
		"s IN (${service:singlequote})":      `s IN ('x','o\'brien')`,
	} {
		if got, err := a.expand(sql); err != nil || got != want {
			t.Errorf("%s: got %s, %v; want %s", sql, got, err, want)
		}
	}
	for _, bad := range []string{"$__timeGroup(t, 5m)", "$__timeFrom(t)", "$__conditionalAll(x, $service)", "${service}", "${service:csv}", "${other:singlequote}"} {
		if got, err := a.expand(bad); err == nil {
			t.Errorf("%s passes as %s", bad, got)
		}
	}
}
