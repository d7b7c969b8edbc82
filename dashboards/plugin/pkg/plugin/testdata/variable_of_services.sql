-- from = 1763467200
-- limit = 501
-- to = 1763470800
SELECT DISTINCT toString(service) AS text, text AS value FROM spikeline.service_windows_rev
WHERE window_start >= toDateTime({from:UInt32}, 'UTC') AND window_start <= toDateTime({to:UInt32}, 'UTC') ORDER BY text LIMIT {limit:UInt32}
