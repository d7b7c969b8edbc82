package schema

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

func TestPrintedDDLIsTheGoldenScript(t *testing.T) {
	var out bytes.Buffer
	if err := Print(&out); err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/schema.golden.sql"
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(golden, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(out.Bytes(), want) {
		t.Errorf("printed DDL differs from %s; if that is meant, run: UPDATE_GOLDEN=1 go test ./sink/schema", golden)
	}
}

func TestEveryMigrationCanBeRepeated(t *testing.T) {
	for _, m := range Migrations() {
		if !strings.Contains(m.SQL, "IF NOT EXISTS") && !strings.Contains(m.SQL, "OR REPLACE") && !strings.Contains(m.SQL, "IF EXISTS") {
			t.Errorf("%s: a statement that fails when repeated cannot be applied by two processes at once", m.File())
		}
	}
}

func TestEveryMigrationIsOneStatement(t *testing.T) {
	for _, m := range Migrations() {
		for line := range strings.Lines(m.SQL) {
			if code, _, _ := strings.Cut(line, "--"); strings.Contains(stripQuoted(code), ";") {
				t.Errorf("%s: more than one statement: %s", m.File(), line)
			}
		}
	}
}

// stripQuoted leaves out what stands between single quotes.
func stripQuoted(line string) string {
	var out strings.Builder
	for i, part := range strings.Split(line, "'") {
		if i%2 == 0 {
			out.WriteString(part)
		}
	}
	return out.String()
}

func TestEveryStorageTableDeduplicatesRepeatedBlocks(t *testing.T) {
	for _, m := range Migrations() {
		if strings.Contains(m.SQL, "CREATE TABLE") && !strings.Contains(m.SQL, "non_replicated_deduplication_window = 1000") {
			t.Errorf("%s: without a deduplication window a repeated block is kept twice", m.File())
		}
	}
}

func TestEveryColumnHasAComment(t *testing.T) {
	for _, m := range Migrations() {
		inColumns := false
		for line := range strings.Lines(m.SQL) {
			switch {
			case line == "(\n":
				inColumns = true
			case line == ")\n":
				inColumns = false
			case inColumns && !strings.Contains(line, "COMMENT '") && !strings.Contains(line, "INDEX "):
				t.Errorf("%s: no comment: %s", m.File(), line)
			}
		}
	}
}

func TestCompareFindsWhatIsMissing(t *testing.T) {
	all := Migrations()
	missing, err := compare(all, map[uint32]string{1: all[0].Checksum, 3: all[2].Checksum})
	if err != nil {
		t.Fatal(err)
	}
	if len(missing) != len(all)-2 || missing[0].Version != 2 || missing[1].Version != 4 {
		t.Errorf("missing %d migrations, from %v on; want %d, from 2 on, without 3", len(missing), missing[0].Version, len(all)-2)
	}
}

func TestCompareRefusesAChangedMigration(t *testing.T) {
	_, err := compare(Migrations(), map[uint32]string{1: "0123456789abcdef"})
	if err == nil || !strings.Contains(err.Error(), "0001_database.sql was applied with checksum 0123456789ab") {
		t.Errorf("got %v, want an error that names the migration and both checksums", err)
	}
}

func TestCompareRefusesANewerDatabase(t *testing.T) {
	_, err := compare(Migrations()[:3], map[uint32]string{4: "x"})
	if err == nil || !strings.Contains(err.Error(), "it has migration 0004, this binary knows up to 0003: use a newer spikeline") {
		t.Errorf("got %v, want an error that says to use a newer spikeline", err)
	}
}
