// Command eval runs the detector and the tracker, as they are, over the
// scenarios of package demo and over a quiet population, and tells how often
// they were right. Beside them run the rules of bench/peers. All in event time:
// months pass in minutes.
//
//	go run ./bench/eval                          # everything; under 15 minutes on two cores
//	go run ./bench/eval -scenario fastly -weeks 0 -v   # one scenario, what was found
//	go run ./bench/eval -seeds 11-15 -write      # and into docs/detection.md
//
// scenario.go feeds a scenario, score.go compares what was found with the truth,
// population.go and life.go make the quiet population, table.go prints.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/spikeline/spikeline/demo"
)

type options struct {
	seeds    []uint64
	weeks    int
	scenario string
	verbose  bool
	write    string
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "eval:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	began := time.Now()
	names, err := chosen(o.scenario)
	if err != nil {
		return err
	}
	var page strings.Builder
	show := func(part func(io.Writer)) { part(io.MultiWriter(&page, os.Stdout)) }
	if len(names) > 0 {
		runs, err := runScenarios(names, o.seeds)
		if err != nil {
			return err
		}
		if o.verbose {
			printFound(os.Stdout, runs)
		}
		show(func(w io.Writer) { writeScenarios(w, names, runs) })
	}
	if o.scenario == "all" || o.scenario == "troubles" {
		troubles, err := runTroubles(o.seeds)
		if err != nil {
			return err
		}
		show(func(w io.Writer) { writeTroubles(w, troubles) })
	}
	if o.weeks > 0 {
		p := runPopulation(o.seeds, o.weeks)
		if o.verbose {
			printFalse(os.Stdout, p)
		}
		show(func(w io.Writer) { writePopulation(w, p) })
	}
	fmt.Fprintf(os.Stderr, "%.0f s on %d cores\n", time.Since(began).Seconds(), runtime.GOMAXPROCS(0))
	if o.write == "" {
		return nil
	}
	return replaceBetween(o.write, command(o), page.String())
}

func command(o options) string {
	return fmt.Sprintf("make eval ARGS=%q", fmt.Sprintf("-seeds %s -weeks %d", seedText(o.seeds), o.weeks))
}

func parse(args []string) (options, error) {
	var o options
	var seeds string
	var write bool
	f := flag.NewFlagSet("eval", flag.ContinueOnError)
	f.StringVar(&seeds, "seeds", "11-15", "seeds, as 11-15 or 1,4,7")
	f.IntVar(&o.weeks, "weeks", 10000, "service-weeks of the quiet population at least; 0: none")
	f.StringVar(&o.scenario, "scenario", "all", "scenarios whose names contain this; all, none, or troubles")
	f.BoolVar(&o.verbose, "v", false, "also print every incident found")
	f.BoolVar(&write, "write", false, "replace the table in docs/detection.md")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if write {
		o.write = "docs/detection.md"
	}
	var err error
	o.seeds, err = parseSeeds(seeds)
	return o, err
}

func parseSeeds(text string) (seeds []uint64, err error) {
	for _, part := range strings.Split(text, ",") {
		from, to, isRange := strings.Cut(part, "-")
		if !isRange {
			to = from
		}
		a, errA := strconv.ParseUint(from, 10, 32)
		b, errB := strconv.ParseUint(to, 10, 32)
		if errA != nil || errB != nil || b < a || b-a > 1000 {
			return nil, fmt.Errorf("seeds %q: give numbers and ranges, such as 11-15 or 1,4,7", text)
		}
		for ; a <= b; a++ {
			seeds = append(seeds, a)
		}
	}
	return seeds, nil
}

func seedText(seeds []uint64) string {
	var parts []string
	for i := 0; i < len(seeds); {
		j := i
		for j+1 < len(seeds) && seeds[j+1] == seeds[j]+1 {
			j++
		}
		part := strconv.FormatUint(seeds[i], 10)
		if j > i {
			part += "-" + strconv.FormatUint(seeds[j], 10)
		}
		parts, i = append(parts, part), j+1
	}
	return strings.Join(parts, ",")
}

// chosen gives the scenarios with an end whose names contain a text.
func chosen(text string) (names []string, err error) {
	if text == "none" || text == "troubles" {
		return nil, nil
	}
	for _, s := range demo.Scenarios() {
		if !s.End.IsZero() && (text == "all" || text == "" || strings.Contains(s.Name, text)) {
			names = append(names, s.Name)
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("no scenario that ends has %q in its name; \"spikeline simulate --list\" names them", text)
	}
	return names, nil
}
