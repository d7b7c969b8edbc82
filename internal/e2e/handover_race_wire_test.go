//go:build wire && race

package e2e

import "time"

// handOver is the most that SIGTERM may take of a worker that the race detector makes several times slower.
const handOver = time.Minute
