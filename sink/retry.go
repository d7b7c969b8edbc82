package sink

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/spikeline/spikeline/sink/schema"
)

// hopeless are the codes of ClickHouse that no waiting heals, with the next
// step. Every other error is retried: what is unknown must not lose rows, and
// the stall is visible as StalledSince and LastError.
var hopeless = map[int32]string{
	16:  "a column is missing: run spikeline schema check",
	20:  "columns differ: run spikeline schema check",
	36:  "a setting or an argument is refused",
	47:  "a column is missing: run spikeline schema check",
	53:  "a column has another type: run spikeline schema check",
	60:  "a table is missing: run spikeline schema apply",
	62:  "ClickHouse does not know this syntax: version 25.3 or newer is needed",
	81:  "database spikeline is missing: run spikeline schema apply",
	115: "a setting is unknown: version 25.3 or newer is needed",
	164: "the user may only read: sink.dsn needs one that may write",
	192: "the user is unknown: check sink.dsn",
	193: "wrong password: check sink.password_env or sink.password_file",
	194: "a password is needed: set sink.password_env or sink.password_file",
	195: "the user may not come from this address",
	452: "a setting is forbidden to this user: async_insert, max_execution_time, insert_deduplication_token and max_partitions_per_insert_block are needed",
	497: "the user lacks a right: spikeline schema print --users has the grants of a writer, an owner and a reader",
	516: "user or password is wrong: check sink.dsn, sink.password_env or sink.password_file",
}

// damaged are the codes by which ClickHouse says that it cannot read its own files.
var damaged = []int32{33, 40, 107, 226, 246, 271}

// damage is the next step where a part is broken, for the end of a message.
func damage(err error) string {
	var exception *clickhouse.Exception
	if errors.As(err, &exception) && slices.Contains(damaged, exception.Code) {
		return ": a part of a table is damaged; CHECK TABLE spikeline.<table> finds it, and docs/operations.md says how its rows are brought back"
	}
	return ""
}

// permanent wraps an error that waiting does not heal with the next step; nil when it may heal.
func permanent(err error) error {
	if errors.Is(err, schema.ErrMissing) || errors.Is(err, schema.ErrMismatch) {
		return err
	}
	var exception *clickhouse.Exception
	if errors.As(err, &exception) {
		if hint, found := hopeless[exception.Code]; found {
			return fmt.Errorf("ClickHouse refuses: %s: %w", hint, err)
		}
		return nil
	}
	var answer *clickhouse.HTTPError
	if errors.As(err, &answer) && (answer.StatusCode == http.StatusUnauthorized || answer.StatusCode == http.StatusForbidden) {
		return fmt.Errorf("ClickHouse, or a proxy before it, refuses: check sink.dsn: %w", err)
	}
	if errors.Is(err, clickhouse.ErrBatchInvalid) {
		return fmt.Errorf("BUG: a row does not fit its table: %w", err)
	}
	var unknown x509.UnknownAuthorityError
	var certificate *tls.CertificateVerificationError
	if errors.As(err, &unknown) || errors.As(err, &certificate) {
		return fmt.Errorf("ClickHouse's certificate is not trusted: %w", err)
	}
	return nil
}

// brief leaves out the URL of a request, which holds the whole query.
func brief(err error) error {
	var request *url.Error
	if errors.As(err, &request) {
		return request.Err
	}
	return err
}

// retry runs one step until it succeeds, cannot succeed, or ctx ends.
func (w *Writer) retry(ctx context.Context, what string, step func(context.Context) error) error {
	for pause := w.config.RetryMin; ; pause = min(2*pause, w.config.RetryMax) {
		attempt, cancel := context.WithTimeout(ctx, w.config.InsertTimeout)
		err := step(attempt)
		cancel()
		if err == nil {
			w.metrics.healed()
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("%s: %w", what, errors.Join(ctx.Err(), err))
		}
		if fatal := permanent(err); fatal != nil {
			return fmt.Errorf("%s: %w", what, fatal)
		}
		if w.metrics.stalled(brief(err)) {
			w.log.Warn("ClickHouse is away; rows wait and are tried again"+damage(err), "what", what, "err", brief(err))
		}
		if !sleep(ctx, pause) {
			return fmt.Errorf("%s: %w", what, errors.Join(ctx.Err(), err))
		}
	}
}
