package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// root is the tree of commands, in the order of help.
func (a *app) root() *cobra.Command {
	root := a.group(&cobra.Command{
		Use:   "spikeline",
		Short: "Error spikes in edge request logs, from the first window to recovery",
		Long: `Spikeline reads edge request logs from Kafka, computes error rates and surges
per service in tumbling windows, groups them into incidents with phases, and
stores it all in ClickHouse.`,
		Example: `  spikeline demo                                   a real outage, replayed on this machine
  spikeline replay access.log.gz --format combined  log files in place of Kafka
  spikeline run --config spikeline.yaml             the worker`,
		SilenceErrors: true,
		SilenceUsage:  true,
	})
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	root.SetIn(a.stdin)
	root.AddCommand(a.commands()...)
	root.AddCommand(a.version())
	a.mark(root)
	return root
}

// group makes a command that only holds others: alone it prints its help.
func (a *app) group(c *cobra.Command, children ...*cobra.Command) *cobra.Command {
	c.Args = func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		if near := c.SuggestionsFor(args[0]); len(near) > 0 {
			return fmt.Errorf("unknown command %q; did you mean %s?", args[0], strings.Join(near, " or "))
		}
		return fmt.Errorf("unknown command %q", args[0])
	}
	c.SuggestionsMinimumDistance = 2
	c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	c.AddCommand(children...)
	return c
}

// mark notes, once a command begins to run, that its arguments were understood.
func (a *app) mark(c *cobra.Command) {
	if run := c.RunE; run != nil {
		c.RunE = func(c *cobra.Command, args []string) error {
			a.parsed = true
			return run(c, args)
		}
	}
	for _, child := range c.Commands() {
		a.mark(child)
	}
}

// noArgs and its kin say what is wanted in the user's words.
func noArgs(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("no argument is wanted, and %q was given", args[0])
	}
	return nil
}

func oneArg(what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != 1 {
			return fmt.Errorf("one argument is wanted, %s; %d were given", what, len(args))
		}
		if args[0] == "" {
			return fmt.Errorf("an argument is wanted, %s, and it is empty", what)
		}
		return nil
	}
}

// complete has the shell offer values for a flag.
func complete(c *cobra.Command, flag string, values []string) {
	if err := c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic("BUG: " + err.Error())
	}
}
