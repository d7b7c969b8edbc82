//go:build wire

package sink

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/spikeline/spikeline/sink/engine"
	"github.com/spikeline/spikeline/sink/schema"
)

// grantsOf are the GRANT statements of schema print --users, by user, as an entry of users.xml takes them.
func grantsOf(t *testing.T) map[string][]string {
	t.Helper()
	var printed bytes.Buffer
	if err := schema.PrintUsers(&printed); err != nil {
		t.Fatal(err)
	}
	grants := map[string][]string{}
	for line := range strings.Lines(printed.String()) {
		line = strings.TrimSuffix(strings.TrimSpace(line), ";")
		if what, user, found := strings.Cut(line, " TO "); found && strings.HasPrefix(line, "GRANT ") {
			grants[user] = append(grants[user], what)
		}
	}
	if len(grants) != 3 {
		t.Fatalf("grants of %d users, want writer, owner and reader:\n%s", len(grants), &printed)
	}
	return grants
}

// engineWithUsers starts ClickHouse with the users and their grants, and with system tables closed as a server's default has them.
func engineWithUsers(t *testing.T) *engine.Engine {
	t.Helper()
	c := engine.Default()
	c.Path, c.Reader = t.TempDir(), false
	e, err := engine.Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Stop)
	var users strings.Builder
	for user, grants := range grantsOf(t) {
		fmt.Fprintf(&users, "<%s><password/><networks><ip>::/0</ip></networks><profile>default</profile><quota>default</quota><grants><query>%s</query></grants></%s>",
			user, strings.Join(grants, "</query><query>"), user)
	}
	insert(t, filepath.Join(c.Path, "users.xml"), users.String(), "</users>")
	insert(t, filepath.Join(c.Path, "config.xml"), "<access_control_improvements><select_from_system_db_requires_grant>true</select_from_system_db_requires_grant></access_control_improvements>", "</clickhouse>")
	kill(t, e)
	return e
}

func insert(t *testing.T, file, text, before string) {
	t.Helper()
	old, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(string(old), before, text+before, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
}

func as(t *testing.T, e *engine.Engine, user string) (driver.Conn, Config) {
	t.Helper()
	dsn := url.URL{Scheme: "http", User: url.User(user), Host: e.Addr()}
	return connect(t, dsn.String()), configFor(dsn.String())
}

func TestEveryUserCanDoItsWorkWithTheGrantsThatArePrintedAndNoMore(t *testing.T) {
	e := engineWithUsers(t)
	ctx := context.Background()
	owner, _ := as(t, e, "spikeline_owner")
	if _, err := schema.Apply(ctx, owner); err != nil {
		t.Fatalf("the owner cannot apply the schema: %v", err)
	}
	writer, c := as(t, e, "spikeline_writer")
	c.ApplySchema = false
	batch := fullBatch()
	batch.RetiredTo = noon + 7200*second
	writeAll(t, c, batch)
	reader, _ := as(t, e, "spikeline_reader")
	if got := look(t, reader, []string{"(SELECT sum(requests) FROM spikeline.windows)", "(SELECT sum(requests) FROM spikeline.windows_1h)", "(SELECT count() FROM spikeline.incidents)"}, ""); got != "160 | 160 | 1" {
		t.Errorf("the reader sees %s, want 160 requests, the same in hours, 1 incident", got)
	}
	if got := look(t, writer, []string{"count()"}, "FROM ("+partsTakenOut+")"); got != "0" {
		t.Errorf("the writer sees %s parts taken out, want 0", got)
	}
	if got := look(t, reader, []string{"count()"}, "FROM ("+partsTakenOut+")"); got != "0" {
		t.Errorf("the reader sees %s parts taken out, want 0", got)
	}
	for _, refused := range []struct {
		conn driver.Conn
		sql  string
	}{
		{writer, "DROP TABLE spikeline.windows_rev"},
		{writer, "ALTER TABLE spikeline.windows_rev DELETE WHERE 1"},
		{writer, "CREATE TABLE spikeline.x (n UInt8) ENGINE = Memory"},
		{writer, "SELECT * FROM file('/etc/passwd', 'LineAsString')"},
		{owner, "DROP TABLE spikeline.windows_rev"},
		{owner, "TRUNCATE TABLE spikeline.windows_rev"},
		{reader, "INSERT INTO spikeline.windows_rev (service) VALUES ('x')"},
		{reader, "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')"},
		{reader, "SELECT * FROM system.users"},
	} {
		if err := refused.conn.Exec(ctx, refused.sql); err == nil || !strings.Contains(err.Error(), "Not enough privileges") {
			t.Errorf("%s: %v, want a refusal", refused.sql, err)
		}
	}
}
