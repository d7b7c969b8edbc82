CREATE TABLE IF NOT EXISTS spikeline.signals_rev
(
    window_start DateTime('UTC') COMMENT 'start of the window, UTC' CODEC(Delta, ZSTD(1)),
    service      LowCardinality(String) COMMENT 'the service, or empty for all of them',
    pop          LowCardinality(String) COMMENT 'the edge location, or empty for all of them',
    kind         LowCardinality(String) COMMENT 'error_surge, traffic_surge, traffic_drop, latency_surge, client_error_surge or source_incomplete',
    opened       Bool COMMENT 'the first row of this finding',
    ended        Bool COMMENT 'the last row of this finding',
    onset        DateTime('UTC') COMMENT 'estimated start of the change, UTC' CODEC(Delta, ZSTD(1)),
    ended_at     DateTime('UTC') COMMENT 'end of the last abnormal window' CODEC(Delta, ZSTD(1)),
    observed     Float64 COMMENT 'a rate (0 to 1) for errors, latency and client errors; requests a window for traffic' CODEC(ZSTD(1)),
    expected     Float64 COMMENT 'the same by the baseline' CODEC(ZSTD(1)),
    band         Float64 COMMENT 'the worst value still called normal' CODEC(ZSTD(1)),
    score        Float64 COMMENT 'log likelihood ratio since the onset, over the overdispersion' CODEC(ZSTD(1)),
    impact       Float64 COMMENT 'windows of full outage, or of full traffic, in excess since the onset' CODEC(ZSTD(1)),
    requests     UInt64 COMMENT 'requests in this window' CODEC(T64, ZSTD(1)),
    excess       Float64 COMMENT 'requests in excess of expectation in this window: failed, slow, added or missing' CODEC(ZSTD(1)),
    elevated     Bool COMMENT 'this very window is abnormal',
    severity     Enum8('info' = 0, 'warning' = 1, 'critical' = 2) COMMENT 'info: a row here; warning: joins an incident; critical: may open one',
    reason       String COMMENT 'one plain sentence' CODEC(ZSTD(1)),
    run          LowCardinality(String) COMMENT 'name of the judge that wrote the row, from sink.run',
    written_at   DateTime('UTC') DEFAULT now() COMMENT 'when the row was written, by the clock of ClickHouse; retention counts from here, so that old logs can be replayed' CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(window_start)
ORDER BY (service, pop, kind, window_start)
TTL written_at + INTERVAL 365 DAY DELETE
SETTINGS non_replicated_deduplication_window = 1000, ttl_only_drop_parts = 1
COMMENT 'storage of signals: the last row written of a key counts; query signals instead'
