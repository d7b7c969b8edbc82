// Package chaos proves that results are exact whatever dies: a campaign of
// faults over real processes, seeded, so that one that fails can be run again.
//
//	make chaos SEED=1 MINUTES=10
//
// A real Kafka broker, the real ClickHouse engine and three workers run as
// processes; an outage is played to them at a steady rate. Between them stand
// proxies that can cut, hang and refuse. Faults come at random moments, and
// overlap. Afterwards the topic is read back, record by record, by a reference
// that knows no windows that merge, no judge and no crash; ClickHouse must
// hold exactly what it counts. A second pass without faults over the same
// records must tell the same incidents. At last a part of ClickHouse is damaged,
// and its rows are brought back as docs/operations.md says.
//
//	campaign_test.go    the campaign in its order, and the table
//	world_test.go       broker, engine, workers, and their configuration
//	process_test.go     one process that is killed, frozen, and started again
//	wire_test.go        a TCP proxy that cuts or goes silent
//	clickhouse_test.go  an HTTP proxy that refuses, delays, or says that the disk is full
//	faults_test.go      the kinds of faults, and the seeded plan
//	feed_test.go        the source: what is produced, and its own faults
//	recovery_test.go    how long until everything produced is accounted for
//	repair_test.go      what a person does where ClickHouse itself lost parts that it had acknowledged
//	truth_test.go       the reference, and the comparison
package chaos
