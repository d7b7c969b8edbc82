package sink

import (
	"errors"
	"fmt"
	"net/url"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// ErrRefused is a statement that ClickHouse will not run for this user, or on this database.
var ErrRefused = errors.New("ClickHouse refuses")

// refusals are the next steps of a reader, by ClickHouse's code.
var refusals = map[int32]string{
	47:  "a column is missing: run spikeline schema check",
	60:  "a table is missing: run spikeline schema apply",
	81:  "database spikeline is missing: run spikeline schema apply, or replay logs into it",
	164: "the user may only read: name one in the DSN that may write",
	192: "the user is unknown: check the name in the DSN",
	193: "the password is wrong: check sink.password_env or sink.password_file",
	194: "a password is needed: set sink.password_env or sink.password_file",
	497: "the user lacks a right: have it granted (GRANT SELECT ON spikeline.*, and INSERT for notes), or name another user in the DSN",
	516: "user or password is wrong: check the name in the DSN, and sink.password_env or sink.password_file",
}

// refusal is the error of a code that has a next step, else nil.
func refusal(code int32) error {
	if step, known := refusals[code]; known {
		return fmt.Errorf("%w: %s", ErrRefused, step)
	}
	return nil
}

// Explain gives an error of ClickHouse as one line with the next step. Of a
// request that got no answer it leaves out the address, which holds the whole statement.
func Explain(err error) error {
	var exception *clickhouse.Exception
	if errors.As(err, &exception) {
		if known := refusal(exception.Code); known != nil {
			return known
		}
	}
	var request *url.Error
	if errors.As(err, &request) {
		return request.Err
	}
	return err
}

// failedTo says what a reader could not do.
func failedTo(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, Explain(err))
}
