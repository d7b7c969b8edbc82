CREATE VIEW IF NOT EXISTS spikeline.progress
(
    run          LowCardinality(String) COMMENT 'name of the judge that wrote the row, from sink.run',
    closed_to    DateTime('UTC') COMMENT 'every window that ends at or before this has closed',
    retired_to   DateTime('UTC') COMMENT 'every window that ends at or before this is final',
    rolled_1m_to DateTime('UTC') COMMENT 'windows_1m is complete up to here',
    rolled_1h_to DateTime('UTC') COMMENT 'windows_1h is complete up to here',
    written_at   DateTime('UTC') COMMENT 'when it was last written, by the clock of ClickHouse'
)
AS SELECT
    run,
    max(progress_rev.closed_to) AS closed_to,
    max(progress_rev.retired_to) AS retired_to,
    max(progress_rev.rolled_1m_to) AS rolled_1m_to,
    max(progress_rev.rolled_1h_to) AS rolled_1h_to,
    max(progress_rev.written_at) AS written_at
FROM spikeline.progress_rev
GROUP BY run
COMMENT 'how far the judge has come, one row a run'
