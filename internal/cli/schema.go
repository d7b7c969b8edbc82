package cli

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"github.com/spikeline/spikeline/sink"
	"github.com/spikeline/spikeline/sink/schema"
)

func (a *app) schema() *cobra.Command {
	return a.group(&cobra.Command{
		Use:     "schema",
		Short:   "Print, apply or check the tables and views in ClickHouse",
		Example: "  spikeline schema print > spikeline.sql\n  spikeline schema apply --clickhouse http://127.0.0.1:8123",
	}, a.schemaPrint(), a.schemaApply(), a.schemaCheck())
}

func (a *app) schemaPrint() *cobra.Command {
	var users bool
	c := &cobra.Command{
		Use:     "print",
		Short:   "Print every statement, in its order",
		Example: "  spikeline schema print > spikeline.sql\n  spikeline schema print --users > users.sql",
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			if users {
				return schema.PrintUsers(a.stdout)
			}
			return schema.Print(a.stdout)
		},
	}
	c.Flags().BoolVar(&users, "users", false, "print the users and their grants instead: a writer, an owner of the schema and a reader")
	return c
}

func (a *app) schemaApply() *cobra.Command {
	var from settings
	c := &cobra.Command{
		Use:     "apply",
		Short:   "Apply the migrations that the database lacks; it may be repeated",
		Example: "  spikeline schema apply --clickhouse http://127.0.0.1:8123",
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			config, err := from.load()
			if err != nil {
				return err
			}
			conn, err := sink.Connect(config.Sink)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, conn.Close()) }()
			if err := reach(c.Context(), conn, config.Sink.DSN); err != nil {
				return err
			}
			applied, err := schema.Apply(c.Context(), conn)
			for _, m := range applied {
				fmt.Fprintln(a.stdout, "applied "+m.File())
			}
			if err != nil {
				return err
			}
			fmt.Fprintf(a.stderr, "%s applied, now at migration %04d\n", plural(len(applied), "migration"), len(schema.Migrations()))
			return nil
		},
	}
	from.addFile(c)
	from.addClickHouse(c)
	return c
}

func (a *app) schemaCheck() *cobra.Command {
	var from settings
	c := &cobra.Command{
		Use:     "check",
		Short:   "Say how the database differs from this binary; status 1 if it does",
		Example: "  spikeline schema check --clickhouse http://127.0.0.1:8123",
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) (err error) {
			config, err := from.load()
			if err != nil {
				return err
			}
			conn, err := sink.Connect(config.Sink)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, conn.Close()) }()
			if err := reach(c.Context(), conn, config.Sink.DSN); err != nil {
				return err
			}
			if err := schema.Check(c.Context(), conn); err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.stdout, "good, at migration %04d\n", len(schema.Migrations()))
			return err
		},
	}
	from.addFile(c)
	from.addClickHouse(c)
	return c
}

// reach says in one line that ClickHouse does not answer, and what to do.
func reach(ctx context.Context, conn interface{ Ping(context.Context) error }, dsn string) error {
	const patience = 10 * time.Second
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := conn.Ping(bounded)
	if err == nil || ctx.Err() != nil {
		return ctx.Err()
	}
	if err = sink.Explain(err); errors.Is(err, sink.ErrRefused) {
		return fmt.Errorf("%s: %w", redacted(dsn), err)
	}
	return fmt.Errorf("ClickHouse does not answer at %s: %w; start one (spikeline clickhouse --path DIR), or name another with --clickhouse", redacted(dsn), err)
}

// redacted shows a DSN without its password.
func redacted(dsn string) string {
	u, err := url.Parse(dsn)
	if err != nil {
		return "the DSN given"
	}
	return u.Redacted()
}
