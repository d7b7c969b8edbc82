package cli

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/spikeline/spikeline/ingest"
	"github.com/spikeline/spikeline/internal/telemetry"
	"github.com/spikeline/spikeline/sink/alert"
)

func (a *app) alerts() *cobra.Command {
	return a.group(&cobra.Command{
		Use:     "alerts",
		Short:   "Try out who is told of incidents",
		Example: "  spikeline alerts test --config spikeline.yaml",
	}, a.alertsTest())
}

func (a *app) alertsTest() *cobra.Command {
	var s settings
	c := &cobra.Command{
		Use:   "test",
		Short: "Send a test alert to every configured target and say what happened",
		Long: `Sends one alert of type "test" to each webhook and to the Kafka topic, signed
and built as a real one, and says for each target whether it was delivered.
Nothing is tried again. The exit status is 1 if one of them failed.`,
		Example: "  spikeline alerts test --config spikeline.yaml",
		Args:    noArgs,
		RunE:    func(c *cobra.Command, _ []string) error { return a.testAlerts(c.Context(), &s) },
	}
	s.addFile(c)
	s.addBrokers(c)
	return c
}

func (a *app) testAlerts(ctx context.Context, s *settings) error {
	cfg, err := s.load()
	if err != nil {
		return err
	}
	if !cfg.Alerts.Enabled() {
		return errors.New("no target is configured: set alerts.webhooks or alerts.topic, and name the file with --config")
	}
	cluster, err := ingest.Connect(cfg.Kafka)
	if err != nil {
		return err
	}
	defer cluster.Close()
	probes, err := alert.Test(ctx, cfg.Alerts, alert.Options{
		Cluster: cluster, ReplicationFactor: cfg.Exchange.ReplicationFactor, Log: telemetry.Logger(a.stderr, cfg.Log),
	})
	if err != nil {
		return err
	}
	return a.tellProbes(probes)
}

func (a *app) tellProbes(probes []alert.Probe) error {
	table := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	bad := 0
	for _, p := range probes {
		if p.Err != nil {
			bad++
			fmt.Fprintf(table, "%s\tfailed\t%v\n", p.Target, p.Err)
			continue
		}
		fmt.Fprintf(table, "%s\tdelivered\tin %v\n", p.Target, p.Took.Round(time.Millisecond))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	if bad > 0 {
		return fmt.Errorf("%d of %s did not take the test alert", bad, plural(len(probes), "target"))
	}
	return nil
}
