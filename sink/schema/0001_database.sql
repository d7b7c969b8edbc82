CREATE DATABASE IF NOT EXISTS spikeline ENGINE = Atomic COMMENT 'Spikeline: windows, signals and incidents from edge logs'
