package cli

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/spikeline/spikeline/internal/telemetry"
	"github.com/spikeline/spikeline/internal/worker"
)

func (a *app) run() *cobra.Command {
	var s settings
	c := &cobra.Command{
		Use:   "run",
		Short: "Be a worker: from Kafka to ClickHouse, until stopped",
		Long: `Reads edge logs from Kafka, computes windows, finds incidents and writes all of
it to ClickHouse. Start as many as there is work for: they share the partitions,
and one of them is the judge. SIGTERM finishes the work in hand and hands over.`,
		Example: `  spikeline run --config spikeline.yaml
  spikeline run --brokers 127.0.0.1:9092 --clickhouse http://127.0.0.1:8123`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.runWorker(c.Context(), &s) },
	}
	s.addFile(c)
	s.addBrokers(c)
	s.addClickHouse(c)
	return c
}

func (a *app) runWorker(ctx context.Context, s *settings) error {
	cfg, err := s.load()
	if err != nil {
		return err
	}
	log := telemetry.Logger(a.stderr, cfg.Log)
	slog.SetDefault(log)
	return worker.Run(ctx, cfg, worker.Options{Log: log, Pages: incidentPages(cfg), Ready: func(addr string) {
		log.Info("working", "topics", fmt.Sprint(cfg.Source.Topics), "group", cfg.Source.Group, "metrics", "http://"+addr+"/metrics")
	}})
}
