package demo

import (
	"fmt"
	"maps"
	"slices"

	"github.com/twmb/franz-go/pkg/kfake"
)

// StartBroker starts a Kafka broker inside this process on 127.0.0.1, with
// topics (name to number of partitions). It speaks the real protocol over TCP,
// and holds everything in memory (about 2.5 times the payload), without retention:
// feed it no faster than it is read. Port 0 takes a free one. stop ends it.
func StartBroker(port int, topics map[string]int32) (addr string, stop func(), err error) {
	if port < 0 || port > 65535 {
		return "", nil, fmt.Errorf("broker port %d: not between 0 (any free one) and 65535", port)
	}
	options := []kfake.Opt{kfake.NumBrokers(1), kfake.Ports(port)}
	for _, name := range slices.Sorted(maps.Keys(topics)) {
		if topics[name] < 1 {
			return "", nil, fmt.Errorf("topic %s with %d partitions: at least 1 is needed", name, topics[name])
		}
		options = append(options, kfake.SeedTopics(topics[name], name))
	}
	cluster, err := kfake.NewCluster(options...)
	if err != nil {
		return "", nil, fmt.Errorf("embedded broker on port %d: %w", port, err)
	}
	return cluster.ListenAddrs()[0], cluster.Close, nil
}
