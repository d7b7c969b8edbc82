CREATE TABLE IF NOT EXISTS spikeline.ledger_rev
(
    topic      LowCardinality(String) COMMENT 'Kafka topic, or file',
    partition  Int32 COMMENT 'partition of the topic' CODEC(T64, ZSTD(1)),
    block      UInt64 COMMENT 'number of the block: offset / window.ledger_block (65,536 by default)' CODEC(Delta, ZSTD(1)),
    through    UInt64 COMMENT 'last offset of the block accounted for: the higher one counts' CODEC(T64, ZSTD(1)),
    consumed   UInt64 COMMENT 'records read' CODEC(T64, ZSTD(1)),
    counted    UInt64 COMMENT 'records counted in a window' CODEC(T64, ZSTD(1)),
    too_late   UInt64 COMMENT 'records of windows that were already final' CODEC(T64, ZSTD(1)),
    rejected   Map(LowCardinality(String), UInt64) COMMENT 'records that could not be used, by reason' CODEC(ZSTD(1)),
    missing    UInt64 COMMENT 'offsets that Kafka no longer had (retention) or never gave (markers, compaction)' CODEC(T64, ZSTD(1)),
    run        LowCardinality(String) COMMENT 'name of the judge that wrote the row, from sink.run',
    written_at DateTime('UTC') DEFAULT now() COMMENT 'when the row was written, by the clock of ClickHouse; retention counts from here, so that old logs can be replayed' CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(through)
ORDER BY (topic, partition, block)
TTL written_at + INTERVAL 90 DAY DELETE
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'storage of ledger: every state of a block until merges drop the lower ones; query ledger instead'
