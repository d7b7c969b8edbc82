CREATE TABLE IF NOT EXISTS spikeline.progress_rev
(
    run          LowCardinality(String) COMMENT 'name of the judge that wrote the row, from sink.run',
    closed_to    SimpleAggregateFunction(max, DateTime('UTC')) COMMENT 'every window that ends at or before this has closed',
    retired_to   SimpleAggregateFunction(max, DateTime('UTC')) COMMENT 'every window that ends at or before this is final',
    rolled_1m_to SimpleAggregateFunction(max, DateTime('UTC')) COMMENT 'windows_1m is complete up to here',
    rolled_1h_to SimpleAggregateFunction(max, DateTime('UTC')) COMMENT 'windows_1h is complete up to here',
    written_at   SimpleAggregateFunction(max, DateTime('UTC')) COMMENT 'when it was written, by the clock of ClickHouse'
)
ENGINE = AggregatingMergeTree
ORDER BY run
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'storage of progress: each time only grows'
