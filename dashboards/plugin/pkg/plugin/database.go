package plugin

import (
	"context"
	"fmt"
	"math"
	"net/url"
	"reflect"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/grafana/grafana-plugin-sdk-go/data"
)

// database reads from ClickHouse over HTTP. It sends nothing but SELECT.
type database struct {
	conn    driver.Conn
	timeout time.Duration
}

func openDatabase(s settings) (*database, error) {
	conn, err := clickhouse.Open(&clickhouse.Options{
		Protocol:    clickhouse.HTTP,
		Addr:        []string{address(s.server)},
		HttpUrlPath: strings.TrimPrefix(s.server.Path, "/"),
		Auth:        clickhouse.Auth{Username: s.username, Password: s.password},
		TLS:         s.tls,
		Compression: &clickhouse.Compression{Method: clickhouse.CompressionLZ4},
		DialTimeout: 5 * time.Second,
		ReadTimeout: s.timeout + 5*time.Second,
		ClientInfo: clickhouse.ClientInfo{Products: []struct{ Name, Version string }{
			{Name: "spikeline-datasource", Version: version},
		}},
	})
	if err != nil {
		return nil, fmt.Errorf("the settings do not fit ClickHouse's client: %w", err)
	}
	return &database{conn, s.timeout}, nil
}

func address(u *url.URL) string {
	if u.Port() != "" {
		return u.Host
	}
	return u.Host + map[string]string{"http": ":80", "https": ":443"}[u.Scheme]
}

// read runs one statement and keeps its rows as a frame whose fields have the
// names of its columns. The server ends the query when time is up, and when
// the caller goes away.
func (d *database) read(ctx context.Context, s *statement) (*data.Frame, error) {
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	ctx = clickhouse.Context(ctx, clickhouse.WithSettings(clickhouse.Settings{
		"max_execution_time":                           int(math.Ceil(d.timeout.Seconds())),
		"cancel_http_readonly_queries_on_client_close": 1,
	}))
	rows, err := d.conn.Query(ctx, s.text, s.arguments()...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	frame, targets := frameOf(rows.ColumnTypes())
	for rows.Next() {
		if err := rows.Scan(targets...); err != nil {
			return nil, err
		}
		for i, target := range targets {
			frame.Fields[i].Append(reflect.ValueOf(target).Elem().Interface())
		}
	}
	return frame, rows.Err()
}

// frameOf gives an empty frame for the columns, and a place to scan each into.
func frameOf(columns []driver.ColumnType) (*data.Frame, []any) {
	frame, targets := data.NewFrame(""), make([]any, len(columns))
	for i, c := range columns {
		target := reflect.New(c.ScanType())
		kind := data.FieldTypeFor(target.Elem().Interface())
		if kind == data.FieldTypeUnknown {
			panic(fmt.Sprintf("BUG: column %s has type %s, which no frame holds", c.Name(), c.DatabaseTypeName()))
		}
		field := data.NewFieldFromFieldType(kind, 0)
		field.Name = c.Name()
		frame.Fields = append(frame.Fields, field)
		targets[i] = target.Interface()
	}
	return frame, targets
}

func (d *database) close() error { return d.conn.Close() }
