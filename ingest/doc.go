// Package ingest is the way into Spikeline for Kafka's records: it joins a
// consumer group, and hands each assigned partition to one goroutine as a
// sequence of batches in the order of their offsets.
//
//	config.go, security.go  how to reach the brokers
//	cluster.go              the shared connections
//	check.go                what is wrong with them, in one line
//	group.go, offsets.go    who owns which partition, from where; starts and ends the owners
//	partition.go, commit.go what an owner holds: Next, SeekTo, Commit
//	feed.go                 keeps a partition's next fetch in flight, through every trouble
//	fetch.go                one fetch on the wire
//	batch.go                the cursor over what a fetch brought
//	recordbatch.go          the format of a batch
//	codec.go, lz4.go        its compression
//	status.go               counters and gauges
//
// Goroutines: Consume starts one for each assigned partition (the owner's
// function) and each of those one feed, at its first Next. All have ended when Consume returns.
//
// Not obvious:
//   - A buffer belongs to the exchange it was made for. After an exchange failed
//     or was cancelled, kafka-go's goroutine may still write to it: drop both.
//   - A connection whose deadline was moved to end an exchange must not go back
//     to kafka-go's pool: RawExchange returns an error then.
//   - A batch's first 21 bytes (its offset, its length) are outside its checksum:
//     they are never believed beyond what the response itself shows.
//   - "No answer" is not "nothing new": HighWatermark is -1 then, so that an owner
//     never takes a broker that is away for a source that is silent.
//   - Commits carry the member and the generation: a zombie is refused by the
//     coordinator, not by us. kafka-go's own CommitOffsets carries no metadata.
//   - kafka-go answers questions about topics from its memory, up to 4 s old; what
//     must be fresh (the number of partitions) is asked over a connection of its own.
//
// The fetch path is our own, on connections that kafka-go dials: a response
// is read into a buffer that is used again, and its records are handed out in
// place. It costs no allocation per record.
package ingest
