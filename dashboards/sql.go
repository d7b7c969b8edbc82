package dashboards

import (
	"fmt"
	"strings"
)

// sql puts fragments in the place of {names}: those given first, then those that all queries share.
func sql(text string, pairs ...string) string {
	return shared.Replace(strings.NewReplacer(pairs...).Replace(text))
}

var shared = strings.NewReplacer(
	"{service}", "service IN (${service:singlequote})",
	"{pop}", "pop IN (${pop:singlequote})",
	"{overlap}", overlap,
	"{touched}", touched,
	"{time}", "toStartOfInterval(window_start, toIntervalSecond("+stepWidth+"))",
	"{span}", span,
	"{grid}", grid,
	"{filled}", "WITH FILL STEP toIntervalSecond("+stepWidth+")",
	"{whole}", "window_start >= "+since+" AND window_end <= "+until,
)

// overlap picks the incidents that a time range meets, those too that began before it or still go on.
const overlap = `started_at <= $__toTime AND (status = 'open' OR ifNull(ended_at, started_at) >= $__fromTime)`

// touched picks the members of incidents in the same way.
const touched = `started_at <= $__toTime AND ifNull(ended_at, $__toTime) >= $__fromTime`

// stepWidth is the width of a step in seconds. Grafana may ask for 15 s, which would hold one window of 10 s here and two there.
const stepWidth = `toInt64(intDiv($__interval_s + 9, 10) * 10)`

// since and until are what whole rows cover of a time range: a minute that only begins in it has the requests of all
// of its 60 seconds. And what still fills would look like a drop.
var (
	since = edge("$__fromTime", 1)
	until = `least((SELECT max(closed_to) FROM spikeline.progress), ` + edge("$__toTime", 0) + `)`
)

// edge is an end of the range where rows begin: the coarsest that may be there, by the step and by what is rolled up. Up 1 is the next such time, 0 the last.
func edge(end string, up int) string {
	return fmt.Sprintf(`multiIf(
      $__interval_s >= 3600 AND %[1]s < (SELECT max(rolled_1h_to) FROM spikeline.progress), toStartOfHour(toTimeZone(%[1]s, 'UTC') + %[2]d),
      $__interval_s >= 60 AND %[1]s < (SELECT max(rolled_1m_to) FROM spikeline.progress), toStartOfMinute(toTimeZone(%[1]s, 'UTC') + %[3]d),
      toStartOfInterval(toTimeZone(%[1]s, 'UTC') + %[4]d, toIntervalSecond(10)))`, end, up*3599, up*59, up*9)
}

// span is how many seconds of a step the rows cover: the first and the last one are not full.
var span = `greatest(10, dateDiff('second', greatest(time, ` + since + `), least(time + toIntervalSecond(` + stepWidth + `), ` + until + `)))`

// grid are all steps of a range, so that those without data can be told from those without trouble:
// Grafana draws a state on over a hole, unless there is a NULL in it.
const grid = `(
    SELECT arrayJoin(arrayMap(i -> toStartOfInterval(toDateTime($__fromTime, 'UTC'), toIntervalSecond(` + stepWidth + `)) + i * ` + stepWidth + `,
      range(toUInt64(intDiv(dateDiff('second', $__fromTime, $__toTime), ` + stepWidth + `) + 1)))) AS time
  )`

// alive are the steps of a range, those with rows marked, and the time of the last row in each.
func alive(rows string) string {
	return sql(`(
    SELECT g.time AS time, w.last IS NOT NULL AS seen, ifNull(w.last, g.time) AS last
    FROM {grid} AS g
    LEFT JOIN (SELECT {time} AS time, max(toNullable(window_start)) AS last FROM {rows} GROUP BY time) AS w ON g.time = w.time
  )`, "{rows}", rows)
}

// course is a time series of named measures over rows. Steps without rows
// between others become NULLs, so that no line is drawn over a hole.
func course(rows string, namesAndMeasures ...string) string {
	var columns strings.Builder
	for i := 0; i < len(namesAndMeasures); i += 2 {
		columns.WriteString(",\n  toNullable(" + namesAndMeasures[i+1] + ") AS `" + namesAndMeasures[i] + "`")
	}
	return sql("SELECT {time} AS time{columns}\nFROM {rows}\nGROUP BY time ORDER BY time {filled}", "{columns}", columns.String(), "{rows}", rows)
}

// byService are rows of services over their pops. Long ranges come from the
// hourly roll-up, and what is not rolled up yet from the windows.
func byService(columns, filter string) string {
	return sql(`(
    SELECT window_start, service, {columns} FROM spikeline.service_windows
    WHERE $__timeFilter(window_start) AND {whole} AND {filter}
      AND ($__interval_s < 3600 OR window_start >= (SELECT max(rolled_1h_to) FROM spikeline.progress))
    UNION ALL
    SELECT window_start, service, {columns} FROM spikeline.windows_1h
    WHERE $__timeFilter(window_start) AND {whole} AND {filter}
      AND $__interval_s >= 3600 AND window_start < (SELECT max(rolled_1h_to) FROM spikeline.progress)
  )`, "{columns}", columns, "{filter}", orAll(filter))
}

// byPop are rows of services in pops, from windows, minutes or hours, whichever is as fine as the panel shows.
func byPop(columns, filter string) string {
	return sql(`(
    SELECT window_start, service, pop, {columns} FROM spikeline.windows
    WHERE $__timeFilter(window_start) AND {whole} AND {filter}
      AND ($__interval_s < 60 OR window_start >= (SELECT max(rolled_1m_to) FROM spikeline.progress))
    UNION ALL
    SELECT window_start, service, pop, {columns} FROM spikeline.windows_1m
    WHERE $__timeFilter(window_start) AND {whole} AND {filter}
      AND $__interval_s >= 60 AND window_start < (SELECT max(rolled_1m_to) FROM spikeline.progress)
      AND ($__interval_s < 3600 OR window_start >= (SELECT max(rolled_1h_to) FROM spikeline.progress))
    UNION ALL
    SELECT window_start, service, pop, {columns} FROM spikeline.windows_1h
    WHERE $__timeFilter(window_start) AND {whole} AND {filter}
      AND $__interval_s >= 3600 AND window_start < (SELECT max(rolled_1h_to) FROM spikeline.progress)
  )`, "{columns}", columns, "{filter}", orAll(filter))
}

func orAll(filter string) string {
	if filter == "" {
		return "1"
	}
	return filter
}

// phaseNumbers are the phases of incident_events in the order of the value mappings; 0 is none of them.
const phaseNumbers = `['first_spike', 'cascade', 'peak', 'fluctuating', 'partial_recovery', 'relapse', 'residual', 'recovered']`

// worst is the first service of the incident in the range that failed most requests.
const worst = `(SELECT argMax(first_service, requests_failed + requests_missing) FROM spikeline.incidents WHERE ` + overlap + `)`

// rangeOf gives a link's time range: an incident with a margin around it, as text in milliseconds.
const rangeOf = `toString(toUnixTimestamp(started_at - INTERVAL 10 MINUTE) * 1000) AS from_ms,
  toString(toUnixTimestamp(least(now(), ifNull(ended_at, toDateTime(version)) + INTERVAL 20 MINUTE)) * 1000) AS to_ms`
