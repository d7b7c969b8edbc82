package main

import (
	"runtime"
	"sync"
	"time"

	"github.com/spikeline/spikeline/bench/peers/rules"
	"github.com/spikeline/spikeline/demo"
	"github.com/spikeline/spikeline/processor/detect"
	"github.com/spikeline/spikeline/processor/incident"
	"github.com/spikeline/spikeline/processor/window"
)

const width = 10 * time.Second

// found is one incident as an observer would have been told of it.
type found struct {
	incident.Incident
	timeline []incident.Event // at the end, in order
	phases   []string
}

// pipeline is the real detector and tracker, with what they have told.
type pipeline struct {
	detector *detect.Detector
	tracker  *incident.Tracker
	order    []string
	byID     map[string]*incident.Incident
	events   map[string]map[int32]incident.Event
	opened   [detect.Kinds]int // signals
}

func newPipeline() *pipeline {
	return &pipeline{detector: detect.New(detect.Default()), tracker: incident.New(incident.Default()),
		byID: map[string]*incident.Incident{}, events: map[string]map[int32]incident.Event{}}
}

func (p *pipeline) step(r *window.Result) {
	signals := p.detector.Step(r)
	for i := range signals {
		if signals[i].Opened {
			p.opened[signals[i].Kind]++
		}
	}
	incidents, events := p.tracker.Step(r, signals)
	for i := range incidents {
		in := incidents[i]
		if p.byID[in.ID] == nil {
			p.order = append(p.order, in.ID)
			p.events[in.ID] = map[int32]incident.Event{}
		}
		p.byID[in.ID] = &in
	}
	for _, e := range events {
		if p.events[e.IncidentID] == nil {
			p.events[e.IncidentID] = map[int32]incident.Event{}
		}
		p.events[e.IncidentID][e.Seq] = e
	}
}

func (p *pipeline) found() (list []found) {
	for _, id := range p.order {
		timeline := inTime(p.events[id])
		list = append(list, found{*p.byID[id], timeline, phasesOf(timeline)})
	}
	return list
}

// scenarioRun is one scenario with one seed.
type scenarioRun struct {
	name  string
	seed  uint64
	truth demo.Truth
	found []found
	peers [2][]episode
	score score
	rival [2]score
	err   error
}

func runScenarios(names []string, seeds []uint64) ([]scenarioRun, error) {
	runs := make([]scenarioRun, 0, len(names)*len(seeds))
	for _, name := range names {
		for _, seed := range seeds {
			runs = append(runs, scenarioRun{name: name, seed: seed})
		}
	}
	inParallel(len(runs), func(i int) { runs[i].err = runs[i].run() })
	for i := range runs {
		if runs[i].err != nil {
			return nil, runs[i].err
		}
	}
	return runs, nil
}

func inParallel(n int, do func(i int)) {
	var group sync.WaitGroup
	next := make(chan int)
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			for i := range next {
				do(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	group.Wait()
}

// run feeds the windows of a scenario to the pipeline and its peers.
func (s *scenarioRun) run() error {
	script, err := demo.Find(s.name)
	if err != nil {
		return err
	}
	s.truth = script.Truth
	o := demo.Default()
	o.Seed = s.seed
	meter, err := demo.NewMeter(script, o)
	if err != nil {
		return err
	}
	p, peers := newPipeline(), newPeers()
	end := int64(0)
	for r := meter.Next(); r != nil; r = meter.Next() {
		p.step(r)
		for _, w := range peers {
			w.Step(r)
		}
		end = r.End
	}
	s.found = p.found()
	s.score = judge(s.truth, ours(s.found))
	for i, w := range peers {
		s.peers[i] = group(w.Alerts(), end, byKind)
		s.rival[i] = judge(s.truth, s.peers[i])
	}
	return nil
}

var peerNames = [2]string{"burn rates 14.4x/6x, objective 99.9 %", "z-score 6 with a floor, 2 windows"}

func newPeers() [2]*rules.Watch { return [2]*rules.Watch{rules.BurnRate(width), rules.ZScore(width)} }
