// Package throughput measures how many edge records a second of CPU time
// takes from Kafka to windows: Spikeline beside other systems, on the same
// topic, in one run. See docs/benchmarks.md.
package throughput
