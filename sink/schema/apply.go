package schema

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// ErrMissing is what Check finds when migrations are still to be applied.
var ErrMissing = errors.New("run: spikeline schema apply")

// ErrMismatch is a database that no migration of this binary brings up to it.
var ErrMismatch = errors.New("database spikeline does not fit this binary")

// Codes of ClickHouse that Apply and Check understand.
const (
	unknownTable    = 60
	unknownDatabase = 81
	tableExists     = 57
	databaseExists  = 82
)

// Apply brings the database up to this binary and returns what it applied. It
// may run any number of times and in several processes at once: every
// statement is idempotent, and so is its record.
func Apply(ctx context.Context, conn driver.Conn) ([]Migration, error) {
	all := Migrations()
	known, err := recorded(ctx, conn)
	if err != nil {
		return nil, err
	}
	missing, err := compare(all, known)
	if err != nil {
		return nil, err
	}
	for i, m := range missing {
		if err := execute(ctx, conn, m); err != nil {
			return missing[:i], fmt.Errorf("migration %s: %w", m.File(), err)
		}
	}
	return missing, record(ctx, conn, missing)
}

// Check says how the database differs from this binary; nil when it does not.
func Check(ctx context.Context, conn driver.Conn) error {
	known, err := recorded(ctx, conn)
	if err != nil {
		return err
	}
	missing, err := compare(Migrations(), known)
	if err != nil || len(missing) == 0 {
		return err
	}
	return fmt.Errorf("database spikeline lacks %d migrations, from %s on; %w", len(missing), missing[0].File(), ErrMissing)
}

// compare gives the migrations that are not in known, which maps versions to
// checksums. A version beyond all, or another checksum, is an error.
func compare(all []Migration, known map[uint32]string) ([]Migration, error) {
	var missing []Migration
	for _, m := range all {
		switch checksum, applied := known[m.Version]; {
		case !applied:
			missing = append(missing, m)
		case checksum != m.Checksum:
			return nil, fmt.Errorf("%w: migration %s was applied with checksum %.12s, this binary has %.12s; "+
				"a migration never changes once applied: use the binary that applied it, or add a new migration", ErrMismatch, m.File(), checksum, m.Checksum)
		}
	}
	for version := range known {
		if int(version) > len(all) {
			return nil, fmt.Errorf("%w: it has migration %04d, this binary knows up to %04d: use a newer spikeline", ErrMismatch, version, len(all))
		}
	}
	return missing, nil
}

// recorded reads what was applied. A database that does not exist has nothing applied.
func recorded(ctx context.Context, conn driver.Conn) (map[uint32]string, error) {
	rows, err := conn.Query(ctx, "SELECT version, checksum FROM spikeline.schema_migrations FINAL")
	if hasCode(err, unknownDatabase, unknownTable) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read spikeline.schema_migrations: %w", err)
	}
	defer rows.Close()
	known := map[uint32]string{}
	for rows.Next() {
		var version uint32
		var checksum string
		if err := rows.Scan(&version, &checksum); err != nil {
			return nil, fmt.Errorf("read spikeline.schema_migrations: %w", err)
		}
		known[version] = checksum
	}
	return known, rows.Err()
}

// execute runs one migration. Another process that was faster is no error.
func execute(ctx context.Context, conn driver.Conn, m Migration) error {
	err := conn.Exec(ctx, strings.TrimSpace(m.SQL))
	if hasCode(err, tableExists, databaseExists) {
		return nil
	}
	return err
}

// record notes all migrations at once, after the last: a crash before it only repeats them.
func record(ctx context.Context, conn driver.Conn, applied []Migration) error {
	for _, m := range applied {
		err := conn.Exec(ctx, "INSERT INTO spikeline.schema_migrations (version, name, checksum) VALUES ({version:UInt32}, {name:String}, {checksum:String})",
			clickhouse.Named("version", fmt.Sprint(m.Version)), clickhouse.Named("name", m.Name), clickhouse.Named("checksum", m.Checksum))
		if err != nil {
			return fmt.Errorf("record migration %s: %w", m.File(), err)
		}
	}
	return nil
}

func hasCode(err error, codes ...int32) bool {
	var exception *clickhouse.Exception
	if !errors.As(err, &exception) {
		return false
	}
	for _, code := range codes {
		if exception.Code == code {
			return true
		}
	}
	return false
}
