package telemetry

import (
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
)

// HTTPConfig is the server of metrics and health.
type HTTPConfig struct {
	Listen    string `yaml:"listen" why:"Address of /metrics, /healthz and /readyz; loopback, since they tell names of services and ask no password. Empty: no server."`
	Profiling bool   `yaml:"profiling" why:"Serve /debug/pprof too; off, since a profile costs CPU and anyone who reaches the address may ask for one."`
}

// DefaultHTTP listens on loopback.
func DefaultHTTP() HTTPConfig { return HTTPConfig{Listen: "127.0.0.1:9464"} }

// Validate tells every fault of the settings.
func (c HTTPConfig) Validate() error {
	if c.Listen == "" {
		return nil
	}
	if _, port, err := net.SplitHostPort(c.Listen); err != nil || port == "" {
		return fmt.Errorf("listen: %q, allowed is host:port, such as 127.0.0.1:9464, or empty for no server", c.Listen)
	}
	return nil
}

// LogConfig is the program's own log.
type LogConfig struct {
	Level  string `yaml:"level" why:"debug, info, warn or error. At info a quiet worker writes a few lines an hour."`
	Format string `yaml:"format" why:"auto is text on a terminal and JSON elsewhere; text and json say it outright."`
}

// DefaultLog suits a terminal and a collector.
func DefaultLog() LogConfig { return LogConfig{Level: "info", Format: "auto"} }

var (
	levels  = []string{"debug", "info", "warn", "error"}
	formats = []string{"auto", "text", "json"}
)

// Validate tells every fault of the settings.
func (c LogConfig) Validate() error {
	var faults []error
	if !slices.Contains(levels, c.Level) {
		faults = append(faults, fmt.Errorf("level: %q, allowed is %s", c.Level, strings.Join(levels, ", ")))
	}
	if !slices.Contains(formats, c.Format) {
		faults = append(faults, fmt.Errorf("format: %q, allowed is %s", c.Format, strings.Join(formats, ", ")))
	}
	return errors.Join(faults...)
}
