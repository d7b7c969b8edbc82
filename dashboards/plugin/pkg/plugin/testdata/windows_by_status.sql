-- from = 1763467200
-- to = 1763470800
-- step = 10
-- limit = 501
SELECT toDateTime(intDiv(toUInt32(window_start), {step:UInt32}) * {step:UInt32}, 'UTC') AS time, toString(code) AS status_code, toFloat64(sum(answered) / greatest(max(toUInt32(window_end) - toUInt32(window_start)), least({step:UInt32}, toUInt32((SELECT max(closed_to) FROM spikeline.progress)) - toUInt32(time), (intDiv({to:UInt32}, max(toUInt32(window_end) - toUInt32(window_start))) + 1) * max(toUInt32(window_end) - toUInt32(window_start)) - toUInt32(time)))) AS value
FROM spikeline.service_windows
ARRAY JOIN mapKeys(status) AS code, mapValues(status) AS answered
WHERE window_start >= toDateTime({from:UInt32}, 'UTC')
  AND window_start <= toDateTime({to:UInt32}, 'UTC')
  AND state != 'provisional'
GROUP BY time, status_code
ORDER BY time DESC, status_code
LIMIT {limit:UInt32}
