// Package plugin is the back end of Grafana's data source for Spikeline. One
// instance serves one configured data source; Grafana makes it on the first
// request and disposes of it when its settings change.
package plugin

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/instancemgmt"
	"github.com/grafana/grafana-plugin-sdk-go/data"
)

// version of the plugin, which ClickHouse keeps with each query.
const version = "0.1.0"

// maxConcurrent bounds the statements that one data source has running at once.
const maxConcurrent = 8

// DataSource answers all that Grafana asks of one configured data source.
type DataSource struct {
	backend.CallResourceHandler
	settings settings
	database *database
	cache    *cache
	running  chan struct{}
	client   *http.Client // to the worker
	uid      string
	fault    error // of the settings: told by CheckHealth and every query
}

var (
	_ backend.QueryDataHandler      = (*DataSource)(nil)
	_ backend.CheckHealthHandler    = (*DataSource)(nil)
	_ backend.StreamHandler         = (*DataSource)(nil)
	_ instancemgmt.InstanceDisposer = (*DataSource)(nil)
)

// New makes an instance. Settings with faults make one too, which tells them.
func New(_ context.Context, from backend.DataSourceInstanceSettings) (instancemgmt.Instance, error) {
	s, err := parseSettings(from)
	d := &DataSource{settings: s, fault: err, uid: from.UID, cache: newCache(s.cacheFor),
		running: make(chan struct{}, maxConcurrent), client: &http.Client{Timeout: reportTimeout, Transport: transport(s)}}
	if err == nil {
		d.database, d.fault = openDatabase(s)
	}
	d.CallResourceHandler = d.resources()
	return d, nil
}

func transport(s settings) http.RoundTripper {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.TLSClientConfig = s.tls
	return t
}

// Dispose ends the connections.
func (d *DataSource) Dispose() {
	d.client.CloseIdleConnections()
	if d.database == nil {
		return
	}
	if err := d.database.close(); err != nil {
		backend.Logger.Warn("close the connections to ClickHouse", "error", err)
	}
}

// QueryData answers the queries of a panel or alert rule, all at once.
func (d *DataSource) QueryData(ctx context.Context, request *backend.QueryDataRequest) (*backend.QueryDataResponse, error) {
	alert := request.GetHTTPHeader(backend.FromAlertHeaderName) == "true" || request.Headers[backend.FromAlertHeaderName] == "true"
	response := backend.NewQueryDataResponse()
	var all sync.WaitGroup
	var mu sync.Mutex
	for _, q := range request.Queries {
		all.Go(func() {
			answer := d.answer(ctx, q, alert)
			mu.Lock()
			defer mu.Unlock()
			response.Responses[q.RefID] = answer
		})
	}
	all.Wait()
	return response, nil
}

func (d *DataSource) answer(ctx context.Context, asked backend.DataQuery, alert bool) backend.DataResponse {
	if d.fault != nil {
		return backend.ErrDataResponse(backend.StatusBadRequest, "the data source's settings: "+d.fault.Error())
	}
	q, err := parseQuery(asked, alert, d.settings.rowLimit)
	if err != nil {
		return backend.ErrDataResponse(backend.StatusBadRequest, err.Error())
	}
	frame, err := d.frame(ctx, q)
	if err != nil {
		return errorResponse(err)
	}
	frame.RefID = asked.RefID
	return backend.DataResponse{Frames: data.Frames{frame}, Status: backend.StatusOK}
}

// errMoreRows is a cut answer where a cut one would mislead.
var errMoreRows = errors.New("more rows than the limit")

func errorResponse(err error) backend.DataResponse {
	switch {
	case errors.Is(err, errMoreRows), errors.Is(err, errFilter):
		return backend.ErrDataResponse(backend.StatusBadRequest, err.Error())
	case errors.Is(err, context.Canceled):
		return backend.ErrDataResponseWithSource(backend.StatusBadRequest, backend.ErrorSourceDownstream, "the query was cancelled")
	}
	return backend.ErrDataResponseWithSource(backend.StatusBadGateway, backend.ErrorSourceDownstream, explain(err))
}

// frame asks ClickHouse and shapes the answer.
func (d *DataSource) frame(ctx context.Context, q query) (*data.Frame, error) {
	chosen, err := selectFor(q)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errFilter, err)
	}
	answers, err := d.read(ctx, chosen.statements)
	if err != nil {
		return nil, err
	}
	cut := false
	for i, rows := range answers {
		if rows.Rows() > q.Limit {
			answers[i], cut = head(rows, q.Limit), true
		}
	}
	if cut && q.Alert {
		return nil, fmt.Errorf("%w: an alert needs all, and there are more than %d: choose fewer services, a shorter time or a wider interval", errMoreRows, q.Limit)
	}
	frame, err := shape(q, answers, d.uid)
	if err != nil {
		return nil, err
	}
	frame.Meta.ExecutedQueryString = executed(chosen.statements)
	frame.Meta.Notices = notices(q, frame, chosen.unused, cut)
	return frame, nil
}

// read runs the statements, each through the cache, and gives their rows in order.
func (d *DataSource) read(ctx context.Context, statements []*statement) ([]*data.Frame, error) {
	answers, faults := make([]*data.Frame, len(statements)), make([]error, len(statements))
	var all sync.WaitGroup
	for i, s := range statements {
		all.Go(func() {
			answers[i], faults[i] = d.cache.get(ctx, s.String(), func(ctx context.Context) (*data.Frame, error) {
				select {
				case d.running <- struct{}{}:
					defer func() { <-d.running }()
					return d.database.read(ctx, s)
				case <-ctx.Done():
					return nil, ctx.Err()
				}
			})
		})
	}
	all.Wait()
	return answers, errors.Join(faults...)
}

// shape turns rows into the frame of the query's type.
func shape(q query, rows []*data.Frame, source string) (*data.Frame, error) {
	switch q.Type {
	case typeTimeline:
		turns, err := turnsOf(rows[1])
		if err != nil {
			return nil, err
		}
		return timelineFrame(membersOf(rows[0]), turns, q, moment(rows[2], 0, 0)), nil
	case typeWindows:
		var band *data.Frame
		if len(rows) > 1 {
			band = rows[1]
		}
		return seriesFrame(q, rows[0], band)
	case typeIncidents:
		if q.Count {
			return countFrame("incidents", "severity", rows[0], chosenOr(q.Severities, severities)), nil
		}
		return incidentsFrame(rows[0], source), nil
	case typeSignals:
		if q.Count {
			return countFrame("signals", "kind", rows[0], chosenOr(q.Kinds, kinds)), nil
		}
		return tableFrame("signals", rows[0], signalLooks), nil
	case typeEvents:
		var regions *data.Frame
		if len(rows) > 1 {
			regions = rows[1]
		}
		return eventsFrame(rows[0], regions, q.To), nil
	}
	return tableFrame("names", rows[0], nil), nil
}

func chosenOr(chosen, all []string) []string {
	if len(chosen) > 0 {
		return chosen
	}
	return all
}

// head copies the first rows, since the answer is shared with the cache.
func head(f *data.Frame, n int) *data.Frame {
	cut := f.EmptyCopy()
	for i := range n {
		cut.AppendRow(f.RowCopy(i)...)
	}
	return cut
}

func executed(statements []*statement) string {
	texts := make([]string, len(statements))
	for i, s := range statements {
		texts[i] = s.String()
	}
	return strings.Join(texts, ";\n\n")
}

// notices say what a viewer would else have to guess.
func notices(q query, f *data.Frame, unused []string, cut bool) (all []data.Notice) {
	if cut {
		all = append(all, data.Notice{Severity: data.NoticeSeverityWarning,
			Text: fmt.Sprintf("Only the newest %d rows are shown. Choose fewer services, a shorter time or a wider interval.", q.Limit)})
	}
	if len(unused) > 0 {
		all = append(all, data.Notice{Severity: data.NoticeSeverityInfo,
			Text: fmt.Sprintf("Ad-hoc filters on %s mean nothing here and were left out.", strings.Join(unused, ", "))})
	}
	if rows, err := f.RowLen(); err == nil && rows == 0 && q.Type != typeVariable {
		all = append(all, data.Notice{Severity: data.NoticeSeverityInfo, Text: emptyWords(q)})
	}
	return all
}

func emptyWords(q query) string {
	span := q.From.Format(time.DateTime) + " to " + q.To.Format(time.DateTime) + " UTC"
	switch q.Type {
	case typeWindows:
		return "No window of these services has closed in this range (" + span + ")."
	case typeSignals:
		return "Nothing unusual was found in this range (" + span + ")."
	}
	return "No incident in this range (" + span + ")."
}
