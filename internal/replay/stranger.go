package replay

import (
	"bytes"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spikeline/spikeline/ingest/accesslog"
)

// kin is a kind of log that is not read as it is, but once a filter has turned it into one that is.
type kin struct {
	what   string // a file of it holds
	looks  *regexp.Regexp
	filter string // reads such lines, and writes nginx_json, cloudfront or combined; empty where none can
	advice string // where there is no filter
	sketch bool   // the filter is to be filled in
}

// The columns of a load balancer's log up to the host of its request: split at slashes and colons, an address has the host second.
const balancer = `awk '{split($%d,u,/[\/:]+/); printf "{\"time_iso8601\":\"%%s\",\"host\":\"%%s\",\"status\":\"%%s\",\"upstream_status\":\"%%s\",\"bytes_sent\":\"%%s\"}\n",$%d,u[2],$%d,$%d,$%d}'`

// kins are tried in turn; the last ones are for anything like them.
var kins = []kin{
	{what: "log lines of an AWS Application Load Balancer", looks: regexp.MustCompile(`^(http|https|h2|grpcs|ws|wss) \d{4}-\d\d-\d\dT\S+Z app/`), filter: fmt.Sprintf(balancer, 14, 2, 9, 10, 12)},
	{what: "log lines of an AWS Classic Load Balancer", looks: regexp.MustCompile(`^\d{4}-\d\d-\d\dT\S+Z \S+ \S+:\d+ \S+ (-?[\d.]+ ){3}(\d{3}|-) `), filter: fmt.Sprintf(balancer, 13, 1, 8, 9, 11)},
	{what: "log lines of IIS", looks: regexp.MustCompile(`(?m)^#Fields: .*\bsc-status\b`), filter: `sed 's/ time-taken/ -/' | tr ' ' '\t'`},
	{what: "log lines of Caddy", looks: regexp.MustCompile(`^\{.*"logger":\s*"http\.log\.access`), filter: `jq -c '{msec: .ts, host: .request.host, request_method: .request.method, request_uri: .request.uri, status, bytes_sent: .size, request_time: .duration}'`},
	{what: "log lines of Traefik", looks: regexp.MustCompile(`^\{.*"DownstreamStatus":`), filter: `jq -c '{time_iso8601: .StartUTC, host: .RequestHost, request_method: .RequestMethod, request_uri: .RequestPath, status: .DownstreamStatus, upstream_status: .OriginStatus, bytes_sent: .DownstreamContentSize, request_time: (.Duration / 1e9)}'`},
	{what: "log lines in Elastic's common schema", looks: regexp.MustCompile(`^\{.*"(status_code|http\.response\.status_code)":`), filter: `jq -c '{time_iso8601: ."@timestamp", host: (.url.domain // ."url.domain"), status: (.http.response.status_code // ."http.response.status_code")}'`},
	{what: "lines that Docker wrapped", looks: regexp.MustCompile(`^\{.*"log":\s*".*"stream":`), filter: `jq -j .log`},
	{what: "log lines of HAProxy, whose times name no zone (a guess could be hours off)", looks: regexp.MustCompile(`haproxy\[\d+\]: .*\[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d\.\d+\]`), advice: "have it log with option httplog clf"},
	{what: "one JSON array, not lines", looks: regexp.MustCompile(`^\s*\[\s*(\{.*)?$`), filter: `jq -c '.[]'`},
	{what: "JSON with names of its own", looks: regexp.MustCompile(`^\s*\{.*\}\s*$`), filter: `jq -c '{time_iso8601: .TIME, host: .HOST, status: .STATUS}'`, sketch: true},
	{what: "a table of values between commas", looks: regexp.MustCompile(`^[^,\s]+(,[^,]*){2,}$`), filter: `awk -F, 'NR>1 {printf "{\"time_iso8601\":\"%s\",\"host\":\"%s\",\"status\":\"%s\"}\n",$1,$2,$3}'`, sketch: true},
	{what: "lines in UTF-16", looks: regexp.MustCompile(`^\x{FFFD}{2}(.\x00|\x00.)`), filter: "iconv -f UTF-16 -t UTF-8"},
}

// stranger explains lines that fit no format.
func (f *file) stranger(lines [][]byte) error {
	shown := accesslog.Mask(nil, firstText(lines))
	if f.cut != nil && len(lines) < 2 {
		return fmt.Errorf("%s breaks off in its first line (%w): fetch it again", f.name, f.cut)
	}
	zoned := make([][]byte, len(lines))
	for i, line := range lines {
		zoned[i] = zoneless.ReplaceAllFunc(line, addZone)
	}
	if format, _ := accesslog.Detect(zoned); format != "" {
		return fmt.Errorf("%s: its lines are %s, but their times name no zone, and a guess could be hours off: have the server log one, "+
			"such as 18/Nov/2025:11:28:04 +0100 or 2025-11-18T11:28:04Z; the first line is %q", f.name, format, shown)
	}
	subject := append(bytes.Join(comments(lines), []byte("\n")), firstText(lines)...)
	for _, k := range kins {
		if k.looks.Match(subject) {
			return fmt.Errorf("%s holds %s: %s", f.name, k.what, k.way(f.name))
		}
	}
	return fmt.Errorf("%s: its first lines fit none of the formats %s: name one with --format, or make one of these (another delimiter is another format); the first line is %q",
		f.name, strings.Join(accesslog.Formats(), ", "), shown)
}

// comments are the lines that tell of the others.
func comments(lines [][]byte) (list [][]byte) {
	for _, line := range lines {
		if isComment(line) {
			list = append(list, line, nil)
		}
	}
	return list
}

func isComment(line []byte) bool { return len(line) > 0 && line[0] == '#' }

// way is the command that reads such a file.
func (k kin) way(file string) string {
	if k.filter == "" {
		return k.advice
	}
	command := k.filter + " < " + shellWord(file)
	if first, rest, found := strings.Cut(k.filter, " | "); found {
		command = first + " < " + shellWord(file) + " | " + rest
	}
	switch {
	case file == "-":
		command = "... | " + k.filter
	case filepath.Ext(file) == ".gz":
		command = "zcat " + shellWord(file) + " | " + k.filter
	case filepath.Ext(file) == ".zst":
		command = "zstdcat " + shellWord(file) + " | " + k.filter
	}
	yours := ""
	if k.sketch {
		yours = ", your own names or places put in"
	}
	return "they are read on the way" + yours + ", with: " + command + " | spikeline replay -"
}

var plainWord = regexp.MustCompile(`^[\w./-]+$`)

func shellWord(s string) string {
	if plainWord.MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
