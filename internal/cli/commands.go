package cli

import "github.com/spf13/cobra"

// commands lists what Spikeline can do, in the order of help: one line, one file.
func (a *app) commands() []*cobra.Command {
	return []*cobra.Command{
		a.run(),
		a.demo(),
		a.replay(),
		a.export(),
		a.simulate(),
		a.backtest(),
		a.incidents(),
		a.report(),
		a.alerts(),
		a.schema(),
		a.clickhouse(),
		a.config(),
	}
}
