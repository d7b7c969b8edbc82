//go:build wire

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	nethttp "net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spikeline/spikeline/sink"
)

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func TestTheDemoTellsOneIncidentAndStoresTheGroundTruth(t *testing.T) {
	http, native := freePort(t), freePort(t)
	demo := start(t, "demo", "--speed", "0", "--kafka-port", "0", "--metrics-port", "0", "--http-port", fmt.Sprint(http), "--native-port", fmt.Sprint(native))
	if !waitFor(demoEnds, func() bool { return strings.Contains(demo.log.String(), "Stop it with Ctrl-C") }) {
		t.Fatalf("the demo does not come to its end:\n%s", demo.log.String())
	}
	db := clickhouse{fmt.Sprintf("127.0.0.1:%d", http)}
	truth := filepath.Join(t.TempDir(), "truth.csv")
	spikeline(t, "simulate", "--scenario", "cloudflare-2025-11-18", "-o", "/dev/null", "--truth", truth)
	want := sortedLines(body(t, truth))

	got, err := db.ask("SELECT service,sum(requests),sum(errors) FROM spikeline.windows GROUP BY service FORMAT CSV")
	if err != nil {
		t.Fatal(err)
	}
	if have := sortedLines(strings.ReplaceAll(got, `"`, "")); !slices.Equal(have, want) {
		t.Errorf("over HTTP: %v\nwant %v", have, want)
	}
	for _, dsn := range []string{"http://default@" + db.addr, fmt.Sprintf("clickhouse://default@127.0.0.1:%d", native)} {
		if have := sumsBy(t, dsn); !slices.Equal(have, want) {
			t.Errorf("through the client at %s: %v\nwant %v", dsn, have, want)
		}
	}
	expectOneIncident(t, db)
	expectPages(t, demo.log.String())
	expectStory(t, demo.log.String())
	demo.stop()
}

func waitFor(patience time.Duration, done func() bool) bool {
	for give := time.Now().Add(patience); time.Now().Before(give); time.Sleep(200 * time.Millisecond) {
		if done() {
			return true
		}
	}
	return false
}

// sumsBy asks through clickhouse-go, as an analyst's program would.
func sumsBy(t *testing.T, dsn string) (lines []string) {
	t.Helper()
	c := sink.Default()
	c.DSN = dsn
	conn, err := sink.Connect(c)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	rows, err := conn.Query(context.Background(), "SELECT service, sum(requests), sum(errors) FROM spikeline.windows GROUP BY service")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var service string
		var requests, errors uint64
		if err := rows.Scan(&service, &requests, &errors); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, fmt.Sprintf("%s,%d,%d", service, requests, errors))
	}
	slices.Sort(lines)
	return lines
}

func expectOneIncident(t *testing.T, db clickhouse) {
	t.Helper()
	text := spikeline(t, "incidents", "list", "--json", "--clickhouse", "http://"+db.addr)
	var list []map[string]any
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	if len(list) != 1 {
		t.Fatalf("%d incidents, want 1:\n%s", len(list), text)
	}
}

// expectPages reads what a worker serves of its incidents.
func expectPages(t *testing.T, log string) {
	t.Helper()
	at := regexp.MustCompile(`incidents: (http://\S+)/incidents`).FindStringSubmatch(log)
	if at == nil {
		t.Fatalf("the demo names no page of incidents:\n%s", log)
	}
	for page, want := range map[string]string{
		"/incidents": "20251118-112000-challenges.cloudflare.com", "/incidents/20251118-112000": ">Timeline</h2>",
		"/incidents/20251118-112000?format=json": `"data_quality"`, "/incidents/nothing": "no such incident",
	} {
		res, err := nethttp.Get(at[1] + page)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if !strings.Contains(string(text), want) {
			t.Errorf("%s: %s has no %q:\n%.300s", page, res.Status, want, text)
		}
	}
}

// expectStory reads the timeline that the demo prints at the end.
func expectStory(t *testing.T, log string) {
	t.Helper()
	_, story, _ := strings.Cut(log, "What is known now")
	at := map[string]string{}
	cascades := 0
	for _, m := range regexp.MustCompile(`(?m)^  (\d\d:\d\d:\d\d)  (\w+)`).FindAllStringSubmatch(story, -1) {
		if m[2] == "cascade" {
			cascades++
		}
		at[m[2]] = m[1]
	}
	if s := at["first_spike"]; s < "11:19:30" || s > "11:20:30" {
		t.Errorf("first_spike at %q, want within 30 s of 11:20", s)
	}
	if s := at["recovered"]; s < "17:00:00" || s > "17:12:00" {
		t.Errorf("recovered at %q, want near 17:06", s)
	}
	if at["peak"] == "" || at["residual"] == "" || cascades < 15 {
		t.Errorf("phases %v and %d cascade events in\n%s", at, cascades, story)
	}
}
