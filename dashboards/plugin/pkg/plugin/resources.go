package plugin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/resource/httpadapter"
)

// Bounds of what is passed on from the worker.
const (
	reportTimeout  = 15 * time.Second
	maxReportBytes = 8 << 20
)

var incidentID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._~-]{0,199}$`)

// resources are the paths under /api/datasources/uid/…/resources.
func (d *DataSource) resources() backend.CallResourceHandler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /services", d.list("services"))
	mux.HandleFunc("GET /pops", d.list("pops"))
	mux.HandleFunc("GET /incidents", d.list("incidents"))
	mux.HandleFunc("GET /tag-keys", tagKeys)
	mux.HandleFunc("GET /tag-values", d.tagValues)
	mux.HandleFunc("GET /report/{id}", d.report)
	return httpadapter.New(mux)
}

// choice is one entry of a picker.
type choice struct {
	Text  string `json:"text"`
	Value string `json:"value"`
}

func (d *DataSource) list(variable string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		choices, err := d.choices(r.Context(), variable, r)
		if err != nil {
			fail(w, http.StatusBadGateway, explain(err))
			return
		}
		reply(w, choices)
	}
}

// choices lists the names of the time range from and to (Unix milliseconds), by default of the last seven days.
func (d *DataSource) choices(ctx context.Context, variable string, r *http.Request) ([]choice, error) {
	if d.fault != nil {
		return nil, d.fault
	}
	now := time.Now()
	q := query{Type: typeVariable, Variable: variable, Limit: 1000,
		From: milliseconds(r.FormValue("from"), now.AddDate(0, 0, -7)), To: milliseconds(r.FormValue("to"), now)}
	chosen, err := selectVariable(q)
	if err != nil {
		return nil, err
	}
	rows, err := d.read(ctx, chosen.statements)
	if err != nil {
		return nil, err
	}
	choices := make([]choice, 0, rows[0].Rows())
	for i := range rows[0].Rows() {
		choices = append(choices, choice{text(rows[0], 0, i), text(rows[0], 1, i)})
	}
	return choices, nil
}

// milliseconds are cut to whole ten seconds, so that pickers opened together ask the same.
func milliseconds(given string, otherwise time.Time) time.Time {
	if ms, err := strconv.ParseInt(given, 10, 64); err == nil && ms > 0 {
		otherwise = time.UnixMilli(ms)
	}
	return otherwise.Truncate(10 * time.Second)
}

func tagKeys(w http.ResponseWriter, _ *http.Request) {
	keys := make([]choice, len(filterKeys))
	for i, key := range filterKeys {
		keys[i] = choice{key, key}
	}
	reply(w, keys)
}

func (d *DataSource) tagValues(w http.ResponseWriter, r *http.Request) {
	key := r.FormValue("key")
	fixed := map[string][]string{"severity": append([]string{"info", "warning"}, severities...), "status": {"open", "resolved"}, "kind": kinds}
	for _, p := range phases[1:] {
		fixed["phase"] = append(fixed["phase"], p.name)
	}
	fixed["event"] = append([]string{"note", "announced"}, fixed["phase"]...)
	if values, known := fixed[key]; known {
		choices := make([]choice, len(values))
		for i, v := range values {
			choices[i] = choice{v, v}
		}
		reply(w, choices)
		return
	}
	listed, known := map[string]string{"service": "services", "first_service": "services", "pop": "pops", "incident": "incidents"}[key]
	if !known {
		fail(w, http.StatusBadRequest, fmt.Sprintf("key is %q; allowed are %q", key, filterKeys))
		return
	}
	d.list(listed)(w, r)
}

// report passes on the report of an incident from the worker, as Markdown or JSON. It is
// shown as text and never as a page, since it would run in Grafana's own origin.
func (d *DataSource) report(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	switch {
	case !incidentID.MatchString(id):
		fail(w, http.StatusBadRequest, fmt.Sprintf("%.80q is no incident id", id))
		return
	case d.settings.worker == nil:
		fail(w, http.StatusNotFound, "The Worker URL is not set in the data source, so there is no report to show. On the command line: spikeline report "+id)
		return
	}
	format := "md"
	if r.FormValue("format") == "json" {
		format = "json"
	}
	status, body, err := d.fetch(r.Context(), "incidents/"+id, "format="+format)
	if err != nil {
		fail(w, http.StatusBadGateway, fmt.Sprintf("The worker at %s does not answer: %v", d.settings.worker.Host, err))
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if json.Valid(body) && status == http.StatusOK {
		w.Header().Set("Content-Type", "application/json")
	}
	w.Header().Set("Content-Security-Policy", "sandbox")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(body) // a reader who has gone misses nothing
}

func (d *DataSource) fetch(ctx context.Context, path, query string) (int, []byte, error) {
	address := d.settings.worker.JoinPath(path)
	address.RawQuery = query
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address.String(), nil)
	if err != nil {
		return 0, nil, err
	}
	response, err := d.client.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxReportBytes+1))
	if err == nil && len(body) > maxReportBytes {
		err = fmt.Errorf("the report has more than %d bytes", maxReportBytes)
	}
	return response.StatusCode, body, err
}

// reach tells whether the worker answers at all.
func (d *DataSource) reach(ctx context.Context) error {
	status, _, err := d.fetch(ctx, "healthz", "")
	if err == nil && status >= http.StatusInternalServerError {
		err = errors.New("it answers " + http.StatusText(status))
	}
	return err
}

func reply(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(body); err != nil {
		backend.Logger.Debug("the caller of a resource went away", "error", err)
	}
}

func fail(w http.ResponseWriter, status int, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	reply(w, map[string]string{"message": message})
}
