package telemetry

// Metric describes one metric. The catalogue below is the whole list: what is
// not in it is not exported, and what is in it without a reader is told by Unread.
type Metric struct {
	Name   string
	Help   string
	Labels []string
	gauge  bool
}

func counter(name, help string, labels ...string) Metric {
	return Metric{Name: "spikeline_" + name, Help: help, Labels: labels}
}

func gauge(name, help string, labels ...string) Metric {
	return Metric{Name: "spikeline_" + name, Help: help, Labels: labels, gauge: true}
}

// Ingest.
var (
	RecordsRead      = counter("records_read_total", "Records read from Kafka, those of the exchange among them.")
	BytesRead        = counter("read_bytes_total", "Bytes of record values read from the source topics, after decompression.")
	RecordsCounted   = counter("records_counted_total", "Records counted in a window.")
	RecordsTooLate   = counter("records_too_late_total", "Records whose window had been retired; the ledger holds the exact number.")
	RecordsRejected  = counter("records_rejected_total", "Records that could not be used, by reason; the rejects table holds samples.", "reason")
	RecordsMissing   = counter("records_missing_total", "Offsets that Kafka no longer had when they were asked for.")
	FetchErrors      = counter("fetch_errors_total", "Fetches that failed and were tried again, by kind.", "kind")
	Commits          = counter("commits_total", "Offset commits, by result (ok, fenced).", "result")
	Rebalances       = counter("rebalances_total", "Generations of the consumer group that this worker has taken part in.")
	PartitionsOwned  = gauge("partitions_owned", "Source partitions that this worker reads now.")
	PartitionLag     = gauge("partition_lag_records", "Records between the next offset to read and the end of the partition.", "topic", "partition")
	WatermarkSeconds = gauge("partition_watermark_timestamp_seconds", "Watermark of a partition: event time, Unix seconds.", "topic", "partition")
)

// Windows and the exchange.
var (
	OpenWindows        = gauge("open_windows", "Windows held in memory, by side (folder, judge).", "side")
	OpenCells          = gauge("open_cells", "Cells (service and pop) of the windows held in memory by the folders.")
	PartialsSent       = counter("partials_sent_total", "Partials acknowledged by Kafka.")
	MessagesReceived   = counter("exchange_messages_received_total", "Messages read by the judge.")
	MessagesUnreadable = counter("exchange_messages_unreadable_total", "Messages of the exchange that could not be decoded; each is a bug or a foreign writer.")
)

// The judge.
var (
	JudgeActive        = gauge("judge_active", "1 while this worker is the judge.")
	FrontierSeconds    = gauge("frontier_timestamp_seconds", "Every window that ends at or before this event time has closed, Unix seconds.")
	WindowsClosed      = counter("windows_closed_total", "Windows closed.")
	WindowsRevised     = counter("windows_revised_total", "Windows changed by late records after they had closed.")
	WindowsIncomplete  = counter("windows_incomplete_total", "Windows closed without a partial from every live source.")
	Signals            = counter("signals_total", "Signals given, by kind.", "kind")
	IncidentsOpen      = gauge("incidents_open", "Incidents that have not recovered.")
	IncidentsStarted   = counter("incidents_started_total", "Incidents opened.")
	SeriesWatched      = gauge("series_watched", "Series with a baseline.")
	JudgeStepSeconds   = counter("judge_step_seconds_total", "Time spent merging and judging.")
	SnapshotBytes      = gauge("snapshot_bytes", "Size of the judge's last saved state.")
	SnapshotsSaved     = counter("snapshots_saved_total", "States of the judge saved.")
	ReleasedLate       = counter("released_late_total", "Requests that a partition idle for longer than release_after brought for windows that were final.")
	DetectionDelaySecs = gauge("last_detection_delay_seconds", "Event time from the onset of the last incident to its detection.")
)

// The sink.
var (
	SinkRows            = counter("sink_rows_total", "Rows that ClickHouse has acknowledged, by table.", "table")
	SinkBatches         = counter("sink_batches_total", "Batches written in full.")
	SinkQueue           = gauge("sink_queue_batches", "Batches that wait to be written.")
	SinkQueueLimit      = gauge("sink_queue_limit_batches", "Batches that may wait before the judge stops reading.")
	SinkRetries         = counter("sink_retries_total", "Inserts that failed and were tried again.")
	SinkStalledSeconds  = gauge("sink_stalled_since_timestamp_seconds", "Unix time at which ClickHouse stopped taking rows; 0 while it takes them.")
	RollupsStalled      = gauge("sink_rollups_stalled_since_timestamp_seconds", "Unix time at which windows_1m and windows_1h fell behind because ClickHouse failed to sum them; 0 while they follow. Windows go on.")
	PartsTakenOut       = gauge("sink_parts_taken_out", "Parts of the tables that ClickHouse could not read and took out, maybe with rows that are nowhere else. They count until they are dropped.")
	ProcessBuildInfo    = gauge("build_info", "1, with the version in its labels.", "version", "go", "commit")
	ProcessStartSeconds = gauge("start_timestamp_seconds", "Unix time at which the process started.")
)

// The alerts.
var (
	AlertsSent  = counter("alerts_sent_total", "Alerts by target and by what became of them (sent, refused, failed, dropped, quiet, superseded).", "target", "result")
	AlertsQueue = gauge("alerts_queue", "Alerts that wait for a target or are on their way to it.", "target")
)

// Catalogue is every metric that Spikeline may export, in the order of the data.
var Catalogue = []Metric{
	RecordsRead, BytesRead, RecordsCounted, RecordsTooLate, RecordsRejected, RecordsMissing, FetchErrors, Commits,
	Rebalances, PartitionsOwned, PartitionLag, WatermarkSeconds,
	OpenWindows, OpenCells, PartialsSent, MessagesReceived, MessagesUnreadable,
	JudgeActive, FrontierSeconds, WindowsClosed, WindowsRevised, WindowsIncomplete, Signals, IncidentsOpen,
	IncidentsStarted, SeriesWatched, JudgeStepSeconds, SnapshotBytes, SnapshotsSaved, DetectionDelaySecs, ReleasedLate,
	SinkRows, SinkBatches, SinkQueue, SinkQueueLimit, SinkRetries, SinkStalledSeconds, RollupsStalled, PartsTakenOut,
	AlertsSent, AlertsQueue,
	ProcessBuildInfo, ProcessStartSeconds,
}
