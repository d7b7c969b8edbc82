package sink

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/spikeline/spikeline/processor"
	"github.com/spikeline/spikeline/processor/window"
	"github.com/spikeline/spikeline/sink/schema"
)

func TestErrorsThatHealAreToldFromThoseThatDoNot(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string // empty: heals
	}{
		{&clickhouse.Exception{Code: 241}, ""},
		{&clickhouse.Exception{Code: 242}, ""},
		{&clickhouse.Exception{Code: 243}, ""},
		{&clickhouse.Exception{Code: 252}, ""},
		{&clickhouse.Exception{Code: 159}, ""},
		{&clickhouse.Exception{Code: 999999}, ""},
		{io.ErrUnexpectedEOF, ""},
		{context.DeadlineExceeded, ""},
		{&clickhouse.HTTPError{StatusCode: 503, Err: errors.New("busy")}, ""},
		{&clickhouse.HTTPError{StatusCode: 403, Err: errors.New("no")}, "check sink.dsn"},
		{fmt.Errorf("send: %w", &clickhouse.Exception{Code: 516}), "user or password is wrong"},
		{&clickhouse.HTTPError{StatusCode: 404, Err: &clickhouse.Exception{Code: 60}}, "run spikeline schema apply"},
		{&clickhouse.Exception{Code: 16}, "run spikeline schema check"},
		{clickhouse.ErrBatchInvalid, "BUG:"},
		{schema.ErrMissing, "spikeline schema apply"},
	} {
		got := permanent(c.err)
		if (got == nil) != (c.want == "") || (got != nil && !strings.Contains(got.Error(), c.want)) {
			t.Errorf("%v: permanent gives %v, want %q", c.err, got, c.want)
		}
	}
}

func TestDSNs(t *testing.T) {
	for _, c := range []struct{ dsn, want string }{
		{"http://u@h:8123", "http h:8123 u"},
		{"http://h:8123/spikeline", "http h:8123 default"},
		{"clickhouse://u:p@h:8123/spikeline?protocol=http", "http h:8123 u"},
		{"clickhouse://h:9000", "native h:9000 default"},
		{"https://h:8443", "http h:8443 default tls"},
		{"http://h:8123/other", `sink.dsn names database "other": allowed is spikeline`},
		{"clickhouse://h?protocol=smoke", `sink.dsn has protocol "smoke": allowed are http and native`},
	} {
		config := Default()
		config.DSN = c.dsn
		o, err := config.options()
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			got = o.Protocol.String() + " " + o.Addr[0] + " " + o.Auth.Username
			if o.TLS != nil {
				got += " tls"
			}
		}
		if !strings.HasPrefix(got, c.want) {
			t.Errorf("%s gives %q, want %q", c.dsn, got, c.want)
		}
	}
}

func TestThePasswordComesFromTheEnvironmentOrAFile(t *testing.T) {
	t.Setenv("SECRET", "from env")
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("from file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*Config){
		"from env":  func(c *Config) { c.PasswordEnv = "SECRET" },
		"from file": func(c *Config) { c.PasswordFile = file },
		"":          func(*Config) {},
	} {
		c := Default()
		change(&c)
		o, err := c.login()
		if err != nil || o.Auth.Password != want {
			t.Errorf("got password %q, %v; want %q", o.Auth.Password, err, want)
		}
	}
	c := Default()
	c.PasswordEnv, c.PasswordFile = "SECRET", file
	if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "allowed is one of them") {
		t.Errorf("both: %v, want an error", err)
	}
}

func rowsOf(t *table, b processor.Batch) (rows [][]any) {
	t.fill(&b, "main", func(values ...any) { rows = append(rows, slices.Clone(values)) })
	return rows
}

func TestServiceRowsAreTheSumOverPops(t *testing.T) {
	cell := func(service, pop string, n uint64) window.Row {
		return window.Row{Service: service, Pop: pop, Counts: window.Counts{Requests: n, Latency: window.Latency{{Bucket: uint16(n), Count: n}}}}
	}
	b := processor.Batch{Windows: []window.Result{{Rows: []window.Row{cell("a", "X", 1), cell("a", "Y", 2), cell("b", "X", 3)}}}}
	rows := rowsOf(&serviceWindows, b)
	if len(rows) != 2 || rows[0][2] != "a" || rows[0][3] != uint32(2) || rows[0][4] != uint64(3) || rows[1][2] != "b" || rows[1][4] != uint64(3) {
		t.Errorf("rows are %v, want a with 3 requests of 2 pops and b with 3", rows)
	}
	if b.Windows[0].Rows[0].Requests != 1 || len(b.Windows[0].Rows[0].Latency) != 1 {
		t.Error("summing changed the rows of the pops")
	}
}

func TestEveryRowHasOneValueForEachColumn(t *testing.T) {
	b := fullBatch()
	for i := range storage {
		rows := rowsOf(&storage[i], b)
		if len(rows) == 0 {
			t.Errorf("%s: no row", storage[i].name)
		}
		for _, row := range rows {
			if len(row) != len(storage[i].columns) {
				t.Errorf("%s: %d values for %d columns", storage[i].name, len(row), len(storage[i].columns))
			}
		}
	}
}

func TestTimesStayWithinWhatAColumnHolds(t *testing.T) {
	for nanos, want := range map[int64]string{
		window.NoTime:       "1970-01-01T00:00:00Z",
		math.MaxInt64:       "2106-02-07T06:28:15Z",
		1_763_467_200_999e6: "2025-11-18T12:00:00Z",
		-1:                  "1970-01-01T00:00:00Z",
	} {
		if got := at(nanos).Format(time.RFC3339); got != want {
			t.Errorf("%d is %s, want %s", nanos, got, want)
		}
	}
}

func TestUnknownLatencyIsNotZero(t *testing.T) {
	if got := millisOf(nil, 0.5); !math.IsNaN(float64(got)) {
		t.Errorf("median of no latencies is %v, want NaN", got)
	}
}
