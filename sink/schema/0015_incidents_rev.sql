CREATE TABLE IF NOT EXISTS spikeline.incidents_rev
(
    incident_id          String COMMENT 'from the first service and window, so that a replay finds the same',
    version              UInt64 COMMENT 'start of the last window that changed it, Unix seconds: the higher one counts',
    status               Enum8('open' = 0, 'resolved' = 1) COMMENT 'open or resolved',
    phase                Enum8('first_spike' = 0, 'cascade' = 1, 'peak' = 2, 'fluctuating' = 3, 'partial_recovery' = 4, 'relapse' = 5, 'residual' = 6, 'recovered' = 7) COMMENT 'where it stands',
    started_at           DateTime('UTC') COMMENT 'the onset the detector estimates, UTC',
    detected_at          DateTime('UTC') COMMENT 'end of the window whose judgement opened it, UTC',
    peak_at              DateTime('UTC') COMMENT 'window with the highest error rate, UTC',
    main_impact_ended_at DateTime('UTC') COMMENT 'when the main impact was over, UTC',
    ended_at             DateTime('UTC') COMMENT 'when it had recovered, UTC',
    severity             LowCardinality(String) COMMENT 'minor, major or critical',
    title                String COMMENT 'one line',
    first_service        LowCardinality(String) COMMENT 'the service that failed first',
    services             Array(LowCardinality(String)) COMMENT 'services in the order of the cascade',
    pops                 Array(LowCardinality(String)) COMMENT 'edge locations concerned',
    kinds                Array(LowCardinality(String)) COMMENT 'kinds of signals in it',
    requests             UInt64 COMMENT 'requests of its services since it started',
    requests_failed      UInt64 COMMENT 'of those, failed (5xx) beyond what is usual',
    requests_slow        UInt64 COMMENT 'of those, slow beyond what is usual',
    requests_missing     UInt64 COMMENT 'requests that never came, while traffic had dropped',
    peak_error_rate      Float64 COMMENT 'share of the requests of its services that failed at the peak, 0 to 1',
    peak_fleet_share     Float64 COMMENT 'share of the requests of the whole fleet that failed, at its worst, 0 to 1',
    budget_burnt         Float64 COMMENT 'part of the 30-day error budget of its services that is used up; 1 is all of it',
    more_services        UInt32 COMMENT 'services beyond the limit of one incident, counted only',
    merged_into          String COMMENT 'the older incident that this one turned out to be part of, or empty',
    withdrawn            Bool COMMENT 'not an incident after all, or merged',
    member_started_at    Array(DateTime('UTC')) COMMENT 'per service, as in services: when it joined',
    member_ended_at      Array(DateTime('UTC')) COMMENT 'per service: when it had recovered; 1970 while it suffers',
    member_requests      Array(UInt64) COMMENT 'per service: requests',
    member_failed        Array(UInt64) COMMENT 'per service: requests failed in excess',
    member_peak_rate     Array(Float64) COMMENT 'per service: highest error rate',
    share_by             Array(LowCardinality(String)) COMMENT 'per share of the excess errors: pop, status, cache or side',
    share_value          Array(String) COMMENT 'per share: its value',
    share                Array(Float64) COMMENT 'per share: 0 to 1',
    run                  LowCardinality(String) COMMENT 'name of the judge that wrote the row, from sink.run',
    written_at           DateTime('UTC') DEFAULT now() COMMENT 'when the row was written, by the clock of ClickHouse; retention counts from here, so that old logs can be replayed' CODEC(Delta, ZSTD(1))
)
ENGINE = ReplacingMergeTree(version)
ORDER BY incident_id
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'storage of incidents: every version until merges drop the lower ones; kept for ever; query incidents instead'
