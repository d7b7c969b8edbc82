-- from = 1763467200
-- to = 1763470800
-- status = "open"
-- limit = 501
SELECT started_at, ended_at, dateDiff('second', started_at, ifNull(ended_at, greatest(started_at, (SELECT max(closed_to) FROM spikeline.progress)))) AS duration,
  toString(status) AS state, toUInt8(phase) + 1 AS phase_number, severity, title, first_service,
  arrayStringConcat(services, ', ') AS cascade, arrayStringConcat(pops, ', ') AS pop_list,
  requests_failed, requests_slow, requests_missing, peak_error_rate, peak_fleet_share, budget_burnt,
  detected_at, peak_at, main_impact_ended_at, incident_id
FROM spikeline.incidents
WHERE (ended_at IS NULL OR ended_at >= toDateTime({from:UInt32}, 'UTC'))
  AND started_at <= toDateTime({to:UInt32}, 'UTC')
  AND toString(status) = {status:String}
ORDER BY started_at DESC, incident_id
LIMIT {limit:UInt32}
