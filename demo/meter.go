package demo

import (
	"cmp"
	"slices"
	"time"

	"github.com/spikeline/spikeline/processor/window"
)

// Meter gives a scenario's windows without the lines between: the same rates,
// noise and outcomes, drawn as counts. It is made for evaluations over
// thousands of service-weeks. It belongs to one goroutine.
type Meter struct {
	script *Scenario
	rates  *climate
	random *stream
	texts  []serviceText
	masses []mass    // by service, then pop
	owed   []float64 // by service: seconds at its present rates that masses do not have yet
	order  []int     // of masses: ascending by service, then pop
	second int64
	end    int64 // 0: endless
	first  bool
	result window.Result
	memory []window.Counts // by place in order: the slices of rows are reused
	draw   tally
}

// mass is what a service in a pop is expected to get in a window.
type mass struct {
	requests float64
	cell     [7]float64 // the cell's shares, weighted by requests
	last     cell
}

// often is how many seconds lie between two looks at the rates.
const often = 2

// NewMeter prepares the windows of a scenario. Of the options it heeds Seed, Rate, Total, Start, End and Shift.
func NewMeter(script *Scenario, options Options) (*Meter, error) {
	o, err := options.check(script)
	if err != nil {
		return nil, err
	}
	m := &Meter{
		script: script, rates: newClimate(script, o.Seed, o.Rate), random: newStream(o.Seed, hash(script.Name, "windows")),
		texts: serviceTexts(script), masses: make([]mass, len(script.Services)*len(script.Pops)),
		second: o.Start.Unix() / step * step, first: true,
	}
	if !o.End.IsZero() {
		m.end = o.End.Unix()
	}
	m.result = window.Result{State: window.Closed, Seen: 1, Live: 1, Start: m.second*int64(time.Second) + int64(o.Shift)}
	for i := range m.masses {
		m.order = append(m.order, i)
	}
	pops := len(script.Pops)
	slices.SortFunc(m.order, func(a, b int) int {
		return cmp.Or(cmp.Compare(script.Services[a/pops].Name, script.Services[b/pops].Name), cmp.Compare(script.Pops[a%pops].Code, script.Pops[b%pops].Code))
	})
	m.memory = make([]window.Counts, len(m.order))
	m.owed = make([]float64, len(script.Services))
	m.rates.leaving = m.weigh
	return m, nil
}

// Next gives the next window, closed; nil when the scenario is over. It is valid until the next Next.
func (m *Meter) Next() *window.Result {
	if m.end != 0 && m.second >= m.end {
		return nil
	}
	clear(m.masses)
	for range step / often {
		m.rates.advance(m.second, m.first)
		m.first = false
		for s := range m.owed {
			m.owed[s] += often
		}
		m.second += often
	}
	for s := range m.owed {
		m.weigh(s)
	}
	if m.result.End != 0 {
		m.result.Start = m.result.End
	}
	m.result.End = m.result.Start + width
	m.result.Rows = m.result.Rows[:0]
	for _, i := range m.order {
		service, pop := i/len(m.script.Pops), i%len(m.script.Pops)
		counts := m.count(i, &m.texts[service])
		if counts.Requests > 0 {
			m.result.Rows = append(m.result.Rows, window.Row{Service: m.script.Services[service].Name, Pop: m.script.Pops[pop].Code, Counts: *counts})
			m.result.Revision += counts.Requests
		}
	}
	return &m.result
}

// weigh adds the seconds at a service's present rates.
func (m *Meter) weigh(s int) {
	st := &m.rates.states[s]
	for p, w := range st.weights {
		i := s*len(m.script.Pops) + p
		c := &m.rates.cells[i]
		requests := float64(w * st.level * m.owed[s])
		into := &m.masses[i]
		into.requests += requests
		into.last = *c
		for k, share := range [...]uint32{c.edge, c.origin, c.blocked, c.client, c.missed, c.lost, c.slow} {
			into.cell[k] += float64(requests * float64(share))
		}
	}
	m.owed[s] = 0
}

// mean is the cell as it was on average, weighted by requests.
func (m *mass) mean() cell {
	c := m.last
	for k, share := range [...]*uint32{&c.edge, &c.origin, &c.blocked, &c.client, &c.missed, &c.lost, &c.slow} {
		*share = uint32(min(m.cell[k]/m.requests, 1<<32-1))
	}
	return c
}

// few is the number of requests up to which each is drawn on its own, as the generator does.
const few = 40

func (m *Meter) count(i int, text *serviceText) *window.Counts {
	out := &m.memory[i]
	*out = window.Counts{Status: out.Status[:0], Latency: out.Latency[:0]}
	mass := &m.masses[i]
	if mass.requests <= 0 {
		return out
	}
	c := mass.mean()
	m.draw.reset(out)
	if mass.requests <= few {
		for range m.random.poisson(mass.requests) {
			var r request
			if r.decide(m.random, text, &c) {
				m.draw.add(&r, 1)
			}
		}
	} else {
		m.draw.many(m.random, text, &c, mass.requests)
	}
	m.draw.finish()
	return out
}
