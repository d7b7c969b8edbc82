package dashboards

import (
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// The colours of Okabe and Ito, which people with any colour vision tell apart
// (jfly.uni-koeln.de/color), and two greys for what needs no attention.
const (
	orange    = "#E69F00"
	sky       = "#56B4E9"
	green     = "#009E73"
	yellow    = "#F0E442"
	blue      = "#0072B2"
	vermilion = "#D55E00"
	pink      = "#CC79A7"
	wine      = "#882255"
	calm      = "#5F6B7A"
	faint     = "#9AA5B1"
)

type state struct {
	text, color string
}

// phases are the states of an incident, by the number that the SQL gives.
var phases = []state{
	{"normal", calm}, {"first spike", yellow}, {"cascade", orange}, {"peak", vermilion}, {"fluctuating", pink},
	{"partial recovery", sky}, {"relapse", wine}, {"residual", blue}, {"recovered", green},
}

// findings are what a service can suffer, by the number that the SQL gives: the worst at once wins.
var findings = []state{
	{"normal", calm}, {"logs incomplete", faint}, {"traffic surge", sky}, {"refused (4xx)", yellow},
	{"slow", pink}, {"traffic drop", blue}, {"errors (5xx)", vermilion},
}

func numbered(states []state) []dashboard.ValueMapping {
	options := map[string]dashboard.ValueMappingResult{}
	for i, s := range states {
		options[fmt.Sprint(i)] = dashboard.ValueMappingResult{Text: cog.ToPtr(s.text), Color: cog.ToPtr(s.color), Index: cog.ToPtr(int32(i))}
	}
	return []dashboard.ValueMapping{{ValueMap: &dashboard.ValueMap{Type: dashboard.MappingTypeValueToText, Options: options}}}
}

// nothing is a state without data. Unnamed, the legend would give it the colour of some other state.
var nothing = dashboard.ValueMapping{SpecialValueMap: &dashboard.SpecialValueMap{
	Type: dashboard.MappingTypeSpecialValue,
	Options: dashboard.DashboardSpecialValueMapOptions{
		Match:  dashboard.SpecialValueMatchNull,
		Result: dashboard.ValueMappingResult{Text: cog.ToPtr("no data"), Color: cog.ToPtr("transparent"), Index: cog.ToPtr(int32(99))},
	},
}}

// words maps texts of a table to colours.
func words(states ...state) []dashboard.ValueMapping {
	options := map[string]dashboard.ValueMappingResult{}
	for i, s := range states {
		options[s.text] = dashboard.ValueMappingResult{Color: cog.ToPtr(s.color), Index: cog.ToPtr(int32(i))}
	}
	return []dashboard.ValueMapping{{ValueMap: &dashboard.ValueMap{Type: dashboard.MappingTypeValueToText, Options: options}}}
}

var severities = []state{{"critical", vermilion}, {"major", orange}, {"minor", yellow}}

func phaseWords() []state {
	named := make([]state, 0, len(phases))
	for i, name := range []string{"normal", "first_spike", "cascade", "peak", "fluctuating", "partial_recovery", "relapse", "residual", "recovered"} {
		named = append(named, state{name, phases[i].color})
	}
	return named
}

type step struct {
	from  float64
	color string
}

// steps are thresholds: a base colour, then the values at which others begin.
func steps(base string, more ...step) *dashboard.ThresholdsConfig {
	t := &dashboard.ThresholdsConfig{Mode: dashboard.ThresholdsModeAbsolute, Steps: []dashboard.Threshold{{Color: base}}}
	for _, s := range more {
		t.Steps = append(t.Steps, dashboard.Threshold{Value: cog.ToPtr(s.from), Color: s.color})
	}
	return t
}

var (
	plain      = steps(calm)
	badAtOnce  = steps(green, step{1, vermilion})
	errorSteps = steps(calm, step{0.01, yellow}, step{0.05, orange}, step{0.2, vermilion})
	errorCells = steps("transparent", step{0.01, yellow}, step{0.05, orange}, step{0.2, vermilion})
)
