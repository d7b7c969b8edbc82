package ingest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"syscall"

	"github.com/segmentio/kafka-go"
)

// Check tells in one line what keeps this configuration from working: no
// broker, TLS or a password that does not fit, a topic that does not exist. It returns nil when a broker
// answers and has the topics.
func (c *Cluster) Check(ctx context.Context, topics ...string) error {
	var faults []string
	away := true
	for _, broker := range c.cfg.Brokers {
		existing, err := c.topicsAt(ctx, broker)
		if err == nil {
			return missing(topics, existing)
		}
		away = away && isAway(err)
		faults = append(faults, fmt.Sprintf("%s: %s", broker, c.explain(err)))
	}
	err := fmt.Errorf("kafka: no broker can be used; tried %s", strings.Join(faults, "; "))
	if away {
		return &AwayError{err}
	}
	return err
}

// AwayError says that no broker could be reached, or that the connection
// broke: that may heal by itself, unlike a wrong password or topic.
type AwayError struct{ error }

func (e *AwayError) Unwrap() error { return e.error }

func isAway(err error) bool {
	var resolve *net.DNSError
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.EHOSTUNREACH) || errors.Is(err, syscall.ENETUNREACH) ||
		timedOut(err) || brokeOff(err) || errors.As(err, &resolve)
}

// brokeOff says that the other side closed the connection. A broker that dies
// or a proxy that has none does so, and also a port that wants TLS or a password.
func brokeOff(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// topicsAt asks one broker, over its own connection, for the topics that this user may see.
func (c *Cluster) topicsAt(ctx context.Context, broker string) ([]string, error) {
	ctx, cancel := c.bound(ctx)
	defer cancel()
	if err := c.shakeHands(ctx, broker); err != nil {
		return nil, err
	}
	conn, err := c.dialer().DialContext(ctx, "tcp", broker)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		conn.SetDeadline(deadline)
	}
	partitions, err := conn.ReadPartitions()
	if err != nil {
		return nil, err
	}
	var names []string
	for _, p := range partitions {
		if !strings.HasPrefix(p.Topic, "__") {
			names = append(names, p.Topic)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// shakeHands tries TCP and, where it is on, TLS, for clearer errors than kafka-go's.
func (c *Cluster) shakeHands(ctx context.Context, broker string) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", broker)
	if err != nil {
		return err
	}
	defer conn.Close()
	if c.tls == nil {
		return nil
	}
	cfg := c.tls.Clone()
	if host, _, err := net.SplitHostPort(broker); err == nil && cfg.ServerName == "" {
		cfg.ServerName = host
	}
	if err := tls.Client(conn, cfg).HandshakeContext(ctx); err != nil {
		return &handshakeError{err}
	}
	return nil
}

// handshakeError is a TLS handshake that failed.
type handshakeError struct{ error }

func (e *handshakeError) Unwrap() error { return e.error }

// missing says which topics do not exist.
func missing(wanted, existing []string) error {
	var gone []string
	for _, t := range wanted {
		if !slices.Contains(existing, t) {
			gone = append(gone, t)
		}
	}
	if len(gone) == 0 {
		return nil
	}
	return fmt.Errorf("kafka: no topic %s (or no right to see it); %s", strings.Join(gone, ", "), have(existing))
}

// maxNamed is how many topics a message names.
const maxNamed = 20

func have(existing []string) string {
	switch n := len(existing); {
	case n == 0:
		return "this user sees no topic at all"
	case n > maxNamed:
		return fmt.Sprintf("there are %s and %d more", strings.Join(existing[:maxNamed], ", "), n-maxNamed)
	}
	return "there are " + strings.Join(existing, ", ")
}

// explain names the cause of a failed connection, and what to change.
func (c *Cluster) explain(err error) string {
	var handshake *handshakeError
	if errors.As(err, &handshake) {
		return explainTLS(handshake.error)
	}
	closed := brokeOff(err)
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused: nothing listens there"
	case c.sasl != nil && (errors.Is(err, kafka.SASLAuthenticationFailed) || errors.Is(err, kafka.BrokerNotAvailable)):
		return fmt.Sprintf("the broker refused user %q: wrong user or password, or the user is not known for %s", c.cfg.SASL.User, c.cfg.SASL.Mechanism)
	case c.sasl != nil && errors.Is(err, kafka.UnsupportedSASLMechanism):
		return fmt.Sprintf("the broker does not offer sasl.mechanism %s; others are %s", c.cfg.SASL.Mechanism, strings.Join(Mechanisms, ", "))
	case c.sasl != nil && errors.Is(err, kafka.IllegalSASLState):
		return "this port takes no password: remove sasl, or use the SASL port"
	case closed && c.tls == nil && c.sasl == nil:
		return "the broker closed the connection: the port wants TLS (tls.enabled: true) or a password (sasl), or is not Kafka's"
	case closed && c.tls == nil:
		return "the broker closed the connection: the port wants TLS (tls.enabled: true), or is not Kafka's"
	case closed && c.sasl == nil:
		return "the broker closed the connection after the TLS handshake: the port wants a password (sasl), or is not Kafka's"
	case timedOut(err) && c.tls == nil:
		return fmt.Sprintf("no answer within %v: a firewall, or the port wants TLS (tls.enabled: true)", c.cfg.RequestTimeout)
	case timedOut(err):
		return fmt.Sprintf("no answer within %v", c.cfg.RequestTimeout)
	}
	return err.Error()
}

func explainTLS(err error) string {
	var (
		record    tls.RecordHeaderError
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
		invalid   x509.CertificateInvalidError
	)
	switch {
	case errors.As(err, &record), errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET):
		return "the port does not speak TLS: set tls.enabled to false, or use the TLS port"
	case errors.As(err, &authority):
		return "the broker's certificate is signed by an unknown authority: name its PEM file in tls.ca_file"
	case errors.As(err, &host):
		return fmt.Sprintf("%v: set tls.server_name to the name in the certificate", host)
	case errors.As(err, &invalid):
		return fmt.Sprintf("the broker's certificate is not accepted: %v", invalid)
	case timedOut(err):
		return "the TLS handshake was not answered: the port may not speak TLS (tls.enabled: false)"
	}
	return fmt.Sprintf("TLS handshake: %v", err)
}

func timedOut(err error) bool {
	var slow interface{ Timeout() bool }
	return errors.As(err, &slow) && slow.Timeout()
}
