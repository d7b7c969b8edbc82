// Package engine runs ClickHouse on this machine without an installation: the
// chdb shared library in a child process that is our own binary started again.
//
// Start owns one supervising goroutine and one child; Stop ends both. The child
// lives as long as its standard input is open, so it ends with the parent even
// when that is killed. It speaks HTTP: the native port of the embedded engine
// ends the whole process on a failed login or on malformed bytes, and opens only when asked for.
package engine

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
)

// Config says where the engine keeps its data and how it is reached.
type Config struct {
	Path           string `yaml:"path" why:"Folder of the data. One engine at a time may use it."`
	Host           string `yaml:"host" why:"Address to listen on. Only loopback is allowed, since the user that writes has no password."`
	HTTPPort       int    `yaml:"http_port" why:"Port for HTTP, the way in for everything. 0 takes a free one."`
	NativePort     int    `yaml:"native_port" why:"Port of the native protocol, 0 for none. A failed login or malformed bytes there end the embedded engine, so it stays closed unless asked for."`
	MemoryBytes    int64  `yaml:"memory_bytes" why:"Most memory the engine uses, in bytes. 2 GiB leave room for the rest of a small machine; ClickHouse itself would take 90 % of it."`
	Binary         string `yaml:"binary" why:"A clickhouse executable to run as a server in place of the embedded library. Empty for the library."`
	Library        string `yaml:"library" why:"Path of libchdb. Empty for the one that is fetched from npm and checked against its hash."`
	Reader         bool   `yaml:"reader" why:"Adds a user reader, who can only read the database spikeline and the system tables. For Grafana, which hands SQL on unchecked."`
	ReaderPassword string `yaml:"-"` // of user reader; empty for none

	Log *slog.Logger `yaml:"-"` // slog.Default when nil
}

// Default is the configuration of an engine for one machine; it lacks only a Path.
func Default() Config {
	return Config{Host: "127.0.0.1", MemoryBytes: 2 << 30, Reader: true}
}

// Validate reports all faults at once.
func (c Config) Validate() error {
	var faults []error
	if c.Path == "" {
		faults = append(faults, errors.New("engine.path is empty: name a folder for the data"))
	}
	if ip := net.ParseIP(c.Host); ip == nil || !ip.IsLoopback() {
		faults = append(faults, fmt.Errorf("engine.host is %q: only loopback (127.0.0.1, ::1) is allowed, since its writer has no password; for others to reach it, run a ClickHouse server", c.Host))
	}
	for _, port := range []struct {
		name string
		n    int
	}{{"http_port", c.HTTPPort}, {"native_port", c.NativePort}} {
		if port.n < 0 || port.n > 65535 {
			faults = append(faults, fmt.Errorf("engine.%s is %d: allowed are 0 to 65535", port.name, port.n))
		}
	}
	if c.HTTPPort != 0 && c.HTTPPort == c.NativePort {
		faults = append(faults, fmt.Errorf("engine.http_port and engine.native_port are both %d: each needs its own", c.HTTPPort))
	}
	if c.MemoryBytes < 512<<20 {
		faults = append(faults, fmt.Errorf("engine.memory_bytes is %d: ClickHouse needs at least %d", c.MemoryBytes, 512<<20))
	}
	return errors.Join(faults...)
}
