package ingest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestTheDefaultIsValid(t *testing.T) {
	if err := Default().Validate(); err != nil {
		t.Error(err)
	}
}

func TestAllFaultsAreToldAtOnce(t *testing.T) {
	cfg := Default()
	cfg.Brokers = []string{"kafka1:9092", "kafka2"}
	cfg.Heartbeat = 9 * time.Second
	cfg.Fetch.MaxBatchBytes = 1000
	cfg.TLS.CAFile = "ca.pem"
	cfg.SASL = SASL{Mechanism: "gssapi", PasswordEnv: "A", PasswordFile: "b"}
	want := `brokers: "kafka2" is not host:port
heartbeat: 9s is not between 100ms and 3.333333333s
fetch.max_batch_bytes: 1000 is not between 1048576 and 1073741824 bytes
tls: settings are given, but tls.enabled is false; set it to true or remove them
sasl.mechanism: "gssapi" is not one of plain, scram-sha-256, scram-sha-512
sasl.user: empty; name the user to log in with
sasl.password_env and sasl.password_file: give exactly one`
	if err := cfg.Validate(); err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

func TestSecretsAreReadFromWhereTheConfigPoints(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	t.Setenv("EDGE_PASSWORD", "from-env")
	t.Setenv("EDGE_EMPTY", "")
	for _, c := range []struct {
		name string
		sasl SASL
		want string
		says string
	}{
		{"environment", SASL{PasswordEnv: "EDGE_PASSWORD"}, "from-env", ""},
		{"file", SASL{PasswordFile: write("pw", "from-file\n")}, "from-file", ""},
		{"empty variable", SASL{PasswordEnv: "EDGE_EMPTY"}, "", "EDGE_EMPTY is empty or not set"},
		{"empty file", SASL{PasswordFile: write("empty", "\n")}, "", "is empty"},
		{"no file", SASL{PasswordFile: filepath.Join(dir, "none")}, "", "sasl.password_file: open"},
	} {
		got, err := c.sasl.password()
		if got != c.want || (err == nil) != (c.says == "") || (err != nil && !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: %q, %v", c.name, got, err)
		}
	}
	cfg := Default()
	cfg.TLS = TLS{Enabled: true, CAFile: write("ca.pem", "not a certificate")}
	if _, err := Connect(cfg); err == nil || !strings.Contains(err.Error(), "holds no PEM certificate") {
		t.Errorf("Connect with a bad ca_file: %v", err)
	}
}
