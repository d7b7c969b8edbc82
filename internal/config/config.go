// Package config reads Spikeline's one YAML file: strict, all faults told at
// once, each with its line. The settings themselves belong to the packages that
// use them; this package composes, checks their relations, and prints them.
package config

import (
	"fmt"
	"os"

	"github.com/spikeline/spikeline/internal/telemetry"
	"github.com/spikeline/spikeline/processor/window"
)

// Config is everything that can be set.
type Config struct {
	Source   Source               `yaml:"source" why:"Which edge logs are read, and how they are understood."`
	Window   window.Config        `yaml:"window" why:"How time is cut into windows, and what is bounded. The same for every worker of a topic."`
	Exchange Exchange             `yaml:"exchange" why:"The topics through which the workers and the one judge talk. Spikeline creates them if they are missing."`
	HTTP     telemetry.HTTPConfig `yaml:"http" why:"Metrics and health, for Prometheus and for the orchestrator."`
	Log      telemetry.LogConfig  `yaml:"log" why:"The program's own log, on standard error."`
}

// Source is the input.
type Source struct {
	Topics []string `yaml:"topics" why:"Topics of edge logs. All of their partitions are read; more partitions and more workers make it faster."`
	Group  string   `yaml:"group" why:"Consumer group of the workers. Two installations on one topic need two names, or each sees half of the traffic."`
}

// Exchange names what lies between the folders and the judge.
type Exchange struct {
	Partials string `yaml:"partials" why:"Topic of the partials: one partition, kept as long as the longest outage to be recovered from."`
	State    string `yaml:"state" why:"Compacted topic of the judge's state: a judge that takes over continues from it."`
	Group    string `yaml:"group" why:"Consumer group of the judge. Kafka gives the one partition to one worker, and to another when that one dies."`
}

// Default gives the settings in force without a file.
func Default() Config {
	return Config{
		Source:   Source{Topics: []string{"edge.requests"}, Group: "spikeline"},
		Window:   window.Default(),
		Exchange: Exchange{Partials: "spikeline.partials", State: "spikeline.state", Group: "spikeline.judge"},
		HTTP:     telemetry.DefaultHTTP(),
		Log:      telemetry.DefaultLog(),
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
	for _, f := range c.check(lines) {
		f.File = file
		faults = append(faults, f)
	}
	return c, faults.err()
}

// Validate checks a configuration that was changed after it was read, by flags for example.
func (c Config) Validate() error { return c.check(nil).err() }
