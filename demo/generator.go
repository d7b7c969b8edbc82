package demo

import (
	"time"
)

// Generator makes the log lines of a scenario in order of arrival. It belongs
// to one goroutine. The same scenario, options and seed give the same bytes everywhere.
type Generator struct {
	script   *Scenario
	options  Options
	climate  *climate
	random   *stream
	ring     arrivals
	second   int64 // of event time to be made next
	end      int64 // 0: endless
	robin    int32
	faults   []Fault
	keys     []key // by service, then pop
	services []serviceText
	write    func(*Generator, []byte, *request) []byte
	clock    clockText
	tally    *Tally
}

// Meta is what the generator knows of a line. Times are Unix nanoseconds UTC.
type Meta struct {
	Event     int64 // start of the request, as the line states it (some forms drop the fraction of the second)
	Arrival   int64 // when the record reaches the log
	Service   string
	Pop       string
	Status    uint16
	Partition int32
	Broken    bool // damaged: a reject
	Late      bool // more than 10 s behind its time, by the feed's fault
}

// request is one request and its record.
type request struct {
	at, arrival  int64 // Unix nanoseconds
	seed         uint64
	micros       uint32 // latency
	bytes        uint32
	partition    int32
	status       uint16
	originStatus uint16
	service      uint16
	pop          uint8
	cache        uint8
	damage       damage
	late         lateness
}

type lateness uint8

const (
	onTime lateness = iota
	late
	tooLate
	jumped // its producer's clock is wrong
)

// key is what is fixed about the records of one service in one pop.
type key struct {
	partition int32
	form      Timestamp
}

// New prepares the lines of a scenario.
func New(script *Scenario, options Options) (*Generator, error) {
	options, err := options.check(script)
	if err != nil {
		return nil, err
	}
	g := &Generator{
		script: script, options: options, faults: options.Faults,
		climate: newClimate(script, options.Seed, options.Rate),
		random:  newStream(options.Seed, hash(script.Name, "requests")),
		second:  options.Start.Unix(), tally: newTally(script, options),
		services: serviceTexts(script),
	}
	if !options.End.IsZero() {
		g.end = options.End.Unix()
	}
	g.keys = make([]key, 0, len(script.Services)*len(script.Pops))
	for _, s := range script.Services {
		for _, p := range script.Pops {
			h := hash(s.Name, p.Code)
			form := options.Timestamps[h>>40%uint64(len(options.Timestamps))]
			g.keys = append(g.keys, key{int32(h % uint64(options.Partitions)), form})
		}
	}
	g.write = writers[options.Format]
	g.ring = newArrivals(g.second+int64(options.Shift/time.Second), int64(options.Jitter/time.Second)+2, options.horizon())
	return g, nil
}

// horizon is how long after its event time, in seconds, a record may arrive.
func (o *Options) horizon() int64 {
	longest := o.Jitter + time.Second
	if o.Late > 0 {
		longest += latest
	}
	if o.TooLate > 0 {
		longest += tooLatest
	}
	var delay time.Duration
	for _, f := range o.Faults {
		delay += f.Delay
	}
	return int64((longest+delay)/time.Second) + 2
}

// Next appends the next line (without line end) to buf. It returns false, and
// appends nothing, when the scenario is over.
func (g *Generator) Next(buf []byte) ([]byte, Meta, bool) {
	for !g.ring.ready() {
		if g.end != 0 && g.second >= g.end && g.ring.empty() {
			g.tally.close()
			return buf, Meta{}, false
		}
		if g.end == 0 || g.second < g.end {
			g.makeSecond()
		}
		g.second++
		g.ring.advance()
	}
	r := g.ring.next()
	g.tally.add(r)
	buf = g.write(g, buf, r)
	return buf, Meta{
		Event: r.at, Arrival: r.arrival,
		Service: g.script.Services[r.service].Name, Pop: g.script.Pops[r.pop].Code,
		Status: r.status, Partition: r.partition, Broken: r.damage != intact, Late: r.late != onTime,
	}, true
}

// Tally is the truth of the lines that Next has given so far.
func (g *Generator) Tally() *Tally { return g.tally }

// makeSecond makes the requests of one second of event time.
func (g *Generator) makeSecond() {
	g.climate.advance(g.second, g.second == g.options.Start.Unix())
	base := g.second * int64(time.Second)
	for s := range g.climate.states {
		st := &g.climate.states[s]
		for range g.random.poisson(st.rate) {
			pop := st.pick.pick(g.random.Uint64())
			cell := &g.climate.cells[s*len(g.script.Pops)+pop]
			r := request{at: base + int64(g.random.Uint64()>>34)*int64(time.Second)>>30, service: uint16(s), pop: uint8(pop)}
			if !r.decide(g.random, &g.services[s], cell) {
				continue
			}
			g.route(&r)
			g.ring.put(&r)
		}
	}
}

const (
	earliestLate, latest = 10 * time.Second, 50 * time.Second
	earliestTooLate      = 3 * time.Minute
	tooLatest            = 6 * time.Minute
)

// route decides on which way, and how late, a record comes.
func (g *Generator) route(r *request) {
	o := &g.options
	r.partition = g.keys[int(r.service)*len(g.script.Pops)+int(r.pop)].partition
	if o.RoundRobin {
		r.partition = g.robin
		g.robin = (g.robin + 1) % o.Partitions
	}
	bits := g.random.Uint64()
	r.arrival = r.at + g.jitter(r, uint32(bits))
	if o.Late+o.TooLate > 0 {
		g.delay(r, uint32(bits>>32))
	}
	if o.Broken > 0 && uint32(g.random.Uint64()) < share32(o.Broken) {
		r.damage = damageOf(r.seed, o.Format)
	}
	r.at, r.arrival = r.at+int64(o.Shift), r.arrival+int64(o.Shift)
	for i := range g.faults {
		g.faults[i].strike(r, o)
	}
}

// jitter is how long after the start of the request its record arrives: its
// latency and the feed's own delay, which is mostly short.
func (g *Generator) jitter(r *request, bits uint32) int64 {
	u := float64(bits) * 0x1p-32
	u *= u
	own := int64(float64(u*u) * float64(g.options.Jitter))
	return min(own+int64(r.micros)*1000, int64(g.options.Jitter))
}

func (g *Generator) delay(r *request, bits uint32) {
	u := uint64(bits)
	lateShare, tooLateShare := uint64(share32(g.options.Late)), uint64(share32(g.options.TooLate))
	switch {
	case u < lateShare:
		r.late = late
		r.arrival += int64(earliestLate) + int64(g.random.Uint64()%uint64(latest-earliestLate))
	case u < lateShare+tooLateShare:
		r.late = tooLate
		r.arrival += int64(earliestTooLate) + int64(g.random.Uint64()%uint64(tooLatest-earliestTooLate))
	}
}

// strike lets a fault act on a record of its partition.
func (f *Fault) strike(r *request, o *Options) {
	if r.partition != f.Partition {
		return
	}
	from, to := f.From.UnixNano()+int64(o.Shift), f.To.UnixNano()+int64(o.Shift)
	within := r.at >= from && r.at < to
	if within && f.Silent {
		r.partition = (r.partition + 1) % o.Partitions
	}
	switch held := to + int64(f.Delay); {
	case f.Delay > 0 && within:
		r.arrival = max(r.arrival, min(r.arrival+int64(f.Delay), held))
	case f.Delay > 0 && r.at >= to:
		r.arrival = max(r.arrival, held) // behind those that were held up
	}
	if f.Jump != 0 && within {
		r.at += int64(f.Jump)
		r.late = jumped
	}
}
