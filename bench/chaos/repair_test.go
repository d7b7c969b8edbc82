//go:build wire

package chaos

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// A disk that fills up during a merge or an insert can leave ClickHouse with an
// active part of which a file is empty. It takes such a part out when it starts
// again, and with it rows that it had acknowledged; only reading them again
// brings them back. This is what docs/operations.md tells people to do.

// damage empties a file of the largest part of the windows, as a full disk did.
func (c *campaign) damage(ctx context.Context) {
	path, err := c.db.ask(ctx, "SELECT path FROM system.parts WHERE database = 'spikeline' AND table = 'windows_rev' AND active ORDER BY rows DESC LIMIT 1")
	if err != nil {
		c.t.Fatalf("the largest part: %v", err)
	}
	marks, err := filepath.Glob(filepath.Join(strings.TrimSpace(path), "*.cmrk*"))
	if err != nil || len(marks) == 0 {
		c.t.Fatalf("no file of marks in %s: %v", path, err)
	}
	if err := os.Truncate(marks[0], 0); err != nil {
		c.t.Fatal(err)
	}
	if !slices.Contains(c.damagedTables(ctx), "windows_rev") {
		c.t.Errorf("CHECK TABLE does not find that %s is empty", marks[0])
	}
}

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

// takenOut tells of the parts that ClickHouse took out.
func (c *campaign) takenOut(ctx context.Context) bool {
	rows, err := c.db.rows(ctx, "SELECT table, name, reason FROM system.detached_parts WHERE database = 'spikeline' AND reason LIKE 'broken%'")
	if err != nil {
		c.t.Errorf("which parts ClickHouse took out: %v", err)
	}
	for _, r := range rows {
		fmt.Printf("ClickHouse took out part %s of %s: %s\n", r[1], r[0], r[2])
	}
	return len(rows) > 0
}

// bringBack reads again what ClickHouse took out, and says how much had been missing.
func (c *campaign) bringBack(ctx context.Context, real *truth, group string) {
	var missing uint64
	for _, d := range must(real.compareWindows(ctx, c.db))(c.t) {
		missing += d.lost()
	}
	fmt.Printf("%d requests are missing with it; a worker of another group reads them again from Kafka\n", missing)
	c.readAgain(ctx, group)
}

// damageAndRepair damages the windows by intent, so that each campaign shows that they can be brought back.
func (c *campaign) damageAndRepair(ctx context.Context, real *truth) {
	c.damage(ctx)
	c.takeOut(ctx)
	if !c.takenOut(ctx) {
		c.t.Error("ClickHouse took out no damaged part")
	}
	c.bringBack(ctx, real, "repair")
	for _, d := range must(real.compareWindows(ctx, c.db))(c.t) {
		c.t.Errorf("not brought back: %v", d)
		return
	}
	fmt.Println("all windows are whole again")
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
func (c *campaign) readAgain(ctx context.Context, group string) {
	worker := c.startProcess(group, "run", "--config", c.writeConfig(group, c.kafka.Addr, c.db.addr, group, 0))
	query := "SELECT toUnixTimestamp(max(closed_to)) FROM spikeline.progress_rev WHERE run = '" + group + "'"
	if err := c.db.await(ctx, patience, query, fmt.Sprint(c.closed().Unix())); err != nil {
		c.t.Errorf("the worker that reads all again does not come to the end: %v", err)
	}
	c.note(worker.unexpected()...)
	worker.end(syscall.SIGTERM)
}
