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

func BenchmarkEncodingJSON(b *testing.B) {
	type record struct {
		EdgeStartTimestamp, EdgeEndTimestamp     json.RawMessage
		ClientRequestHost, EdgeColoCode          string
		EdgeResponseStatus, OriginResponseStatus uint16
		EdgeResponseBytes                        uint64
		EdgeTimeToFirstByteMs                    int64
		CacheCacheStatus                         string
	}
	benchmarkLines(b, mixedLogpushLines(), func(line []byte) {
		var r record
		_ = json.Unmarshal(line, &r)
	})
}
