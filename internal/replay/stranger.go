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
	yours  string // what is to be put into the filter
}

const names = "your own names or places put in"

// kins are tried in turn; the last ones are for anything like them.
var kins = []kin{
	{what: "log lines of an AWS Classic Load Balancer", looks: regexp.MustCompile(`^\d{4}-\d\d-\d\dT\S+Z \S+ \S+:\d+ \S+ (-?[\d.]+ ){3}(\d{3}|-) `), filter: `awk '{split($13,u,/[\/:]+/); printf "{\"time_iso8601\":\"%s\",\"host\":\"%s\",\"status\":\"%s\",\"upstream_status\":\"%s\",\"bytes_sent\":\"%s\"}\n",$1,u[2],$8,$9,$11}'`},
	{what: "CloudFront's logs as JSON", looks: regexp.MustCompile(`^\{.*"x-edge-location":`),
		filter: `jq -c '{time_iso8601: "\(.date)T\(.time)Z", host: (."x-host-header" // ."cs(Host)"), pop: ."x-edge-location"[0:3], status: ."sc-status", bytes_sent: ."sc-bytes", request_time: ."time-taken"}'`},
	{what: "W3C log lines without the line that names their values", looks: regexp.MustCompile(`^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d (\S+ ){3,}\S+\s*$`),
		filter: `sed '1i #Fields: date time cs-method cs-host sc-status time-taken'`, yours: names},
	{what: "log lines in Elastic's common schema", looks: regexp.MustCompile(`^\{.*"(status_code|http\.response\.status_code)":`), filter: `jq -c '{time_iso8601: ."@timestamp", host: (.url.domain // ."url.domain"), status: (.http.response.status_code // ."http.response.status_code")}'`},
	{what: "lines that Docker wrapped", looks: regexp.MustCompile(`^\{.*"log":\s*".*"stream":`), filter: `jq -j .log`},
	{what: "log lines of HAProxy, whose times name no zone", looks: regexp.MustCompile(`haproxy\[\d+\]: .*\[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d\.\d+\]`),
		filter: `awk '{for(i=1;$i!~/^\[../&&i<NF;)i++; split($(i+2),b,"/"); printf "{\"time_local\":\"%s +0000\",\"host\":\"%s\",\"status\":\"%s\",\"bytes_sent\":\"%s\"}\n",substr($i,2,20),b[1],$(i+4),$(i+5)}'`,
		yours:  "the zone of its clock put in for +0000"},
	{what: "lines of syslog whose times name neither year nor zone (a guess could be hours off)", looks: regexp.MustCompile(`^(<\d+>)?[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S+ `),
		advice: "have the server log the time of the request itself, such as 18/Nov/2025:11:28:04 +0100"},
	{what: "one JSON array, not lines", looks: regexp.MustCompile(`^\s*\[\s*(\{.*)?$`), filter: `jq -c '.[]'`},
	{what: "JSON objects of several lines each", looks: regexp.MustCompile(`^\s*\{\s*$`), filter: `jq -c .`},
	{what: "JSON with names of its own", looks: regexp.MustCompile(`^\s*\{.*\}\s*$`), filter: `jq -c '{time_iso8601: .TIME, host: .HOST, status: .STATUS}'`, yours: names},
	{what: "a table of values between commas", looks: regexp.MustCompile(`^[^,\s]+(,[^,]*){2,}$`), filter: `awk -F, 'NR>1 {printf "{\"time_iso8601\":\"%s\",\"host\":\"%s\",\"status\":\"%s\"}\n",$1,$2,$3}'`, yours: names},
	{what: "lines in UTF-16", looks: regexp.MustCompile(`^\x{FFFD}{2}(.\x00|\x00.)`), filter: "iconv -f UTF-16 -t UTF-8"},
}

// zoner puts a zone to the times of lines that would be read if they had one.
var zoner = kin{yours: "that zone put in for +0000",
	filter: `sed -E 's,(../[A-Z][a-z]{2}/[0-9]{4}(:[0-9]{2}){3})],\1 +0000],; s,([0-9]{4})[-/]([0-9]{2})[-/]([0-9]{2})[T ]([0-9]{2}(:[0-9]{2}){2}(\.[0-9]+)?)(["[:space:]]|$),\1-\2-\3T\4+0000\7,'`}

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
		return fmt.Errorf("%s: its lines are %s, but their times name no zone, as in %q; a guess could be hours off: have the server log one, "+
			"such as 18/Nov/2025:11:28:04 +0100 or 2025-11-18T11:28:04Z. Where all of them are of one zone, %s", f.name, format, shown, zoner.way(f.name))
	}
	if firstText(lines) == nil {
		return fmt.Errorf("%s holds nothing but blank lines: name others, or the format with --format if its first %d kB alone are blank", f.name, headBytes>>10)
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
	if k.yours != "" {
		yours = ", " + k.yours
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
