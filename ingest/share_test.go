package ingest

import "testing"

// However many partitions a worker has, the answers that they hold together, two of each, stay within the limit, down to what a fetch is worth.
func TestAnswersOfAllPartitionsStayWithinTheLimit(t *testing.T) {
	c := &Cluster{cfg: Default(), live: map[*Partition]struct{}{}}
	before := c.cfg.Fetch.MaxBytes
	for n := 1; n <= 1000; n++ {
		c.live[&Partition{}] = struct{}{}
		share := c.share()
		if share > before || share < leastFetch {
			t.Fatalf("%d partitions: %d bytes a fetch after %d", n, share, before)
		}
		if held := 2 * n * share; held > c.cfg.Fetch.MaxTotalBytes && share > leastFetch {
			t.Fatalf("%d partitions of %d bytes hold %d, allowed are %d", n, share, held, c.cfg.Fetch.MaxTotalBytes)
		}
		before = share
	}
	if before != leastFetch {
		t.Errorf("1000 partitions fetch %d bytes each, want %d", before, leastFetch)
	}
}

// Both bounds of a request are those of the share.
func TestAnExchangeAsksForItsShare(t *testing.T) {
	x := newExchange(Default(), "edge", 0)
	x.setMost(leastFetch)
	if x.request.MaxBytes != leastFetch || x.request.Topics[0].Partitions[0].PartitionMaxBytes != leastFetch {
		t.Errorf("asks for %d and %d bytes", x.request.MaxBytes, x.request.Topics[0].Partitions[0].PartitionMaxBytes)
	}
}
