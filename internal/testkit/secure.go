//go:build wire

package testkit

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

type sasl struct {
	user, password string
	mechanisms     []string
	client         bool // must show a certificate
}

// WithSASL adds a listener with TLS that takes user and password by SCRAM-SHA-512.
func WithSASL(user, password string) Option {
	return func(k *Kafka) { k.secret = sasl{user: user, password: password, mechanisms: []string{"SCRAM-SHA-512"}} }
}

// WithEveryMechanism follows WithSASL, and adds SCRAM-SHA-256 and PLAIN.
func WithEveryMechanism() Option {
	return func(k *Kafka) { k.secret.mechanisms = []string{"SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN"} }
}

// WithClientCertificate follows WithSASL, and wants the client to show Kafka.CertFile too.
func WithClientCertificate() Option {
	return func(k *Kafka) { k.secret.client = true }
}

// storePassword protects a key that lives as long as one test.
const storePassword = "only-for-tests"

func (k *Kafka) secureProperties() string {
	store := filepath.Join(k.dir, "broker.p12")
	k.CAFile = filepath.Join(k.dir, "broker.pem")
	k.run(exec.Command("keytool", "-genkeypair", "-alias", "broker", "-keyalg", "EC", "-dname", "CN=localhost", "-validity", "30",
		"-ext", "SAN=dns:localhost,ip:127.0.0.1", "-storetype", "PKCS12", "-keystore", store, "-storepass", storePassword))
	k.run(exec.Command("keytool", "-exportcert", "-rfc", "-alias", "broker", "-keystore", store, "-storepass", storePassword, "-file", k.CAFile))
	properties := fmt.Sprintf("sasl.enabled.mechanisms=%s\nssl.keystore.type=PKCS12\nssl.keystore.location=%s\nssl.keystore.password=%s\n",
		strings.Join(k.secret.mechanisms, ","), store, storePassword)
	for _, m := range k.secret.mechanisms {
		module := "scram.ScramLoginModule required;"
		if m == "PLAIN" {
			module = fmt.Sprintf("plain.PlainLoginModule required user_%s=%q;", k.secret.user, k.secret.password)
		}
		properties += fmt.Sprintf("listener.name.sasl_ssl.%s.sasl.jaas.config=org.apache.kafka.common.security.%s\n", strings.ToLower(m), module)
	}
	if k.secret.client {
		k.makeClientCertificate()
		properties += "listener.name.sasl_ssl.ssl.client.auth=required\nssl.truststore.type=PEM\nssl.truststore.location=" + k.CertFile + "\n"
	}
	return properties
}

// scramUsers are arguments for the formatting of the broker's storage.
func (k *Kafka) scramUsers() (args []string) {
	for _, m := range k.secret.mechanisms {
		if strings.HasPrefix(m, "SCRAM") {
			args = append(args, "--add-scram", fmt.Sprintf("%s=[name=%s,password=%s]", m, k.secret.user, k.secret.password))
		}
	}
	return args
}

// makeClientCertificate makes one that signs itself.
func (k *Kafka) makeClientCertificate() {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		k.t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "edge"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, IsCA: true, BasicConstraintsValid: true}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		k.t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		k.t.Fatal(err)
	}
	k.CertFile, k.KeyFile = filepath.Join(k.dir, "client.pem"), filepath.Join(k.dir, "client.key")
	for _, f := range []struct {
		path, kind string
		der        []byte
	}{{k.CertFile, "CERTIFICATE", certificate}, {k.KeyFile, "PRIVATE KEY", secret}} {
		if err := os.WriteFile(f.path, pem.EncodeToMemory(&pem.Block{Type: f.kind, Bytes: f.der}), 0o600); err != nil {
			k.t.Fatal(err)
		}
	}
}
