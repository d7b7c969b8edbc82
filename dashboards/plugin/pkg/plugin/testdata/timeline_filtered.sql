-- from = 1763467200
-- to = 1763470800
-- f2 = "^(?:a.*)$"
-- f3 = ["FRA","IAD"]
-- limit = 501
SELECT incident_id, toString(member.1) AS service, member.2 AS joined_at, member.3 AS left_at, ended_at
FROM spikeline.incidents
ARRAY JOIN arrayZip(services, member_started_at, member_ended_at) AS member
WHERE (ended_at IS NULL OR ended_at >= toDateTime({from:UInt32}, 'UTC'))
  AND started_at <= toDateTime({to:UInt32}, 'UTC')
  AND match(toString(member.1), {f2:String})
  AND NOT hasAny(pops, {f3:Array(String)})
ORDER BY joined_at, service
LIMIT {limit:UInt32};

-- from = 1763467200
-- to = 1763470800
-- f2 = ["FRA","IAD"]
-- limit = 501
SELECT incident_id, at, event, service
FROM spikeline.incident_events
WHERE event != 'note' AND incident_id IN (SELECT incident_id FROM spikeline.incidents WHERE (ended_at IS NULL OR ended_at >= toDateTime({from:UInt32}, 'UTC'))
  AND started_at <= toDateTime({to:UInt32}, 'UTC')
  AND NOT hasAny(pops, {f2:Array(String)}))
ORDER BY at, seq
LIMIT {limit:UInt32};

SELECT max(closed_to) AS closed_to FROM spikeline.progress
