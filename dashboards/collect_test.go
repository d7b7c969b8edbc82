package dashboards

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/goccy/go-yaml"
)

// The JSON as it is checked in, with the fields that the tests look at.
type dashboardJSON struct {
	UID, Title, Description, Timezone string
	SchemaVersion                     int
	Panels                            []panelJSON
	Templating                        struct{ List []variableJSON }
	Annotations                       struct{ List []annotationJSON }
	file                              string
}

type panelJSON struct {
	ID                       int
	Type, Title, Description string
	Interval                 string
	Collapsed                bool
	Panels                   []panelJSON // of a collapsed row
	GridPos                  struct{ X, Y, W, H int }
	Targets                  []targetJSON
	Datasource               struct{ Type, UID string }
	Options                  struct {
		Color struct{ Mode string }
	}
	Transformations []struct{ ID string }
	FieldConfig     struct {
		Defaults  defaultsJSON
		Overrides []struct {
			Matcher    struct{ ID, Options string }
			Properties []propertyJSON
		}
	}
}

type propertyJSON struct {
	ID    string
	Value any
}

type defaultsJSON struct {
	Unit, NoValue string
	Color         struct{ Mode string }
	Mappings      []struct {
		Type    string
		Options map[string]any
	}
}

// hasNull tells whether a value that is not there has a name and a colour of its own.
func (d defaultsJSON) hasNull() bool {
	for _, m := range d.Mappings {
		if m.Type == "special" && m.Options["match"] == "null" {
			return true
		}
	}
	return false
}

type targetJSON struct {
	RefID, RawSQL, Expr, EditorType string
	Format                          any // of Prometheus, a word
	Datasource                      struct{ Type, UID string }
}

type variableJSON struct {
	Name, Type, Label, Description string
	Query                          any
	Multi, IncludeAll              bool
}

type annotationJSON struct {
	Name, IconColor string
	Enable          bool
	Target          targetJSON
}

func checkedIn(t *testing.T) (all []dashboardJSON) {
	t.Helper()
	files, err := filepath.Glob("json/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no dashboards in json: %v", err)
	}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		d := dashboardJSON{file: f}
		if err := json.Unmarshal(text, &d); err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		all = append(all, d)
	}
	return all
}

// all are the panels, those in collapsed rows too, without the rows.
func (d dashboardJSON) all() (panels []panelJSON) {
	for _, p := range d.Panels {
		if p.Type == "row" {
			panels = append(panels, p.Panels...)
			continue
		}
		panels = append(panels, p)
	}
	return panels
}

// statement is one SQL that Grafana sends.
type statement struct {
	where  string // for people
	kind   string // panel, variable, annotation or alert
	panel  string // its kind
	format int
	step   bool // knows $__interval_s
	sql    string
	above  float64 // beyond which an alert fires
}

func statements(t *testing.T) (all []statement) {
	t.Helper()
	for _, d := range checkedIn(t) {
		for _, p := range d.all() {
			for _, q := range p.Targets {
				if q.RawSQL != "" {
					all = append(all, statement{fmt.Sprintf("%s: %s (%s)", d.UID, p.Title, q.RefID), "panel", p.Type, formatOf(q.Format), true, q.RawSQL, 0})
				}
			}
		}
		for _, v := range d.Templating.List {
			if q, ok := v.Query.(map[string]any); ok {
				all = append(all, statement{d.UID + ": variable " + v.Name, "variable", "", formatOf(q["format"]), false, q["rawSql"].(string), 0})
			}
		}
		for _, a := range d.Annotations.List {
			if a.Target.RawSQL != "" {
				all = append(all, statement{d.UID + ": annotation " + a.Name, "annotation", "", formatOf(a.Target.Format), false, a.Target.RawSQL, 0})
			}
		}
	}
	for _, r := range provisionedRules(t) {
		all = append(all, statement{"alert " + r.UID, "alert", "", formatOf(r.Data[0].Model.Format), false, r.Data[0].Model.RawSQL, r.Data[2].Model.Conditions[0].Evaluator.Params[0]})
	}
	return all
}

func formatOf(v any) int {
	n, ok := v.(float64)
	if !ok {
		return -1
	}
	return int(n)
}

type ruleYAML struct {
	UID, Title, Condition, For string
	DashboardUID               string
	PanelID                    int
	NoDataState                string
	Labels, Annotations        map[string]string
	Data                       []struct {
		RefID         string
		DatasourceUID string
		Model         struct {
			RawSQL, Type, Expression string
			Format                   any
			Conditions               []struct{ Evaluator struct{ Params []float64 } }
		}
	}
}

func provisionedRules(t *testing.T) []ruleYAML {
	t.Helper()
	text, err := os.ReadFile("../deployments/grafana/provisioning/alerting/spikeline-rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Groups []struct{ Rules []ruleYAML }
	}
	// Through JSON, whose field names are matched in any case.
	var loose map[string]any
	if err := yaml.Unmarshal(text, &loose); err != nil {
		t.Fatal(err)
	}
	asJSON, err := json.Marshal(loose)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(asJSON, &file); err != nil {
		t.Fatal(err)
	}
	return file.Groups[0].Rules
}
