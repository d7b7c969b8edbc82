CREATE VIEW IF NOT EXISTS spikeline.incident_members
(
    incident_id String COMMENT 'from the first service and window, so that a replay finds the same',
    position    UInt32 COMMENT 'place in the cascade, from 1',
    service     LowCardinality(String) COMMENT 'the service',
    started_at  DateTime('UTC') COMMENT 'when it joined, UTC',
    ended_at    Nullable(DateTime('UTC')) COMMENT 'when it had recovered, UTC; NULL while it suffers',
    requests    UInt64 COMMENT 'requests since it joined',
    failed      UInt64 COMMENT 'requests failed in excess of expectation',
    peak_rate   Float64 COMMENT 'highest error rate of a window, 0 to 1'
)
AS SELECT
    incident_id,
    member.1 AS position,
    member.2 AS service,
    member.3 AS started_at,
    nullIf(member.4, toDateTime(0, 'UTC')) AS ended_at,
    member.5 AS requests,
    member.6 AS failed,
    member.7 AS peak_rate
FROM spikeline.incidents_rev FINAL
ARRAY JOIN arrayZip(arrayEnumerate(services), services, member_started_at, member_ended_at, member_requests, member_failed, member_peak_rate) AS member
WHERE NOT withdrawn
COMMENT 'one service in an incident'
