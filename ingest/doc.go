// Package ingest is the way into Spikeline for Kafka's records: it joins a
// consumer group, and hands each assigned partition to one goroutine as a
// sequence of batches in the order of their offsets.
//
//	cluster.go    the shared connections, with TLS and SASL
//	check.go      what is wrong with them, in one line
//	group.go      who owns which partition; starts and ends the owners
//	partition.go  what an owner holds: Next, SeekTo, Commit
//	feed.go       one goroutine a partition: keeps the next fetch in flight
//	fetch.go      one fetch on the wire
//	batch.go      the cursor over what a fetch brought
//	recordbatch.go, codec.go, lz4.go  the format of the records
//
// Goroutines: Consume starts one for each assigned partition (the owner's
// function) and each of those one feed, at its first Next. All have ended when Consume returns.
//
// The fetch path is our own, on connections that kafka-go dials: a response
// is read into a buffer that is used again, and its records are handed out in
// place. It costs no allocation per record.
package ingest
