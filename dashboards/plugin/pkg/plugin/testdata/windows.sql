-- from = 1763467200
-- to = 1763470800
-- step = 10
-- limit = 501
SELECT toDateTime(intDiv(toUInt32(window_start), {step:UInt32}) * {step:UInt32}, 'UTC') AS time, service, toFloat64(sum(errors) / sum(requests)) AS value
FROM spikeline.service_windows
WHERE window_start >= toDateTime({from:UInt32}, 'UTC')
  AND window_start <= toDateTime({to:UInt32}, 'UTC')
  AND state != 'provisional'
GROUP BY time, service
ORDER BY time DESC, service
LIMIT {limit:UInt32}
