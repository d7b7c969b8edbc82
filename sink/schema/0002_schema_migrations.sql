CREATE TABLE IF NOT EXISTS spikeline.schema_migrations
(
    version    UInt32 COMMENT 'number of the migration',
    name       String COMMENT 'its name',
    checksum   String COMMENT 'SHA-256 of its text, hexadecimal',
    applied_at DateTime64(3, 'UTC') DEFAULT now64(3) COMMENT 'when it was applied, by the clock of ClickHouse'
)
ENGINE = ReplacingMergeTree(applied_at)
ORDER BY version
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'migrations that were applied; written by spikeline schema apply'
