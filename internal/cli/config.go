package cli

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/spikeline/spikeline/internal/config"
)

func (a *app) config() *cobra.Command {
	return a.group(&cobra.Command{
		Use:     "config",
		Short:   "Check a configuration, or print one with its comments",
		Example: "  spikeline config print > spikeline.yaml\n  spikeline config check spikeline.yaml",
	}, a.configCheck(), a.configPrint())
}

func (a *app) configCheck() *cobra.Command {
	var from knownServices
	c := &cobra.Command{
		Use:   "check FILE",
		Short: "Tell every fault of a configuration file, each with its line",
		Long: `Tells every fault of a configuration file, each with its line. Where the file
has rules for single services, it also tells those that fit no service known:
from the logs of --logs, else from ClickHouse where it answers. Such a rule is no
fault, since its service may be yet to come.`,
		Example: "  spikeline config check spikeline.yaml\n  spikeline config check spikeline.yaml --logs edge.log",
		Args:    oneArg("the file"),
		RunE: func(c *cobra.Command, args []string) error {
			loaded, err := config.Load(args[0])
			var faults config.Faults
			if errors.As(err, &faults) {
				fmt.Fprintln(a.stdout, faults)
				return fmt.Errorf("%s in %s", plural(len(faults), "fault"), args[0])
			}
			if err != nil {
				return err
			}
			rules, err := config.ServiceRules(args[0])
			if err != nil {
				return err
			}
			return a.tellUnmet(c.Context(), args[0], rules, &from, loaded)
		},
	}
	from.addClickHouse(c)
	c.Flags().StringArrayVar(&from.logs, "logs", nil, "`FILE` of edge logs in the configured format, plain text, whose services are known; may be given again")
	return c
}

func (a *app) configPrint() *cobra.Command {
	var source settings
	c := &cobra.Command{
		Use:   "print",
		Short: "Print the configuration in force, each key with what it does and why",
		Long: `Prints the whole configuration, each key under a comment with what it does and
the reason for its default. Without --config these are the defaults; with it,
the values in force with that file.`,
		Example: "  spikeline config print > spikeline.yaml\n  spikeline config print --config spikeline.yaml",
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			c, err := source.load()
			if err != nil {
				return err
			}
			return config.Print(a.stdout, c)
		},
	}
	source.addFile(c)
	return c
}

// settings is where a command takes its configuration from: a file, and flags over it.
type settings struct {
	file       string
	brokers    []string
	clickhouse string
}

// addFile gives a command the flag --config.
func (s *settings) addFile(c *cobra.Command) {
	c.Flags().StringVar(&s.file, "config", os.Getenv("SPIKELINE_CONFIG"), "configuration `FILE` (default $SPIKELINE_CONFIG, else the built-in settings)")
	c.Flag("config").DefValue = ""
}

// addBrokers gives a command the flag --brokers.
func (s *settings) addBrokers(c *cobra.Command) {
	c.Flags().StringSliceVar(&s.brokers, "brokers", nil, "Kafka brokers, `HOST:PORT,...`, in place of the configured ones")
}

// addClickHouse gives a command the flag --clickhouse.
func (s *settings) addClickHouse(c *cobra.Command) {
	c.Flags().StringVar(&s.clickhouse, "clickhouse", "", "`DSN` of ClickHouse, such as http://user@host:8123, in place of the configured one")
}

// load reads the file, lays the flags over it, and checks the whole.
func (s *settings) load() (config.Config, error) {
	c := config.Default()
	if s.file != "" {
		var err error
		if c, err = config.Load(s.file); err != nil {
			return c, told(err)
		}
	}
	if len(s.brokers) > 0 {
		c.Kafka.Brokers = s.brokers
	}
	if s.clickhouse != "" {
		c.Sink.DSN = s.clickhouse
	}
	return c, told(c.Validate())
}

// told puts a line of its own before many faults.
func told(err error) error {
	var faults config.Faults
	if errors.As(err, &faults) && len(faults) > 1 {
		return fmt.Errorf("the configuration has %s\n%w", plural(len(faults), "fault"), err)
	}
	return err
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return grouped(uint64(n)) + " " + noun + "s"
}
