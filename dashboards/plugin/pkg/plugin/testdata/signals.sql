-- from = 1763467200
-- to = 1763470800
-- kinds = ["error_surge"]
-- severities = ["critical"]
-- limit = 501
SELECT window_start, kind, service, pop, toString(severity) AS grade, observed, expected, band, score, impact,
  requests, excess, elevated, onset, ended_at, reason
FROM spikeline.signals
WHERE window_start >= toDateTime({from:UInt32}, 'UTC')
  AND window_start <= toDateTime({to:UInt32}, 'UTC')
  AND opened
  AND kind IN {kinds:Array(String)}
  AND toString(severity) IN {severities:Array(String)}
ORDER BY window_start DESC, kind, service, pop
LIMIT {limit:UInt32}
