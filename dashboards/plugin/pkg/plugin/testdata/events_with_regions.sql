-- from = 1763467200
-- to = 1763470800
-- services = ["a"]
-- limit = 501
SELECT at, incident_id, seq, event, service, pop, value, summary
FROM spikeline.incident_events
WHERE at >= toDateTime({from:UInt32}, 'UTC')
  AND at <= toDateTime({to:UInt32}, 'UTC')
  AND service IN {services:Array(String)}
ORDER BY at DESC, seq DESC
LIMIT {limit:UInt32};

-- from = 1763467200
-- to = 1763470800
-- services = ["a"]
-- limit = 501
SELECT started_at, ended_at, incident_id, severity, first_service, title
FROM spikeline.incidents
WHERE (ended_at IS NULL OR ended_at >= toDateTime({from:UInt32}, 'UTC'))
  AND started_at <= toDateTime({to:UInt32}, 'UTC')
  AND hasAny(services, {services:Array(String)})
ORDER BY started_at DESC
LIMIT {limit:UInt32}
