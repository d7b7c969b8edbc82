//go:build wire

package replay

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spikeline/spikeline/processor/window"
)

// foreign are two lines (a request that was answered, and one that failed) of logs that are not read as they are.
var foreign = map[string]string{
	"alb.log": `http 2025-11-18T11:28:04.186641Z app/my-lb/50dc6c 192.168.131.39:2817 10.0.0.1:80 0.000 0.001 0.000 200 200 34 366 "GET http://shop.example.com:80/ HTTP/1.1" "curl/7.46.0" - - arn:aws:x "Root=1-58337262" "-" "-" 0 2025-11-18T11:28:04.186641Z "forward" "-" "-" "10.0.0.1:80" "200" "-" "-"
https 2025-11-18T11:28:05.186641Z app/my-lb/50dc6c 192.168.131.39:2817 - -1 -1 -1 503 - 0 57 "GET https://shop.example.com:443/a?b=c HTTP/1.1" "curl/7.46.0" ECDHE-RSA TLSv1.2 arn:aws:x "Root=1-58337281" "shop.example.com" "arn:aws:acm:x" 1 2025-11-18T11:28:05.186641Z "forward" "-" "-" "-" "-" "-" "-"`,
	"elb.log": `2025-11-18T11:28:04.945958Z my-lb 192.168.131.39:2817 10.0.0.1:80 0.000073 0.001048 0.000057 200 200 0 29 "GET http://shop.example.com:80/ HTTP/1.1" "curl/7.38.0" - -
2025-11-18T11:28:05.945958Z my-lb 192.168.131.39:2817 - -1 -1 -1 503 0 0 0 "GET https://shop.example.com:443/ HTTP/1.1" "curl/7.38.0" - -`,
	"iis.log": `#Software: Microsoft Internet Information Services 10.0
#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs-host sc-status sc-substatus sc-win32-status time-taken
2025-11-18 11:28:04 10.0.0.5 GET /v1/items page=2 443 - 203.0.113.7 Mozilla/5.0+(X11) shop.example.com 200 0 0 12
2025-11-18 11:28:05 10.0.0.5 GET /v1/items page=2 443 - 203.0.113.7 Mozilla/5.0+(X11) shop.example.com 503 0 0 1200`,
	"caddy.log": `{"level":"info","ts":1763465284.123,"logger":"http.log.access.log0","msg":"handled request","request":{"remote_ip":"203.0.113.7","proto":"HTTP/2.0","method":"GET","host":"shop.example.com","uri":"/v1/items","headers":{}},"bytes_read":0,"duration":0.0123,"size":742,"status":200,"resp_headers":{}}
{"level":"error","ts":1763465285.123,"logger":"http.log.access","msg":"handled request","request":{"remote_ip":"203.0.113.7","method":"GET","host":"shop.example.com:443","uri":"/v1/items"},"duration":1.0123,"size":0,"status":502}`,
	"traefik log.json": `{"ClientHost":"203.0.113.7","DownstreamContentSize":742,"DownstreamStatus":200,"Duration":12300000,"OriginStatus":200,"RequestHost":"shop.example.com","RequestMethod":"GET","RequestPath":"/v1/items","StartUTC":"2025-11-18T11:28:04.123456789Z","time":"2025-11-18T11:28:04Z"}
{"ClientHost":"203.0.113.7","DownstreamContentSize":0,"DownstreamStatus":502,"Duration":12300000,"OriginStatus":502,"RequestHost":"shop.example.com","RequestMethod":"GET","RequestPath":"/v1/items","StartUTC":"2025-11-18T11:28:05.1Z","time":"2025-11-18T11:28:05Z"}`,
	"ecs.json": `{"@timestamp":"2025-11-18T11:28:04.123Z","http":{"request":{"method":"GET"},"response":{"status_code":200}},"url":{"domain":"shop.example.com","path":"/"}}
{"@timestamp":"2025-11-18T11:28:05.123Z","http.response.status_code":500,"url.domain":"shop.example.com"}`,
	"docker.log": `{"log":"shop.example.com 203.0.113.7 - - [18/Nov/2025:11:28:04 +0000] \"GET /a HTTP/1.1\" 200 742 \"-\" \"agent\"\n","stream":"stdout","time":"2025-11-18T11:28:04.1Z"}
{"log":"shop.example.com 203.0.113.7 - - [18/Nov/2025:11:28:05 +0000] \"GET /a HTTP/1.1\" 502 742 \"-\" \"agent\"\n","stream":"stdout","time":"2025-11-18T11:28:05.1Z"}`,
	"array.json": `[
{"time_iso8601":"2025-11-18T11:28:04Z","host":"shop.example.com","status":200},
{"time_iso8601":"2025-11-18T11:28:05Z","host":"shop.example.com","status":500}
]`,
	"table.csv": `timestamp,host,status
2025-11-18T11:28:04Z,shop.example.com,200
2025-11-18T11:28:05Z,shop.example.com,502`,
	"names.json": `{"TIME":"2025-11-18T11:28:04Z","HOST":"shop.example.com","STATUS":200}
{"TIME":"2025-11-18T11:28:05Z","HOST":"shop.example.com","STATUS":500}`,
}

func TestTheCommandThatIsToldForLogsOfAnotherKindReadsThem(t *testing.T) {
	for name, text := range foreign {
		dir := t.TempDir()
		write(t, filepath.Join(dir, name), []byte(text+"\n"))
		t.Chdir(dir)
		told := refusal(t, name)
		_, command, found := strings.Cut(told, "they are read on the way")
		_, command, _ = strings.Cut(command, ", with: ")
		command, piped := strings.CutSuffix(command, " | spikeline replay -")
		if !found || !piped || strings.Contains(told, "\n") {
			t.Errorf("%s: no command in one line:\n%s", name, told)
			continue
		}
		out, err := exec.Command("bash", "-c", command).Output()
		if err != nil {
			t.Errorf("%s: %v of\n%s", name, err, command)
		}
		write(t, "turned.log", out)
		got := replayed(t, "turned.log")
		errors := 0
		for cell, counts := range got.rows {
			if !strings.Contains(cell, "shop.example.com") {
				t.Errorf("%s: counted as %s", name, cell)
			}
			var requests, failed int
			fmt.Sscan(counts, &requests, &failed)
			errors += failed
		}
		if got.folds.Counted.Load() != 2 || errors != 1 || len(got.rejects) > 0 {
			t.Errorf("%s: %d requests, %d errors, rejects %v from\n%s", name, got.folds.Counted.Load(), errors, got.rejects, out)
		}
	}
}

// refusal is what is told of a file that is not read.
func refusal(t *testing.T, file string) string {
	t.Helper()
	o := &outcome{rows: map[string]string{}, incidents: map[string]string{}, ledger: map[string]window.Block{}}
	err := Run(context.Background(), o.options(file))
	if err == nil {
		t.Fatalf("%s is read", file)
	}
	return err.Error()
}

func TestACompressedLogOfAnotherKindIsUnpackedOnTheWay(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	write(t, "caddy.log.gz", compressed(t, "caddy.log.gz", foreign["caddy.log"]))
	if told := refusal(t, "caddy.log.gz"); !strings.Contains(told, "with: zcat caddy.log.gz | jq -c ") {
		t.Error(told)
	}
}
