CREATE OR REPLACE VIEW spikeline.incident_events
(
    incident_id String COMMENT 'from the first service and window, so that a replay finds the same',
    seq         Int64 COMMENT 'place in the timeline; an event that is amended keeps it; what people wrote has the Unix microseconds of their writing',
    version     UInt64 COMMENT 'start of the window whose judgement wrote it, Unix seconds: the higher one counts',
    at          DateTime('UTC') COMMENT 'when it happened, UTC',
    event       LowCardinality(String) COMMENT 'first_spike, cascade, peak, fluctuating, partial_recovery, relapse, residual, recovered; by people: note, or announced (the public was told)',
    service     LowCardinality(String) COMMENT 'the service concerned, or empty',
    pop         LowCardinality(String) COMMENT 'the edge location concerned, or empty',
    value       Float64 COMMENT 'the number the summary speaks of',
    summary     String COMMENT 'one line in plain words',
    author      String COMMENT 'who wrote a note or an announcement; empty for what the logs say',
    run         LowCardinality(String) COMMENT 'name of the judge that wrote the row, from sink.run',
    written_at  DateTime('UTC') COMMENT 'when the row was written, by the clock of ClickHouse; retention counts from here, so that old logs can be replayed'
)
AS SELECT
    incident_id,
    seq,
    version,
    at,
    event,
    service,
    pop,
    value,
    summary,
    author,
    run,
    written_at
FROM spikeline.incident_events_rev FINAL
WHERE NOT withdrawn
COMMENT 'one step of an incident''s timeline'
