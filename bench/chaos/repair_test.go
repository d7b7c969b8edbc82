//go:build wire

package chaos

import (
	"context"
	"fmt"
	"strings"
	"syscall"
)

// A disk that fills up during a merge or an insert can leave ClickHouse with an
// active part of which a file is empty. It takes such a part out when it starts
// again, and with it rows that it had acknowledged; only reading them again
// brings them back. This is what docs/operations.md tells people to do.

// takeOut has ClickHouse start again where it cannot read what it holds.
func (c *campaign) takeOut(ctx context.Context) {
	damaged := c.damagedTables(ctx)
	if len(damaged) == 0 {
		return
	}
	fmt.Printf("\nClickHouse cannot read what it holds of %s: it is started again, to take damaged parts out\n", strings.Join(damaged, ", "))
	c.engine.end(syscall.SIGTERM)
	c.restart(c.engine)
	if err := c.db.await(ctx, patience, "SELECT 1", "1"); err != nil {
		c.t.Errorf("ClickHouse does not come back: %v", err)
	}
}

// bringBack reads again from Kafka what ClickHouse took out.
func (c *campaign) bringBack(ctx context.Context) {
	rows, err := c.db.rows(ctx, "SELECT table, name, reason FROM system.detached_parts WHERE database = 'spikeline' AND reason LIKE 'broken%'")
	if err != nil {
		c.t.Errorf("which parts ClickHouse took out: %v", err)
	}
	if len(rows) == 0 {
		return
	}
	for _, r := range rows {
		fmt.Printf("\nClickHouse took out part %s of %s: %s", r[1], r[0], r[2])
	}
	fmt.Println("\nTheir rows are read again from Kafka, by a worker of another group.")
	c.readAgain(ctx)
}

func (c *campaign) damagedTables(ctx context.Context) (damaged []string) {
	tables, err := c.db.rows(ctx, "SELECT name FROM system.tables WHERE database = 'spikeline' AND engine LIKE '%MergeTree'")
	if err != nil {
		c.t.Errorf("the tables of ClickHouse: %v", err)
	}
	for _, t := range tables {
		whole, err := c.db.ask(ctx, "CHECK TABLE spikeline."+t[0]+" SETTINGS check_query_single_value_result = 1")
		if err != nil || strings.TrimSpace(whole) != "1" {
			damaged = append(damaged, t[0])
		}
	}
	return damaged
}

// readAgain has one more worker read all that Kafka holds, and write the same rows.
func (c *campaign) readAgain(ctx context.Context) {
	worker := c.startProcess("repair", "run", "--config", c.writeConfig("repair", c.kafka.Addr, c.db.addr, "repair", 0))
	query := "SELECT toUnixTimestamp(max(closed_to)) FROM spikeline.progress_rev WHERE run = 'repair'"
	if err := c.db.await(ctx, patience, query, fmt.Sprint(c.closed().Unix())); err != nil {
		c.t.Errorf("the worker that reads all again does not come to the end: %v", err)
	}
	c.note(worker.unexpected()...)
	worker.end(syscall.SIGTERM)
}
