package detect

import "math"

// Test says how far a series was from being told, or from being silent: a
// signal opens only if it passes every bar, and Narrowest is the one that it passed, or failed, by the least.
type Test struct {
	Effect    float64 // for traffic times what is expected; else windows of full outage in excess since the onset, less their standard error
	Least     float64 // the least effect that opens a signal; for a drop the most
	Narrowest Bar
	Margin    float64 // how many times over that bar, at most 1000; below 1 the series would be silent
}

// Bar is what holds signals back.
type Bar uint8

// The bars. A finding that is open stays so below them, until it has been calm for long enough.
const (
	Learning Bar = iota // too little has been seen of the series
	Unlikely            // the score
	Effect              // the minimum effect
	Lasting             // on its first day a surge must last, since cron jobs are not known yet
	bars
)

var barNames = [bars]string{"learning", "score", "effect", "duration"}

func (b Bar) String() string { return barNames[b] }

const mostMargin = 1000

func (t *Test) bar(b Bar, margin float64) {
	if margin = max(0, min(mostMargin, margin)); margin < t.Margin {
		t.Narrowest, t.Margin = b, margin
	}
}

// learning is the bar of the first windows.
func (t *Test) learning(age, warm int32) {
	if age <= warm {
		t.Narrowest, t.Margin = Learning, float64(age)/float64(warm+1)
	}
}

func (p *proportion) test(k *proportionTuning, f *finding) Test {
	t := Test{Effect: float64(p.effect), Least: k.impact, Margin: math.Inf(1)}
	score := float64(p.score)
	if f != nil {
		score = f.score
	}
	t.bar(Unlikely, score/k.score)
	t.bar(Effect, t.Effect/k.impact)
	t.learning(p.age, k.warm)
	return t
}

func (r *rate) test(k *trafficTuning, f *finding, y float64) Test {
	up, score, lasts := r.up >= r.down, float64(max(r.up, r.down)), r.lasts
	if f != nil {
		up, score, lasts = f.up, f.score, f.took+1+f.age
	}
	t := Test{Margin: math.Inf(1)}
	t.bar(Unlikely, score/k.score)
	switch high, low := float64(r.high), float64(r.low); {
	case high <= 0: // nothing has been judged
	case up:
		t.Effect, t.Least = y/high, r.ceiling(k)/high
		t.bar(Effect, t.Effect/t.Least)
		t.bar(Lasting, float64(lasts)/float64(r.leastSurge(k)))
	default:
		t.Effect, t.Least = y/low, 1/float64(r.guard)
		t.bar(Effect, t.Least/max(t.Effect, 1/float64(mostMargin*mostMargin)))
	}
	t.learning(r.age, k.warm)
	return t
}

// ceiling is the most that is called normal, of the last window judged.
func (r *rate) ceiling(k *trafficTuning) float64 {
	return max(float64(r.high)*float64(r.guard)*float64(r.envelope), k.least)
}
