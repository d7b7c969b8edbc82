//go:build wire

package chaos

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/spikeline/spikeline/internal/testkit"
	"github.com/spikeline/spikeline/sink"
	"github.com/spikeline/spikeline/sink/schema"
)

const (
	topic         = "edge.requests"
	partitions    = 6
	workers       = 3
	session       = 6 * time.Second // the least that a broker allows by default
	insertTimeout = 3 * time.Second
	diskSize      = 1 << 30
)

// world is all that the campaign runs on.
type world struct {
	t       *testing.T
	dir     string
	idle    time.Duration
	kafka   *testkit.Kafka
	kafkaMu sync.Mutex // held by the fault that strikes the broker
	wires   [workers]*wire
	workers [workers]*process
	ports   [workers]int
	engine  *process
	db      database
	disk    string // of ClickHouse, when it is one of its own
	front   *front

	notes sync.Mutex
	noted []string // what no fault may do
}

func (w *world) note(what ...string) {
	w.notes.Lock()
	defer w.notes.Unlock()
	w.noted = append(w.noted, what...)
}

// build starts everything. idle is how long a partition is silent before it counts as idle.
func build(t *testing.T, dir string, idle time.Duration) *world {
	w := &world{t: t, dir: dir, idle: idle}
	var behind []string
	for i := range w.wires {
		w.wires[i] = must(newWire())(t)
		behind = append(behind, w.wires[i].addr())
	}
	w.kafka = testkit.StartKafka(t, testkit.WithBehind(behind...))
	w.kafka.CreateTopic(topic, partitions)
	w.disk = w.mountDisk()
	w.engine, w.db = w.startEngine("clickhouse", filepath.Join(w.disk, "data"))
	w.applySchema()
	w.front = must(newFront(w.db.addr))(t)
	t.Cleanup(func() { w.front.server.Close() })
	for i := range w.workers {
		w.wires[i].serve(w.kafka.Behind[i])
		w.ports[i] = freePort(t)
		config := w.writeConfig(fmt.Sprintf("worker%d", i), w.wires[i].addr(), w.front.addr(), "spikeline", w.ports[i])
		w.workers[i] = w.startProcess(fmt.Sprintf("worker%d", i), "run", "--config", config)
	}
	return w
}

// mountDisk gives ClickHouse a small disk of its own, so that it can be full.
// Where mounting is not allowed, the proxy says for it that the disk is full.
func (w *world) mountDisk() string {
	disk := filepath.Join(w.dir, "disk")
	if err := os.Mkdir(disk, 0o755); err != nil {
		w.t.Fatal(err)
	}
	if err := syscall.Mount("none", disk, "tmpfs", 0, fmt.Sprintf("size=%d", diskSize)); err == nil {
		w.t.Cleanup(func() { syscall.Unmount(disk, syscall.MNT_DETACH) })
		return disk
	}
	return disk
}

// ownDisk says whether ClickHouse's disk can really be filled.
func (w *world) ownDisk() bool {
	var s syscall.Statfs_t
	return syscall.Statfs(w.disk, &s) == nil && s.Blocks*uint64(s.Bsize) == diskSize
}

func (w *world) startProcess(name string, args ...string) *process {
	w.t.Helper()
	p := must(newProcess(w.dir, name, args...))(w.t)
	if err := p.start(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(p.kill)
	return p
}

func (w *world) startEngine(name, path string) (*process, database) {
	w.t.Helper()
	port := freePort(w.t)
	p := w.startProcess(name, "clickhouse", "--path", path, "--http-port", fmt.Sprint(port), "--memory-bytes", fmt.Sprint(2<<30))
	db := database{fmt.Sprintf("127.0.0.1:%d", port)}
	for give := time.Now().Add(5 * time.Minute); !db.answers(w.t.Context()); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(give) {
			w.t.Fatalf("%s does not answer: see %s", name, p.log.Name())
		}
	}
	return p, db
}

// applySchema comes before any fault, as a deployment does: a disk that fills while a table is altered can leave ClickHouse with
// an empty definition of it, and then it does not start again.
func (w *world) applySchema() {
	c := sink.Default()
	c.DSN = "http://default@" + w.db.addr
	conn := must(sink.Connect(c))(w.t)
	defer conn.Close()
	must(schema.Apply(w.t.Context(), conn))(w.t)
}

// writeConfig gives short times, so that much happens in a short campaign. group names the run: topics of the exchange are its own.
func (w *world) writeConfig(name, kafka, clickhouse, group string, port int) string {
	text := fmt.Sprintf(`kafka:
  brokers: [%q]
  session_timeout: %s
  heartbeat: 1s
  rebalance_timeout: 6s
  request_timeout: 3s
source:
  topics: [%s]
  group: %s
window:
  idle_after: %s
  ledger_block: 8192
processor:
  emit_every: 500ms
  commit_every: 1s
  put_every: 500ms
  snapshot_every: 2s
exchange:
  partials_topic: %[4]s.partials
  state_topic: %[4]s.state
sink:
  dsn: http://default@%[6]s
  run: %[4]s
  insert_timeout: %[7]s
  retry_max: 1s
  queue_batches: 50
  block_rows: 10000
http:
  listen: 127.0.0.1:%[8]d
`, kafka, session, topic, group, w.idle, clickhouse, insertTimeout, port)
	file := filepath.Join(w.dir, name+".yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return file
}

// judge finds the worker that judges, -1 while there is none.
func (w *world) judge() int {
	client := http.Client{Timeout: 300 * time.Millisecond}
	for i, port := range w.ports {
		res, err := client.Get(fmt.Sprintf("http://127.0.0.1:%d/metrics", port))
		if err != nil {
			continue
		}
		text, _ := io.ReadAll(res.Body)
		res.Body.Close()
		if strings.Contains(string(text), "spikeline_judge_active 1") {
			return i
		}
	}
	return -1
}

// await waits until a query has the answer, and says what it had instead. patience is how long a wrong answer may stay the same.
func (d database) await(ctx context.Context, patience time.Duration, query, want string) error {
	got, err, before := "", error(nil), ""
	for give := time.Now().Add(patience); time.Now().Before(give); time.Sleep(300 * time.Millisecond) {
		if got, err = d.ask(ctx, query); err == nil && strings.TrimSpace(got) == want {
			return nil
		}
		if err == nil && got != before {
			before, give = got, time.Now().Add(patience)
		}
	}
	return fmt.Errorf("%s\n  gives %q (%v), not %q, for %v", query, strings.TrimSpace(got), err, want, patience)
}

func freePort(t *testing.T) int {
	listener := must(net.Listen("tcp", "127.0.0.1:0"))(t)
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
