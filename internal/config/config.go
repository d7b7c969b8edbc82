// Package config reads Spikeline's one YAML file: strict, all faults told at
// once, each with its line. The settings themselves belong to the packages that
// use them; this package composes, checks their relations, and prints them.
package config

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spikeline/spikeline/ingest"
	"github.com/spikeline/spikeline/ingest/accesslog"
	"github.com/spikeline/spikeline/internal/telemetry"
	"github.com/spikeline/spikeline/processor"
	"github.com/spikeline/spikeline/processor/detect"
	"github.com/spikeline/spikeline/processor/exchange"
	"github.com/spikeline/spikeline/processor/incident"
	"github.com/spikeline/spikeline/processor/window"
	"github.com/spikeline/spikeline/sink"
	"github.com/spikeline/spikeline/sink/alert"
)

// Config is everything that can be set.
type Config struct {
	Kafka     ingest.Config        `yaml:"kafka" why:"how to reach Kafka"`
	Source    Source               `yaml:"source" why:"which edge logs are read, and how they are understood"`
	Window    window.Config        `yaml:"window" why:"how time is cut into windows, and what is bounded; the same for every worker of a topic"`
	Processor processor.Config     `yaml:"processor" why:"the rhythm of folders and judge"`
	Exchange  exchange.Config      `yaml:"exchange" why:"the topics through which the workers and the one judge talk; Spikeline creates them if they are missing"`
	Detect    detect.Config        `yaml:"detect" why:"how a window is judged"`
	Incident  incident.Config      `yaml:"incident" why:"how signals become incidents, and when an incident is over"`
	Sink      sink.Config          `yaml:"sink" why:"where results are kept: ClickHouse"`
	Alerts    alert.Config         `yaml:"alerts" why:"who is told of incidents, beside ClickHouse and whether it is there or not; see docs/alerts.md"`
	HTTP      telemetry.HTTPConfig `yaml:"http" why:"metrics and health, for Prometheus and for the orchestrator"`
	Log       telemetry.LogConfig  `yaml:"log" why:"the program's own log, on standard error"`
}

// Source is the input.
type Source struct {
	Topics []string `yaml:"topics" why:"topics of edge logs; all of their partitions are read, so more partitions and more workers make it faster"`
	Group  string   `yaml:"group" why:"consumer group of the workers, and with .judge behind it that of the judge; two installations on one topic need two names, or each sees half of the traffic"`
	Format string   `yaml:"format" why:"how a record is written; Cloudflare's Logpush http_requests is the default, since it tells pop, cache and origin"`

	Service accesslog.ServiceConfig `yaml:"service" why:"which service a request belongs to"`
}

// Validate tells every fault of the settings.
func (s Source) Validate() error {
	var faults []error
	if len(s.Topics) == 0 {
		faults = append(faults, errors.New("topics: none; name at least one"))
	}
	for _, t := range s.Topics {
		if !validTopic(t) {
			faults = append(faults, fmt.Errorf("topics: %q; %s", t, topicRule))
		}
	}
	if s.Group == "" {
		faults = append(faults, errors.New("group: empty; give the consumer group a name"))
	}
	if !slices.Contains(accesslog.Formats(), s.Format) {
		faults = append(faults, fmt.Errorf("format: %q, allowed is %s", s.Format, strings.Join(accesslog.Formats(), ", ")))
	}
	if _, err := accesslog.NewNamer(s.Service); err != nil {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			faults = append(faults, errors.New(line))
		}
	}
	return errors.Join(faults...)
}

// JudgeGroup is the consumer group by which Kafka chooses the one judge.
func (s Source) JudgeGroup() string { return s.Group + ".judge" }

// Default gives the settings in force without a file.
func Default() Config {
	return Config{
		Kafka:     ingest.Default(),
		Source:    Source{Topics: []string{"edge.requests"}, Group: "spikeline", Format: "cloudflare", Service: accesslog.DefaultService()},
		Window:    window.Default(),
		Processor: processor.Default(),
		Exchange:  exchange.Default(),
		Detect:    detect.Default(),
		Incident:  incident.Default(),
		Sink:      sink.Default(),
		Alerts:    alert.Default(),
		HTTP:      telemetry.DefaultHTTP(),
		Log:       telemetry.DefaultLog(),
	}
}

// Load reads a file over the defaults. A fault of content is a Faults.
func Load(path string) (Config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("the configuration cannot be read: %w", err)
	}
	return Parse(path, text)
}

// Parse reads YAML over the defaults; file is the name shown in faults. The
// error, if any, is a Faults that holds every fault of the text.
func Parse(file string, text []byte) (Config, error) {
	c := Default()
	lines, faults := decode(file, text, &c)
	c.Detect.Width = c.Window.Width
	for _, f := range c.check(lines) {
		f.File = file
		faults = append(faults, f)
	}
	return c, faults.err()
}

// Validate checks a configuration that was changed after it was read, by flags for example.
func (c Config) Validate() error { return c.check(nil).err() }
