//go:build wire && race

package e2e

import "time"

// handOver is the most that SIGTERM may take of a worker that the race detector makes several times slower.
const handOver = time.Minute

// demoEnds is the most that the demo may take under the race detector.
const demoEnds = 20 * time.Minute
