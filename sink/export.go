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
	"strconv"
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

// ErrNothing is an export of a time range in which the table has no rows.
var ErrNothing = errors.New("nothing to export")

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
	in, query := rangeOf(table, column, from, to)
	var extent strings.Builder
	if err := c.stream(ctx, fmt.Sprintf(extentQuery, column, table, in), query, &extent); err != nil {
		return err
	}
	switch rows, span, _ := strings.Cut(strings.TrimSpace(extent.String()), "\t"); {
	case span == "":
		return fmt.Errorf("%w: %s has no rows at all; replay logs or run a worker first", ErrNothing, table)
	case rows == "0":
		return fmt.Errorf("%w: %s has no rows from %s to %s; it has some %s", ErrNothing, table, from.UTC().Format(time.RFC3339Nano), to.UTC().Format(time.RFC3339Nano), span)
	}
	return c.stream(ctx, fmt.Sprintf("SELECT * FROM spikeline.%s WHERE %s ORDER BY %s FORMAT %s", table, in, column, writes), query, w)
}

// rangeOf limits a column to [from, to), to the part of a second. Only rejects
// have times between two seconds; where all are whole, the bounds are rounded up and
// are of the column's own type, by which ClickHouse finds the parts to read.
func rangeOf(table, column string, from, to time.Time) (where string, parameters url.Values) {
	kind, unit, layout := "DateTime('UTC')", time.Second, time.DateTime
	if table == "rejects" {
		kind, unit, layout = "DateTime64(3, 'UTC')", time.Millisecond, time.DateTime+".000"
	}
	up := func(t time.Time) string { return t.Add(unit - 1).Truncate(unit).UTC().Format(layout) }
	return fmt.Sprintf("%[1]s >= {from:%[2]s} AND %[1]s < {to:%[2]s}", column, kind), url.Values{"param_from": {up(from)}, "param_to": {up(to)}}
}

// extentQuery says whether the range has rows, and which times the table has.
const extentQuery = `SELECT (SELECT count() FROM (SELECT 1 FROM spikeline.%[2]s WHERE %[3]s LIMIT 1)),
if(count() = 0, '', concat('from ', formatDateTime(min(%[1]s), '%%FT%%TZ'), ' to ', formatDateTime(max(%[1]s), '%%FT%%TZ'))) FROM spikeline.%[2]s FORMAT TSVRaw`

// stream copies the answer to a query to w as it comes.
func (c Config) stream(ctx context.Context, query string, parameters url.Values, w io.Writer) error {
	req, err := c.exportRequest(ctx, query, parameters)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("ClickHouse does not answer at %s: %w; start one (spikeline clickhouse --path DIR), or name another with --clickhouse", req.URL.Host, Explain(err))
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return refused(res)
	}
	if _, err := io.Copy(w, res.Body); err != nil {
		return fmt.Errorf("the export broke off: %w", err)
	}
	return nil
}

func refused(res *http.Response) error {
	if code, err := strconv.ParseInt(res.Header.Get("X-ClickHouse-Exception-Code"), 10, 32); err == nil {
		if known := refusal(int32(code)); known != nil {
			return known
		}
	}
	text, _ := io.ReadAll(io.LimitReader(res.Body, 1000))
	return fmt.Errorf("ClickHouse refuses the export: %s", strings.TrimSpace(string(text)))
}

func (c Config) exportRequest(ctx context.Context, query string, parameters url.Values) (*http.Request, error) {
	options, err := c.options()
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
	values := url.Values{"query": {query}, "date_time_output_format": {"iso"}}
	maps.Copy(values, parameters)
	address := url.URL{Scheme: scheme, Host: options.Addr[0], Path: "/", RawQuery: values.Encode()}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), http.NoBody)
	if err != nil {
		return nil, err
	}
	req.Header.Set("X-ClickHouse-User", options.Auth.Username)
	if options.Auth.Password != "" {
		req.Header.Set("X-ClickHouse-Key", options.Auth.Password)
	}
	return req, nil
}
