// Package alert tells people and programs of incidents: by webhook, and over a
// Kafka topic. It stands beside ClickHouse, not behind it: alerts go out while
// ClickHouse is away. See docs/alerts.md for what a receiver gets.
//
//	config.go    what can be set
//	quiet.go     rules that keep an alert quiet
//	message.go   the JSON that a receiver gets
//	plan.go      a batch into the messages of each webhook; pure
//	sender.go    Put never waits; a queue and a goroutine for each target
//	queue.go     bounded, the oldest gives way
//	webhook.go   signed POST, tried again while that may help
//	topic.go     the Kafka topic
//	probe.go     a test alert to every target
//
// Goroutines: Open starts one for each target; Close ends them.
package alert
