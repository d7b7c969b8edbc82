//go:build wire

package e2e

import (
	"bytes"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/spikeline/spikeline/internal/testkit"
)

// The passwords of this test, which nothing may print.
const (
	kafkaPassword      = "wheat-field-at-noon"
	clickhousePassword = "poppy-field-at-dawn"
)

// lockedClickHouse is ClickHouse behind TLS that asks for the writer's password.
func lockedClickHouse(t *testing.T, db clickhouse) (server *httptest.Server, caFile string, refused *atomic.Int64) {
	t.Helper()
	refused = &atomic.Int64{}
	behind := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: db.addr})
	server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		if user == "" {
			user, password = r.Header.Get("X-ClickHouse-User"), r.Header.Get("X-ClickHouse-Key")
		}
		if user != "spikeline_writer" || password != clickhousePassword {
			refused.Add(1)
			w.Header().Set("X-ClickHouse-Exception-Code", "516")
			http.Error(w, "Code: 516. DB::Exception: "+user+": Authentication failed (AUTHENTICATION_FAILED)", http.StatusForbidden)
			return
		}
		r.Header.Del("Authorization")
		r.Header.Set("X-ClickHouse-User", "default")
		r.Header.Set("X-ClickHouse-Key", "")
		behind.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	caFile = filepath.Join(t.TempDir(), "clickhouse-ca.pem")
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(caFile, certificate, 0o600); err != nil {
		t.Fatal(err)
	}
	return server, caFile, refused
}

func secureConfig(t *testing.T, k *testkit.Kafka, server *httptest.Server, mechanism string) string {
	t.Helper()
	passwordFile := filepath.Join(t.TempDir(), "clickhouse-password")
	if err := os.WriteFile(passwordFile, []byte(clickhousePassword+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "spikeline.yaml")
	text := fmt.Sprintf(`kafka:
  brokers: [%q]
  tls: {enabled: true, ca_file: %s, cert_file: %s, key_file: %s}
  sasl: {mechanism: %s, user: edge, password_env: EDGE_KAFKA_PASSWORD}
sink:
  dsn: https://spikeline_writer@%s
  password_file: %s
http: {listen: "127.0.0.1:0"}
log: {level: debug}
`, k.Secure, k.CAFile, k.CertFile, k.KeyFile, mechanism, strings.TrimPrefix(server.URL, "https://"), passwordFile)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestAllIsEncryptedAndNoSecretIsPrinted(t *testing.T) {
	broker := testkit.StartKafka(t, testkit.WithSASL("edge", kafkaPassword), testkit.WithEveryMechanism(), testkit.WithClientCertificate())
	broker.CreateTopic("edge.requests", 2)
	db := startEngine(t)
	server, caFile, refused := lockedClickHouse(t, db)
	t.Setenv("SSL_CERT_FILE", caFile)
	t.Setenv("EDGE_KAFKA_PASSWORD", kafkaPassword)
	worker := start(t, "run", "--config", secureConfig(t, broker, server, "scram-sha-512"))
	sent := uint64(0)
	for _, mechanism := range []string{"plain", "scram-sha-256", "scram-sha-512"} {
		truth := filepath.Join(t.TempDir(), "truth.csv")
		spikeline(t, "simulate", "--config", secureConfig(t, broker, server, mechanism), "--topic", "edge.requests", "--scenario", "steady",
			"--from", "2025-03-04T00:00:00Z", "--to", "2025-03-04T00:00:20Z", "--total", "50", "--late", "0", "--truth", truth)
		sent += column(t, truth, 1)
	}
	db.await(t, "SELECT sum(requests) FROM spikeline.windows", fmt.Sprint(sent), worker)
	if refused.Load() != 0 {
		t.Errorf("ClickHouse refused %d requests", refused.Load())
	}
	said := worker.metrics()
	worker.stop()
	said += worker.log.String()

	config := secureConfig(t, broker, server, "scram-sha-512")
	said += attempt(t, "config", "check", config) + attempt(t, "config", "print")
	t.Setenv("EDGE_KAFKA_PASSWORD", kafkaPassword+"-of-last-year")
	wrong := attempt(t, "run", "--config", config)
	if !strings.Contains(wrong, `the broker refused user "edge": wrong user or password`) {
		t.Errorf("a wrong password of Kafka: %s", wrong)
	}
	said += wrong
	for _, secret := range []string{kafkaPassword, clickhousePassword} {
		if at := strings.Index(said, secret); at >= 0 {
			t.Errorf("a secret is printed: %s", said[max(0, at-200):at+len(secret)])
		}
	}
}

func TestAWrongPasswordOfClickHouseIsToldAndNotPrinted(t *testing.T) {
	broker := testkit.StartKafka(t)
	broker.CreateTopic("edge.requests", 1)
	server, caFile, _ := lockedClickHouse(t, startEngine(t))
	t.Setenv("SSL_CERT_FILE", caFile)
	t.Setenv("CLICKHOUSE_PASSWORD", "poppy-field-of-last-year")
	file := filepath.Join(t.TempDir(), "spikeline.yaml")
	text := fmt.Sprintf("kafka: {brokers: [%q]}\nsink: {dsn: \"https://spikeline_writer@%s\", password_env: CLICKHOUSE_PASSWORD}\nhttp: {listen: \"\"}\n", broker.Addr, strings.TrimPrefix(server.URL, "https://"))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	said := attempt(t, "run", "--config", file)
	if !strings.Contains(said, "user or password is wrong") && !strings.Contains(said, "check sink.dsn") {
		t.Errorf("a wrong password of ClickHouse: %s", said)
	}
	if strings.Contains(said, "poppy-field") {
		t.Errorf("a secret is printed: %s", said)
	}
}

// attempt runs a command to its end, which may be an error, and gives all it says.
func attempt(t *testing.T, args ...string) string {
	t.Helper()
	c := exec.Command(os.Args[0], args...)
	c.Env = append(os.Environ(), asProgram+"=1")
	var said bytes.Buffer
	c.Stdout, c.Stderr = &said, io.Writer(&said)
	c.Run()
	return said.String()
}
