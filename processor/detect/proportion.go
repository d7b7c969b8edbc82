package detect

import "math"

// proportion judges how many of the requests are bad: failed, slow, or refused.
type proportion struct {
	good, all  float32 // decayed sums of the baseline: bad requests as far as normal, and requests
	phi        float32 // dispersion of the counts (1 for chance alone)
	vnum, vden float32 // wander of the rate beyond counting noise
	learned    uint32  // windows the baseline knows
	age        int32   // windows since birth
	expected   float32 // rate, of the last window judged
	allowed    float32 // the guard, of the last window judged
	score      float32 // of the last window judged
	lately     pair    // bad requests and requests since the last look at whether the baseline is outgrown
	effect     float32 // impact since the likeliest onset less its standard error, of the last window judged
	hull       hull
	open       *finding
}

// expect gives the expected rate (known at least), the guard, and the variance of the rate.
func (p *proportion) expect(k *proportionTuning, known float64) (p0, guard, variance float64) {
	p0 = max(known, (float64(p.good)+priorWeight*k.prior)/(float64(p.all)+priorWeight))
	n := float64(p.learned)
	if e := p0 * math.Sqrt(float64(p.vden)); n*k.gainVar > 0.2 && e > wanderLeast {
		chance := math.Sqrt((2*e*e + e) / min(n, 2/k.gainVar)) // standard error of vnum, were there no wander
		variance = (float64(p.vnum) - 2*chance) / float64(p.vden)
	}
	guard = max(k.times*p0, p0+k.plus)
	if variance > 0 {
		guard = max(guard, p0+wanderSigmas*math.Sqrt(variance))
	}
	return p0, min(0.9, guard), variance
}

// step judges one window in which bad of n requests were bad. It gives the
// finding that lasts or ends in this window, nil if there is none.
func (p *proportion) step(k *proportionTuning, at moment, bad, n float64) *finding {
	return p.stepWhole(k, at, bad, n, 0)
}

// stepWhole is step for a series made of others, whose own baselines explain the share known of this window.
func (p *proportion) stepWhole(k *proportionTuning, at moment, bad, n, known float64) *finding {
	if p.age == 0 {
		p.phi = 1
	}
	if p.age < math.MaxInt32 {
		p.age++
	}
	bad = min(bad, n)
	if p.open != nil {
		return p.follow(k, at, bad, n, known)
	}
	p0, guard, _ := p.expect(k, known)
	f := max(1, float64(p.phi))
	impact := 0.0
	if n > 0 {
		impact = max(0, bad/n-p0)
	}
	g, c := p.hull.add(at.t, bad, n*guard, n, impact, failures, k.oldest)
	g /= f
	p.expected, p.allowed, p.score = float32(p0), float32(guard), float32(g)
	since := p.hull.sum.a - float64(c.a)
	effect := since - impactError(p.hull.sum.u-c.u, p.hull.sum.m-c.m, at.t-c.t)
	p.effect = float32(effect)
	if p.age > k.warm && g >= k.score && effect >= k.impact {
		p.open = newFinding(at, c.t+1)
		p.open.begin(bad, n, corner{u: p.hull.sum.u - c.u, v: p.hull.sum.v - c.v, m: p.hull.sum.m - c.m, a: since}, at.t-c.t)
		p.open.score = g
		p.open.native = p.native(k, p.hull.sum.u-c.u, p.hull.sum.m-c.m, n)
		p.open.learning = float64(p.learned)*k.gainVar < 0.36 // an hour
		return p.open
	}
	if g < scoreCalm || p.age <= k.warm {
		p.learn(k, bad, n, p0, guard)
		p.forget(k, bad, n)
	}
	return nil
}

// forget drops a baseline of many errors once they have plainly gone.
func (p *proportion) forget(k *proportionTuning, bad, n float64) {
	if k.forgets == 0 {
		return
	}
	p.lately.x += float32(bad)
	p.lately.m += float32(n)
	if p.age%k.forgets != 0 {
		return
	}
	const seen = 10 // bad requests that were expected
	p0 := p.good / max(p.all, 1)
	if p0 > Believed && p.lately.m*p0 >= seen && p.lately.x < outgrown*p0*p.lately.m {
		p.good, p.all = p.lately.x, p.lately.m
		p.vnum, p.vden, p.learned = 0, 0, 0
	}
	p.lately = pair{}
}

// native says that errors, u of m requests since their onset, were there from the
// first request seen: before them came too few to show that they ever were not.
func (p *proportion) native(k *proportionTuning, u, m, n float64) bool {
	before := max(0, float64(p.all)+n-m)
	return k.nature > 0 && before*u/m < 3
}

// remains says that a native finding goes on as it began. A part of its time that differs
// from the whole, beyond chance, shows that something is going on after all.
func (f *finding) remains(bad, n, phi float64, block int32) bool {
	f.block.x += float32(bad)
	f.block.m += float32(n)
	if f.age%block != 0 || f.block.m == 0 {
		return true
	}
	rate, m := f.total.u/f.total.m, float64(f.block.m)
	apart := math.Abs(float64(f.block.x)/m - rate)
	f.block = pair{}
	return apart <= rate/4+4*math.Sqrt(phi*rate*(1-rate)/m)
}

// impactError is the standard error of the impact of so many windows, in which u of m
// requests were bad: chance alone must not lift a deploy's short bump over the bar.
func impactError(u, m float64, windows int32) float64 {
	if m <= 0 {
		return 0
	}
	share := u / m
	return float64(windows) * math.Sqrt(share*(1-share)/m)
}

func (p *proportion) learn(k *proportionTuning, bad, n, p0, guard float64) {
	p.good = float32(float64(p.good)*k.decay + min(bad, max(3, 2*n*guard)))
	p.all = float32(float64(p.all)*k.decay + n)
	if p.age <= k.warm {
		p.good = min(p.good, float32(k.first*(float64(p.all)+priorWeight)))
	}
	if n == 0 {
		return
	}
	e := n * p0
	square := (bad - e) * (bad - e)
	if e > 0.05 {
		p.phi += float32(k.gainPhi * (min(square/e, 25*max(1, float64(p.phi))) - float64(p.phi)))
	}
	wander := 0.0
	if p.vden > 0 {
		wander = max(0, float64(p.vnum/p.vden))
	}
	p.learned = min(p.learned+1, math.MaxUint32-1)
	a := max(k.gainVar, 1/float64(p.learned))
	q := min(square-e, 25*(e+wander*n*n)+1) // a few failures more are no wander yet
	p.vnum += float32(a * (q - float64(p.vnum)))
	p.vden += float32(a * (n*n - float64(p.vden)))
}

// follow judges a window while a finding is open; the baseline stands still.
func (p *proportion) follow(k *proportionTuning, at moment, bad, n, known float64) *finding {
	f, p0, phi := p.open, float64(p.expected), max(1, float64(p.phi))
	f.age++
	f.push(bad, n)
	f.total.u += bad
	f.total.v += n * float64(p.allowed)
	f.total.m += n
	if n > 0 {
		f.total.a += max(0, bad/n-p0)
	}
	f.score = binomialRatio(f.total.u, f.total.m, f.total.v) / phi
	p.score = float32(f.score)
	p.effect = float32(f.total.a - impactError(f.total.u, f.total.m, at.t-f.opened+f.took+1))
	normal := max(p0, known)
	exit := min(0.9, max(1.5*normal, normal+k.exit))
	x, m, _ := f.recent(k.recent, enoughRequests, at.t-f.lastBad) // not what is already known to be bad: it would drag the end along
	f.elevated = bad > n*exit && binomialRatio(x, m, m*exit)/phi >= scoreCalm
	if f.elevated {
		f.gap = max(f.gap, at.t-f.lastBad)
		f.lastBad, f.lastBadEnd = at.t, at.end
		f.peak = max(f.peak, x/m)
	}
	f.native = f.native && f.remains(bad, n, phi, max(1, k.nature/natureBlocks))
	switch {
	case at.t-f.opened >= k.broken || at.t-f.opened >= k.shift && f.total.u <= k.first*f.total.m:
		p.adopt(at, levelShift)
		return f
	case f.native && !at.common && at.t-f.opened+f.took >= k.nature && at.t-f.opened >= k.hold && f.total.u <= natureMost*f.total.m:
		p.adopt(at, nature)
		return f
	case at.t-f.lastBad >= max(k.hold, min(k.longest, f.gap*5/2)):
		f.end = quiet
	default:
		return f
	}
	p.open = nil
	p.hull.reset(at.t)
	return f
}

// adopt ends the finding and makes what it saw last the new baseline.
func (p *proportion) adopt(at moment, end ending) {
	x, m, _ := p.open.recent(ringWindows, 0, ringWindows)
	p.open.end, p.open.lastBadEnd = end, at.end
	p.open = nil
	p.hull.reset(at.t)
	if m == 0 {
		return
	}
	weight := max(1, 10*priorWeight/m)
	p.good, p.all = float32(x*weight), float32(m*weight)
	p.vnum, p.vden, p.learned = 0, 0, 0
}
