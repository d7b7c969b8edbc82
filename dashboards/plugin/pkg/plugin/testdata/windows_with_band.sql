-- from = 1763467200
-- to = 1763470800
-- services = ["a"]
-- step = 10
-- limit = 501
SELECT toDateTime(intDiv(toUInt32(window_start), {step:UInt32}) * {step:UInt32}, 'UTC') AS time, service, toFloat64(sum(requests) / greatest(max(toUInt32(window_end) - toUInt32(window_start)), least({step:UInt32}, toUInt32((SELECT max(closed_to) FROM spikeline.progress)) - toUInt32(time), (intDiv({to:UInt32}, max(toUInt32(window_end) - toUInt32(window_start))) + 1) * max(toUInt32(window_end) - toUInt32(window_start)) - toUInt32(time)))) AS value
FROM spikeline.service_windows
WHERE window_start >= toDateTime({from:UInt32}, 'UTC')
  AND window_start <= toDateTime({to:UInt32}, 'UTC')
  AND state != 'provisional'
  AND service IN {services:Array(String)}
GROUP BY time, service
ORDER BY time DESC, service
LIMIT {limit:UInt32};

-- from = 1763467200
-- to = 1763470800
-- kinds = ["traffic_surge","traffic_drop"]
-- services = ["a"]
-- step = 10
-- limit = 501
SELECT toDateTime(intDiv(toUInt32(window_start), {step:UInt32}) * {step:UInt32}, 'UTC') AS time, service, avg(expected) / (SELECT toUInt32(window_end) - toUInt32(window_start) FROM spikeline.service_windows_rev LIMIT 1) AS expected_value, maxOrNullIf(band, kind != 'traffic_drop') / (SELECT toUInt32(window_end) - toUInt32(window_start) FROM spikeline.service_windows_rev LIMIT 1) AS upper, minOrNullIf(band, kind = 'traffic_drop') / (SELECT toUInt32(window_end) - toUInt32(window_start) FROM spikeline.service_windows_rev LIMIT 1) AS lower
FROM spikeline.signals
WHERE window_start >= toDateTime({from:UInt32}, 'UTC')
  AND window_start <= toDateTime({to:UInt32}, 'UTC')
  AND kind IN {kinds:Array(String)}
  AND service != ''
  AND service IN {services:Array(String)}
  AND pop = ''
GROUP BY time, service
ORDER BY time DESC, service
LIMIT {limit:UInt32}
