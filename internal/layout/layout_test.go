// Package layout keeps the rooms in their order: imports point against the
// data, and each third party has one door.
package layout

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/spikeline/spikeline/"

// pure packages use the standard library and the rooms before them in the data's path.
var pure = map[string][]string{
	"ingest/accesslog":   nil,
	"processor/window":   {"ingest/accesslog"},
	"processor/detect":   {"ingest/accesslog", "processor/window"},
	"processor/incident": {"ingest/accesslog", "processor/window", "processor/detect"},
}

// doors are the only packages that may import a third party.
var doors = map[string][]string{
	"github.com/segmentio/kafka-go":             {"ingest", "processor/exchange", "demo", "internal/testkit"},
	"github.com/ClickHouse/clickhouse-go":       {"sink", "sink/schema", "dashboards/plugin"},
	"github.com/apache/arrow/go":                {"processor/exchange", "export"},
	"github.com/twmb/franz-go":                  {"demo", "internal/testkit"},
	"github.com/ebitengine/purego":              {"sink/engine"},
	"github.com/grafana/grafana-plugin-sdk-go":  {"dashboards/plugin"},
	"github.com/grafana/grafana-foundation-sdk": {"dashboards"},
	"github.com/ajstarks/svgo":                  {"dashboards/report"},
	"github.com/spf13/cobra":                    {"internal/cli"},
	"github.com/goccy/go-yaml":                  {"internal/config", "dashboards"},
	"github.com/prometheus/client_golang":       {"internal/telemetry"},
}

// forbidden: the rooms of the data never import what comes after them.
var after = map[string][]string{
	"ingest":             {"processor", "sink", "dashboards", "internal/worker", "internal/cli"},
	"processor/exchange": {"sink", "dashboards", "internal/worker", "internal/cli"},
	"processor":          {"sink", "dashboards", "internal/worker", "internal/cli"},
	"sink":               {"dashboards", "internal/worker", "internal/cli"},
}

type file struct {
	pkg     string // path inside the module
	name    string
	imports []string
}

// sources are the Go files that are no tests.
func sources(t *testing.T) (files []file) {
	t.Helper()
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git" || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, name)
		f := file{pkg: path.Dir(filepath.ToSlash(rel)), name: filepath.ToSlash(rel)}
		for _, i := range parsed.Imports {
			f.imports = append(f.imports, strings.Trim(i.Path.Value, `"`))
		}
		files = append(files, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func under(pkg string, roots []string) bool {
	return slices.ContainsFunc(roots, func(root string) bool { return pkg == root || strings.HasPrefix(pkg, root+"/") })
}

func TestThePureRoomsUseTheStandardLibraryAndTheRoomsBeforeThem(t *testing.T) {
	for _, f := range sources(t) {
		before, isPure := pure[f.pkg]
		if !isPure {
			continue
		}
		for _, i := range f.imports {
			ours, isOurs := strings.CutPrefix(i, module)
			first, _, _ := strings.Cut(i, "/")
			if isOurs && !slices.Contains(before, ours) || !isOurs && strings.Contains(first, ".") {
				t.Errorf("%s imports %s; allowed are the standard library and %v", f.name, i, before)
			}
		}
	}
}

func TestEachThirdPartyHasItsDoor(t *testing.T) {
	for _, f := range sources(t) {
		for _, i := range f.imports {
			for party, allowed := range doors {
				if strings.HasPrefix(i, party) && !under(f.pkg, allowed) {
					t.Errorf("%s imports %s; its doors are %v", f.name, i, allowed)
				}
			}
		}
	}
}

func TestNoRoomImportsWhatComesAfterIt(t *testing.T) {
	for _, f := range sources(t) {
		for room, later := range after {
			if f.pkg != room {
				continue
			}
			for _, i := range f.imports {
				if ours, isOurs := strings.CutPrefix(i, module); isOurs && under(ours, later) {
					t.Errorf("%s imports %s, which comes after it", f.name, i)
				}
			}
		}
	}
}
