package dashboards

//lint:file-ignore SA1019 provisioned files are of the classic schema, which Grafana 12 reads

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"

	"github.com/spikeline/spikeline/internal/telemetry"
)

func TestTheFilesAreFresh(t *testing.T) {
	want := Files()
	for name, text := range want {
		have, err := os.ReadFile(filepath.Join("..", name))
		if err != nil || !bytes.Equal(have, text) {
			t.Errorf("%s is not what the code makes: run make dashboards (%v)", name, err)
		}
	}
	for _, folder := range []string{"dashboards/json", "deployments/grafana/provisioning/dashboards/spikeline"} {
		entries, err := os.ReadDir(filepath.Join("..", folder))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if _, made := want[folder+"/"+e.Name()]; !made {
				t.Errorf("%s/%s is made by no code: delete it", folder, e.Name())
			}
		}
	}
}

func TestDashboardsFitTheSchemaOfTheSDK(t *testing.T) {
	plugins.RegisterDefaultPlugins()
	for _, d := range checkedIn(t) {
		text, err := os.ReadFile(d.file)
		if err != nil {
			t.Fatal(err)
		}
		var strict dashboard.Dashboard
		if err := strict.UnmarshalJSONStrict(text); err != nil && err.Error() != "" { // it gives an empty list of errors for none
			t.Errorf("%s: %v", d.file, err)
		}
		if err := strict.Validate(); err != nil {
			t.Errorf("%s: %v", d.file, err)
		}
	}
}

func TestIdsAreUniqueAndTheGridHasNoOverlap(t *testing.T) {
	uids := map[string]bool{}
	for _, d := range checkedIn(t) {
		if uids[d.UID] || d.UID+".json" != filepath.Base(d.file) {
			t.Errorf("%s: uid %q", d.file, d.UID)
		}
		uids[d.UID] = true
		ids := map[int]bool{}
		taken := map[[2]int]string{}
		place := func(p panelJSON) {
			if ids[p.ID] || p.ID == 0 {
				t.Errorf("%s: %s: id %d is taken or 0", d.UID, p.Title, p.ID)
			}
			ids[p.ID] = true
			g := p.GridPos
			if g.W == 0 || g.H == 0 || g.X+g.W > 24 {
				t.Errorf("%s: %s: %+v leaves the grid", d.UID, p.Title, g)
			}
			for x := g.X; x < g.X+g.W; x++ {
				for y := g.Y; y < g.Y+g.H; y++ {
					if other := taken[[2]int{x, y}]; other != "" {
						t.Fatalf("%s: %s lies over %s", d.UID, p.Title, other)
					}
					taken[[2]int{x, y}] = p.Title
				}
			}
		}
		for _, p := range d.Panels {
			place(p)
			for _, inner := range p.Panels {
				place(inner)
			}
		}
	}
}

func TestEveryPanelAsksAQuestionAndSaysHowToReadItAndWhyItIsEmpty(t *testing.T) {
	numeric := []string{"timeseries", "stat", "bargauge", "heatmap"}
	for _, d := range checkedIn(t) {
		if d.Description == "" || d.Timezone != "utc" {
			t.Errorf("%s: description %q, time zone %q", d.UID, d.Description, d.Timezone)
		}
		for _, p := range d.all() {
			c := p.FieldConfig.Defaults
			if !strings.HasSuffix(p.Title, "?") || len(p.Description) < 20 || c.NoValue == "" {
				t.Errorf("%s: %q: description %q, empty state %q", d.UID, p.Title, p.Description, c.NoValue)
			}
			words := p.Title == "What failed first?"
			if slices.Contains(numeric, p.Type) && c.Unit == "" && !words && p.Type != "heatmap" {
				t.Errorf("%s: %q has numbers without a unit", d.UID, p.Title)
			}
		}
	}
}

// What these panels do otherwise was seen in Grafana 12.4.
func TestPanelsAvoidWhatGrafanaDrawsWrongly(t *testing.T) {
	for _, d := range checkedIn(t) {
		for _, p := range d.all() {
			c := p.FieldConfig
			if p.Type == "state-timeline" && c.Defaults.Color.Mode == "thresholds" {
				t.Errorf("%s: %q draws the steps of the thresholds in place of the names of states", d.UID, p.Title)
			}
			if slices.Contains([]string{"heatmap", "state-timeline"}, p.Type) && (len(p.Transformations) != 1 || p.Transformations[0].ID != "filterFieldsByName") {
				t.Errorf("%s: %q fails where its range has no data: it takes no frame without fields", d.UID, p.Title)
			}
			ofAll := func() bool {
				return len(c.Overrides) > 0 && c.Overrides[0].Matcher.Options == "/.*/" && c.Overrides[0].Properties[0].ID == "noValue"
			}
			if p.Type == "table" && c.Overrides[1].Matcher.ID != "byType" {
				t.Errorf("%s: %q cuts off times that are less than a minute apart", d.UID, p.Title)
			}
			if p.Type == "state-timeline" && !c.Defaults.hasNull() {
				t.Errorf("%s: %q gives no data the colour of some state in its legend", d.UID, p.Title)
			}
			if p.Type == "heatmap" && p.Options.Color.Mode != "opacity" {
				t.Errorf("%s: %q begins with a dark colour in the dark theme", d.UID, p.Title)
			}
			for _, o := range c.Overrides {
				for _, is := range o.Properties {
					if is.ID == "custom.cellOptions" && strings.Contains(fmt.Sprint(is.Value), "color-text") {
						t.Errorf("%s: %q writes yellow on white in the light theme (%s)", d.UID, p.Title, o.Matcher.Options)
					}
				}
			}
			if slices.Contains([]string{"table", "state-timeline"}, p.Type) && !ofAll() {
				t.Errorf("%s: %q shows %q in each empty cell", d.UID, p.Title, c.Defaults.NoValue)
			}
		}
	}
}

func TestOnlyPhasesMakeTheStatesOfATimeline(t *testing.T) {
	for _, s := range statements(t) {
		if strings.Contains(s.sql, "indexOf(['first_spike'") && !strings.Contains(s.sql, "WHERE event IN ['first_spike'") {
			t.Errorf("%s: what people write, note or announced, would count as a phase", s.where)
		}
	}
}

func TestQueriesHaveTheFormatThatTheirPanelTakes(t *testing.T) {
	for _, s := range statements(t) {
		want := Rows
		if slices.Contains([]string{"timeseries", "heatmap", "state-timeline"}, s.panel) || s.kind == "alert" {
			want = Series
		}
		if s.panel == "stat" {
			want = s.format
		}
		if s.format != want || s.format < 0 {
			t.Errorf("%s: format %d, want %d", s.where, s.format, want)
		}
		if s.format == Series && s.kind == "panel" && !strings.Contains(s.sql, "ORDER BY time") {
			t.Errorf("%s: a time series must be sorted by time", s.where)
		}
	}
}

func TestQueriesUseOnlyMacrosOfEveryVersionAndEscapedVariables(t *testing.T) {
	a := asked{variables: map[string]string{"service": "'x'", "pop": "'x'", "incident": "'x'"}}
	for _, s := range statements(t) {
		a.seconds = 0
		if s.step {
			a.seconds = 10
		}
		if s.kind == "alert" && strings.Contains(s.sql, "$__") {
			t.Errorf("%s: alerts know no macros on steps; theirs are free of all", s.where)
		}
		if _, err := a.expand(s.sql); err != nil {
			t.Errorf("%s: %v", s.where, err)
		}
		if strings.Contains(s.sql, "--") {
			t.Errorf("%s: macros in comments are expanded too, so there are none", s.where)
		}
	}
}

func TestQueriesOfLargeTablesAreBoundedByTime(t *testing.T) {
	large := regexp.MustCompile(`spikeline\.(windows|windows_1m|windows_1h|service_windows|signals|rejects)\b`)
	bounds := regexp.MustCompile(`\$__timeFilter\((window_start|at)\)|(window_start|at) >= (began|toStartOfHour\(\$__fromTime\))`)
	for _, s := range statements(t) {
		if tables, limits := len(large.FindAllString(s.sql, -1)), len(bounds.FindAllString(s.sql, -1)); limits < tables {
			t.Errorf("%s: %d large tables, %d bounds by time", s.where, tables, limits)
		}
	}
}

func TestLinksLeadToDashboardsAndVariablesThatExist(t *testing.T) {
	known := map[string][]string{}
	for _, d := range checkedIn(t) {
		for _, v := range d.Templating.List {
			known[d.UID] = append(known[d.UID], v.Name)
		}
	}
	link := regexp.MustCompile(`/d/([a-z-]+)([^"\s]*)`)
	parameter := regexp.MustCompile(`var-([a-z]+)=`)
	leads := map[string][]string{}
	for _, d := range checkedIn(t) {
		text, err := os.ReadFile(d.file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			if _, ok := known[m[1]]; !ok {
				t.Errorf("%s: a link leads to %s, which is not there", d.UID, m[1])
			}
			for _, p := range parameter.FindAllStringSubmatch(m[2], -1) {
				if !slices.Contains(known[m[1]], p[1]) {
					t.Errorf("%s: a link sets var-%s, which %s does not have", d.UID, p[1], m[1])
				}
			}
			leads[d.UID] = append(leads[d.UID], m[1])
		}
	}
	for from, to := range map[string]string{overviewID: timelineID, timelineID: serviceID} {
		if !slices.Contains(leads[from], to) {
			t.Errorf("two clicks from the wall screen to the failing service: %s does not lead to %s", from, to)
		}
	}
}

func TestColoursAreOfThePaletteForAnyColourVision(t *testing.T) {
	palette := []string{orange, sky, green, yellow, blue, vermilion, pink, wine, calm, faint}
	for _, d := range checkedIn(t) {
		text, err := os.ReadFile(d.file)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range regexp.MustCompile(`"#[0-9A-Fa-f]{6}"`).FindAllString(string(text), -1) {
			if !slices.Contains(palette, strings.Trim(c, `"`)) {
				t.Errorf("%s: colour %s", d.UID, c)
			}
		}
		for _, name := range []string{`"red"`, `"green"`, `"yellow"`, `"orange"`, `"blue"`} {
			if bytes.Contains(text, []byte(`"color": `+name)) {
				t.Errorf("%s: colour %s", d.UID, name)
			}
		}
	}
}

func TestMetricsAreInTheCatalogue(t *testing.T) {
	var known []string
	for _, m := range telemetry.Catalogue {
		known = append(known, m.Name)
	}
	n := 0
	for _, d := range checkedIn(t) {
		for _, p := range d.all() {
			for _, q := range p.Targets {
				for _, name := range regexp.MustCompile(`spikeline_[a-z_]+`).FindAllString(q.Expr, -1) {
					n++
					if !slices.Contains(known, name) {
						t.Errorf("%s: %s: %s is not exported", d.UID, p.Title, name)
					}
				}
			}
		}
	}
	if n < 20 {
		t.Errorf("only %d metrics are shown", n)
	}
}

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
		if len(r.UID) > 40 {
			t.Errorf("%s: Grafana takes 40 characters", r.UID)
		}
	}
	if len(rules) < 6 {
		t.Errorf("%d rules", len(rules))
	}
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
