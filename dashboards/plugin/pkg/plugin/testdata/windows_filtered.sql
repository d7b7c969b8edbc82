-- from = 1763467200
-- to = 1763470800
-- f2 = "^(?:a.*)$"
-- f3 = ["FRA","IAD"]
-- step = 10
-- limit = 501
SELECT toDateTime(intDiv(toUInt32(window_start), {step:UInt32}) * {step:UInt32}, 'UTC') AS time, service, toFloat64(sum(errors) / sum(requests)) AS value
FROM spikeline.windows
WHERE window_start >= toDateTime({from:UInt32}, 'UTC')
  AND window_start <= toDateTime({to:UInt32}, 'UTC')
  AND state != 'provisional'
  AND match(toString(service), {f2:String})
  AND NOT toString(pop) IN {f3:Array(String)}
GROUP BY time, service
ORDER BY time DESC, service
LIMIT {limit:UInt32};

-- from = 1763467200
-- to = 1763470800
-- kinds = ["error_surge"]
-- f3 = "^(?:a.*)$"
-- step = 10
-- limit = 501
SELECT toDateTime(intDiv(toUInt32(window_start), {step:UInt32}) * {step:UInt32}, 'UTC') AS time, service, avg(expected) AS expected_value, maxOrNullIf(band, kind != 'traffic_drop') AS upper, minOrNullIf(band, kind = 'traffic_drop') AS lower
FROM spikeline.signals
WHERE window_start >= toDateTime({from:UInt32}, 'UTC')
  AND window_start <= toDateTime({to:UInt32}, 'UTC')
  AND kind IN {kinds:Array(String)}
  AND service != ''
  AND pop = ''
  AND match(toString(service), {f3:String})
GROUP BY time, service
ORDER BY time DESC, service
LIMIT {limit:UInt32}
