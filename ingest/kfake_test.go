package ingest

import (
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
)

// fake is a world on the embedded broker.
func fake(t *testing.T, partitions int32) world {
	t.Helper()
	w, _ := fakeBroker(t, partitions)
	return w
}

func fakeBroker(t *testing.T, partitions int32, opts ...kfake.Opt) (world, *kfake.Cluster) {
	t.Helper()
	broker, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(1), kfake.SeedTopics(partitions, "edge"), kfake.GroupMinSessionTimeout(time.Second)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(broker.Close)
	return world{topic: "edge", group: "g", brokers: broker.ListenAddrs(), session: time.Second}, broker
}

func TestOnTheEmbeddedBroker(t *testing.T) {
	for _, b := range behaviours {
		t.Run(b.name, func(t *testing.T) { b.test(t, fake) })
	}
}
