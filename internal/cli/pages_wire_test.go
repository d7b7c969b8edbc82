//go:build wire

package cli

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spikeline/spikeline/internal/config"
)

// site serves the pages over a stored pair of incidents.
func site(t *testing.T) (address, dsn string) {
	t.Helper()
	c := config.Default()
	c.Sink.DSN = stored(t)
	mux := http.NewServeMux()
	for pattern, page := range incidentPages(c) {
		mux.Handle(pattern, page)
	}
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL, c.Sink.DSN
}

func TestThePagesListSearchAndShowIncidents(t *testing.T) {
	address, dsn := site(t)
	for path, want := range map[string]struct {
		status int
		has    string
		hasNot string
	}{
		"/incidents":                               {200, "2 incidents, the newest first", "Older"},
		"/incidents?q=FIRST":                       {200, "2 services fail, x.com first", "shop.example.com fails"},
		"/incidents?service=chatgpt.com":           {200, "1 incident, the newest first", "shop.example.com fails"},
		"/incidents?status=open":                   {200, "shop.example.com fails", "x.com first"},
		"/incidents?phase=recovered":               {200, "2 services fail, x.com first", "shop.example.com fails"},
		"/incidents?q=%3Cscript%3E%27":             {200, "No incident is like that.", "<script>"},
		"/incidents?page=1":                        {200, ">Newer</a>", "x.com first"},
		"/incidents?page=-1":                       {400, "allowed is 0 to 10000", ""},
		"/incidents?phase=boom":                    {400, `phase "boom"; allowed are [first_spike`, ""},
		"/incidents/20251118-112010-x.com":         {200, "<h2 id=\"timeline\">Timeline</h2>", "<script"},
		"/incidents/20251118-11?format=md":         {200, "## Timeline", "<svg"},
		"/incidents/20251118-11?format=json":       {200, `"data_quality"`, "<svg"},
		"/incidents/20251118-11?format=pdf":        {400, "allowed are [html md json]", ""},
		"/incidents/latest":                        {200, "This incident is open.", ""},
		"/incidents/20251118-112010-y.com":         {404, "did you mean 20251118-112010-x.com", ""},
		"/incidents/20251118":                      {404, "give more of it", ""},
		"/incidents/" + strings.Repeat("%27", 999): {404, "no such incident", ""},
	} {
		res, err := http.Get(address + path)
		if err != nil {
			t.Fatal(err)
		}
		text, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if res.StatusCode != want.status || !strings.Contains(string(text), want.has) || want.hasNot != "" && strings.Contains(string(text), want.hasNot) {
			t.Errorf("%s: %s; want %d with %q and without %q:\n%.2000s", path, res.Status, want.status, want.has, want.hasNot, text)
		}
		if res.StatusCode == 200 && !strings.HasPrefix(res.Header.Get("Content-Security-Policy"), "default-src 'none'") {
			t.Errorf("%s: content security policy %q", path, res.Header.Get("Content-Security-Policy"))
		}
	}
	reportsAreFilesOfTheNamedFormat(t, dsn)
}

func reportsAreFilesOfTheNamedFormat(t *testing.T, dsn string) {
	t.Helper()
	dir := t.TempDir()
	for name, want := range map[string]string{"a.html": "<!doctype html>", "a.md": "# 2 services fail", "a.json": "{\n"} {
		file := filepath.Join(dir, name)
		if out, status := command(t, "report", "20251118-11", "-o", file, "--objective", "99.5", "--clickhouse", dsn); status != done {
			t.Fatalf("%s: %d %s", name, status, out)
		}
		text, err := os.ReadFile(file)
		if err != nil || !strings.HasPrefix(string(text), want) {
			t.Errorf("%s begins with %.60q, %v", name, text, err)
		}
		if name == "a.json" {
			var d struct {
				Objective float64 `json:"objective"`
				Burnt     float64 `json:"error_budget_burnt"`
			}
			if err := json.Unmarshal(text, &d); err != nil || d.Objective != 0.995 || d.Burnt < 0.4999 || d.Burnt > 0.5001 {
				t.Errorf("an objective of 99.5 %% gives %+v, %v; want half of the budget, as a fifth of 250 %%", d, err)
			}
		}
	}
	if out, status := command(t, "report", "20251118-11", "-o", filepath.Join(dir, "none", "a.html"), "--clickhouse", dsn); status != failed || !strings.Contains(out, "is missing; make it, or name another") {
		t.Errorf("a folder that is not there: %d %s", status, out)
	}
	if out, status := command(t, "report", "latest", "--objective", "100", "--clickhouse", dsn); status != wrongUse || !strings.Contains(out, "below 100") {
		t.Errorf("an objective of everything: %d %s", status, out)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.part")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
