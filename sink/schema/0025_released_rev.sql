CREATE TABLE IF NOT EXISTS spikeline.released_rev
(
    topic        LowCardinality(String) COMMENT 'Kafka topic, or file',
    partition    Int32 COMMENT 'partition of the topic' CODEC(T64, ZSTD(1)),
    window_start DateTime('UTC') COMMENT 'start of the window they belong to, UTC' CODEC(Delta, ZSTD(1)),
    through      UInt64 COMMENT 'offset of the last of them: the higher one counts' CODEC(T64, ZSTD(1)),
    requests     UInt64 COMMENT 'records that a block of the ledger counts, and no window' CODEC(T64, ZSTD(1)),
    run          LowCardinality(String) COMMENT 'name of the judge that wrote the row, from sink.run',
    written_at   DateTime('UTC') DEFAULT now() COMMENT 'when the row was written, by the clock of ClickHouse; retention counts from here, so that old logs can be replayed' CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(through)
ORDER BY (topic, partition, window_start)
TTL written_at + INTERVAL 90 DAY DELETE
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'records of a partition that was idle for longer than window.release_after, brought for windows that were final by then; query ledger instead'
