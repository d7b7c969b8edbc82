package alert

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"github.com/spikeline/spikeline/ingest"
	"github.com/spikeline/spikeline/processor"
	"github.com/spikeline/spikeline/processor/detect"
)

func connect(t *testing.T, options ...kfake.Opt) *ingest.Cluster {
	t.Helper()
	broker, err := kfake.NewCluster(append(options, kfake.NumBrokers(1), kfake.GroupMinSessionTimeout(time.Second))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(broker.Close)
	c := ingest.Default()
	c.Brokers, c.SessionTimeout, c.Heartbeat = broker.ListenAddrs(), time.Second, 300*time.Millisecond
	cluster, err := ingest.Connect(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	return cluster
}

// records reads a topic from its start until n records have come.
func records(t *testing.T, cluster *ingest.Cluster, topic string, n int) (all []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	err := cluster.Consume(ctx, ingest.GroupConfig{ID: "reader", Topics: []string{topic}}, func(ctx context.Context, p *ingest.Partition) error {
		p.SeekTo(0)
		for len(all) < n {
			b, err := p.Next(ctx)
			if err != nil {
				return err
			}
			for b.Next() {
				all = append(all, string(b.Key)+" "+string(b.Value))
			}
		}
		cancel()
		return nil
	})
	if len(all) < n {
		t.Fatalf("%d records of %d: %v", len(all), n, err)
	}
	return all
}

func TestTheTopicGetsEveryEventAndSignalsThatOpenOrEnd(t *testing.T) {
	cluster := connect(t)
	c := Default()
	c.Topic = "spikeline.signals"
	c.Quiet = []Quiet{{Services: []string{"*"}, Kinds: []string{"traffic_drop"}}}
	s, err := Open(c, Options{Cluster: cluster, ReplicationFactor: -1, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	in := outage(20*time.Second, "minor")
	b := told(in, 1, "first_spike")
	scope := detect.Scope{Service: "api.example", Pop: "FRA"}
	b.Signals = []detect.Signal{
		{Window: at(20 * time.Second), Scope: scope, Kind: detect.ErrorSurge, Opened: true, Onset: at(0), Observed: 0.25, Expected: 0.0005, Band: 0.01, Score: 180, Requests: 4000, Excess: 998, Severity: detect.Critical, Reason: "25 % of requests fail, 0.05 % expected"},
		{Window: at(20 * time.Second), Scope: scope, Kind: detect.LatencySurge},
		{Window: at(20 * time.Second), Scope: scope, Kind: detect.TrafficDrop, Ended: true, Onset: at(0), EndedAt: at(10 * time.Second), Reason: "traffic is back"},
	}
	s.Put(b)
	s.Put(was(told(in, 1, "first_spike"), "first_spike"))
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/topic.txt", strings.Join(records(t, cluster, c.Topic, 4), "\n")+"\n")
}

func TestTheTestAlertSaysWhatHappenedAtEachTarget(t *testing.T) {
	r := receive(t, nil)
	c := r.config(nil)
	c.Topic = "spikeline.signals"
	c.Webhooks = append(c.Webhooks, Webhook{Name: "gone", URL: "http://127.0.0.1:1/"})
	cluster := connect(t, kfake.SeedTopics(3, c.Topic))
	probes, err := Test(t.Context(), c, Options{Cluster: cluster, ReplicationFactor: -1, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{"pager", "gone", "topic:spikeline.signals"} {
		if p := probes[i]; p.Target != name || (p.Err != nil) != (name == "gone") {
			t.Errorf("%+v", p)
		}
	}
	if got := r.got(t); len(got) != 1 || got[0] != "test" {
		t.Errorf("got %v", got)
	}
}

func TestABatchWithoutNewsSendsNothing(t *testing.T) {
	r := receive(t, nil)
	s := start(t, r.config(nil))
	s.Put(processor.Batch{})
	s.Put(processor.Batch{ClosedTo: at(0), Signals: make([]detect.Signal, 3)})
	s.drain(t)
	if got := r.got(t); len(got) != 0 {
		t.Errorf("got %v", got)
	}
}
