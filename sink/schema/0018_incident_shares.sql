CREATE VIEW IF NOT EXISTS spikeline.incident_shares
(
    incident_id String COMMENT 'from the first service and window, so that a replay finds the same',
    by          LowCardinality(String) COMMENT 'pop, status, cache or side (edge or origin)',
    value       String COMMENT 'its value',
    share       Float64 COMMENT 'part of the excess errors, 0 to 1'
)
AS SELECT
    incident_id,
    part.1 AS by,
    part.2 AS value,
    part.3 AS share
FROM spikeline.incidents_rev FINAL
ARRAY JOIN arrayZip(share_by, share_value, incidents_rev.share) AS part
WHERE NOT withdrawn
COMMENT 'one part of the excess errors of an incident'
