-- from = 1763467200
-- to = 1763470800
-- limit = 501
SELECT severity AS name, count() AS number
FROM spikeline.incidents
WHERE (ended_at IS NULL OR ended_at >= toDateTime({from:UInt32}, 'UTC'))
  AND started_at <= toDateTime({to:UInt32}, 'UTC')
GROUP BY name
ORDER BY name
