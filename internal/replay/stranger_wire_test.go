//go:build wire

package replay

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spikeline/spikeline/processor/window"
)

// foreign are two lines (a request that was answered, and one that failed) of logs that are not read as they are.
var foreign = map[string]string{
	"elb.log": `2025-11-18T11:28:04.945958Z my-lb 192.168.131.39:2817 10.0.0.1:80 0.000073 0.001048 0.000057 200 200 0 29 "GET http://shop.example.com:80/ HTTP/1.1" "curl/7.38.0" - -
2025-11-18T11:28:05.945958Z my-lb 192.168.131.39:2817 - -1 -1 -1 503 0 0 0 "GET https://shop.example.com:443/ HTTP/1.1" "curl/7.38.0" - -`,
	"ecs.json": `{"@timestamp":"2025-11-18T11:28:04.123Z","http":{"request":{"method":"GET"},"response":{"status_code":200}},"url":{"domain":"shop.example.com","path":"/"}}
{"@timestamp":"2025-11-18T11:28:05.123Z","http.response.status_code":500,"url.domain":"shop.example.com"}`,
	"haproxy.log": `Nov 18 11:28:04 lb1 haproxy[14389]: 10.0.1.2:33317 [18/Nov/2025:11:28:04.655] https~ shop.example.com/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {agent|} "GET / HTTP/1.1"
Nov 18 11:28:05 lb1 haproxy[14389]: 10.0.1.2:33317 [18/Nov/2025:11:28:05.655] https~ shop.example.com/<NOSRV> 10/-1/-1/-1/109 503 217 - - SC-- 1/1/1/1/0 0/0 "GET / HTTP/1.1"`,
	"zoneless.log": `shop.example.com 203.0.113.7 - - [18/Nov/2025:11:28:04] "GET /a HTTP/1.1" 200 742 "-" "agent"
shop.example.com 203.0.113.7 - - [18/Nov/2025:11:28:05] "GET /a HTTP/1.1" 502 742 "-" "agent"`,
	"zoneless.json": `{"time":"2025-11-18 11:28:04.123","host":"shop.example.com","status":200}
{"time":"2025-11-18T11:28:05","host":"shop.example.com","status":500}`,
	"wall.json": `{"level":"info","ts":"2025/11/18 11:28:04.123","logger":"http.log.access.log0","request":{"host":"shop.example.com"},"status":200}
{"level":"info","ts":"2025/11/18 11:28:05","logger":"http.log.access.log0","request":{"host":"shop.example.com"},"status":502}`,
	"docker.log": `{"log":"shop.example.com 203.0.113.7 - - [18/Nov/2025:11:28:04 +0000] \"GET /a HTTP/1.1\" 200 742 \"-\" \"agent\"\n","stream":"stdout","time":"2025-11-18T11:28:04.1Z"}
{"log":"shop.example.com 203.0.113.7 - - [18/Nov/2025:11:28:05 +0000] \"GET /a HTTP/1.1\" 502 742 \"-\" \"agent\"\n","stream":"stdout","time":"2025-11-18T11:28:05.1Z"}`,
	"cloudfront.json": `{"date":"2025-11-18","time":"11:28:04","x-edge-location":"FRA56-P4","sc-bytes":"1045","cs(Host)":"d1.cloudfront.net","sc-status":"200","x-host-header":"shop.example.com","time-taken":"0.012"}
{"date":"2025-11-18","time":"11:28:05","x-edge-location":"FRA56-P4","cs(Host)":"shop.example.com","sc-status":"502"}`,
	"w3c.log": `2025-11-18 11:28:04 GET shop.example.com 200 12
2025-11-18 11:28:05 GET shop.example.com 503 1200`,
	"pretty.json": `{
  "time_iso8601": "2025-11-18T11:28:04Z", "host": "shop.example.com", "status": 200
}
{
  "time_iso8601": "2025-11-18T11:28:05Z", "host": "shop.example.com", "status": 500
}`,
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
		if got.folds.Counted.Load() != 2 || got.failed() != 1 || len(got.rejects) > 0 {
			t.Errorf("%s: %d requests, %d errors, rejects %v from\n%s", name, got.folds.Counted.Load(), got.failed(), got.rejects, out)
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
	write(t, "ecs.json.gz", compressed(t, "ecs.json.gz", foreign["ecs.json"]))
	if told := refusal(t, "ecs.json.gz"); !strings.Contains(told, "with: zcat ecs.json.gz | jq -c ") {
		t.Error(told)
	}
}
