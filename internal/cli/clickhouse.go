package cli

import (
	"errors"
	"fmt"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"github.com/spikeline/spikeline/internal/telemetry"
	"github.com/spikeline/spikeline/sink/engine"
)

func (a *app) clickhouse() *cobra.Command {
	e := engine.Default()
	e.HTTPPort = 8123
	var passwordEnv string
	c := &cobra.Command{
		Use:   "clickhouse --path DIR",
		Short: "Run the embedded ClickHouse as a server, until stopped",
		Long: `Runs the embedded ClickHouse over a folder of data and stays up until SIGINT or
SIGTERM. The library (180 MB) is fetched from npm once and checked against its
hash. It answers HTTP; the native port opens only when asked for, since a failed
login there ends the embedded engine.`,
		Example: `  spikeline clickhouse --path ./data
  curl 'http://127.0.0.1:8123/?query=SELECT+*+FROM+spikeline.incidents+FORMAT+Vertical'`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if e.Path == "" {
				return usage("--path is missing; name a folder for the data")
			}
			if passwordEnv != "" {
				if e.ReaderPassword = os.Getenv(passwordEnv); e.ReaderPassword == "" {
					return fmt.Errorf("the environment variable %s, named by --reader-password-env, is empty", passwordEnv)
				}
			}
			e.Log = telemetry.Logger(a.stderr, telemetry.DefaultLog())
			return a.runEngine(c, e)
		},
	}
	f := c.Flags()
	f.StringVar(&e.Path, "path", "", "`DIR` of the data, made if it is missing")
	f.IntVar(&e.HTTPPort, "http-port", e.HTTPPort, "port for HTTP; 0 takes a free one")
	f.IntVar(&e.NativePort, "native-port", 0, "port of the native protocol; 0 leaves it closed")
	f.Int64Var(&e.MemoryBytes, "memory-bytes", e.MemoryBytes, "most memory it uses")
	f.StringVar(&e.Binary, "binary", "", "a clickhouse `EXECUTABLE` to run in place of the embedded library")
	f.StringVar(&e.Library, "library", "", "`FILE` of libchdb, in place of the one that is fetched")
	f.StringVar(&passwordEnv, "reader-password-env", "", "environment `VARIABLE` with the password of the user reader; none by default")
	return c
}

func (a *app) runEngine(c *cobra.Command, config engine.Config) error {
	slog.SetDefault(config.Log)
	if err := config.Validate(); err != nil {
		return usage("%w", err)
	}
	e, err := engine.Start(c.Context(), config)
	if c.Context().Err() != nil && errors.Is(err, c.Context().Err()) {
		return nil
	}
	if err != nil {
		return err
	}
	defer e.Stop()
	fmt.Fprintf(a.stdout, "http    http://%s\n", e.Addr())
	if native := e.NativeAddr(); native != "" {
		fmt.Fprintf(a.stdout, "native  %s\n", native)
	}
	fmt.Fprintf(a.stdout, "play    http://%s/play\n", e.Addr())
	fmt.Fprintln(a.stderr, "Stop it with Ctrl-C.")
	<-c.Context().Done()
	return nil
}
