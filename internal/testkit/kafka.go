//go:build wire

package testkit

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
)

// kafkaVersion is the broker under test, from Maven Central.
const kafkaVersion = "4.4.0"

// Kafka is one real broker, in its own process on 127.0.0.1, with its data in the test's directory.
type Kafka struct {
	Addr              string   // plain text
	Secure            string   // TLS and SASL, "" without WithSASL
	CAFile            string   // the certificate to trust at Secure
	CertFile, KeyFile string   // to show at Secure, "" without WithClientCertificate
	Behind            []string // plain text too, one for each address of WithBehind

	t       testing.TB
	dir     string
	jars    string
	cmd     *exec.Cmd
	exited  chan struct{}
	secret  sasl
	proxies []string
}

// Option changes the broker before it starts.
type Option func(*Kafka)

// WithBehind adds a plain listener for each address, and has the broker tell
// clients of that listener that it is at this address: where a proxy to Kafka.Behind listens.
func WithBehind(addresses ...string) Option {
	return func(k *Kafka) { k.proxies = addresses }
}

// StartKafka starts a broker, and stops it at the end of the test. It needs
// java (17 or later) and, the first time, mvn.
func StartKafka(t testing.TB, options ...Option) *Kafka {
	t.Helper()
	for _, tool := range []string{"java", "mvn"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Fatalf("the wire tests start a real Kafka broker and need %s: install a JDK 17 or later (with keytool) and Maven", tool)
		}
	}
	k := &Kafka{t: t, dir: t.TempDir(), jars: jars(t)}
	for _, o := range options {
		o(k)
	}
	k.configure()
	k.Start()
	t.Cleanup(k.Stop)
	return k
}

// configure writes the broker's properties, and formats its data directory.
func (k *Kafka) configure() {
	plain, controller := freePort(k.t), freePort(k.t)
	k.Addr = fmt.Sprintf("127.0.0.1:%d", plain)
	listeners := "PLAINTEXT://" + k.Addr
	protocols := "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT"
	var more, behind string
	for i, proxy := range k.proxies {
		name := fmt.Sprintf("BEHIND%d", i)
		k.Behind = append(k.Behind, fmt.Sprintf("127.0.0.1:%d", freePort(k.t)))
		listeners += "," + name + "://" + k.Behind[i]
		behind += "," + name + "://" + proxy
		protocols += "," + name + ":PLAINTEXT"
	}
	if k.secret.user != "" {
		k.Secure = fmt.Sprintf("127.0.0.1:%d", freePort(k.t))
		listeners += ",SASL_SSL://" + k.Secure
		behind += ",SASL_SSL://" + k.Secure
		protocols += ",SASL_SSL:SASL_SSL"
		more = k.secureProperties()
	}
	properties := fmt.Sprintf(`process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:%[1]d
listeners=%[2]s,CONTROLLER://127.0.0.1:%[1]d
advertised.listeners=PLAINTEXT://%[6]s%[7]s
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=%[3]s
log.dirs=%[4]s
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=2000
auto.create.topics.enable=false
log.retention.ms=-1
%[5]s`, controller, listeners, protocols, filepath.Join(k.dir, "data"), more, k.Addr, behind)
	if err := os.WriteFile(k.properties(), []byte(properties), 0o600); err != nil {
		k.t.Fatal(err)
	}
	id := strings.TrimSpace(k.java("kafka.tools.StorageTool", "random-uuid"))
	format := []string{"kafka.tools.StorageTool", "format", "-t", id, "-c", k.properties()}
	k.java(append(format, k.scramUsers()...)...)
}

// Start starts the broker on the data that is there, and waits until it answers.
func (k *Kafka) Start() {
	k.t.Helper()
	k.cmd = exec.Command("java", "-Xms256m", "-Xmx512m", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", k.jars, "kafka.Kafka", k.properties())
	var output bytes.Buffer
	k.cmd.Stdout, k.cmd.Stderr = &output, &output
	k.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := k.cmd.Start(); err != nil {
		k.t.Fatal(err)
	}
	exited := make(chan struct{})
	k.exited = exited
	go func() {
		defer close(exited)
		k.cmd.Wait()
	}()
	for deadline := time.Now().Add(3 * time.Minute); !k.answers(); time.Sleep(100 * time.Millisecond) {
		select {
		case <-exited:
			k.t.Fatalf("the Kafka broker ended at once:\n%s", &output)
		default:
		}
		if time.Now().After(deadline) {
			k.Kill()
			k.t.Fatalf("the Kafka broker does not answer at %s after 3 minutes:\n%s", k.Addr, &output)
		}
	}
}

func (k *Kafka) answers() bool {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	conn, err := kafka.DialContext(ctx, "tcp", k.Addr)
	if err != nil {
		return false
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(time.Second))
	brokers, err := conn.Brokers()
	return err == nil && len(brokers) == 1
}

// Kill ends the broker as a power cut would (SIGKILL). Start brings it back.
func (k *Kafka) Kill() { k.end(syscall.SIGKILL) }

// Stop ends the broker in good order.
func (k *Kafka) Stop() {
	k.end(syscall.SIGTERM)
}

func (k *Kafka) end(signal syscall.Signal) {
	if k.cmd == nil {
		return
	}
	k.cmd.Process.Signal(signal)
	select {
	case <-k.exited:
	case <-time.After(10 * time.Second):
		k.cmd.Process.Kill()
		<-k.exited
	}
	k.cmd = nil
}

// Client is a client of the plain listener; its connections end with the test.
func (k *Kafka) Client() *kafka.Client {
	transport := &kafka.Transport{MetadataTTL: time.Second}
	k.t.Cleanup(transport.CloseIdleConnections)
	return &kafka.Client{Addr: kafka.TCP(k.Addr), Transport: transport, Timeout: 20 * time.Second}
}

// CreateTopic creates a topic and waits until it can be written to. settings are names and values of the topic's configuration.
func (k *Kafka) CreateTopic(name string, partitions int, settings ...string) {
	k.t.Helper()
	var entries []kafka.ConfigEntry
	for i := 0; i < len(settings); i += 2 {
		entries = append(entries, kafka.ConfigEntry{ConfigName: settings[i], ConfigValue: settings[i+1]})
	}
	client := k.Client()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	answer, err := client.CreateTopics(ctx, &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{{Topic: name, NumPartitions: partitions, ReplicationFactor: 1, ConfigEntries: entries}}})
	if err == nil {
		err = answer.Errors[name]
	}
	if err != nil {
		k.t.Fatalf("create topic %s: %v", name, err)
	}
	for ctx.Err() == nil {
		list, err := kafka.LookupPartitions(ctx, "tcp", k.Addr, name)
		if err == nil && len(list) == partitions && !slices.ContainsFunc(list, func(p kafka.Partition) bool { return p.Leader.Port == 0 }) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	k.t.Fatalf("topic %s has no leaders after 30 s", name)
}

func (k *Kafka) properties() string { return filepath.Join(k.dir, "server.properties") }

func (k *Kafka) java(args ...string) string {
	k.t.Helper()
	return k.run(exec.Command("java", append([]string{"-XX:TieredStopAtLevel=1", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error", "-cp", k.jars}, args...)...))
}

func (k *Kafka) run(cmd *exec.Cmd) string {
	k.t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		k.t.Fatalf("%s: %v\n%s%s", filepath.Base(cmd.Path), err, &stdout, &stderr)
	}
	return stdout.String()
}

func freePort(t testing.TB) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// sum is the SHA-256 of a file, in hex.
func sum(path string) (string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%x", sha256.Sum256(data)), nil
}
