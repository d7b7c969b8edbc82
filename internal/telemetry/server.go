package telemetry

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"time"
)

// Server serves /metrics, /healthz and /readyz. Serve starts its one goroutine, Close ends it.
type Server struct {
	listener net.Listener
	http     http.Server
	done     chan error
}

// Serve listens at once, so that a taken port is told to the caller. With an empty Listen it gives nil, on which every method is safe.
// Further pages are added by their pattern ("GET /incidents").
func Serve(c HTTPConfig, m *Metrics, r *Readiness, pages map[string]http.Handler) (*Server, error) {
	if c.Listen == "" {
		return nil, nil
	}
	l, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return nil, fmt.Errorf("metrics cannot be served on %s: %w; choose another http.listen, or empty for none", c.Listen, err)
	}
	s := &Server{listener: l, done: make(chan error, 1)}
	s.http = http.Server{Handler: routes(c, m, r, pages), ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10}
	go func() { s.done <- s.http.Serve(l) }()
	return s, nil
}

func routes(c HTTPConfig, m *Metrics, r *Readiness, pages map[string]http.Handler) http.Handler {
	mux := http.NewServeMux()
	for pattern, page := range pages {
		mux.Handle(pattern, page)
	}
	mux.Handle("GET /metrics", m.Handler())
	mux.Handle("GET /readyz", r)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "spikeline\n/metrics\n/healthz\n/readyz\n/readyz?verbose\n/incidents\n")
	})
	if c.Profiling {
		mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
		mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	}
	return mux
}

// Addr is the address that is listened on, with the port the system chose for port 0.
func (s *Server) Addr() string {
	if s == nil {
		return ""
	}
	return s.listener.Addr().String()
}

// Close stops listening, lets running requests finish until ctx ends, and waits for the goroutine.
func (s *Server) Close(ctx context.Context) error {
	if s == nil {
		return nil
	}
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, s.http.Close())
	}
	if served := <-s.done; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}
