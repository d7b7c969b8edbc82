//go:build wire && bench

package throughput

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"golang.org/x/sync/errgroup"

	"github.com/spikeline/spikeline/internal/testkit"
)

const (
	topic      = "edge"
	partitions = 8
	batchSize  = 1000 // records
	perSecond  = 16_000
)

// begin is the event time of the first record.
var begin = time.Date(2025, 11, 18, 11, 0, 0, 0, time.UTC)

// truth is what every system must find.
type truth struct {
	Records, Failures, Bytes int64
}

// fill writes the topic, and the same lines to a file for a reader without Kafka.
func fill(t *testing.T, k *testkit.Kafka, path string, records int, codec kafka.Compression) (sum truth) {
	t.Helper()
	k.CreateTopic(topic, partitions)
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriterSize(f, 1<<20)
	g := newGenerator()
	client := k.Client()
	var sends errgroup.Group
	sends.SetLimit(3)
	for n := 0; n < records; n += batchSize {
		lines := make([][]byte, min(batchSize, records-n))
		for i := range lines {
			var failed bool
			lines[i], failed = g.line()
			sum.Records++
			sum.Bytes += int64(len(lines[i]))
			if failed {
				sum.Failures++
			}
			w.Write(lines[i])
			w.WriteByte('\n')
		}
		partition := n / batchSize % partitions
		if partition == 0 { // one at a time for each partition keeps its order
			if err := sends.Wait(); err != nil {
				t.Fatal(err)
			}
		}
		sends.Go(func() error { return send(client, topic, partition, codec, lines) })
	}
	if err := sends.Wait(); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return sum
}

// send repeats a write that no leader took: that of a new topic may not be there yet.
func send(client *kafka.Client, topic string, partition int, codec kafka.Compression, lines [][]byte) error {
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		err := sendOnce(client, topic, partition, codec, lines)
		unmade := errors.Is(err, kafka.NotLeaderForPartition) || errors.Is(err, protocol.ErrNoLeader)
		if !unmade || time.Now().After(deadline) {
			return err
		}
	}
}

func sendOnce(client *kafka.Client, topic string, partition int, codec kafka.Compression, lines [][]byte) error {
	records := make([]kafka.Record, len(lines))
	for i, line := range lines {
		records[i] = kafka.Record{Value: kafka.NewBytes(line)}
	}
	answer, err := client.Produce(context.Background(), &kafka.ProduceRequest{Topic: topic, Partition: partition,
		RequiredAcks: kafka.RequireAll, Compression: codec, Records: kafka.NewRecordReader(records...)})
	if err == nil {
		err = answer.Error
	}
	return err
}

// generator makes Cloudflare Logpush records of about 550 bytes: hosts (200 unless told) and
// 300 pops of unequal traffic, up to 2 s out of order, escapes in one of four,
// three forms of timestamp and three orders of keys.
type generator struct {
	random      *rand.Rand
	hosts, pops []string
	host, pop   *rand.Zipf
	n           int64
}

func newGenerator() *generator {
	r := rand.New(rand.NewPCG(1, 2))
	g := &generator{random: r, host: rand.NewZipf(r, 1.2, 2, uint64(*hosts-1)), pop: rand.NewZipf(r, 1.2, 4, 299)}
	for i := range *hosts {
		g.hosts = append(g.hosts, fmt.Sprintf("shop-%03d.example.com", i))
	}
	for i := range 300 {
		g.pops = append(g.pops, string([]byte{byte('A' + i/26%26), byte('A' + i%26), byte('A' + i/100)}))
	}
	return g
}

func (g *generator) line() (line []byte, failed bool) {
	at := begin.Add(time.Duration(g.n)*time.Second/perSecond + time.Duration(g.random.Int64N(int64(2*time.Second))))
	g.n++
	return g.lineAt(at)
}

func (g *generator) lineAt(at time.Time) (line []byte, failed bool) {
	status := g.status()
	fields := []string{
		`"ClientRequestHost":"` + g.hosts[g.host.Uint64()] + `"`,
		`"EdgeColoCode":"` + g.pops[g.pop.Uint64()] + `"`,
		`"EdgeStartTimestamp":` + g.stamp(at),
		`"EdgeResponseStatus":` + strconv.Itoa(status),
		`"OriginResponseStatus":` + strconv.Itoa(status),
		`"EdgeResponseBytes":` + strconv.Itoa(200+g.random.IntN(40_000)),
		`"EdgeTimeToFirstByteMs":` + strconv.Itoa(3+int(g.random.ExpFloat64()*40)),
		`"CacheCacheStatus":"` + [...]string{"hit", "miss", "dynamic", "expired"}[g.random.IntN(4)] + `"`,
		`"RayID":"` + fmt.Sprintf("%016x", g.random.Uint64()) + `"`,
		`"ClientIP":"203.0.113.` + strconv.Itoa(g.random.IntN(256)) + `"`,
		`"ClientRequestMethod":"GET","ClientRequestProtocol":"HTTP/2","ClientCountry":"de","ClientASN":64500`,
		`"ClientRequestURI":"` + g.uri() + `"`,
		`"ClientRequestUserAgent":"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"`,
	}
	turn := [...]int{0, 0, 0, 5, 9}[g.random.IntN(5)]
	line = append(make([]byte, 0, 640), '{')
	for i := range fields {
		if i > 0 {
			line = append(line, ',')
		}
		line = append(line, fields[(i+turn)%len(fields)]...)
	}
	return append(line, '}'), status >= 500
}

func (g *generator) status() int {
	switch n := g.random.IntN(1000); {
	case n < 8:
		return 502
	case n < 50:
		return 404
	case n < 120:
		return 304
	}
	return 200
}

func (g *generator) stamp(at time.Time) string {
	switch g.random.IntN(3) {
	case 0:
		return strconv.FormatInt(at.UnixNano(), 10)
	case 1:
		return strconv.FormatInt(at.Unix(), 10)
	}
	return `"` + at.UTC().Format(time.RFC3339Nano) + `"`
}

func (g *generator) uri() string {
	if g.random.IntN(4) == 0 {
		return `/search?q=\"blue\\green\"\u0026page=` + strconv.Itoa(g.random.IntN(100))
	}
	return "/catalog/item/" + strconv.Itoa(g.random.IntN(1_000_000))
}
