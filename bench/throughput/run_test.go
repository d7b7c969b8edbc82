//go:build wire && bench

package throughput

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spikeline/spikeline/internal/testkit"
	"github.com/spikeline/spikeline/processor/window"
	"github.com/spikeline/spikeline/sink/engine"
)

// world is the one topic that all systems read.
type world struct {
	*testing.T
	kafka   *testkit.Kafka
	dir     string
	file    string
	truth   truth
	codec   string
	rounds  int
	started string // load averages
	turns   int
}

// system is one of those compared.
type system struct {
	name string
	run  func(*world) result
}

// result is one whole process: user and system time, and peak memory.
type result struct {
	cpu, wall                  time.Duration
	memory                     int64 // bytes
	records, failures, dropped int64 // failures is -1 where they are not counted
	note                       string
}

func (w *world) judge(r result) error {
	if r.records+r.dropped != w.truth.Records || r.dropped == 0 && r.failures >= 0 && r.failures != w.truth.Failures {
		return fmt.Errorf("found %d records, %d of them failures, dropped %d; there are %d and %d", r.records, r.failures, r.dropped, w.truth.Records, w.truth.Failures)
	}
	return nil
}

const hostsAlone = "spikeline run, hosts alone"

func (w *world) systems() (chosen []system) {
	for _, s := range []system{
		{"spikeline run", func(w *world) result { return spikeline(w, "") }},
		{hostsAlone, func(w *world) result { return spikeline(w, "window:\n  pops: 1\n") }},
		{"kafka-go, count only", bare},
		{"spikeline's decoder and folder, 1 thread, file", fromFile(window.Default().Pops)},
		{"spikeline's decoder and folder, hosts alone, 1 thread, file", fromFile(1)},
		{"ClickHouse, 1 thread, file", func(w *world) result { return clickhouse(w, 1) }},
		{"ClickHouse, 2 threads, file", func(w *world) result { return clickhouse(w, 2) }},
		{"Flink, MiniCluster", flink},
		{"Kafka Streams, partition-local", func(w *world) result { return streams(w, "local") }},
		{"Kafka Streams, repartitioned", func(w *world) result { return streams(w, "dsl") }},
	} {
		if strings.Contains(s.name, *only) {
			chosen = append(chosen, s)
		}
	}
	return chosen
}

// turn is a name and a directory that nothing else has used.
func (w *world) turn() (name, dir string) {
	w.turns++
	name = fmt.Sprintf("turn-%d", w.turns)
	dir = filepath.Join(w.dir, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		w.Fatal(err)
	}
	return name, dir
}

func spent(c *exec.Cmd) (cpu time.Duration, memory int64) {
	u := c.ProcessState.SysUsage().(*syscall.Rusage)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), u.Maxrss << 10
}

func self(as string, args ...string) *exec.Cmd {
	c := exec.Command(os.Args[0], args...)
	c.Env = append(os.Environ(), role+"="+as)
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return c
}

// spikeline runs from the start of the process until every request is in ClickHouse and the process has ended.
func spikeline(w *world, more string) result {
	name, dir := w.turn()
	e := w.engine(dir)
	defer e.Stop()
	engineBefore := processTime(e.PID())
	began := time.Now()
	c := w.worker(e, topic, name, dir, more)
	if *profile != "" {
		go takeProfile(*profile + "." + w.codec + "." + name)
	}
	r := w.await(e, time.Now().Add(5*time.Minute))
	r.wall = time.Since(began)
	memory := peakMemory(c.Process.Pid)
	c.Process.Signal(syscall.SIGTERM)
	if err := c.Wait(); err != nil {
		w.Errorf("spikeline: %v", err)
	}
	r.cpu, _ = spent(c)
	r.memory = memory
	r.note = fmt.Sprintf("the engine used %.2f CPU-s more, %s rows", (processTime(e.PID()) - engineBefore).Seconds(), r.note)
	return r
}

// worker starts one on a topic, in a group of that name.
func (w *world) worker(e *engine.Engine, topic, name, dir, more string) *exec.Cmd {
	listen := ""
	if *profile != "" {
		listen = profiled
	}
	config := fmt.Sprintf(`kafka: {brokers: ["%s"]}
source: {topics: [%s], group: %s}
exchange: {partials_topic: %[3]s.partials, state_topic: %[3]s.state}
sink: {dsn: "%s"}
http: {listen: "%s", profiling: %t}
log: {level: warn}
%s`, w.kafka.Addr, topic, name, e.DSN(), listen, *profile != "", more)
	file := filepath.Join(dir, "spikeline.yaml")
	if err := os.WriteFile(file, []byte(config), 0o644); err != nil {
		w.Fatal(err)
	}
	c := self("spikeline", "run", "--config", file)
	c.Stderr = os.Stderr
	if err := c.Start(); err != nil {
		w.Fatal(err)
	}
	return c
}

// await asks until all requests are there.
func (w *world) await(e *engine.Engine, deadline time.Time) (r result) {
	const sql = "SELECT sum(requests), sum(errors), count() FROM spikeline.windows"
	for r.records < w.truth.Records && time.Now().Before(deadline) {
		time.Sleep(200 * time.Millisecond)
		if answer, err := ask(e, sql, nil); err == nil {
			fmt.Sscan(answer, &r.records, &r.failures, &r.note)
		}
	}
	return r
}

// profiled is where a worker that is profiled answers.
const profiled = "127.0.0.1:19464"

func takeProfile(path string) {
	time.Sleep(time.Second)
	answer, err := http.Get("http://" + profiled + "/debug/pprof/profile?seconds=6")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	defer answer.Body.Close()
	f, err := os.Create(path)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	_, err = io.Copy(f, answer.Body)
	if err := errors.Join(err, f.Close()); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

func (w *world) engine(dir string) *engine.Engine {
	cfg := engine.Default()
	cfg.Path = filepath.Join(dir, "clickhouse")
	e, err := engine.Start(context.Background(), cfg)
	if err != nil {
		w.Fatal(err)
	}
	return e
}

// clickhouse aggregates the same lines from a file: no Kafka, no latency, no order.
func clickhouse(w *world, threads int) (r result) {
	_, dir := w.turn()
	e := w.engine(dir)
	defer e.Stop()
	sql := fmt.Sprintf(`SELECT sum(n), sum(failures) FROM (
SELECT ClientRequestHost, intDiv(multiIf(position(EdgeStartTimestamp, '-') > 0, toUnixTimestamp(parseDateTimeBestEffortOrZero(EdgeStartTimestamp)),
	length(EdgeStartTimestamp) > 10, intDiv(toUInt64OrZero(EdgeStartTimestamp), 1000000000), toUInt64OrZero(EdgeStartTimestamp)), 10) AS window,
	count() AS n, countIf(EdgeResponseStatus >= 500) AS failures
FROM file('%s', 'JSONEachRow', 'ClientRequestHost String, EdgeStartTimestamp String, EdgeResponseStatus UInt16') GROUP BY ALL)`, w.file)
	settings := url.Values{"max_threads": {strconv.Itoa(threads)}, "input_format_json_read_numbers_as_strings": {"1"},
		"input_format_skip_unknown_fields": {"1"}, "input_format_parallel_parsing": {strconv.Itoa(threads - 1)}}
	before, began := processTime(e.PID()), time.Now()
	answer, err := ask(e, sql, settings)
	if err != nil {
		w.Fatal(err)
	}
	r.wall, r.cpu = time.Since(began), processTime(e.PID())-before
	r.memory = peakMemory(e.PID())
	fmt.Sscan(answer, &r.records, &r.failures)
	return r
}

func ask(e *engine.Engine, sql string, settings url.Values) (string, error) {
	answer, err := http.Post("http://"+e.Addr()+"/?"+settings.Encode(), "text/plain", strings.NewReader(sql))
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = errors.New(string(text))
	}
	return string(text), err
}

// processTime is user and system time of a running process, to 10 ms.
func processTime(pid int) time.Duration {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, _ := bytes.Cut(text, []byte(") "))
	fields := strings.Fields(string(rest))
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

func peakMemory(pid int) (n int64) {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if _, rest, found := strings.Cut(string(text), "VmHWM:"); found {
		fmt.Sscan(rest, &n)
	}
	return n << 10
}

// streams runs a Kafka Streams application of bench/peers/kafkastreams.
func streams(w *world, kind string) result {
	name, dir := w.turn()
	return peer(w, "kafkastreams", kind, w.kafka.Addr, topic, strconv.FormatInt(w.truth.Records, 10), filepath.Join(dir, name+"-"+kind))
}

// flink runs the job of bench/peers/flink. Flink reads private parts of the Java library, which it needs to be opened for it.
func flink(w *world) result {
	return peer(w, "flink", w.kafka.Addr, topic)
}

// peer builds a project of bench/peers once, and runs its main class.
func peer(w *world, name string, args ...string) result {
	project := "../peers/" + name
	if _, err := os.Stat(project + "/target/lib"); err != nil {
		build := exec.Command("mvn", "-q", "-B", "compile", "dependency:copy-dependencies", "-DoutputDirectory=target/lib")
		build.Dir = project
		if out, err := build.CombinedOutput(); err != nil {
			w.Fatalf("mvn could not build %s: %v\n%s", project, err, out)
		}
	}
	options := []string{"-Xmx1g", "-Dorg.slf4j.simpleLogger.defaultLogLevel=error", "--add-opens=java.base/java.util=ALL-UNNAMED",
		"-cp", project + "/target/classes:" + project + "/target/lib/*", "bench.Main"}
	c := exec.Command("java", append(options, args...)...)
	c.Stderr = os.Stderr
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return w.whole(c)
}

// bare counts what the topic holds, by kafka-go alone.
func bare(w *world) result {
	return w.whole(self("count", w.kafka.Addr))
}

// fromFile folds the lines that ClickHouse reads from the file: host × window, as ClickHouse does, where all pops are one.
func fromFile(pops int) func(w *world) result {
	return func(w *world) result { return w.whole(self("fold", w.file, fmt.Sprint(pops))) }
}

// whole runs a program that prints what it found, its peak memory if it
// knows it, and the time that it waited for a file: what the kernel says of a child is at least what this process had when it began.
func (w *world) whole(c *exec.Cmd) (r result) {
	began := time.Now()
	stop := time.AfterFunc(8*time.Minute, func() { c.Process.Kill() })
	defer stop.Stop()
	out, err := c.Output()
	if err != nil {
		w.Errorf("%v: %v", c.Args, err)
		return r
	}
	r.wall = time.Since(began)
	r.cpu, r.memory = spent(c)
	var reading time.Duration
	fmt.Sscan(string(out), &r.records, &r.failures, &r.dropped, &r.memory, &reading)
	if reading > 0 {
		r.note = fmt.Sprintf("%.2f s of that to read the file; %.0f k without", reading.Seconds(), float64(r.records)/1e3/(r.cpu-reading).Seconds())
	}
	return r
}
