-- FINAL picks the newest revision. Measured on 1.9 million rows with up to three revisions (ClickHouse 26.7, 2 cores),
-- requests a window and service, against argMax(..., revision) GROUP BY key, and ORDER BY revision DESC LIMIT 1 BY key:
-- one hour 0.017 s against 0.070 s and 0.108 s; 24 hours 0.16 s against 1.70 s and 1.29 s; best of 3, same sums from all three.
-- A filter on window_start prunes partitions and, with index_granularity 1024 in place of 8192, reads 0.48 in place of 0.86 million rows.
-- The partition is a function of the key, so merging across partitions is skipped without a setting, and readers
-- with readonly = 1, readonly = 2 or GRANT SELECT alone read this view.
CREATE VIEW IF NOT EXISTS spikeline.windows
(
    window_start  DateTime('UTC') COMMENT 'start of the window, UTC',
    window_end    DateTime('UTC') COMMENT 'end of the window, UTC, exclusive',
    service       LowCardinality(String) COMMENT 'the service asked for (host), or __other__ beyond limits.services',
    pop           LowCardinality(String) COMMENT 'edge location, or __other__ beyond limits.pops',
    requests      UInt64 COMMENT 'requests counted',
    errors        UInt64 COMMENT 'of those, answered with status 500 and up',
    error_rate    Float64 COMMENT 'errors / requests, 0 to 1',
    edge_errors   UInt64 COMMENT 'of the errors, those the edge made itself: no origin answered, or its status was below 500',
    origin_errors UInt64 COMMENT 'of the errors, those passed on from an origin',
    client_errors UInt64 COMMENT 'requests answered with status 400 to 499',
    aborts        UInt64 COMMENT 'requests whose client left first',
    bytes         UInt64 COMMENT 'bytes sent to clients',
    cache_hits    UInt64 COMMENT 'requests answered from the edge cache',
    cache_errors  Map(LowCardinality(String), UInt64) COMMENT 'errors by cache state (hit, miss, expired, dynamic, ...)',
    status        Map(UInt16, UInt64) COMMENT 'requests by status code',
    latency       Map(UInt64, UInt64) COMMENT 'latency sketch: bucket midpoint in microseconds to requests, within 3.1 %; merge with sumMap, or quantilesExactWeightedArray(0.5, 0.99)(mapKeys(latency), mapValues(latency))',
    p50           Float32 COMMENT 'median latency in milliseconds; NaN when no latency is known',
    p95           Float32 COMMENT '95th percentile of latency in milliseconds; NaN when no latency is known',
    p99           Float32 COMMENT '99th percentile of latency in milliseconds; NaN when no latency is known',
    late          UInt64 COMMENT 'requests counted after the watermark of their partition had passed the end of the window',
    sources_seen  Int32 COMMENT 'partitions that gave requests for this window',
    sources_live  Int32 COMMENT 'partitions that were not idle',
    revised       Bool COMMENT 'the window changed after it had closed',
    revision      UInt64 COMMENT 'sum over the partitions of the last folded offset + 1: of two rows of a key the higher one holds more',
    state         Enum8('provisional' = 0, 'closed' = 1, 'final' = 2) COMMENT 'provisional: still filling; closed: the frontier has passed its end; final: it cannot change any more',
    run           LowCardinality(String) COMMENT 'name of the judge that wrote the row, from sink.run',
    written_at    DateTime('UTC') COMMENT 'when the row was written, by the clock of ClickHouse; retention counts from here, so that old logs can be replayed'
)
AS WITH
    (SELECT mapFromArrays(groupArray(run), groupArray(closed)) FROM (SELECT run, max(closed_to) AS closed FROM spikeline.progress_rev GROUP BY run)) AS closed_to,
    (SELECT mapFromArrays(groupArray(run), groupArray(retired)) FROM (SELECT run, max(retired_to) AS retired FROM spikeline.progress_rev GROUP BY run)) AS retired_to
SELECT
    window_start,
    window_end,
    service,
    pop,
    requests,
    errors,
    errors / requests AS error_rate,
    edge_errors,
    origin_errors,
    client_errors,
    aborts,
    bytes,
    cache_hits,
    cache_errors,
    status,
    latency,
    p50,
    p95,
    p99,
    late,
    sources_seen,
    sources_live,
    revised,
    revision,
    CAST(multiIf(window_end <= retired_to[run], 'final', window_end <= closed_to[run], 'closed', 'provisional'), 'Enum8(''provisional'' = 0, ''closed'' = 1, ''final'' = 2)') AS state,
    run,
    written_at
FROM spikeline.windows_rev FINAL
COMMENT 'one service in one pop in one window, newest revision'
