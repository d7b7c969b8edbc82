-- from = 1763467200
-- limit = 501
-- to = 1763470800
SELECT concat(formatDateTime(started_at, '%F %H:%i', 'UTC'), ' ', title) AS text, incident_id AS value FROM spikeline.incidents
WHERE started_at <= toDateTime({to:UInt32}, 'UTC') AND (ended_at IS NULL OR ended_at >= toDateTime({from:UInt32}, 'UTC')) ORDER BY started_at DESC, incident_id LIMIT {limit:UInt32}
