package cli

import "github.com/spikeline/spikeline/dashboards/report"

// How reports write values is how a terminal shows them.
var (
	shortDuration = report.Duration
	grouped       = report.Grouped
	percent       = report.Percent
	day           = report.Day
	clock         = report.Clock
	stamp         = report.Stamp
	oneLine       = report.OneLine
)
