//go:build wire

package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/spikeline/spikeline/processor"
	"github.com/spikeline/spikeline/processor/incident"
	"github.com/spikeline/spikeline/sink"
	"github.com/spikeline/spikeline/sink/engine"
)

// stored starts a ClickHouse that holds the two incidents of this package's tests, and gives its DSN.
func stored(t *testing.T) string {
	t.Helper()
	config := engine.Default()
	config.Path = t.TempDir()
	e, err := engine.Start(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Stop)

	if out, status := command(t, "schema", "check", "--clickhouse", e.DSN()); status != failed || !strings.Contains(out, "spikeline schema apply") {
		t.Errorf("schema check before: %d %s", status, out)
	}
	if out, status := command(t, "schema", "apply", "--clickhouse", e.DSN()); status != done || !strings.Contains(out, "applied 0001_database.sql") {
		t.Fatalf("schema apply: %d %s", status, out)
	}
	if out, status := command(t, "schema", "check", "--clickhouse", e.DSN()); status != done || !strings.HasPrefix(out, "good") {
		t.Errorf("schema check after: %d %s", status, out)
	}

	c := sink.Default()
	c.DSN = e.DSN()
	w, err := sink.Open(context.Background(), c, func(context.Context, processor.Snapshot) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	in, events := resolved()
	if err := w.Put(t.Context(), processor.Batch{Incidents: []incident.Incident{in, open()}, Events: events}); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	return e.DSN()
}

// command runs Spikeline in this process and gives all that it says.
func command(t *testing.T, args ...string) (string, int) {
	t.Helper()
	var out bytes.Buffer
	status := Main(args, &out, &out)
	return out.String(), status
}

func TestIncidentsComeBackFromClickHouseAsTheyWereWritten(t *testing.T) {
	dsn := stored(t)
	run := func(args ...string) string {
		t.Helper()
		out, status := command(t, append(args, "--clickhouse", dsn)...)
		if status != done {
			t.Fatalf("%v: exit status %d\n%s", args, status, out)
		}
		return out
	}
	golden(t, "list.txt", run("incidents", "list"))
	run("incidents", "annotate", "20251118-112010", "status page: investigating", "--announced", "2025-11-18T11:48:00Z", "--author", "anna")
	golden(t, "show.txt", run("incidents", "show", "20251118-112010-x.com"))
	golden(t, "show.txt", run("incidents", "show", "20251118-11"))
	if got := run("incidents", "show", "latest"); !strings.HasPrefix(got, "shop.example.com fails\n") {
		t.Errorf("latest:\n%s", got)
	}
	if got := run("incidents", "list", "--service", "nobody.example"); got != "No incidents.\nNone is like that; the newest of all is 20251118-180000-shop.example.com, from 2025-11-18 18:00:00 UTC.\n" {
		t.Errorf("a list with nothing in it:\n%s", got)
	}
	if got := run("incidents", "list", "--open"); strings.Contains(got, "x.com first") || !strings.Contains(got, "shop.example.com") {
		t.Errorf("--open:\n%s", got)
	}
	if got := run("incidents", "list", "--service", "chatgpt.com"); strings.Contains(got, "shop.example.com") || !strings.Contains(got, "x.com first") {
		t.Errorf("--service:\n%s", got)
	}
	if got := run("incidents", "list", "--since", "2025-11-18T17:30:00Z"); strings.Contains(got, "x.com first") || !strings.Contains(got, "shop.example.com") {
		t.Errorf("--since:\n%s", got)
	}
	var documents []incidentJSON
	if err := json.Unmarshal([]byte(run("incidents", "list", "--json")), &documents); err != nil || len(documents) != 2 || len(documents[1].Events) != 5 {
		t.Errorf("%v: %+v", err, documents)
	}

	for search, want := range map[string]int{"CHATGPT": 0, "X.COM FIRST": 1, "112010": 1} {
		if err := json.Unmarshal([]byte(run("incidents", "list", "--json", "--search", search)), &documents); err != nil || len(documents) != want {
			t.Errorf("--search %s: %v, %d incidents, want %d", search, err, len(documents), want)
		}
	}
	if out, status := command(t, "incidents", "list", "--open", "--exit-code", "--clickhouse", dsn); status != listed || !strings.Contains(out, "shop.example.com") {
		t.Errorf("--open --exit-code with an open incident: %d %s", status, out)
	}
	run("incidents", "list", "--service", "nowhere", "--exit-code")
	if out, status := command(t, "incidents", "annotate", "latest", "x", "--kind", "rumour", "--clickhouse", dsn); status != wrongUse || !strings.Contains(out, "choose note or announced") {
		t.Errorf("a kind that is not known: %d %s", status, out)
	}

	if out, status := command(t, "incidents", "show", "20251118", "--clickhouse", dsn); status != failed || !strings.Contains(out, "give more of it") {
		t.Errorf("an ambiguous id: %d %s", status, out)
	}
	if out, status := command(t, "incidents", "show", "2024", "--clickhouse", dsn); status != failed || !strings.Contains(out, `"2024": no such incident`) {
		t.Errorf("an unknown id: %d %s", status, out)
	}
	if out, status := command(t, "incidents", "show", "20251118-112010-y.com", "--clickhouse", dsn); status != failed || !strings.Contains(out, "no such incident; did you mean 20251118-112010-x.com") {
		t.Errorf("an id that is nearly one: %d %s", status, out)
	}
}

func TestTheShellOffersIncidentsOfAClickHouseThatAnswers(t *testing.T) {
	dsn := stored(t)
	offers := func(words ...string) string {
		t.Helper()
		out, status := command(t, append([]string{"__complete"}, words...)...)
		if status != done {
			t.Fatalf("%v: exit status %d\n%s", words, status, out)
		}
		offered, _, _ := strings.Cut(out, ":")
		return offered
	}
	for _, of := range [][]string{{"report"}, {"incidents", "show"}, {"incidents", "annotate"}} {
		if got, want := offers(append(of, "--clickhouse", dsn, "20251118-")...), "20251118-112010-x.com\t2 services fail, x.com first\n"; !strings.Contains(got, want) {
			t.Errorf("%v: offered is %q, want %q in it", of, got, want)
		}
		if got := offers(append(of, "--clickhouse", dsn, "l")...); got != "latest\tshop.example.com fails\n" {
			t.Errorf("%v l: offered is %q", of, got)
		}
		if got := offers(append(of, "--clickhouse", "http://127.0.0.1:1", "")...); got != "" {
			t.Errorf("%v, where no ClickHouse is: offered is %q, want nothing", of, got)
		}
	}
}
