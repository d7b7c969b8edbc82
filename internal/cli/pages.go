package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/spikeline/spikeline/dashboards/report"
	"github.com/spikeline/spikeline/internal/config"
	"github.com/spikeline/spikeline/sink"
)

// pages serve incidents and their reports, read-only, beside a worker's metrics.
type pages struct{ config config.Config }

const (
	pageTime = 20 * time.Second // what one page may cost ClickHouse
	pageRows = 50               // incidents on one page of the list
	lastPage = 10_000
	longest  = 300 // bytes of a search
)

func incidentPages(c config.Config) map[string]http.Handler {
	p := pages{c}
	return map[string]http.Handler{"GET /incidents": p.handle(p.list), "GET /incidents/{id}": p.handle(p.one)}
}

// errBadRequest is a page that was asked for in a way that is not known.
var errBadRequest = errors.New("bad request")

// handle opens an archive for a request and tells its failure in words. A page is sent once it is whole.
func (p pages) handle(page func(context.Context, *archive, *bytes.Buffer, *http.Request) (string, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), pageTime)
		defer cancel()
		var kind string
		var out bytes.Buffer
		reader, err := sink.OpenReader(p.config.Sink)
		if err == nil {
			kind, err = page(ctx, &archive{Reader: reader, config: p.config}, &out, r)
			err = errors.Join(err, reader.Close())
		}
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		switch {
		case errors.Is(err, errBadRequest):
			http.Error(w, err.Error(), http.StatusBadRequest)
		case errors.Is(err, sink.ErrNotFound), errors.Is(err, errNone):
			http.Error(w, err.Error()+"; /incidents lists those there are", http.StatusNotFound)
		case errors.Is(err, sink.ErrAmbiguous):
			http.Error(w, err.Error(), http.StatusNotFound)
		case err != nil:
			http.Error(w, "ClickHouse does not answer: "+err.Error(), http.StatusBadGateway)
		default:
			h.Set("Content-Type", kind)
			h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'")
			h.Set("Referrer-Policy", "same-origin")
			_, _ = out.WriteTo(w)
		}
	})
}

var contentTypes = map[string]string{"html": "text/html; charset=utf-8", "md": "text/markdown; charset=utf-8", "json": "application/json"}

func (p pages) list(ctx context.Context, s *archive, out *bytes.Buffer, r *http.Request) (string, error) {
	q := r.URL.Query()
	search := report.Search{Words: q.Get("q"), Service: q.Get("service"), Phase: q.Get("phase"), Open: q.Get("status") == "open"}
	if search.Phase != "" && !slices.Contains(report.Phases(), search.Phase) {
		return "", fmt.Errorf("%w: phase %q; allowed are %v", errBadRequest, search.Phase, report.Phases())
	}
	if len(search.Words) > longest || len(search.Service) > longest {
		return "", fmt.Errorf("%w: a search has at most %d bytes", errBadRequest, longest)
	}
	if text := q.Get("page"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n > lastPage {
			return "", fmt.Errorf("%w: page %q; allowed is 0 to %d", errBadRequest, text, lastPage)
		}
		search.Page = n
	}
	found, err := s.ListIncidents(ctx, sink.Filter{Words: search.Words, Service: search.Service, Phase: search.Phase, OpenOnly: search.Open, Limit: pageRows + 1, Skip: search.Page * pageRows})
	if err != nil {
		return "", err
	}
	more := len(found) > pageRows
	return contentTypes["html"], report.WriteList(out, search, found[:min(len(found), pageRows)], more)
}

func (p pages) one(ctx context.Context, s *archive, out *bytes.Buffer, r *http.Request) (string, error) {
	format := r.URL.Query().Get("format")
	if format == "" {
		format = "html"
	}
	kind, known := contentTypes[format]
	if !known {
		return "", fmt.Errorf("%w: format %q; allowed are %v", errBadRequest, format, report.Formats())
	}
	data, err := s.report(ctx, r.PathValue("id"), 0, time.Now())
	if err != nil {
		return "", err
	}
	data.Home = "/incidents"
	return kind, report.Write(out, format, data)
}
