package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spikeline/spikeline/demo"
	"github.com/spikeline/spikeline/processor/detect"
)

// Troubles of every kind at services of every size: what one series shows by itself.
const (
	perTrouble = 6 // services of each seed that suffer it, from small to large
	largest    = 1000.0
)

var tells = map[demo.Trouble][]detect.Kind{
	demo.Surge: {detect.TrafficSurge}, demo.SurgeErrors: {detect.TrafficSurge, detect.ErrorSurge},
	demo.ZeroTraffic: {detect.TrafficDrop}, demo.Slow: {detect.LatencySurge},
}

// sizes are the classes of the table, in requests a second.
var sizes = [...]struct {
	name string
	most float64
}{{"0.1 to 1", 1}, {"1 to 10", 10}, {"above 10", 1e9}}

// tried is what was seen of one trouble in one class of size.
type tried struct {
	all, found, critical int
	delays               []int // in windows after the one of the onset
}

type troubleTable map[demo.Trouble]*[len(sizes)]tried

// ill is one service with its trouble.
type ill struct {
	trouble  demo.Trouble
	size     int
	from, to int64
	opened   int64 // end of the window
	critical bool
}

func runTroubles(seeds []uint64) (troubleTable, error) {
	parts, faults := make([][]*ill, len(seeds)), make([]error, len(seeds))
	inParallel(len(seeds), func(i int) { parts[i], faults[i] = suffer(seeds[i]) })
	table := troubleTable{}
	for i, part := range parts {
		if faults[i] != nil {
			return nil, faults[i]
		}
		for _, p := range part {
			table.add(p)
		}
	}
	return table, nil
}

func (t troubleTable) add(p *ill) {
	if t[p.trouble] == nil {
		t[p.trouble] = &[len(sizes)]tried{}
	}
	c := &t[p.trouble][p.size]
	c.all++
	if p.critical {
		c.critical++
	}
	if p.opened != 0 {
		c.found++
		c.delays = append(c.delays, int((p.opened-p.from+int64(width)-1)/int64(width))-1)
	}
}

// suffer watches a fleet for two days; on the second each service has one trouble.
func suffer(seed uint64) ([]*ill, error) {
	kinds := demo.Troubles()
	start := time.Date(2025, time.March, 4, 0, 0, 0, 0, time.UTC) // a Tuesday
	fleet, err := demo.Population(seed, perTrouble*len(kinds), lifePops, start, start.Add(42*time.Hour))
	if err != nil {
		return nil, err
	}
	patients, list := map[string]*ill{}, []*ill{}
	for i := range fleet.Services {
		s := &fleet.Services[i]
		s.Rate = 0.1 * math.Pow(largest/0.1, float64(i)/float64(len(fleet.Services)))
		at := start.Add(26*time.Hour + time.Duration(i*37%len(fleet.Services))*8*time.Minute).Truncate(width)
		p := &ill{trouble: kinds[i%len(kinds)], size: sizeOf(s.Rate), from: at.UnixNano()}
		fleet.Afflict(s.Name, p.trouble, at)
		p.to = fleet.Truth.Incidents[i].EndedAt.UnixNano()
		patients[s.Name], list = p, append(list, p)
	}
	o := demo.Default()
	o.Seed = seed
	meter, err := demo.NewMeter(fleet, o)
	if err != nil {
		return nil, err
	}
	d := detect.New(detect.Default())
	for r := meter.Next(); r != nil; r = meter.Next() {
		for _, s := range d.Step(r) {
			if p := patients[s.Scope.Service]; p != nil && s.Scope.Pop == "" {
				p.note(&s, r.End)
			}
		}
	}
	return list, nil
}

func sizeOf(rate float64) int {
	i := 0
	for rate > sizes[i].most {
		i++
	}
	return i
}

// note takes a signal that tells of the trouble.
func (p *ill) note(s *detect.Signal, now int64) {
	kinds := tells[p.trouble]
	if kinds == nil {
		kinds = []detect.Kind{detect.ErrorSurge}
	}
	if now <= p.from || s.Onset > p.to || s.Onset < p.from-int64(early) || !slices.Contains(kinds, s.Kind) {
		return
	}
	if p.opened == 0 {
		p.opened = now
	}
	p.critical = p.critical || s.Severity == detect.Critical
}

func writeTroubles(w io.Writer, table troubleTable) {
	fmt.Fprintln(w, "\ntroubles of one service, after one day of history: signals found of all (of them critical), windows after the one of the onset: middle, nine of ten")
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprint(t, "requests a second")
	for _, c := range sizes {
		fmt.Fprintf(t, "\t%s", c.name)
	}
	fmt.Fprintln(t)
	for _, kind := range demo.Troubles() {
		fmt.Fprint(t, kind)
		for i := range sizes {
			c := &table[kind][i]
			fmt.Fprintf(t, "\t%d/%d (%d)", c.found, c.all, c.critical)
			if n := len(c.delays); n > 0 {
				slices.Sort(c.delays)
				fmt.Fprintf(t, " %d, %d", c.delays[n/2], c.delays[(n*9-1)/10])
			}
		}
		fmt.Fprintln(t)
	}
	t.Flush()
}
