package demo

import "time"

// climate says, second by second of event time, how many requests each service
// gets and how they fare in each pop: the script's effects on top of the time
// of day, noise and everyday life. Each service has its own stream of noise.
type climate struct {
	script  *Scenario
	scale   float64
	seed    uint64
	effects []effect
	active  []*effect   // those that act now
	local   []localTime // by pop
	states  []state     // by service
	cells   []cell      // by service, then pop
	gated   []gated     // scratch
	leaving func(s int) // if set, called before the rates of a service change
}

// state is one service in motion.
type state struct {
	traits
	noise    *stream
	habits   *stream
	date     int64 // of the happenings drawn last
	today    []happening
	wandered float64 // AR(1), unit variance
	errorish float64 // AR(1), unit variance
	level    float64 // requests a second without effects, if every pop were at its mean
	errors   float64 // share of 5xx without effects
	burstPop int     // a short burst of errors in one pop; -1: none
	burst    float64
	acting   bool      // something was acting in the second before
	rate     float64   // requests a second now, over all pops
	shares   []float64 // of its traffic, by pop, over a day
	weights  []float64
	pick     alias
}

// cell is one service in one pop, now. Shares are cumulative, in units of 2^-32.
type cell struct {
	edge, origin, blocked, client uint32
	missed, lost                  uint32
	slow                          uint32 // factor on latency, in units of 1/256
	edgeStatus, originStatus      uint16 // 0: any
}

// effect is a script's effect, compiled.
type effect struct {
	Effect
	services []bool
	pops     []float64 // place of a pop in the order, 0 to 1; below 0: not hit
	byPop    bool
	value    float64   // now
	gate     []float64 // by service, now
	popGate  []float64 // by pop, now
}

// gated is an effect that differs from pop to pop, with its value at one service.
type gated struct {
	on    Measure
	value float64
	gate  []float64
	code  uint16
}

const step = 10 // seconds from one draw of noise to the next

func newClimate(script *Scenario, seed uint64, scale float64) *climate {
	c := &climate{script: script, scale: scale, seed: seed}
	c.local = make([]localTime, len(script.Pops))
	c.cells = make([]cell, len(script.Services)*len(script.Pops))
	for _, service := range script.Services {
		lane := hash(service.Name)
		s := state{traits: traitsOf(service.Name, len(script.Pops)), noise: newStream(seed, lane), habits: newStream(seed, lane^hash("habits")), date: -1}
		s.wandered, s.errorish = s.noise.normal(), s.noise.normal()
		s.shares = s.clients(script.Pops)
		s.weights = make([]float64, len(script.Pops))
		s.pick = newAlias(len(script.Pops))
		c.states = append(c.states, s)
	}
	for _, phase := range script.Phases {
		for _, e := range phase.Effects {
			c.effects = append(c.effects, compile(e, script))
		}
	}
	return c
}

func compile(e Effect, script *Scenario) effect {
	out := effect{Effect: e, byPop: len(e.Pops) > 0 || e.PopsJoin > 0 || e.PopsLeave > 0}
	for _, s := range script.Services {
		out.services = append(out.services, selects(e.Kinds, s.Kind) && selects(e.Services, s.Name))
	}
	for _, p := range script.Pops {
		place := -1.0
		if selects(e.Pops, p.Code) {
			place = float64(hash(p.Code, script.Name)%1000) / 1000
		}
		out.pops = append(out.pops, place)
	}
	out.gate = make([]float64, len(script.Services))
	out.popGate = make([]float64, len(script.Pops))
	return out
}

func selects(names []string, name string) bool {
	for _, n := range names {
		if n == name {
			return true
		}
	}
	return len(names) == 0
}

// advance moves on to a second of event time (Unix). Seconds must be given in order, without gaps.
func (c *climate) advance(second int64, first bool) {
	whole := first || second%step == 0
	if whole {
		c.tellTime(second)
	}
	c.active = c.active[:0]
	for i := range c.effects {
		if e := &c.effects[i]; e.advance(second*int64(time.Second), c.states) {
			c.active = append(c.active, e)
		}
	}
	for s := range c.states {
		st := &c.states[s]
		if whole {
			c.drawNoise(s, second)
		}
		acting := c.acting(s, second)
		if whole || acting || st.acting {
			if c.leaving != nil {
				c.leaving(s)
			}
			c.refresh(s, second)
		}
		st.acting = acting
	}
}

func (c *climate) tellTime(second int64) {
	for p, pop := range c.script.Pops {
		c.local[p] = localTime{level: 1, work: 1}
		if !c.script.Still {
			c.local[p] = localAt(second, pop.Offset)
		}
	}
}

// drawNoise draws what changes every ten seconds.
func (c *climate) drawNoise(s int, second int64) {
	const keep, keepErrors = 0.99, 0.9
	const renew, renewErrors = 0.14106735979665885, 0.43588989435406739 // sqrt(1 - keep^2)
	st, service := &c.states[s], &c.script.Services[s]
	st.wandered = float64(keep*st.wandered) + float64(renew*st.noise.normal())
	st.errorish = float64(keepErrors*st.errorish) + float64(renewErrors*st.noise.normal())
	st.level = service.Rate * c.scale * exp(float64(st.wander*st.wandered)+float64(st.jitter*st.noise.normal()))
	st.errors = service.ErrorRate * exp(float64(st.errorWander*st.errorish))
	st.burstPop = -1
	if st.noise.unit() < 3.0*step/86400 {
		st.burstPop = st.noise.below(len(c.script.Pops))
		st.burst = min(st.noise.between(0.02, 0.25), 0.04/st.shares[st.burstPop]) // never more than 4 % of the service
	}
	if date := second / 86400; date != st.date {
		kept := st.today[:0]
		for _, h := range st.today {
			if h.to > second {
				kept = append(kept, h)
			}
		}
		st.habits.Seed(c.seed+uint64(date), hash(service.Name, "habits"))
		st.today = st.happenings(kept, st.habits, date, c.script.Habits)
		st.date = date
	}
}

func (c *climate) acting(s int, second int64) bool {
	for _, e := range c.active {
		if e.services[s] {
			return true
		}
	}
	for i := range c.states[s].today {
		if h := &c.states[s].today[i]; second >= h.from && second < h.to {
			return true
		}
	}
	return false
}

// advance finds whether the effect acts now, and its strength for all services and pops.
func (e *effect) advance(now int64, states []state) (acting bool) {
	if e.value, acting = e.Curve.at(now); !acting {
		return false
	}
	const ramp = 20 * time.Second
	since := time.Duration(now - e.Curve.start().UnixNano())
	left := time.Duration(e.Curve.end().UnixNano() - now)
	for s := range states {
		e.gate[s] = 0
		if e.services[s] {
			e.gate[s] = opened(since, e.JoinOver, states[s].rank, ramp)
		}
	}
	for p, place := range e.pops {
		e.popGate[p] = 0
		if place >= 0 {
			e.popGate[p] = min(opened(since, e.PopsJoin, place, ramp), opened(left, e.PopsLeave, place, ramp))
		}
	}
	return true
}

// opened says how far (0 to 1) something is open that opens after its place's share of a time.
func opened(since, over time.Duration, place float64, ramp time.Duration) float64 {
	if over == 0 {
		return 1
	}
	open := float64(since) - float64(place*float64(over))
	return max(0, min(1, open/float64(ramp)))
}

// outlook is what acts on one service in one pop: factors and shares by measure.
type outlook struct {
	by           [measures]float64
	client       float64
	edgeStatus   uint16
	originStatus uint16
}

func (o *outlook) add(on Measure, value float64, code uint16) {
	switch on {
	case Traffic, Slowness:
		o.by[on] *= value
		return
	case EdgeErrors:
		if value > o.by[on] {
			o.edgeStatus = code
		}
	case OriginErrors:
		if value > o.by[on] {
			o.originStatus = code
		}
	}
	o.by[on] += float64((1 - o.by[on]) * value)
}

// refresh computes a service's rate and cells anew.
func (c *climate) refresh(s int, second int64) {
	st := &c.states[s]
	common := c.commonOutlook(s, second)
	st.rate = 0
	for p := range c.script.Pops {
		o := common
		for _, g := range c.gated {
			value := g.value * g.gate[p]
			if g.on == Traffic || g.on == Slowness {
				value = 1 + float64((g.value-1)*g.gate[p])
			}
			o.add(g.on, value, g.code)
		}
		for _, on := range [...]Measure{EdgeErrors, OriginErrors, Blocked} {
			o.by[on] = min(0.98, o.by[on]*st.popVary[p])
		}
		if p == st.burstPop {
			o.add(OriginErrors, st.burst, 0)
		}
		w := st.shares[p] * st.demand(c.local[p], c.script.Services[s].Kind) * o.by[Traffic]
		st.weights[p] = w
		st.rate += float64(w * st.level)
		c.cells[s*len(c.script.Pops)+p] = o.cell()
	}
	st.pick.fill(st.weights)
}

// commonOutlook gathers what is the same in all pops, and leaves the rest in c.gated.
func (c *climate) commonOutlook(s int, second int64) outlook {
	st := &c.states[s]
	c.gated = c.gated[:0]
	var o outlook
	o.by[Traffic], o.by[Slowness] = 1, 1
	o.by[OriginErrors] = float64(st.errors * st.originShare)
	o.by[EdgeErrors] = st.errors - o.by[OriginErrors]
	o.client = st.clientShare
	for i := range st.today {
		h := &st.today[i]
		strength := h.strength(second)
		if strength == 0 {
			continue
		}
		o.add(Traffic, 1+float64((h.traffic-1)*strength), 0)
		o.add(Slowness, 1+float64((h.slow-1)*strength), 0)
		o.add(OriginErrors, h.errors*strength, 0)
		o.client += float64((1 - o.client) * h.client * strength)
	}
	for _, e := range c.active {
		if e.gate[s] == 0 {
			continue
		}
		value := e.value * e.gate[s]
		if e.On == Traffic || e.On == Slowness {
			value = 1 + float64((e.value-1)*e.gate[s])
		}
		if e.byPop {
			c.gated = append(c.gated, gated{e.On, value, e.popGate, e.Status})
			continue
		}
		o.add(e.On, value, e.Status)
	}
	return o
}

func (o *outlook) cell() cell {
	edge := o.by[EdgeErrors]
	origin := edge + float64((1-edge)*o.by[OriginErrors])
	blocked := origin + float64((1-origin)*o.by[Blocked])
	client := blocked + float64((1-blocked)*o.client)
	return cell{
		edge: share32(edge), origin: share32(origin), blocked: share32(blocked), client: share32(client),
		missed: share32(o.by[Misses]), lost: share32(o.by[LogLoss]),
		slow:       uint32(min(o.by[Slowness], 1000) * 256),
		edgeStatus: o.edgeStatus, originStatus: o.originStatus,
	}
}

func share32(share float64) uint32 {
	return uint32(max(0, min(share, 1)) * (1<<32 - 1))
}

// of32 is the share that share32 has written.
func of32(units uint32) float64 { return float64(float64(units) / (1 << 32)) }
