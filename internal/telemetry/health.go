package telemetry

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// Readiness is a set of named checks. A check says why not, in plain words, or
// nil; it answers from memory, at once, from any goroutine.
type Readiness struct {
	mu     sync.Mutex
	checks map[string]func() error
}

// Add puts a check under a name ("kafka"), in place of an earlier one of that name.
func (r *Readiness) Add(name string, check func() error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.checks == nil {
		r.checks = map[string]func() error{}
	}
	r.checks[name] = check
}

// CheckResult is what one check said.
type CheckResult struct {
	Name   string `json:"name"`
	Ready  bool   `json:"ready"`
	Reason string `json:"reason,omitempty"`
}

// Results runs every check, in the order of their names.
func (r *Readiness) Results() (results []CheckResult, ready bool) {
	r.mu.Lock()
	names := make([]string, 0, len(r.checks))
	for name := range r.checks {
		names = append(names, name)
	}
	slices.Sort(names)
	checks := make([]func() error, len(names))
	for i, name := range names {
		checks[i] = r.checks[name]
	}
	r.mu.Unlock()

	ready = true
	for i, check := range checks {
		result := CheckResult{Name: names[i], Ready: true}
		if err := check(); err != nil {
			result.Ready, result.Reason, ready = false, err.Error(), false
		}
		results = append(results, result)
	}
	return results, ready
}

// ServeHTTP answers 200 or 503, with the reasons as lines, or with all checks as JSON when ?verbose is asked for.
func (r *Readiness) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	results, ready := r.Results()
	status := http.StatusOK
	if !ready {
		status = http.StatusServiceUnavailable
	}
	if req.URL.Query().Has("verbose") {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(struct {
			Ready  bool          `json:"ready"`
			Checks []CheckResult `json:"checks"`
		}{ready, results})
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	if ready {
		fmt.Fprintln(w, "ready")
		return
	}
	var lines strings.Builder
	for _, c := range results {
		if !c.Ready {
			fmt.Fprintf(&lines, "%s: %s\n", c.Name, c.Reason)
		}
	}
	fmt.Fprint(w, lines.String())
}
