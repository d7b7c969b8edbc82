//go:build unix

package accesslog

import (
	"encoding/json"
	"syscall"
	"testing"
	"time"
)

func benchmarkDecode(b *testing.B, name string, lines [][]byte) {
	d, err := New(name)
	if err != nil {
		b.Fatal(err)
	}
	var r Record
	benchmarkLines(b, lines, func(line []byte) {
		_ = d.Decode(line, &r)
	})
}

func benchmarkLines(b *testing.B, lines [][]byte, decode func([]byte)) {
	total := 0
	for _, line := range lines {
		total += len(line)
	}
	b.SetBytes(int64(total / len(lines)))
	b.ReportAllocs()
	i, before := 0, cpuTime(b)
	for b.Loop() {
		decode(lines[i])
		if i++; i == len(lines) {
			i = 0
		}
	}
	b.ReportMetric(float64(b.N)/(cpuTime(b)-before).Seconds()/1e6, "Mrec/CPU-s")
}

// cpuTime is what the process has used: on a shared machine the clock on the wall says little.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func BenchmarkCloudflareRFC3339(b *testing.B) {
	benchmarkDecode(b, "cloudflare", logpushLines(stamps[0]))
}

func BenchmarkCloudflareUnixNano(b *testing.B) {
	benchmarkDecode(b, "cloudflare", logpushLines(stamps[1]))
}

func BenchmarkCloudflareMixed(b *testing.B) {
	benchmarkDecode(b, "cloudflare", mixedLogpushLines())
}

func BenchmarkFormat(b *testing.B) {
	lines := map[string][][]byte{"cloudflare": mixedLogpushLines(), "combined": combinedLines(), "nginx_json": nginxJSONLines()}
	for _, name := range Formats() {
		if lines[name] == nil {
			for _, line := range samples[name] {
				lines[name] = append(lines[name], []byte(line))
			}
		}
		b.Run(name, func(b *testing.B) { benchmarkDecode(b, name, lines[name]) })
	}
}

func BenchmarkNamer(b *testing.B) {
	n, err := NewNamer(ServiceConfig{From: "host", Rewrite: []Rewrite{{`^([a-z]+)\.`, "$1"}}})
	if err != nil {
		b.Fatal(err)
	}
	var r Record
	hosts := make([][]byte, len(corpusHosts))
	for i, h := range corpusHosts {
		hosts[i] = []byte(h)
	}
	benchmarkLines(b, hosts, func(host []byte) {
		r.Service = host
		_ = n.Name(&r)
	})
}

func BenchmarkMask(b *testing.B) {
	var buf []byte
	benchmarkLines(b, combinedLines(), func(line []byte) { buf = Mask(buf[:0], line) })
}

// The same fields of the same records by encoding/json, to compare with.
func BenchmarkEncodingJSONRFC3339(b *testing.B) { benchmarkEncodingJSON(b, logpushLines(stamps[0])) }
func BenchmarkEncodingJSONMixed(b *testing.B)   { benchmarkEncodingJSON(b, mixedLogpushLines()) }

func benchmarkEncodingJSON(b *testing.B, lines [][]byte) {
	type record struct {
		EdgeStartTimestamp, EdgeEndTimestamp     json.RawMessage
		ClientRequestHost, EdgeColoCode          string
		EdgeResponseStatus, OriginResponseStatus uint16
		EdgeResponseBytes                        uint64
		EdgeTimeToFirstByteMs                    int64
		CacheCacheStatus                         string
	}
	benchmarkLines(b, lines, func(line []byte) {
		var r record
		_ = json.Unmarshal(line, &r)
	})
}
