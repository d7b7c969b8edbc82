CREATE OR REPLACE VIEW spikeline.ledger
(
    topic          LowCardinality(String) COMMENT 'Kafka topic, or file',
    partition      Int32 COMMENT 'partition of the topic',
    block          Int64 COMMENT 'number of the block: offset / window.ledger_block (65,536 by default); -1 for the correction of a partition that was released',
    through        UInt64 COMMENT 'last offset of the block accounted for: the higher one counts',
    consumed       UInt64 COMMENT 'records read',
    counted        Int64 COMMENT 'records counted in a window; below 0 in a correction',
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
    toInt64(block) AS block,
    through,
    consumed,
    toInt64(counted) AS counted,
    too_late,
    rejected,
    arraySum(mapValues(rejected)) AS rejected_total,
    missing,
    toInt64(consumed) - toInt64(counted) - toInt64(too_late) - toInt64(arraySum(mapValues(rejected))) AS unaccounted,
    run,
    written_at
FROM spikeline.ledger_rev FINAL
UNION ALL
SELECT
    topic,
    partition,
    toInt64(-1),
    max(released_rev.through),
    toUInt64(0),
    -toInt64(sum(requests)),
    sum(requests),
    CAST(map(), 'Map(LowCardinality(String), UInt64)'),
    toUInt64(0),
    toUInt64(0),
    toInt64(0),
    any(released_rev.run),
    max(released_rev.written_at)
FROM spikeline.released_rev FINAL
GROUP BY topic, partition
COMMENT 'one block of offsets of a partition: consumed = counted + too_late + rejected; the sums of a partition are exact, with its correction'
