package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/variants"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/heatmap"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/statetimeline"
	"github.com/grafana/grafana-foundation-sdk/go/table"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

// view is what all kinds of panels have. The grid is 24 columns wide.
type view struct {
	question   string // the title
	about      string // how to read it
	empty      string // what stands in place of data, and why
	w, h       uint32
	unit       string
	decimals   *float64
	min, max   *float64
	name       string // of a series, such as ${__field.labels.service}
	thresholds *dashboard.ThresholdsConfig
	mappings   []dashboard.ValueMapping
	color      string // mode: palette-classic, thresholds, fixed ...
	links      []dashboard.DashboardLink
	overrides  []dashboard.DashboardFieldConfigSourceOverrides
	points     float64 // most points a series
	bare       bool    // lines without an area below, where many cross
	spelt      bool    // states with their names in the bars, where rows are few: Grafana cuts off what does not fit
	page       float64 // rows of a state timeline on a page; 0 puts all on one
	targets    []variants.Dataquery
}

// built is a panel that the dashboard's builder takes.
type built dashboard.Panel

// Build gives the panel.
func (b built) Build() (dashboard.Panel, error) { return dashboard.Panel(b), nil }

// on completes a panel of some kind.
func (v view) on(kind cog.Builder[dashboard.Panel]) built {
	p, err := kind.Build()
	must(err)
	p.Title, p.Description = &v.question, &v.about
	p.GridPos = &dashboard.GridPos{W: v.w, H: v.h}
	p.Targets = named(v.targets)
	p.Interval = cog.ToPtr("10s") // a window: finer steps would have holes
	if v.points > 0 {
		p.MaxDataPoints = &v.points
	}
	p.Datasource = cog.ToPtr(clickhouse())
	if len(v.targets) > 0 && v.targets[0].DataqueryType() == PrometheusType {
		p.Datasource = cog.ToPtr(ref(PrometheusType, "${prom}"))
	}
	if p.FieldConfig == nil {
		p.FieldConfig = dashboard.NewFieldConfigSource()
	}
	v.fill(&p.FieldConfig.Defaults)
	p.FieldConfig.Overrides = append([]dashboard.DashboardFieldConfigSourceOverrides{}, v.overrides...)
	return built(p)
}

func (v view) fill(c *dashboard.FieldConfig) {
	if v.unit != "" {
		c.Unit = &v.unit
	}
	if v.name != "" {
		c.DisplayName = &v.name
	}
	c.Decimals, c.Min, c.Max, c.Mappings, c.Links = v.decimals, v.min, v.max, v.mappings, v.links
	c.NoValue = &v.empty
	if c.Thresholds = v.thresholds; c.Thresholds == nil {
		c.Thresholds = plain
	}
	if v.color == "" {
		v.color = "thresholds"
	}
	c.Color = &dashboard.FieldColor{Mode: dashboard.FieldColorModeId(v.color)}
}

// number is one big number, with its course if it has one.
func (v view) number() built {
	graph, calc, fields := common.BigValueGraphModeNone, "lastNotNull", ""
	if q, ok := v.targets[0].(Query); !ok || q.Format == Series {
		graph = common.BigValueGraphModeArea
	} else {
		fields = "/.*/"
	}
	return v.on(stat.NewPanelBuilder().GraphMode(graph).ColorMode(common.BigValueColorModeBackground).
		WideLayout(false).Orientation(common.VizOrientationAuto).
		ReduceOptions(common.NewReduceDataOptionsBuilder().Calcs([]string{calc}).Fields(fields)))
}

func legend() cog.Builder[common.VizLegendOptions] {
	return common.NewVizLegendOptionsBuilder().ShowLegend(true).Placement(common.LegendPlacementBottom).
		DisplayMode(common.LegendDisplayModeList).Calcs([]string{})
}

func tooltip() cog.Builder[common.VizTooltipOptions] {
	return common.NewVizTooltipOptionsBuilder().Mode(common.TooltipDisplayModeMulti).Sort(common.SortOrderDescending)
}

// curve is a time series. A hole in the data stays a hole.
func (v view) curve() built {
	if v.color == "" {
		v.color = "palette-classic"
	}
	drawn := v.drawn()
	if v.bare {
		drawn = drawn.FillOpacity(0)
	}
	return v.on(drawn)
}

func (v view) drawn() *timeseries.PanelBuilder {
	return timeseries.NewPanelBuilder().LineWidth(2).FillOpacity(8).ShowPoints(common.VisibilityModeNever).
		SpanNulls(common.BoolOrFloat64{Bool: cog.ToPtr(false)}).
		Legend(legend()).Tooltip(tooltip())
}

// stack is a time series of parts that add up.
func (v view) stack() built {
	if v.color == "" {
		v.color = "palette-classic"
	}
	return v.on(v.drawn().LineWidth(1).FillOpacity(70).
		Stacking(common.NewStackingConfigBuilder().Mode(common.StackingModeNormal)))
}

// states is a state timeline of numbers with names. Its query gives a NULL where
// there is no data, which ends the colour; insertNulls would do so too, but at a fixed age, and a step of a long range is older.
func (v view) states(names []state) built {
	v.overrides = append([]dashboard.DashboardFieldConfigSourceOverrides{missing("no data")}, v.overrides...)
	v.mappings, v.thresholds, v.color = append(numbered(names), nothing), plain, "palette-classic" // thresholds would draw their steps in place of the names
	inBars := common.VisibilityModeNever
	if v.spelt {
		inBars = common.VisibilityModeAuto
	}
	return v.on(statetimeline.NewPanelBuilder().WithTransformation(withoutEmpty).ShowValue(inBars).MergeValues(true).RowHeight(0.9).PerPage(v.page).
		FillOpacity(90).LineWidth(0).NeverInsertNulls().NeverSpanNulls().Legend(legend()).
		Tooltip(common.NewVizTooltipOptionsBuilder().Mode(common.TooltipDisplayModeSingle).Sort(common.SortOrderNone)))
}

// withoutEmpty takes away frames that have no fields, as empty series are. Heat
// maps fail on them and state timelines miss a time field, where both should say that they are empty.
var withoutEmpty = dashboard.DataTransformerConfig{Id: "filterFieldsByName", Options: map[string]any{"include": map[string]any{"pattern": ".*"}}}

// heat is a map of rates from 0 to 1 over time; one row a label. Small rates let the
// background shine through, in either theme; a scheme of colours would begin with a dark one in the dark theme.
func (v view) heat() built {
	return v.on(heatmap.NewPanelBuilder().WithTransformation(withoutEmpty).Calculate(false).CellGap(1).ShowValue(common.VisibilityModeNever).
		Color(heatmap.NewHeatmapColorOptionsBuilder().Mode(heatmap.HeatmapColorModeOpacity).Fill(vermilion).
			Scale(heatmap.HeatmapColorScaleExponential).Exponent(0.5).Steps(64).Min(0).Max(0.5)).
		CellValues(heatmap.NewCellValuesBuilder().Unit("percentunit")).
		YAxis(heatmap.NewYAxisConfigBuilder().AxisPlacement(common.AxisPlacementLeft).AxisWidth(170).Reverse(true)).
		RowsFrame(heatmap.NewRowsHeatmapOptionsBuilder().Layout(common.HeatmapCellLayoutAuto).Value("error rate")).
		Tooltip(heatmap.NewHeatmapTooltipBuilder().Mode(common.TooltipDisplayModeSingle).ShowColorScale(true)).ShowLegend())
}

// missing is what a value that is not there says in place of what the empty panel says.
func missing(text string) dashboard.DashboardFieldConfigSourceOverrides {
	return dashboard.DashboardFieldConfigSourceOverrides{
		Matcher:    dashboard.MatcherConfig{Id: "byRegexp", Options: "/.*/"},
		Properties: []dashboard.DynamicConfigValue{set("noValue", text)},
	}
}

// toTheSecond shows all times alike: by default those of a table that spans less than a minute get
// milliseconds, and no longer fit their column.
func toTheSecond() dashboard.DashboardFieldConfigSourceOverrides {
	return dashboard.DashboardFieldConfigSourceOverrides{
		Matcher:    dashboard.MatcherConfig{Id: "byType", Options: "time"},
		Properties: []dashboard.DynamicConfigValue{unit("dateTimeAsIso")},
	}
}

func (v view) table() built {
	v.overrides = append([]dashboard.DashboardFieldConfigSourceOverrides{missing("–"), toTheSecond()}, v.overrides...)
	return v.on(table.NewPanelBuilder().ShowHeader(true).CellHeight(common.TableCellHeightSm).
		Footer(common.NewTableFooterOptionsBuilder().Show(false).Reducer([]string{})))
}

// field changes one column or series.
func field(name string, properties ...dashboard.DynamicConfigValue) dashboard.DashboardFieldConfigSourceOverrides {
	return dashboard.DashboardFieldConfigSourceOverrides{Matcher: dashboard.MatcherConfig{Id: "byName", Options: name}, Properties: properties}
}

func set(id string, value any) dashboard.DynamicConfigValue {
	return dashboard.DynamicConfigValue{Id: id, Value: value}
}

func unit(name string) dashboard.DynamicConfigValue { return set("unit", name) }

func width(pixels int) dashboard.DynamicConfigValue { return set("custom.width", pixels) }

// wrapped shows a long text in as many lines as it takes.
func wrapped() dashboard.DynamicConfigValue { return set("custom.wrapText", true) }

// readable keeps a column of texts wide enough on a phone, where the table scrolls; whole one of hosts.
func readable() dashboard.DynamicConfigValue { return set("custom.minWidth", 240) }
func whole() dashboard.DynamicConfigValue    { return set("custom.minWidth", 190) }

func title(name string) dashboard.DynamicConfigValue { return set("displayName", name) }

// painted colours the cells of a column.
func painted(states ...state) []dashboard.DynamicConfigValue {
	return []dashboard.DynamicConfigValue{
		set("mappings", words(states...)),
		filledCell(),
	}
}

// filledCell colours the whole cell, on which Grafana writes in black or in white:
// yellow letters cannot be read in the light theme.
func filledCell() dashboard.DynamicConfigValue {
	return set("custom.cellOptions", map[string]any{"type": "color-background", "mode": "basic"})
}

// fixed gives one series a colour of its own.
func fixed(series, color string, more ...dashboard.DynamicConfigValue) dashboard.DashboardFieldConfigSourceOverrides {
	return field(series, append(more, set("color", map[string]any{"mode": "fixed", "fixedColor": color}))...)
}

// family gives the series whose names begin so one colour.
func family(begin, color string) dashboard.DashboardFieldConfigSourceOverrides {
	return dashboard.DashboardFieldConfigSourceOverrides{
		Matcher:    dashboard.MatcherConfig{Id: "byRegexp", Options: "/^" + begin + "/"},
		Properties: []dashboard.DynamicConfigValue{set("color", map[string]any{"mode": "fixed", "fixedColor": color})},
	}
}

// hidden keeps a column out of sight that links need.
func hidden(name string) dashboard.DashboardFieldConfigSourceOverrides {
	return field(name, set("custom.hidden", true), set("custom.hideFrom", map[string]any{"viz": true, "legend": true, "tooltip": true}))
}

// linked makes the cells of a column lead somewhere.
func linked(name, where, url string, more ...dashboard.DynamicConfigValue) dashboard.DashboardFieldConfigSourceOverrides {
	return field(name, append(more, set("links", []map[string]any{{"title": where, "url": url, "targetBlank": false}}))...)
}
