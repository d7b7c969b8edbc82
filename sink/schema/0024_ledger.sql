CREATE VIEW IF NOT EXISTS spikeline.ledger
(
    topic          LowCardinality(String) COMMENT 'Kafka topic, or file',
    partition      Int32 COMMENT 'partition of the topic',
    block          UInt64 COMMENT 'number of the block: offset / window.ledger_block (65,536 by default)',
    through        UInt64 COMMENT 'last offset of the block accounted for: the higher one counts',
    consumed       UInt64 COMMENT 'records read',
    counted        UInt64 COMMENT 'records counted in a window',
    too_late       UInt64 COMMENT 'records of windows that were already final',
    rejected       Map(LowCardinality(String), UInt64) COMMENT 'records that could not be used, by reason',
    rejected_total UInt64 COMMENT 'sum of rejected',
    missing        UInt64 COMMENT 'offsets that Kafka no longer had (retention) or never gave (markers, compaction)',
    unaccounted    Int64 COMMENT 'consumed - counted - too_late - rejected_total: always 0',
    run            LowCardinality(String) COMMENT 'name of the judge that wrote the row, from sink.run',
    written_at     DateTime('UTC') COMMENT 'when the row was written, by the clock of ClickHouse; retention counts from here, so that old logs can be replayed'
)
AS SELECT
    topic,
    partition,
    block,
    through,
    consumed,
    counted,
    too_late,
    rejected,
    arraySum(mapValues(rejected)) AS rejected_total,
    missing,
    toInt64(consumed) - toInt64(counted) - toInt64(too_late) - toInt64(arraySum(mapValues(rejected))) AS unaccounted,
    run,
    written_at
FROM spikeline.ledger_rev FINAL
COMMENT 'one block of offsets of a partition: consumed = counted + too_late + rejected'
