//go:build wire

package chaos

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// The faults of the source; the feed has them in its records.
const (
	producerAhead   = "producer's clock +1 h"
	producerBehind  = "producer's clock -1 h"
	partitionSilent = "partition silent"
	partitionSlow   = "partition 10 min behind"
)

// kind is a way to do harm. It returns when the harm is over, with a word on what was hit.
type kind struct {
	name string
	do   func(w *world, dice *rand.Rand) string
}

var kinds = []kind{
	{"folder kill -9", func(w *world, dice *rand.Rand) string { return w.killWorkers(dice, w.folder(dice)) }},
	{"judge kill -9", func(w *world, dice *rand.Rand) string { return w.killWorkers(dice, w.judgeOr(dice)) }},
	{"judge and folder kill -9", func(w *world, dice *rand.Rand) string {
		judge := w.judgeOr(dice)
		return w.killWorkers(dice, judge, (judge+1)%workers)
	}},
	{"folder frozen (zombie)", func(w *world, dice *rand.Rand) string { return w.freezeWorker(dice, w.folder(dice)) }},
	{"judge frozen (zombie)", func(w *world, dice *rand.Rand) string { return w.freezeWorker(dice, w.judgeOr(dice)) }},
	{"rebalance storm", (*world).storm},
	{"broker kill -9", (*world).killBroker},
	{"worker cut from broker", (*world).cutWire},
	{"ClickHouse kill -9", (*world).killEngine},
	{"ClickHouse frozen", (*world).freezeEngine},
	{"ClickHouse refuses inserts", func(w *world, dice *rand.Rand) string { return w.upset(dice, refuses) }},
	{"ClickHouse answers too late", func(w *world, dice *rand.Rand) string { return w.upset(dice, isLate) }},
	{"ClickHouse disk full", (*world).fillDisk},
	{"workers cut from ClickHouse", func(w *world, dice *rand.Rand) string { return w.upset(dice, isCut) }},
}

// planned is a fault at its moment.
type planned struct {
	kind
	moment float64 // within its burst, 0 to 1
	dice   uint64
}

// plan has n faults; every kind comes about equally often, each once in a round. The same seed gives the same plan.
func plan(seed uint64, n int) []planned {
	random := rand.New(rand.NewPCG(seed, 1))
	var faults []planned
	for len(faults) < n {
		round := slices.Clone(kinds)
		random.Shuffle(len(round), func(i, j int) { round[i], round[j] = round[j], round[i] })
		for _, k := range round {
			faults = append(faults, planned{k, random.Float64(), random.Uint64()})
		}
	}
	return faults[:n]
}

func between(dice *rand.Rand, low, high time.Duration) time.Duration {
	return low + time.Duration(dice.Int64N(int64(high-low)))
}

// judgeOr gives the judge, or, while there is none, any worker.
func (w *world) judgeOr(dice *rand.Rand) int {
	if j := w.judge(); j >= 0 {
		return j
	}
	return dice.IntN(workers)
}

// folder gives a worker that does not judge.
func (w *world) folder(dice *rand.Rand) int {
	i := dice.IntN(workers)
	if i == w.judge() {
		return (i + 1) % workers
	}
	return i
}

func (w *world) killWorkers(dice *rand.Rand, victims ...int) string {
	slices.Sort(victims)
	for _, i := range victims {
		w.workers[i].Lock()
		defer w.workers[i].Unlock()
	}
	for _, i := range victims {
		w.workers[i].kill()
	}
	time.Sleep(between(dice, 0, 3*time.Second))
	for _, i := range victims {
		w.restart(w.workers[i])
	}
	return fmt.Sprint("workers ", victims)
}

func (w *world) restart(p *process) {
	if err := p.start(); err != nil {
		panic(err)
	}
}

func (w *world) freezeWorker(dice *rand.Rand, victim int) string {
	p := w.workers[victim]
	p.Lock()
	defer p.Unlock()
	p.freeze()
	time.Sleep(session + between(dice, time.Second, 3*time.Second))
	p.thaw()
	return p.name
}

// storm has workers join and leave, one after the other.
func (w *world) storm(dice *rand.Rand) string {
	n := 3 + dice.IntN(3)
	for i := range n {
		config := w.writeConfig("storm", w.kafka.Addr, w.front.addr(), "spikeline", 0)
		p, err := newProcess(w.dir, fmt.Sprintf("storm%d-%d", time.Now().UnixMilli(), i), "run", "--config", config)
		if err != nil {
			panic(err)
		}
		w.restart(p)
		time.Sleep(between(dice, 200*time.Millisecond, 2*time.Second))
		p.end(syscall.SIGTERM)
		w.note(p.unexpected()...)
	}
	return fmt.Sprintf("%d workers came and went", n)
}

func (w *world) killBroker(dice *rand.Rand) string {
	w.kafkaMu.Lock()
	defer w.kafkaMu.Unlock()
	w.kafka.Kill()
	time.Sleep(between(dice, 0, 3*time.Second))
	w.kafka.Start()
	return ""
}

func (w *world) cutWire(dice *rand.Rand) string {
	i, state, word := dice.IntN(workers), cut, "reset"
	if dice.IntN(2) == 0 {
		state, word = silent, "silent"
	}
	w.workers[i].Lock()
	defer w.workers[i].Unlock()
	w.wires[i].set(state)
	time.Sleep(between(dice, 2*time.Second, session+4*time.Second))
	w.wires[i].set(whole)
	return fmt.Sprintf("worker%d, %s", i, word)
}

func (w *world) killEngine(dice *rand.Rand) string {
	w.front.Lock()
	defer w.front.Unlock()
	w.engine.kill()
	time.Sleep(between(dice, 0, 3*time.Second))
	w.restart(w.engine)
	for give := time.Now().Add(time.Minute); !w.db.answers(w.t.Context()) && time.Now().Before(give); {
		time.Sleep(100 * time.Millisecond)
	}
	return ""
}

func (w *world) freezeEngine(dice *rand.Rand) string {
	w.front.Lock()
	defer w.front.Unlock()
	w.engine.freeze()
	time.Sleep(between(dice, time.Second, 2*insertTimeout))
	w.engine.thaw()
	return ""
}

func (w *world) upset(dice *rand.Rand, m mood) string {
	w.front.Lock()
	defer w.front.Unlock()
	w.front.set(m)
	time.Sleep(between(dice, time.Second, 3*insertTimeout))
	w.front.set(fair)
	return ""
}

// fillDisk leaves ClickHouse no space, for a while.
func (w *world) fillDisk(dice *rand.Rand) string {
	if !w.ownDisk() {
		return "told by the proxy" + w.upset(dice, isFull)
	}
	w.front.Lock()
	defer w.front.Unlock()
	ballast := filepath.Join(w.disk, "ballast")
	file, err := os.Create(ballast)
	if err != nil {
		return err.Error()
	}
	defer os.Remove(ballast)
	defer file.Close()
	for chunk := make([]byte, 1<<20); err == nil; {
		_, err = file.Write(chunk)
	}
	time.Sleep(between(dice, 2*time.Second, 3*insertTimeout))
	return err.Error()
}
