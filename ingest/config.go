package ingest

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"time"
)

// Config is how to reach Kafka and how to read from it.
type Config struct {
	Brokers          []string      `yaml:"brokers" why:"host:port of some brokers; the others are learned from them."`
	ClientID         string        `yaml:"client_id" why:"The name that the brokers' logs and quotas see."`
	TLS              TLS           `yaml:"tls"`
	SASL             SASL          `yaml:"sasl"`
	SessionTimeout   time.Duration `yaml:"session_timeout" why:"A worker that is silent for so long loses its partitions; the brokers' lowest limit is 6s by default, and shorter pauses than 10s happen to healthy workers."`
	Heartbeat        time.Duration `yaml:"heartbeat" why:"How often a worker says that it lives; a rebalance is noticed after at most this time."`
	RebalanceTimeout time.Duration `yaml:"rebalance_timeout" why:"How long the group waits for a member to hand over its partitions before it goes on without it."`
	RequestTimeout   time.Duration `yaml:"request_timeout" why:"A broker that has not answered after this time is asked again."`
	Fetch            Fetch         `yaml:"fetch"`

	Log *slog.Logger `yaml:"-"` // slog.Default() when nil
}

// Fetch bounds one request for records. A partition holds two responses (the
// one in use and the next), and one decompressed batch while it is read.
type Fetch struct {
	MaxWait       time.Duration `yaml:"max_wait" why:"How long a broker holds a request while there is nothing new; also how long an idle partition goes unnoticed."`
	MinBytes      int           `yaml:"min_bytes" why:"A broker answers as soon as it has so much; 1 keeps the delay low."`
	MaxBytes      int           `yaml:"max_bytes" why:"The most one answer brings (a single larger batch comes whole); larger answers cost memory for each partition and gain little."`
	MaxTotalBytes int           `yaml:"max_total_bytes" why:"What the answers held for all partitions of one worker may come to; where partitions are many, each fetch asks for its share in place of max_bytes, down to 64 KiB."`
	MaxBatchBytes int           `yaml:"max_batch_bytes" why:"The largest batch accepted, both as sent and decompressed; a larger one is reported, not read, so that no sender can eat the memory."`
}

// TLS encrypts the connections.
type TLS struct {
	Enabled    bool   `yaml:"enabled" why:"Off, since a broker's plain listener is the usual default."`
	CAFile     string `yaml:"ca_file" why:"PEM file with the authority that signed the brokers' certificates; empty for the system's own."`
	CertFile   string `yaml:"cert_file" why:"PEM file with this client's certificate, where the brokers ask for one."`
	KeyFile    string `yaml:"key_file" why:"PEM file with the key of cert_file."`
	ServerName string `yaml:"server_name" why:"The name to expect in the brokers' certificates, where it is not the host in their address."`
	Insecure   bool   `yaml:"insecure" why:"Accepts any certificate; for a try on one's own machine only."`
}

// SASL names the user. The password stays out of this file.
type SASL struct {
	Mechanism    string `yaml:"mechanism" why:"plain, scram-sha-256 or scram-sha-512; empty for none."`
	User         string `yaml:"user" why:"The name to log in with."`
	PasswordEnv  string `yaml:"password_env" why:"The environment variable that holds the password."`
	PasswordFile string `yaml:"password_file" why:"The file that holds the password, alone on its line."`
}

// Mechanisms are the ways to log in that SASL.Mechanism may name.
var Mechanisms = []string{"plain", "scram-sha-256", "scram-sha-512"}

// Default is the configuration of a broker on this machine.
func Default() Config {
	return Config{
		Brokers:          []string{"127.0.0.1:9092"},
		ClientID:         "spikeline",
		SessionTimeout:   10 * time.Second,
		Heartbeat:        2 * time.Second,
		RebalanceTimeout: 30 * time.Second,
		RequestTimeout:   10 * time.Second,
		Fetch: Fetch{
			MaxWait:       500 * time.Millisecond,
			MinBytes:      1,
			MaxBytes:      1 << 20,
			MaxTotalBytes: 32 << 20,
			MaxBatchBytes: 64 << 20,
		},
	}
}

// Validate returns all faults at once, each with the value and what is allowed.
func (c Config) Validate() error {
	return errors.Join(
		c.checkBrokers(),
		duration("session_timeout", c.SessionTimeout, time.Second, 30*time.Minute),
		duration("heartbeat", c.Heartbeat, 100*time.Millisecond, c.SessionTimeout/3),
		duration("rebalance_timeout", c.RebalanceTimeout, time.Second, time.Hour),
		duration("request_timeout", c.RequestTimeout, time.Second, 10*time.Minute),
		duration("fetch.max_wait", c.Fetch.MaxWait, 10*time.Millisecond, time.Minute),
		size("fetch.min_bytes", c.Fetch.MinBytes, 0, c.Fetch.MaxBytes),
		size("fetch.max_bytes", c.Fetch.MaxBytes, 1<<10, 1<<30),
		size("fetch.max_total_bytes", c.Fetch.MaxTotalBytes, 1<<20, 1<<36),
		size("fetch.max_batch_bytes", c.Fetch.MaxBatchBytes, max(c.Fetch.MaxBytes, 1<<20), 1<<30),
		c.TLS.check(),
		c.SASL.check(),
	)
}

func (c Config) checkBrokers() error {
	if len(c.Brokers) == 0 {
		return errors.New("brokers: none given; name at least one as host:port")
	}
	var faults []error
	for _, b := range c.Brokers {
		if host, port, err := net.SplitHostPort(b); err != nil || host == "" || port == "" {
			faults = append(faults, fmt.Errorf("brokers: %q is not host:port", b))
		}
	}
	return errors.Join(faults...)
}

func duration(name string, v, low, high time.Duration) error {
	if v < low || v > high {
		return fmt.Errorf("%s: %v is not between %v and %v", name, v, low, high)
	}
	return nil
}

func size(name string, v, low, high int) error {
	if v < low || v > high {
		return fmt.Errorf("%s: %d is not between %d and %d bytes", name, v, low, high)
	}
	return nil
}

func (t TLS) check() error {
	var faults []error
	if (t.CertFile == "") != (t.KeyFile == "") {
		faults = append(faults, errors.New("tls.cert_file and tls.key_file: give both or neither"))
	}
	if !t.Enabled && t != (TLS{}) {
		faults = append(faults, errors.New("tls: settings are given, but tls.enabled is false; set it to true or remove them"))
	}
	return errors.Join(faults...)
}

func (s SASL) check() error {
	if s == (SASL{}) {
		return nil
	}
	var faults []error
	if !slices.Contains(Mechanisms, s.Mechanism) {
		faults = append(faults, fmt.Errorf("sasl.mechanism: %q is not one of %s", s.Mechanism, strings.Join(Mechanisms, ", ")))
	}
	if s.User == "" {
		faults = append(faults, errors.New("sasl.user: empty; name the user to log in with"))
	}
	if (s.PasswordEnv == "") == (s.PasswordFile == "") {
		faults = append(faults, errors.New("sasl.password_env and sasl.password_file: give exactly one"))
	}
	return errors.Join(faults...)
}
