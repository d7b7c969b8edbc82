package sink

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// exportable are the tables that Export knows, with the column that a time range is about.
var exportable = map[string]string{
	"windows": "window_start", "service_windows": "window_start", "windows_1m": "window_start", "windows_1h": "window_start",
	"signals": "window_start", "incidents": "started_at", "incident_events": "at", "rejects": "at",
}

// formats are ClickHouse's names of what Export writes.
var exportFormats = map[string]string{"parquet": "Parquet", "arrow": "Arrow", "csv": "CSVWithNames"}

// ExportTables lists what Export can read.
func ExportTables() []string { return slices.Sorted(maps.Keys(exportable)) }

// ExportFormats lists what Export can write.
func ExportFormats() []string { return slices.Sorted(maps.Keys(exportFormats)) }

// Export streams the rows of a table whose time lies in [from, to) to w. It is
// ClickHouse that writes the format, so types and names are those of the table, and memory here is bounded.
func Export(ctx context.Context, c Config, table, format string, from, to time.Time, w io.Writer) error {
	column, known := exportable[table]
	if !known {
		return fmt.Errorf("table %q cannot be exported; allowed are %s", table, strings.Join(ExportTables(), ", "))
	}
	writes, known := exportFormats[format]
	if !known {
		return fmt.Errorf("format %q is not known; allowed are %s", format, strings.Join(ExportFormats(), ", "))
	}
	req, err := c.exportRequest(ctx, table, column, writes, from, to)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("ClickHouse cannot be reached: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(res.Body, 1000))
		return fmt.Errorf("ClickHouse refuses the export: %s", strings.TrimSpace(string(text)))
	}
	if _, err := io.Copy(w, res.Body); err != nil {
		return fmt.Errorf("the export broke off: %w", err)
	}
	return nil
}

func (c Config) exportRequest(ctx context.Context, table, column, format string, from, to time.Time) (*http.Request, error) {
	options, err := c.login()
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(c.DSN)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" && u.Query().Get("protocol") != "http" {
		return nil, errors.New("an export needs ClickHouse's HTTP port: name it as http://user@host:8123")
	}
	scheme := "http"
	if options.TLS != nil {
		scheme = "https"
	}
	query := url.Values{
		"query":      {fmt.Sprintf("SELECT * FROM spikeline.%[1]s WHERE %[2]s >= {from:DateTime('UTC')} AND %[2]s < {to:DateTime('UTC')} ORDER BY %[2]s FORMAT %[3]s", table, column, format)},
		"param_from": {from.UTC().Format(time.DateTime)}, "param_to": {to.UTC().Format(time.DateTime)},
		"date_time_output_format": {"iso"},
	}
	address := url.URL{Scheme: scheme, Host: options.Addr[0], Path: "/", RawQuery: query.Encode()}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("X-ClickHouse-User", options.Auth.Username)
	if options.Auth.Password != "" {
		req.Header.Set("X-ClickHouse-Key", options.Auth.Password)
	}
	return req, nil
}
