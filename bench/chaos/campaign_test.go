//go:build wire

package chaos

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/spikeline/spikeline/ingest/accesslog"
	"github.com/spikeline/spikeline/internal/cli"
	"github.com/spikeline/spikeline/sink/engine"
)

var (
	seed    = flag.Uint64("seed", 1, "chooses the faults and their moments")
	minutes = flag.Float64("minutes", 1.25, "how long the source runs")
	only    = flag.String("only", "", "faults of one kind alone, by the start of its name")
	apart   = flag.Bool("apart", false, "each fault only once the last has healed, to see what each costs by itself")
)

func TestMain(m *testing.M) {
	if engine.IsChild() {
		engine.Main()
	}
	if os.Getenv(asProgram) != "" {
		os.Exit(cli.Main(os.Args[1:], os.Stdout, os.Stderr))
	}
	flag.Parse()
	os.Exit(m.Run())
}

// campaign is one run.
type campaign struct {
	*world
	source   *feed
	recovery *recovery
	begun    time.Time

	mu      sync.Mutex
	strikes []*strike
}

func TestResultsAreExactWhateverDies(t *testing.T) {
	lasts := time.Duration(*minutes * float64(time.Minute))
	dir := keptWhenFailed(t)
	idle := 20 * time.Second
	w := build(t, dir, idle)
	source := must(newFeed(w.kafka.Client(), *seed, lasts, idle))(t)
	c := &campaign{world: w, source: source, recovery: &recovery{db: w.db, source: source}, begun: time.Now()}

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	fed := make(chan error, 1)
	go func() { fed <- source.run(ctx) }()
	go c.recovery.run(ctx)
	c.harm(lasts)
	if err := <-fed; err != nil {
		t.Fatalf("the source: %v", err)
	}
	c.verify(ctx)
}

// keptWhenFailed is a directory for logs and data that outlives a failed campaign.
func keptWhenFailed(t *testing.T) string {
	dir := must(os.MkdirTemp("", "spikeline-chaos-"))(t)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("replay with SEED=%d MINUTES=%v; the logs are in %s", *seed, *minutes, dir)
			return
		}
		os.RemoveAll(dir)
	})
	return dir
}

const (
	faultsPerMinute = 12
	aloneFrom       = 5 * time.Minute // a campaign this long has each kind once alone
)

// harm injects the planned faults, and returns when all are over: first each
// kind once alone, where there is time, which tells what it costs by itself; then bursts.
func (c *campaign) harm(lasts time.Duration) {
	faults, alone := plan(*seed, int(faultsPerMinute*lasts.Minutes())), 0
	faults = slices.DeleteFunc(faults, func(p planned) bool { return !strings.HasPrefix(p.name, *only) })
	switch {
	case *apart:
		alone = len(faults)
	case lasts >= aloneFrom && *only == "":
		alone = len(kinds)
	}
	for _, p := range faults[:alone] {
		if time.Since(c.begun) < lasts*9/10 {
			c.strikeAlone(p)
		}
	}
	c.bursts(faults[alone:], c.begun.Add(lasts*19/20))
}

// strikeAlone injects a fault into a healthy pipeline.
func (c *campaign) strikeAlone(p planned) {
	const calm = 2 * time.Second
	time.Sleep(calm)
	c.strike(p, true)
	for give := time.Now().Add(time.Minute); c.recovery.pending() > 0 && time.Now().Before(give); {
		time.Sleep(100 * time.Millisecond)
	}
}

// bursts has a few faults overlap, then leaves the pipeline the time to come on,
// so that the next ones hit it at work and not where the last ones stopped it.
func (c *campaign) bursts(faults []planned, until time.Time) {
	const together, striking = 5, 0.45 // of the time from burst to burst
	var running sync.WaitGroup
	begun, all := time.Now(), slices.Collect(slices.Chunk(faults, together))
	apart := time.Until(until) / time.Duration(max(1, len(all)))
	for i, burst := range all {
		slices.SortFunc(burst, func(a, b planned) int { return cmp.Compare(a.moment, b.moment) })
		for _, p := range burst {
			at := begun.Add(time.Duration((float64(i) + striking*p.moment) * float64(apart)))
			time.Sleep(time.Until(at))
			running.Go(func() { c.strike(p, false) })
		}
	}
	running.Wait()
}

func (c *campaign) strike(p planned, alone bool) {
	s := &strike{kind: p.name, alone: alone, began: time.Now()}
	s.detail = p.do(c.world, rand.New(rand.NewPCG(p.dice, 3)))
	c.recovery.over(s)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.strikes = append(c.strikes, s)
	if testing.Verbose() {
		fmt.Printf("%6.1fs  %-28s %5.1fs  %s\n", s.began.Sub(c.begun).Seconds(), s.kind, s.lasted.Seconds(), s.detail)
	}
}

// patience is how long nothing may move while something is not accounted for, once the last fault is over.
const patience = 3 * time.Minute

// closed is up to where windows close in the end.
func (c *campaign) closed() time.Time {
	return c.source.closingTime().Add(-5 * time.Second).Truncate(10 * time.Second)
}

// verify waits until the workers have caught up, and compares.
func (c *campaign) verify(ctx context.Context) {
	t, through, closed := c.t, c.source.produced(), c.closed()
	c.takeOut(ctx)
	if err := c.db.await(ctx, patience, "SELECT toUnixTimestamp(max(closed_to)) FROM spikeline.progress_rev", fmt.Sprint(closed.Unix())); err != nil {
		t.Errorf("windows are not all closed: %v", err)
	}
	real := must(read(ctx, c.kafka.Client(), through))(t)
	if c.takenOut(ctx) {
		c.bringBack(ctx, real, "rescue")
	}
	if err := real.compareLedger(ctx, c.db); err != nil {
		t.Errorf("the ledger: %v", err)
	}
	damages := must(real.compareWindows(ctx, c.db))(t)
	for _, d := range damages[:min(len(damages), 10)] {
		t.Error(d)
	}
	c.compareRollups(ctx)
	for i := range c.workers {
		c.note(c.workers[i].unexpected()...)
		c.workers[i].end(15)
	}
	c.note(c.engine.unexpected()...)
	for _, fault := range c.noted {
		t.Error(fault)
	}
	c.table(real, damages)
	c.compareIncidents(ctx, closed)
	c.damageAndRepair(ctx, real)
}

// compareIncidents reads the same records once more, without faults, into another ClickHouse.
func (c *campaign) compareIncidents(ctx context.Context, closed time.Time) {
	t := c.t
	_, db := c.startEngine("control-clickhouse", filepath.Join(c.dir, "control"))
	config := c.writeConfig("control", c.kafka.Addr, db.addr, "control", 0)
	c.startProcess("control", "run", "--config", config)
	if err := db.await(ctx, patience, "SELECT toUnixTimestamp(max(closed_to)) FROM spikeline.progress_rev", fmt.Sprint(closed.Unix())); err != nil {
		t.Errorf("the pass without faults: %v", err)
	}
	for _, query := range []string{
		"SELECT incident_id, status, phase, started_at, detected_at, peak_at, main_impact_ended_at, ended_at, first_service, services FROM spikeline.incidents ORDER BY incident_id",
		"SELECT incident_id, seq, at, event, service FROM spikeline.incident_events ORDER BY incident_id, seq",
	} {
		got, want := must(c.db.ask(ctx, query+" FORMAT TSV"))(t), must(db.ask(ctx, query+" FORMAT TSV"))(t)
		if got != want {
			t.Errorf("incidents differ from a pass without faults:\n got %s\nwant %s", got, want)
		}
		_, from, _ := strings.Cut(query, " FROM ")
		fmt.Printf("%d rows the same as without faults: %s\n", strings.Count(want, "\n"), strings.Fields(from)[0])
	}
}

// compareRollups checks that minutes have followed, and are the sums of their windows.
func (c *campaign) compareRollups(ctx context.Context) {
	if err := c.db.await(ctx, patience, "SELECT max(rolled_1m_to) = toStartOfMinute(max(retired_to)) FROM spikeline.progress_rev", "1"); err != nil {
		c.t.Errorf("rollups do not follow: %v", err)
	}
	query := `SELECT count() FROM (SELECT window_start AS m, service, pop, sum(requests) AS n FROM spikeline.windows_1m GROUP BY ALL) AS minutes
FULL JOIN (SELECT toStartOfMinute(window_start) AS m, service, pop, sum(requests) AS n FROM spikeline.windows
  WHERE window_start < (SELECT max(rolled_1m_to) FROM spikeline.progress_rev) GROUP BY ALL) AS windows USING (m, service, pop) WHERE minutes.n != windows.n`
	if err := c.db.await(ctx, 20*time.Second, query, "0"); err != nil {
		c.t.Errorf("rollups differ from their windows: %v", err)
	}
}

// table prints one line a kind of fault.
func (c *campaign) table(real *truth, damages []damage) {
	rows := map[string]*row{}
	var order []string
	at := func(name string) *row {
		if rows[name] == nil {
			rows[name] = &row{}
			order = append(order, name)
		}
		return rows[name]
	}
	for _, k := range kinds {
		if strings.HasPrefix(k.name, *only) {
			at(k.name)
		}
	}
	for _, s := range c.strikes {
		at(s.kind).add(s)
	}
	for _, name := range []string{producerAhead, producerBehind, partitionSilent, partitionSlow} {
		at(name).times = c.source.faults[name]
	}
	var lost, doubled uint64
	for _, d := range damages {
		lost, doubled = lost+d.lost(), doubled+d.doubled()
	}
	total := 0
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(out, "\nfault\ttimes\tlasted at most\trecovered alone\tin a burst, at most\tlost\tdoubled\t\n")
	for _, name := range order {
		r := rows[name]
		total += r.times
		fmt.Fprintf(out, "%s\t%d\t%s\t%s\t%s\t%d\t%d\t\n", name, r.times, seconds(r.lasted), seconds(r.alone), seconds(r.burst), lost, doubled)
	}
	out.Flush()
	fmt.Printf("\nseed %d: %d faults in %.1f minutes; %d records produced = %d counted + %d too late + %d rejected; %d window rows; %d batches sent again by the source; %d answers of ClickHouse kept back\n",
		*seed, total, *minutes, real.produced, real.counted(), real.rejected[accesslog.TooLate], real.produced-real.counted()-real.rejected[accesslog.TooLate], len(real.cells), c.source.resent, c.front.late.Load())
}

type row struct {
	times                int
	lasted, alone, burst time.Duration // the longest
}

func (r *row) add(s *strike) {
	r.times++
	r.lasted = max(r.lasted, s.lasted)
	if s.alone {
		r.alone = max(r.alone, s.recovered)
	} else {
		r.burst = max(r.burst, s.recovered)
	}
}

func seconds(d time.Duration) string {
	if d == 0 {
		return "-"
	}
	return fmt.Sprintf("%.1fs", d.Seconds())
}
