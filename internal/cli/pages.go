package cli

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"time"

	"github.com/spikeline/spikeline/internal/config"
	"github.com/spikeline/spikeline/processor/incident"
	"github.com/spikeline/spikeline/sink"
)

// pages serve incidents and their reports, read-only, beside a worker's metrics.
type pages struct{ config config.Config }

// pageTime bounds what one page may cost ClickHouse.
const pageTime = 20 * time.Second

func incidentPages(c config.Config) map[string]http.Handler {
	p := pages{c}
	return map[string]http.Handler{"GET /incidents": p.handle(p.list), "GET /incidents/{id}": p.handle(p.one)}
}

// handle opens an archive for a request and tells its failure in words.
func (p pages) handle(page func(context.Context, *archive, http.ResponseWriter, *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), pageTime)
		defer cancel()
		reader, err := sink.OpenReader(p.config.Sink)
		if err == nil {
			err = errors.Join(page(ctx, &archive{Reader: reader, config: p.config}, w, r), reader.Close())
		}
		switch {
		case errors.Is(err, sink.ErrNotFound):
			http.Error(w, err.Error()+"; /incidents lists those there are", http.StatusNotFound)
		case err != nil:
			http.Error(w, "ClickHouse does not answer: "+err.Error(), http.StatusBadGateway)
		}
	})
}

var listPage = template.Must(template.New("incidents").Funcs(template.FuncMap{"stamp": stamp, "grouped": grouped}).Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"><title>Incidents</title>
<style>body{font:15px/1.5 system-ui,sans-serif;margin:2rem}table{border-collapse:collapse}th,td{text-align:left;padding:.3rem .9rem .3rem 0;vertical-align:top}</style>
<h1>Incidents</h1>
{{if .}}<table><thead><tr><th>Started (UTC)<th>Over<th>Phase<th>Severity<th>Failed<th>What</thead><tbody>
{{range .}}<tr><td>{{stamp .StartedAt}}<td>{{stamp .EndedAt}}<td>{{.Phase}}<td>{{.Severity}}<td>{{grouped .RequestsFailed}}<td><a href="/incidents/{{.ID}}">{{.Title}}</a>
{{end}}</tbody></table>{{else}}<p>No incident has been found.{{end}}
`))

// listed is how many incidents one page shows.
const listed = 200

func (p pages) list(ctx context.Context, s *archive, w http.ResponseWriter, r *http.Request) error {
	found, err := s.ListIncidents(ctx, sink.Filter{Service: r.URL.Query().Get("service"), Limit: listed})
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	return listPage.Execute(w, found)
}

func (p pages) one(ctx context.Context, s *archive, w http.ResponseWriter, r *http.Request) error {
	in, events, err := s.get(ctx, r.PathValue("id"))
	if err != nil {
		return err
	}
	q, err := s.quality(ctx, in)
	if err != nil {
		return err
	}
	if r.URL.Query().Get("format") == "json" {
		w.Header().Set("Content-Type", "application/json")
		return writeJSON(w, reportDocument(in, events, q))
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, err = fmt.Fprint(w, markdown(in, events, q))
	return err
}

// reportJSON is a report as programs read it.
type reportJSON struct {
	incidentJSON
	Quality quality `json:"data_quality"`
}

func reportDocument(in incident.Incident, events []incident.Event, q quality) reportJSON {
	return reportJSON{incidentDocument(in, events), q}
}
