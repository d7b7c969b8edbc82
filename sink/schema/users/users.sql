-- The users of a ClickHouse server or cluster, with no more rights than they need.
-- Whoever may create users runs this once, with passwords of their own:
--
--   spikeline schema print --users | clickhouse-client --param_writer_password=... --param_owner_password=... --param_reader_password=...
--
-- The embedded engine takes no users by SQL; it has the users default and, when asked for, reader.

-- The writer is the user of spikeline run. It needs sink.apply_schema: false, since it may not change the schema.
CREATE USER IF NOT EXISTS spikeline_writer IDENTIFIED WITH sha256_password BY {writer_password:String};
GRANT SELECT, INSERT ON spikeline.* TO spikeline_writer;
-- So that it can tell when ClickHouse took out a part that it could not read.
GRANT SELECT(database, table, name, reason) ON system.detached_parts TO spikeline_writer;

-- The owner is the user of spikeline schema apply.
CREATE USER IF NOT EXISTS spikeline_owner IDENTIFIED WITH sha256_password BY {owner_password:String};
GRANT SELECT, INSERT, CREATE DATABASE, CREATE TABLE, CREATE VIEW, DROP VIEW, ALTER ADD COLUMN ON spikeline.* TO spikeline_owner;
GRANT TABLE ENGINE ON Atomic TO spikeline_owner;
GRANT TABLE ENGINE ON ReplacingMergeTree TO spikeline_owner;
GRANT TABLE ENGINE ON AggregatingMergeTree TO spikeline_owner;
-- A view is replaced through a table of that name.
GRANT DROP TABLE ON spikeline._tmp_replace_* TO spikeline_owner;

-- The reader is for Grafana, which hands SQL on unchecked: it sees the results, changes nothing, and cannot run for long.
-- readonly = 2, not 1, since Grafana's data source sets max_execution_time.
CREATE USER IF NOT EXISTS spikeline_reader IDENTIFIED WITH sha256_password BY {reader_password:String}
    SETTINGS readonly = 2 CONST, max_execution_time = 60 MAX 120, max_memory_usage = 4000000000 MAX 4000000000;
GRANT SELECT ON spikeline.* TO spikeline_reader;
-- For the alert that ClickHouse took out a part that it could not read.
GRANT SELECT(database, table, name, reason) ON system.detached_parts TO spikeline_reader;
