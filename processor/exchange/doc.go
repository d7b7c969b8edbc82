// Package exchange carries the messages of folders to the judge over Kafka.
//
// A message value is an Arrow IPC stream of one record batch. What is not a
// row stands in the schema's key-value metadata, so that any Arrow reader can
// open a message as it is:
//
//	format       version of this format
//	kind         partial, ledger, rejects or progress
//	topic, partition, partitions   the source, and how many partitions its topic has
//	position     next offset the folder will read
//	watermark    Unix nanoseconds; absent where none is told
//	idle         true: the source is caught up and silent
//	behind       true: the source is far behind, and sends no early partials
//	window_start, through          of a partial
//	chunk, chunks, content         of a partial too large for one message
//
// A Publisher belongs to one goroutine, and so do an Encoder, a Decoder and a
// Store; none of them starts another.
package exchange
