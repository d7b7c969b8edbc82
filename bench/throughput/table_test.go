//go:build wire && bench

package throughput

import (
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"
)

// table shows the medians, and how many times as much spikeline run does a CPU-second.
func table(w *world, systems []system, results [][]result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %d records of %d bytes, %d hosts, %d pops, %d partitions, %s; the middle of %d interleaved runs by CPU time, of two the slower.\n", time.Now().UTC().Format(time.DateOnly),
		w.truth.Records, w.truth.Bytes/w.truth.Records, *hosts, 300, partitions, w.codec, w.rounds)
	fmt.Fprintf(&b, "%s, %d cores, %s; load averages %s before, %s after.\n", cpuModel(), runtime.NumCPU(), versions(), w.started, load())
	fmt.Fprintf(&b, "Command: `make bench ARGS=\"-records %d -rounds %d -codec %s%s\"`\n\n", w.truth.Records, w.rounds, w.codec, more())
	b.WriteString("| system | records / CPU-s | spikeline is | its hosts alone | wall s | peak MB | dropped | |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |\n")
	rate := func(i int) float64 { return float64(w.truth.Records) / median(results[i]).cpu.Seconds() }
	alone := max(0, slices.IndexFunc(systems, func(s system) bool { return s.name == hostsAlone }))
	for i, s := range systems {
		r := median(results[i])
		fmt.Fprintf(&b, "| %s | %.0f k | %.1f × | %.1f × | %.1f | %d | %d | %s |\n", s.name, rate(i)/1000, rate(0)/rate(i), rate(alone)/rate(i), r.wall.Seconds(), r.memory>>20, r.dropped, r.note)
	}
	return b.String()
}

// more is the flags of the command that are not always said.
func more() string {
	if *hosts == 200 {
		return ""
	}
	return fmt.Sprintf(" -hosts %d", *hosts)
}

// place is the name of the table's place in the document.
func (w *world) place() string {
	if *hosts == 200 {
		return w.codec
	}
	return fmt.Sprintf("%s, %d hosts", w.codec, *hosts)
}

// median is the run of middle CPU time.
func median(runs []result) result {
	sorted := slices.SortedFunc(slices.Values(runs), func(a, b result) int { return cmp.Compare(a.cpu, b.cpu) })
	return sorted[len(sorted)/2]
}

func load() string {
	text, _ := os.ReadFile("/proc/loadavg")
	return strings.Join(strings.Fields(string(text))[:3], " ")
}

func cpuModel() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	_, rest, _ := strings.Cut(string(text), "model name\t: ")
	name, _, _ := strings.Cut(rest, "\n")
	return name
}

func versions() string {
	java, _ := exec.Command("java", "-version").CombinedOutput()
	line, _, _ := strings.Cut(string(java), "\n")
	return runtime.Version() + ", Kafka and Kafka Streams 4.4.0, Flink 2.2.1, ClickHouse 26.7 embedded, " + line
}

// publish puts text between the markers of name.
func publish(path, name, text string) error {
	old, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	open, shut := "<!-- throughput "+name+" -->\n", "<!-- end -->"
	before, rest, found := strings.Cut(string(old), open)
	_, after, ended := strings.Cut(rest, shut)
	if !found || !ended {
		return fmt.Errorf("%s has no %q with %q behind it: add both lines", path, open, shut)
	}
	return os.WriteFile(path, []byte(before+open+text+shut+after), 0o644)
}
