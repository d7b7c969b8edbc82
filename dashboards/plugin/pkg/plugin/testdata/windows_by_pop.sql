-- from = 1763467200
-- to = 1763470800
-- pops = ["FRA"]
-- step = 10
-- limit = 501
SELECT toDateTime(intDiv(toUInt32(window_start), {step:UInt32}) * {step:UInt32}, 'UTC') AS time, pop, toFloat64(quantileExactWeightedArray(0.99)(mapKeys(latency), mapValues(latency)) / 1000) AS value
FROM spikeline.windows
WHERE window_start >= toDateTime({from:UInt32}, 'UTC')
  AND window_start <= toDateTime({to:UInt32}, 'UTC')
  AND state != 'provisional'
  AND pop IN {pops:Array(String)}
GROUP BY time, pop
ORDER BY time DESC, pop
LIMIT {limit:UInt32}
