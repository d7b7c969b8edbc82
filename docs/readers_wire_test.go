//go:build wire

package docs

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/spikeline/spikeline/internal/testkit"
	"github.com/spikeline/spikeline/sink"
)

// reading is what every foreign reader counts.
const reading = `SELECT toString((SELECT count() FROM spikeline.windows)) AS windows, toString((SELECT sum(requests) FROM spikeline.windows)) AS requests,
(SELECT arrayStringConcat(arraySort(groupArray(incident_id)), ' ') FROM spikeline.incidents) AS incidents`

// connect reads rows themselves: clickhouse_connect decodes every type that windows and incidents have.
const connect = `
import sys, clickhouse_connect
client = clickhouse_connect.get_client(host='127.0.0.1', port=int(sys.argv[1]), username='reader')
windows, requests, columns = 0, 0, None
with client.query_row_block_stream('SELECT * FROM spikeline.windows') as stream:
    columns = stream.source.column_names
    at = columns.index('requests')
    for block in stream:
        windows += len(block)
        requests += sum(row[at] for row in block)
incidents = client.query('SELECT * FROM spikeline.incidents ORDER BY incident_id').named_results()
print(windows, requests, *[i['incident_id'] for i in incidents])
try:
    client.command('CREATE TABLE spikeline.scribble (x UInt8) ENGINE = Memory')
    print('it may write')
except clickhouse_connect.driver.exceptions.DatabaseError:
    pass
`

func TestForeignReadersReadWhatIsStoredAsTheReadOnlyUser(t *testing.T) {
	d := atDesk(t)
	want := strings.Join(d.ask(t, reading).rows[0], " ")
	_, port, _ := strings.Cut(d.engine.Addr(), ":")
	if got := strings.TrimSpace(testkit.Python(t, connect, port)); got != want {
		t.Errorf("clickhouse-connect over HTTP: %s\nwant %s", got, want)
	}
	for _, dsn := range []string{"http://reader@" + d.engine.Addr(), fmt.Sprintf("clickhouse://reader@127.0.0.1:%d", d.native)} {
		if got := throughGo(t, dsn); got != want {
			t.Errorf("clickhouse-go at %s: %s\nwant %s", dsn, got, want)
		}
	}
	testkit.Count(t, "3 foreign readers (clickhouse-connect and clickhouse-go over HTTP, clickhouse-go native) read %s", want)
}

func throughGo(t *testing.T, dsn string) string {
	t.Helper()
	c := sink.Default()
	c.DSN = dsn
	conn, err := sink.Connect(c)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var windows, requests, incidents string
	if err := conn.QueryRow(context.Background(), reading).Scan(&windows, &requests, &incidents); err != nil {
		t.Fatalf("%s: %v", dsn, err)
	}
	if err := conn.Exec(context.Background(), "CREATE TABLE spikeline.scribble (x UInt8) ENGINE = Memory"); err == nil {
		t.Errorf("%s: it may write", dsn)
	}
	return windows + " " + requests + " " + incidents
}
