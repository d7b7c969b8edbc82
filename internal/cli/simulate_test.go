package cli

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/spikeline/spikeline/demo"
	"github.com/spikeline/spikeline/ingest"
)

func TestEveryLineOfASimulationReachesItsTopicOnce(t *testing.T) {
	addr, stop, err := demo.StartBroker(0, map[string]int32{"edge.requests": 4})
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	truth := t.TempDir() + "/truth.csv"
	var stdout, stderr bytes.Buffer
	status := Main([]string{"simulate", "--brokers", addr, "--topic", "edge.requests", "--rate", "0.5", "--to", "2025-11-18T10:25:00Z", "--truth", truth}, &stdout, &stderr)
	if status != done || stdout.Len() != 0 {
		t.Fatalf("exit status %d\n%s%s", status, stdout.String(), stderr.String())
	}

	stored := countRecords(t, addr)
	want := fmt.Sprintf("%d lines written, of them 0 broken, ", stored)
	if told := stderr.String(); !strings.HasPrefix(told, want) || stored < 1000 {
		t.Errorf("the topic holds %d records; told: %s", stored, told)
	}
	if sum := sumRequests(t, truth); sum != stored {
		t.Errorf("the topic holds %d records, the truth is %d", stored, sum)
	}
}

// countRecords reads the whole topic by the worker's own ingest.
func countRecords(t *testing.T, addr string) (n int) {
	t.Helper()
	config := ingest.Default()
	config.Brokers = []string{addr}
	cluster, err := ingest.Connect(config)
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	counts := make(chan int)
	go func() {
		for range 4 {
			n += <-counts
		}
		cancel()
	}()
	err = cluster.Consume(ctx, ingest.GroupConfig{ID: "count", Topics: []string{"edge.requests"}}, func(ctx context.Context, p *ingest.Partition) error {
		read := 0
		for {
			b, err := p.Next(ctx)
			if err != nil {
				return err
			}
			for b.Next() {
				read++
			}
			if err := b.Err(); err != nil {
				return err
			}
			if b.CaughtUp() {
				counts <- read
				<-ctx.Done()
				return nil
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func sumRequests(t *testing.T, file string) (sum int) {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows[1:] {
		n, err := strconv.Atoi(row[1])
		if err != nil {
			t.Fatal(err)
		}
		sum += n
	}
	return sum
}
