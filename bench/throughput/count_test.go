//go:build wire && bench

package throughput

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/segmentio/kafka-go"
	"golang.org/x/sync/errgroup"
)

// count reads the topic by kafka-go's fastest way that it documents, and prints
// the number of records. It is the ceiling of whoever reads by kafka-go.
func count(addr string) int {
	var total atomic.Int64
	var group errgroup.Group
	for p := range partitions {
		group.Go(func() error {
			n, err := countPartition(addr, p)
			total.Add(n)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(total.Load(), -1, 0, peakMemory(os.Getpid()))
	return 0
}

func countPartition(addr string, p int) (n int64, err error) {
	conn, err := kafka.DialLeader(context.Background(), "tcp", addr, topic, p)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	end, err := conn.ReadLastOffset()
	if err != nil {
		return 0, err
	}
	buf := make([]byte, 64<<10)
	for next := int64(0); next < end; {
		if _, err := conn.Seek(next, kafka.SeekAbsolute); err != nil {
			return n, err
		}
		batch := conn.ReadBatchWith(kafka.ReadBatchConfig{MinBytes: 1, MaxBytes: 4 << 20, MaxWait: time.Second})
		for {
			if _, err := batch.Read(buf); err != nil {
				break
			}
			// An answer begins with the whole batch of the offset that was asked for.
			if at := batch.Offset(); at > next {
				n, next = n+1, at
			}
		}
		if err := batch.Close(); err != nil {
			return n, err
		}
	}
	return n, nil
}
