package plugin

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// errFilter is an ad-hoc filter that makes no sense.
var errFilter = errors.New("ad-hoc filter")

// Codes of ClickHouse that are explained. 192, 193 and 194 came before 516.
const (
	unknownColumn   = 47
	unknownTable    = 60
	unknownDatabase = 81
	timeoutExceeded = 159
	readonlyUser    = 164
	unknownUser     = 192
	wrongPassword   = 193
	needsPassword   = 194
	memoryLimit     = 241
	accessDenied    = 497
	loginFailed     = 516
)

// explain says in plain words what is wrong and what to do next.
func explain(err error) string {
	if code, known := codeOf(err); known {
		return explainCode(code, err)
	}
	var (
		dns  *net.DNSError
		dial *net.OpError
		cert *tls.CertificateVerificationError
	)
	switch {
	case errors.As(err, &cert):
		return fmt.Sprintf("The certificate of ClickHouse is not trusted: %v. Give its CA certificate.", cert.Err)
	case errors.As(err, &dns):
		return fmt.Sprintf("There is no host %q: check the URL.", dns.Name)
	case errors.Is(err, context.DeadlineExceeded):
		return "ClickHouse did not answer in time: choose a shorter time range, or raise the query timeout."
	case errors.As(err, &dial) && dial.Op == "dial":
		return fmt.Sprintf("No server answers at %v (%v): check the URL and that ClickHouse is running.", dial.Addr, dial.Err)
	case strings.Contains(err.Error(), "9000"):
		return "This is the port of the native protocol: give the HTTP port, 8123 by default."
	case strings.Contains(err.Error(), "[HTTP "):
		_, answer, _ := strings.Cut(err.Error(), "[HTTP ")
		status, _, _ := strings.Cut(answer, "]")
		return "What answers at the URL is not ClickHouse (HTTP status " + status + "): check host and port, 8123 by default."
	}
	return "ClickHouse: " + firstLine(err.Error())
}

func explainCode(code int32, err error) string {
	switch code {
	case unknownUser, wrongPassword, needsPassword, loginFailed:
		return "ClickHouse refuses the user or the password: check both."
	case readonlyUser:
		return "The user has readonly = 1, under which no query can set its time limit: give it readonly = 2, or GRANT SELECT ON spikeline.* alone."
	case accessDenied:
		return "The user may not read the tables: GRANT SELECT ON spikeline.* to it. " + firstLine(err.Error())
	case unknownDatabase, unknownTable:
		return "The tables are missing. Run: spikeline schema apply"
	case unknownColumn:
		return "The tables are older than this plugin. Run: spikeline schema apply. " + firstLine(err.Error())
	case timeoutExceeded:
		return "The query took too long and ClickHouse ended it: choose a shorter time range, or raise the query timeout."
	case memoryLimit:
		return "ClickHouse has no memory left for this query: choose a shorter time range or fewer services."
	}
	return "ClickHouse: " + firstLine(err.Error())
}

// codeOf finds ClickHouse's code, which over HTTP may come as text alone.
func codeOf(err error) (int32, bool) {
	var exception *clickhouse.Exception
	if errors.As(err, &exception) {
		return exception.Code, true
	}
	_, rest, found := strings.Cut(err.Error(), "Code: ")
	var code int32
	if _, scan := fmt.Sscanf(rest, "%d", &code); found && scan == nil {
		return code, true
	}
	return 0, false
}

func firstLine(s string) string {
	const most = 400
	s, _, _ = strings.Cut(s, "\n")
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
