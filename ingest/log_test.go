package ingest

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/spikeline/spikeline/internal/testkit"
)

func abortedTransactions(t *testing.T, on makeWorld) {
	w := on(t, 1)
	c := w.connect(t)
	var want []record
	for i, commit := range []bool{true, false, true, false, false, true} {
		kept := testkit.Produce(t, c.Client(), w.topic, 0, kafka.Lz4, fmt.Appendf(nil, "plain %d", i))
		want = append(want, record{kept, fmt.Sprint("plain ", i)})
		first := transaction(t, c, w.topic, commit, fmt.Sprint("in transaction ", i), 3)
		for n := range int64(3) {
			if commit {
				want = append(want, record{first + n, fmt.Sprint("in transaction ", i)})
			}
		}
	}
	s := newSeen()
	end := make(chan int64, 1)
	stop := w.consume(t, c, func(ctx context.Context, p *Partition) error {
		for {
			b, err := p.Next(ctx)
			if err != nil {
				return err
			}
			for b.Next() {
				s.add(0, record{b.Offset, string(b.Value)})
			}
			if b.CaughtUp() && b.NextOffset > 0 {
				select {
				case end <- b.NextOffset:
				default:
				}
			}
		}
	})
	s.wait(t, len(want))
	if got := <-end; got != 30 { // 6 plain, 18 in transactions, 6 markers
		t.Errorf("caught up at offset %d, not behind the last marker at 30", got)
	}
	stop()
	if got := s.of(0); !slices.Equal(got, want) {
		t.Errorf("read %v\nwant %v", got, want)
	}
}

// transaction writes n records in one transaction, and commits or aborts it.
// It returns the offset of the first. (kafka-go's producers cannot: the batch is encoded here.)
func transaction(t *testing.T, c *Cluster, topic string, commit bool, value string, n int) int64 {
	t.Helper()
	id := fmt.Sprint("t-", topic, "-", value)
	ctx, client := t.Context(), c.Client()
	var producer *kafka.InitProducerIDResponse
	retry(t, "InitProducerID", func() (err error) {
		producer, err = client.InitProducerID(ctx, &kafka.InitProducerIDRequest{TransactionalID: id, TransactionTimeoutMs: 10_000, ProducerID: -1, ProducerEpoch: -1})
		return errors.Join(err, errorOf(producer))
	})
	epoch, pid := producer.Producer.ProducerEpoch, producer.Producer.ProducerID
	retry(t, "AddPartitionsToTxn", func() error {
		r, err := client.AddPartitionsToTxn(ctx, &kafka.AddPartitionsToTxnRequest{TransactionalID: id, ProducerID: pid, ProducerEpoch: epoch,
			Topics: map[string][]kafka.AddPartitionToTxn{topic: {{Partition: 0}}}})
		if err != nil {
			return err
		}
		return r.Topics[topic][0].Error
	})
	list := make([]string, n)
	for i := range list {
		list[i] = value
	}
	b := encode(batchOf(list...), func(e *encoding) {
		e.producer, e.epoch, e.attributes = int64(pid), int16(epoch), transactional
	})
	r, err := client.RawProduce(ctx, &kafka.RawProduceRequest{Topic: topic, RequiredAcks: kafka.RequireAll, TransactionalID: id,
		RawRecords: protocol.RawRecordSet{Reader: bytes.NewReader(append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...))}})
	if err = errors.Join(err, errorOfProduce(r)); err != nil {
		t.Fatalf("produce in a transaction: %v", err)
	}
	retry(t, "EndTxn", func() error {
		r, err := client.EndTxn(ctx, &kafka.EndTxnRequest{TransactionalID: id, ProducerID: pid, ProducerEpoch: epoch, Committed: commit})
		if err != nil {
			return err
		}
		return r.Error
	})
	return r.BaseOffset
}

func errorOf(r *kafka.InitProducerIDResponse) error {
	if r == nil {
		return nil
	}
	return r.Error
}

func errorOfProduce(r *kafka.ProduceResponse) error {
	if r == nil {
		return nil
	}
	return r.Error
}

// retry repeats f while the broker is not ready for it.
func retry(t *testing.T, what string, f func() error) {
	t.Helper()
	var err error
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if err = f(); err == nil {
			return
		}
	}
	t.Fatalf("%s: %v", what, err)
}

func deletedOffsets(t *testing.T, on makeWorld) {
	w := on(t, 1)
	c := w.connect(t)
	testkit.Produce(t, c.Client(), w.topic, 0, kafka.Lz4, values("a", 10)...)
	testkit.Produce(t, c.Client(), w.topic, 0, kafka.Lz4, values("b", 10)...)
	stop := w.consume(t, c, func(ctx context.Context, p *Partition) error {
		err := p.Commit(ctx, 2, "two")
		<-ctx.Done()
		return err
	})
	for c.Counters.Commits.Load() == 0 {
		time.Sleep(5 * time.Millisecond)
	}
	stop()
	deleteRecords(t, w.brokers[0], w.topic, 15)

	s := newSeen()
	stop = w.consume(t, c, s.reader)
	s.wait(t, 5)
	stop()
	if got := s.of(0); got[0].offset != 15 || len(got) != 5 {
		t.Errorf("read from offset %d, %d records; want 15 and 5", got[0].offset, len(got))
	}
	if got := c.Counters.Missing.Load(); got != 13 {
		t.Errorf("%d offsets counted as missing, not 13", got)
	}
}

// deleteRecords makes offset the first of the partition, as retention would.
// (kafka-go has no DeleteRecords.)
func deleteRecords(t *testing.T, broker, topic string, offset int64) {
	t.Helper()
	req := kmsg.NewPtrDeleteRecordsRequest()
	req.Topics = []kmsg.DeleteRecordsRequestTopic{{Topic: topic, Partitions: []kmsg.DeleteRecordsRequestTopicPartition{{Partition: 0, Offset: offset}}}}
	req.SetVersion(1)
	resp := kmsg.NewPtrDeleteRecordsResponse()
	exchangeRaw(t, broker, req, resp)
	if len(resp.Topics) != 1 || resp.Topics[0].Partitions[0].ErrorCode != 0 {
		t.Fatalf("DeleteRecords: %+v", resp)
	}
}

// exchangeRaw sends one request that kafka-go does not know.
func exchangeRaw(t *testing.T, broker string, req kmsg.Request, resp kmsg.Response) {
	t.Helper()
	conn, err := net.Dial("tcp", broker)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := conn.Write(kmsg.NewRequestFormatter(kmsg.FormatterClientID("test")).AppendRequest(nil, req, 1)); err != nil {
		t.Fatal(err)
	}
	head := make([]byte, 4)
	if _, err := io.ReadFull(conn, head); err != nil {
		t.Fatal(err)
	}
	body := make([]byte, binary.BigEndian.Uint32(head))
	if _, err := io.ReadFull(conn, body); err != nil {
		t.Fatal(err)
	}
	resp.SetVersion(req.GetVersion())
	if err := resp.ReadFrom(body[4:]); err != nil {
		t.Fatal(err)
	}
}
