package cli

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/spikeline/spikeline/sink/alert"
)

func TestTheTestAlertReachesWebhookAndTopic(t *testing.T) {
	var body, signature string
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		body, signature = string(text), r.Header.Get(alert.SignatureHeader)
	}))
	defer hook.Close()
	broker, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		t.Fatal(err)
	}
	defer broker.Close()
	t.Setenv("PAGER_KEY", "a key of some length")
	file := filepath.Join(t.TempDir(), "spikeline.yaml")
	text := "alerts:\n  topic: spikeline.signals\n  webhooks:\n    - {name: pager, url: " + hook.URL + ", secret_env: PAGER_KEY}\n"
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	a := &app{stdout: &out, stderr: io.Discard}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := a.testAlerts(ctx, &settings{file: file, brokers: broker.ListenAddrs()}); err != nil {
		t.Fatal(err)
	}
	if want := regexp.MustCompile(`^pager                    delivered  in \d+.*\ntopic:spikeline.signals  delivered  in \d+.*\n$`); !want.MatchString(out.String()) {
		t.Errorf("told:\n%s", out.String())
	}
	if !strings.Contains(body, `"type":"test"`) || !strings.HasPrefix(signature, "t=") {
		t.Errorf("sent %s, signed %q", body, signature)
	}
	if end := broker.PartitionInfo("spikeline.signals", 0).HighWatermark; end != 1 {
		t.Errorf("%d records on the topic", end)
	}
}
