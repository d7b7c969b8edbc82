CREATE TABLE IF NOT EXISTS spikeline.rejects_rev
(
    at                DateTime64(3, 'UTC') COMMENT 'time of the record if it could be read, else the time Kafka gave it, UTC' CODEC(Delta, ZSTD(1)),
    topic             LowCardinality(String) COMMENT 'Kafka topic, or file',
    partition         Int32 COMMENT 'partition of the topic' CODEC(T64, ZSTD(1)),
    offset            Int64 COMMENT 'offset of the record, or its line number in a file' CODEC(Delta, ZSTD(1)),
    reason            LowCardinality(String) COMMENT 'empty, too_large, malformed, no_timestamp, bad_timestamp, future, no_status, bad_status, no_service or too_late',
    service           String COMMENT 'the service, if it could be read' CODEC(ZSTD(1)),
    sample            String COMMENT 'start of the record, client addresses masked' CODEC(ZSTD(1)),
    run               LowCardinality(String) COMMENT 'name of the judge that wrote the row, from sink.run',
    written_at        DateTime('UTC') DEFAULT now() COMMENT 'when the row was written, by the clock of ClickHouse; retention counts from here, so that old logs can be replayed' CODEC(Delta, ZSTD(1)),
    INDEX at_range at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree
ORDER BY (topic, partition, offset)
TTL written_at + INTERVAL 14 DAY DELETE
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'storage of rejects: no partition, since a sender chooses the times; query rejects instead'
