package dashboards

//lint:file-ignore SA1019 provisioned files are of the classic schema, which Grafana 12 reads

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

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
			for _, o := range c.Overrides {
				hosts := p.Type == "table" && o.Matcher.Options == "service"
				if hosts && !slices.ContainsFunc(o.Properties, func(is propertyJSON) bool { return strings.HasSuffix(is.ID, "idth") }) {
					t.Errorf("%s: %q cuts off the names of services on a phone", d.UID, p.Title)
				}
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

func TestThePluginPaintsPhasesAsTheDashboardsDo(t *testing.T) {
	text, err := os.ReadFile("plugin/pkg/plugin/timeline.go")
	if err != nil {
		t.Fatal(err)
	}
	painted := regexp.MustCompile(`\{"[a-z_]+", "([A-Z][a-z ]+)", "(#[0-9A-F]{6})"\}`).FindAllStringSubmatch(string(text), -1)
	if len(painted) != len(phases) {
		t.Fatalf("the plugin has %d phases, the dashboards have %d", len(painted), len(phases))
	}
	for i, p := range phases {
		if !strings.EqualFold(painted[i][1], p.text) || painted[i][2] != p.color {
			t.Errorf("phase %d is %v in the plugin, %v in the dashboards", i, painted[i][1:], p)
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
