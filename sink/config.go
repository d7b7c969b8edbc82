// Package sink writes what the judge learned to ClickHouse, batch by batch in
// order, then keeps the judge's state; and reads incidents back.
//
// Open starts one goroutine, the only one that writes; Close drains its queue
// and ends it. While ClickHouse is away, batches wait in the queue, which is
// bounded: when it is full, Put blocks, the judge stops reading, and Kafka holds the rest.
package sink

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// Config says where ClickHouse is and how patient the writer is.
type Config struct {
	DSN           string        `yaml:"dsn" why:"Where ClickHouse is: http://user@host:8123, https://..., or clickhouse://user@host:9000 for the native protocol (?protocol=http makes it HTTP)."`
	PasswordEnv   string        `yaml:"password_env" why:"Environment variable that holds the password. Secrets do not live in configuration files."`
	PasswordFile  string        `yaml:"password_file" why:"File that holds the password, as Kubernetes and systemd mount them."`
	Run           string        `yaml:"run" why:"Name of this judge. Rows carry it, and how far a run has come is kept per name: give a replay into the same database a name of its own."`
	ApplySchema   bool          `yaml:"apply_schema" why:"Apply missing migrations at the start. They can be repeated, and by several processes at once."`
	QueueBatches  int           `yaml:"queue_batches" why:"Most batches that wait while ClickHouse is away."`
	QueueRows     int           `yaml:"queue_rows" why:"Most rows that wait while ClickHouse is away. A row of a window takes about a kilobyte of memory."`
	BlockRows     int           `yaml:"block_rows" why:"Most rows of windows in one insert: smaller batches that wait are written together, since ClickHouse prefers few large inserts, and larger ones in pieces. A row takes about two kilobytes of memory while it is inserted."`
	InsertTimeout time.Duration `yaml:"insert_timeout" why:"An insert that takes longer is given up and tried again with the same token. ClickHouse itself stops it then, too."`
	RetryMin      time.Duration `yaml:"retry_min" why:"First pause before a failed insert is tried again. It doubles each time."`
	RetryMax      time.Duration `yaml:"retry_max" why:"Longest pause between two tries. They go on until ClickHouse is back."`
}

// Default is a writer to a ClickHouse on this machine.
func Default() Config {
	return Config{
		DSN: "http://default@127.0.0.1:8123", Run: "main", ApplySchema: true,
		QueueBatches: 1000, QueueRows: 200_000, BlockRows: 20_000,
		InsertTimeout: time.Minute, RetryMin: 100 * time.Millisecond, RetryMax: 10 * time.Second,
	}
}

// Validate reports all faults at once.
func (c Config) Validate() error {
	var faults []error
	fault := func(bad bool, name string, value any, allowed string) {
		if bad {
			faults = append(faults, fmt.Errorf("sink.%s is %v: allowed is %s", name, value, allowed))
		}
	}
	if _, err := c.options(); err != nil {
		faults = append(faults, err)
	}
	if c.PasswordEnv != "" && c.PasswordFile != "" {
		faults = append(faults, errTwoPasswords)
	}
	fault(c.Run == "", "run", `""`, "a name")
	fault(c.QueueBatches < 1, "queue_batches", c.QueueBatches, "1 and up")
	fault(c.QueueRows < 1, "queue_rows", c.QueueRows, "1 and up")
	fault(c.BlockRows < 1, "block_rows", c.BlockRows, "1 and up")
	fault(c.InsertTimeout < time.Second, "insert_timeout", c.InsertTimeout, "1s and up")
	fault(c.RetryMin <= 0, "retry_min", c.RetryMin, "above 0")
	fault(c.RetryMax < c.RetryMin, "retry_max", c.RetryMax, "retry_min and up")
	return errors.Join(faults...)
}

// Connect gives a connection pool. It does not touch the network yet. All our
// SQL names its database, so that migrations run before it exists.
func Connect(c Config) (driver.Conn, error) {
	options, err := c.login()
	if err != nil {
		return nil, err
	}
	conn, err := clickhouse.Open(options)
	if err != nil {
		return nil, fmt.Errorf("sink.dsn: %w", err)
	}
	return conn, nil
}

// login is the options with their secret.
func (c Config) login() (*clickhouse.Options, error) {
	options, err := c.options()
	if err != nil {
		return nil, err
	}
	password, err := c.password()
	if err != nil {
		return nil, err
	}
	if password != "" {
		options.Auth.Password = password
	}
	return options, nil
}

func (c Config) options() (*clickhouse.Options, error) {
	dsn, err := withProtocol(c.DSN)
	if err != nil {
		return nil, err
	}
	options, err := clickhouse.ParseDSN(dsn)
	if err != nil {
		return nil, fmt.Errorf("sink.dsn: %w", err)
	}
	if db := options.Auth.Database; db != "" && db != "default" && db != "spikeline" {
		return nil, fmt.Errorf("sink.dsn names database %q: allowed is spikeline, which holds all tables", db)
	}
	options.Auth.Database = "default"
	if options.Auth.Username == "" {
		options.Auth.Username = "default"
	}
	if options.Compression == nil {
		options.Compression = &clickhouse.Compression{Method: clickhouse.CompressionLZ4}
	}
	if options.DialTimeout == 0 {
		options.DialTimeout = 5 * time.Second
	}
	setDefault(options.Settings, "max_execution_time", int(max(c.InsertTimeout, time.Second).Seconds()))
	return options, nil
}

func setDefault(settings clickhouse.Settings, name string, value any) {
	if _, set := settings[name]; !set {
		settings[name] = value
	}
}

// withProtocol turns clickhouse://...?protocol=http into the http:// that the driver knows.
func withProtocol(dsn string) (string, error) {
	u, err := url.Parse(dsn)
	if err != nil {
		return "", errors.New("sink.dsn is no URL: allowed is http://user@host:8123, https://..., clickhouse://user@host:9000")
	}
	query := u.Query()
	switch protocol := query.Get("protocol"); protocol {
	case "", "native":
	case "http":
		u.Scheme = "http"
		if query.Get("secure") == "true" {
			u.Scheme = "https"
		}
	default:
		return "", fmt.Errorf("sink.dsn has protocol %q: allowed are http and native", protocol)
	}
	query.Del("protocol")
	if u.Scheme == "https" {
		query.Set("secure", "true")
	}
	u.RawQuery = query.Encode()
	return u.String(), nil
}

var errTwoPasswords = errors.New("sink.password_env and sink.password_file are both set: allowed is one of them")

func (c Config) password() (string, error) {
	switch {
	case c.PasswordEnv != "" && c.PasswordFile != "":
		return "", errTwoPasswords
	case c.PasswordEnv != "":
		password, set := os.LookupEnv(c.PasswordEnv)
		if !set {
			return "", fmt.Errorf("sink.password_env names %s, which is not set", c.PasswordEnv)
		}
		return password, nil
	case c.PasswordFile != "":
		text, err := os.ReadFile(c.PasswordFile)
		if err != nil {
			return "", fmt.Errorf("sink.password_file: %w", err)
		}
		return strings.TrimRight(string(text), "\r\n"), nil
	default:
		return "", nil
	}
}
