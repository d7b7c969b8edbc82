package dashboards

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"text/template"
	"time"

	"github.com/goccy/go-yaml"
)

func TestAlertRulesLeadToPanelsAndAskTheProvisionedDataSource(t *testing.T) {
	panels := map[string]bool{}
	for _, d := range checkedIn(t) {
		for _, p := range d.all() {
			panels[fmt.Sprint(d.UID, p.ID)] = true
		}
	}
	sources := map[string]any{}
	read(t, "../deployments/grafana/provisioning/datasources/spikeline.yaml", &sources)
	uid := sources["datasources"].([]any)[0].(map[string]any)["uid"]
	rules := provisionedRules(t)
	for _, r := range rules {
		if !panels[fmt.Sprint(r.DashboardUID, r.PanelID)] {
			t.Errorf("%s: no panel %d in %s", r.UID, r.PanelID, r.DashboardUID)
		}
		if len(r.Data) != 3 || r.Condition != "C" || r.Data[0].DatasourceUID != uid || r.NoDataState == "" {
			t.Errorf("%s: %+v", r.UID, r)
		}
		for _, want := range []string{"summary", "description", "dashboard", "__dashboardUid__", "__panelId__"} {
			if r.Annotations[want] == "" || strings.Contains(r.Annotations[want], "${") {
				t.Errorf("%s: annotation %s is %q", r.UID, want, r.Annotations[want])
			}
		}
		// Labels of the rule are not seen in annotations, and a $ of a template in a label would be taken for the environment's.
		if report := r.Labels["report"]; strings.Count(report, "$") != 1 || !strings.HasPrefix(report, "$SPIKELINE_URL/") {
			t.Errorf("%s: label report is %q", r.UID, report)
		}
		// Grafana fills in the summary once more as the alert resolves, with the value of that time.
		if perIncident := strings.Contains(r.Data[0].Model.RawSQL, "incident_id"); perIncident && !strings.Contains(r.Annotations["summary"], "{{ else }}") {
			t.Errorf("%s: when it is over its summary still says %q", r.UID, r.Annotations["summary"])
		}
		if len(r.UID) > 40 {
			t.Errorf("%s: Grafana takes 40 characters", r.UID)
		}
	}
	if len(rules) < 8 {
		t.Errorf("%d rules", len(rules))
	}
}

func TestAlertsReadWellWhileTheyFireWhenTheyAreOverAndWhenClickHouseIsAway(t *testing.T) {
	type value struct{ Value float64 }
	named := map[string]string{"incident_id": "20251118-a b"}
	for _, r := range provisionedRules(t) {
		said := map[string]bool{}
		for state, seen := range map[string]struct {
			Labels map[string]string
			Values map[string]value
		}{"fires": {named, map[string]value{"B": {99}}}, "is over": {named, map[string]value{"B": {-1}}}, "is not known": {}} {
			texts := maps.Clone(r.Annotations)
			texts["label report"] = r.Labels["report"]
			for name, text := range texts {
				got, err := filled(text, seen)
				if err != nil || strings.Contains(got, "no value") || strings.Contains(got, "{{") || strings.Contains(got, "a b") && name != "summary" {
					t.Errorf("%s, %s when it %s: %q, %v", r.UID, name, state, got, err)
				}
				if name == "summary" {
					said[got] = true
				}
			}
		}
		if len(said) != 3 {
			t.Errorf("%s says no more than %v", r.UID, said)
		}
	}
}

// filled does what Grafana does to an annotation; of its own functions those that the rules use.
func filled(text string, seen any) (string, error) {
	duration := func(v float64) string { return fmt.Sprint(time.Duration(v * float64(time.Second))) }
	functions := template.FuncMap{
		"humanizeDuration": duration, "humanizePercentage": func(v float64) string { return fmt.Sprintf("%.4g%%", v*100) },
		"reReplaceAll": func(pattern, with, text string) string {
			return regexp.MustCompile(pattern).ReplaceAllString(text, with)
		},
		"externalURL": func() string { return "http://grafana.example/" },
	}
	parsed, err := template.New("").Funcs(functions).Parse(`{{ $labels := .Labels }}{{ $values := .Values }}` + text)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	err = parsed.Execute(&b, seen)
	return b.String(), err
}

func read(t *testing.T, file string, into any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

func TestEveryVariableOfTheProvisioningIsInTheEnvironmentFile(t *testing.T) {
	environment, err := os.ReadFile("../deployments/grafana/grafana.env")
	if err != nil {
		t.Fatal(err)
	}
	name := regexp.MustCompile(`\$([A-Z][A-Z_]+)`)
	for _, pattern := range []string{"../deployments/grafana/provisioning/*/*.yaml", "../deployments/grafana/examples/*.yaml"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v", pattern, err)
		}
		for _, f := range files {
			var content map[string]any
			read(t, f, &content)
			text, _ := json.Marshal(content)
			for _, m := range name.FindAllStringSubmatch(string(text), -1) {
				if !regexp.MustCompile(`(?m)^` + m[1] + `=`).Match(environment) {
					t.Errorf("%s: $%s is not in grafana.env", f, m[1])
				}
			}
			if content["apiVersion"] != uint64(1) {
				t.Errorf("%s: apiVersion %v", f, content["apiVersion"])
			}
		}
	}
}

// An unknown name keeps Grafana from starting; that of its own default has changed between versions.
func TestTheExamplePoliciesNameContactPointsThatAreProvisioned(t *testing.T) {
	var points struct {
		ContactPoints []struct{ Name string } `yaml:"contactPoints"`
	}
	read(t, "../deployments/grafana/provisioning/alerting/spikeline-contact-points.yaml", &points)
	known := map[string]bool{}
	for _, p := range points.ContactPoints {
		known[p.Name] = true
	}
	text, err := os.ReadFile("../deployments/grafana/examples/policies.yaml")
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`receiver: ([\w-]+)`).FindAllStringSubmatch(string(text), -1)
	for _, m := range named {
		if !known[m[1]] {
			t.Errorf("policies.yaml sends to %s, which is no contact point of ours", m[1])
		}
	}
	if len(named) < 3 {
		t.Errorf("%d receivers are named", len(named))
	}
}
