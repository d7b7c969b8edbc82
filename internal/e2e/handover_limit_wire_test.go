//go:build wire && !race

package e2e

import "time"

// handOver is the most that SIGTERM may take.
const handOver = 5 * time.Second
