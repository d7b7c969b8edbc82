//go:build wire && !race

package e2e

import "time"

// handOver is the most that SIGTERM may take.
const handOver = 5 * time.Second

// demoEnds is the most that the demo may take.
const demoEnds = 4 * time.Minute
