CREATE VIEW IF NOT EXISTS spikeline.rejects
(
    at         DateTime64(3, 'UTC') COMMENT 'time of the record if it could be read, else the time Kafka gave it, UTC',
    topic      LowCardinality(String) COMMENT 'Kafka topic, or file',
    partition  Int32 COMMENT 'partition of the topic',
    offset     Int64 COMMENT 'offset of the record, or its line number in a file',
    reason     LowCardinality(String) COMMENT 'empty, too_large, malformed, no_timestamp, bad_timestamp, future, no_status, bad_status, no_service or too_late',
    service    String COMMENT 'the service, if it could be read',
    sample     String COMMENT 'start of the record, client addresses masked',
    run        LowCardinality(String) COMMENT 'name of the judge that wrote the row, from sink.run',
    written_at DateTime('UTC') COMMENT 'when the row was written, by the clock of ClickHouse; retention counts from here, so that old logs can be replayed'
)
AS SELECT
    at,
    topic,
    partition,
    offset,
    reason,
    service,
    sample,
    run,
    written_at
FROM spikeline.rejects_rev FINAL
COMMENT 'one record that could not be used or came too late; sampled in a storm, the ledger has all counts'
