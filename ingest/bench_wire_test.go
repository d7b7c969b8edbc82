//go:build wire

package ingest

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"

	"github.com/spikeline/spikeline/internal/testkit"
)

// BenchmarkConsume reads 480,000 records of 588 bytes from 8 partitions of a
// real broker, and reports records per second of this process's CPU time.
func BenchmarkConsume(b *testing.B) {
	k := testkit.StartKafka(b)
	const partitions, batches, records = 8, 40, 1500
	for _, codec := range []kafka.Compression{0, kafka.Lz4, kafka.Zstd} {
		name := "plain"
		if codec != 0 {
			name = codec.String()
		}
		b.Run(name, func(b *testing.B) {
			topic := fmt.Sprint("bench-", worlds.Add(1))
			k.CreateTopic(topic, partitions)
			fill(b, k.Client(), topic, partitions, batches, sample(codec, 1, records))
			cfg := Default()
			cfg.Brokers = []string{k.Addr}
			cfg.Log = quick().Log
			c, err := Connect(cfg)
			if err != nil {
				b.Fatal(err)
			}
			defer c.Close()
			var cpu time.Duration
			for n := 0; b.Loop(); n++ {
				before := cpuTime()
				readAllOf(b, c, GroupConfig{ID: fmt.Sprint(topic, "-", n, "-", b.N), Topics: []string{topic}}, partitions, batches*records)
				cpu += cpuTime() - before
			}
			b.ReportMetric(float64(b.N*partitions*batches*records)/cpu.Seconds()/1e6, "Mrecords/CPU-s")
		})
	}
}

func fill(b *testing.B, client *kafka.Client, topic string, partitions, batches int, batch []byte) {
	b.Helper()
	for p := range partitions {
		testkit.Produce(b, client, topic, p, 0, []byte("first")) // waits for the leader
		for range batches {
			r, err := client.RawProduce(context.Background(), &kafka.RawProduceRequest{Topic: topic, Partition: p, RequiredAcks: kafka.RequireAll,
				RawRecords: protocol.RawRecordSet{Reader: bytes.NewReader(append(binary.BigEndian.AppendUint32(nil, uint32(len(batch))), batch...))}})
			if err != nil || r.Error != nil {
				b.Fatal(err, r)
			}
		}
	}
}

func readAllOf(b *testing.B, c *Cluster, g GroupConfig, partitions int, each int64) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var left sync.WaitGroup
	left.Add(partitions)
	var size atomic.Int64
	go func() { left.Wait(); cancel() }()
	err := c.Consume(ctx, g, func(ctx context.Context, p *Partition) error {
		defer left.Done()
		for seen := int64(0); seen <= each; {
			batch, err := p.Next(ctx)
			if err != nil {
				return err
			}
			n := 0
			for ; batch.Next(); seen++ {
				n += len(batch.Value)
			}
			size.Add(int64(n))
		}
		return nil
	})
	if err != nil || size.Load() < int64(partitions)*each*588 {
		b.Fatalf("%d bytes read, %v", size.Load(), err)
	}
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
