CREATE TABLE IF NOT EXISTS spikeline.windows_1h_rev
(
    window_start  DateTime('UTC') COMMENT 'start of the window, UTC' CODEC(Delta, ZSTD(1)),
    window_end    DateTime('UTC') COMMENT 'end of the window, UTC, exclusive' CODEC(Delta, ZSTD(1)),
    service       LowCardinality(String) COMMENT 'the service asked for (host), or __other__ beyond limits.services',
    pop           LowCardinality(String) COMMENT 'edge location, or __other__ beyond limits.pops',
    windows       UInt32 COMMENT 'windows in this span in which the cell had requests' CODEC(T64, ZSTD(1)),
    requests      UInt64 COMMENT 'requests counted' CODEC(T64, ZSTD(1)),
    errors        UInt64 COMMENT 'of those, answered with status 500 and up' CODEC(T64, ZSTD(1)),
    edge_errors   UInt64 COMMENT 'of the errors, those the edge made itself: no origin answered, or its status was below 500' CODEC(T64, ZSTD(1)),
    origin_errors UInt64 COMMENT 'of the errors, those passed on from an origin' CODEC(T64, ZSTD(1)),
    client_errors UInt64 COMMENT 'requests answered with status 400 to 499' CODEC(T64, ZSTD(1)),
    aborts        UInt64 COMMENT 'requests whose client left first' CODEC(T64, ZSTD(1)),
    bytes         UInt64 COMMENT 'bytes sent to clients' CODEC(T64, ZSTD(1)),
    cache_hits    UInt64 COMMENT 'requests answered from the edge cache' CODEC(T64, ZSTD(1)),
    cache_errors  Map(LowCardinality(String), UInt64) COMMENT 'errors by cache state (hit, miss, expired, dynamic, ...)' CODEC(ZSTD(1)),
    status        Map(UInt16, UInt64) COMMENT 'requests by status code' CODEC(ZSTD(1)),
    latency       Map(UInt64, UInt64) COMMENT 'latency sketch: bucket midpoint in microseconds to requests, within 3.1 %; merge with sumMap, or quantilesExactWeightedArray(0.5, 0.99)(mapKeys(latency), mapValues(latency))' CODEC(ZSTD(1)),
    p50           Float32 COMMENT 'median latency in milliseconds; NaN when no latency is known' CODEC(ZSTD(1)),
    p95           Float32 COMMENT '95th percentile of latency in milliseconds; NaN when no latency is known' CODEC(ZSTD(1)),
    p99           Float32 COMMENT '99th percentile of latency in milliseconds; NaN when no latency is known' CODEC(ZSTD(1)),
    late          UInt64 COMMENT 'requests counted after the watermark of their partition had passed the end of the window' CODEC(T64, ZSTD(1)),
    sources_seen  Int32 COMMENT 'fewest partitions seen in a window of this span' CODEC(T64, ZSTD(1)),
    sources_live  Int32 COMMENT 'most partitions that were not idle' CODEC(T64, ZSTD(1)),
    revised       Bool COMMENT 'a window of this span changed after it had closed',
    revision      UInt64 COMMENT 'sum of the revisions of the windows in this span' CODEC(T64, ZSTD(1)),
    written_at    DateTime('UTC') DEFAULT now() COMMENT 'when the row was written, by the clock of ClickHouse; retention counts from here, so that old logs can be replayed' CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(revision)
PARTITION BY toYYYYMM(window_start)
ORDER BY (service, pop, window_start)
TTL written_at + INTERVAL 1095 DAY DELETE
SETTINGS non_replicated_deduplication_window = 1000,
    index_granularity = 1024, ttl_only_drop_parts = 1
COMMENT 'storage of windows_1h: written once a hour is final; query windows_1h instead'
