// Package schema holds Spikeline's ClickHouse tables and views as numbered
// migrations, one statement in one file, and brings a database up to them.
//
// Tables that end in _rev are storage: they keep every revision of a row until
// merges drop the lower ones. The plain names are views that show the newest
// revision, and are what people and dashboards query.
package schema

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"strings"
)

//go:embed *.sql
var files embed.FS

// Migration is one statement that can be repeated without harm.
type Migration struct {
	Version  uint32
	Name     string
	SQL      string
	Checksum string // SHA-256 of SQL, hexadecimal
}

// File gives the migration's file name.
func (m Migration) File() string { return fmt.Sprintf("%04d_%s.sql", m.Version, m.Name) }

// Migrations gives all migrations in the order they are applied.
func Migrations() []Migration {
	entries, err := files.ReadDir(".")
	if err != nil {
		panic("BUG: embedded migrations: " + err.Error())
	}
	all := make([]Migration, 0, len(entries))
	for i, entry := range entries {
		m := parse(entry.Name())
		if m.Version != uint32(i+1) {
			panic(fmt.Sprintf("BUG: migration %s should have number %04d", entry.Name(), i+1))
		}
		all = append(all, m)
	}
	return all
}

func parse(file string) Migration {
	number, name, found := strings.Cut(strings.TrimSuffix(file, ".sql"), "_")
	version, err := strconv.ParseUint(number, 10, 32)
	if err != nil || !found {
		panic("BUG: migration " + file + " should be called NNNN_name.sql")
	}
	text, err := files.ReadFile(file)
	if err != nil {
		panic("BUG: embedded migration: " + err.Error())
	}
	sum := sha256.Sum256(text)
	return Migration{Version: uint32(version), Name: name, SQL: string(text), Checksum: hex.EncodeToString(sum[:])}
}

// Print writes all migrations as one script for clickhouse-client.
func Print(w io.Writer) error {
	for _, m := range Migrations() {
		if _, err := fmt.Fprintf(w, "-- %s\n%s;\n\n", m.File(), strings.TrimSpace(m.SQL)); err != nil {
			return err
		}
	}
	return nil
}
