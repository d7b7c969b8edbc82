package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/spikeline/spikeline/ingest/accesslog"
	"github.com/spikeline/spikeline/internal/config"
	"github.com/spikeline/spikeline/sink"
)

// knownServices is where the names of services come from.
type knownServices struct {
	settings
	logs []string
}

const mostKnown = 1_000_000 // names; more are not compared

// tellUnmet ends a check that found no fault: which rules fit no service, or why that cannot be told.
func (a *app) tellUnmet(ctx context.Context, file string, rules []config.ServiceRule, from *knownServices, c config.Config) error {
	if len(rules) == 0 {
		_, err := fmt.Fprintln(a.stdout, file+": good")
		return err
	}
	known, where, err := from.find(ctx, c)
	if err != nil && len(from.logs) > 0 {
		return err
	}
	if err == nil && len(known) == 0 {
		err = errors.New("no service is stored yet")
	}
	if err != nil {
		_, err = fmt.Fprintf(a.stdout, "%s: good; whether the services that its rules name exist cannot be told: %v; --logs FILE tells it from logs\n", file, err)
		return err
	}
	unmet := config.Unmet(file, rules, known)
	if len(unmet) == 0 {
		_, err = fmt.Fprintf(a.stdout, "%s: good; %s for single services, and all fit some of %d from %s\n", file, plural(len(rules), "rule"), len(known), where)
		return err
	}
	_, err = fmt.Fprintf(a.stdout, "%v\n%s: good, but %s for services that are not among the %d from %s\n", unmet, file, plural(len(unmet), "rule"), len(known), where)
	return err
}

func (k *knownServices) find(ctx context.Context, c config.Config) (known []string, where string, err error) {
	if len(k.logs) > 0 {
		known, err = servicesIn(k.logs, c.Source)
		return known, "the logs", err
	}
	if k.clickhouse != "" {
		c.Sink.DSN = k.clickhouse
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	r, err := sink.OpenReader(c.Sink)
	if err != nil {
		return nil, "", err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	if known, err = r.Services(ctx, mostKnown); err != nil {
		return nil, "", fmt.Errorf("ClickHouse at %s: %w", redacted(c.Sink.DSN), err)
	}
	return known, "ClickHouse", nil
}

// servicesIn reads logs as the worker would, for the names of their services alone.
func servicesIn(files []string, source config.Source) ([]string, error) {
	decoder, err := accesslog.New(source.Format)
	if err != nil {
		return nil, err
	}
	namer, err := accesslog.NewNamer(source.Service)
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for _, file := range files {
		before := len(names)
		if err := addServices(names, file, decoder, namer); err != nil {
			return nil, err
		}
		if len(names) == before && before == 0 {
			return nil, fmt.Errorf("%s: no line names a service in the format %s; set source.format to that of the logs", file, source.Format)
		}
	}
	return slices.Sorted(maps.Keys(names)), nil
}

func addServices(names map[string]bool, file string, decoder accesslog.Decoder, namer *accesslog.Namer) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(make([]byte, 64<<10), 1<<20)
	for lines.Scan() && len(names) < mostKnown {
		var r accesslog.Record
		if line := bytes.TrimSpace(lines.Bytes()); len(line) == 0 || decoder.Decode(line, &r) != accesslog.OK {
			continue
		}
		if name := namer.Name(&r); len(name) > 0 && !names[string(name)] {
			names[string(name)] = true
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}
