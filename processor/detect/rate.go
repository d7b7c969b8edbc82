package detect

import "math"

// rate judges how many requests there are: level times season, and how far
// from that is still normal.
type rate struct {
	num, den     float32 // decayed sums of counts and of the season: their ratio is the level
	phi          float32 // dispersion of the counts (1 for chance alone)
	cnum, cden   float32 // noise in proportion to the traffic
	plainNum     float32 // the same without the season and of the last minutes only
	plainDen     float32
	low, high    float32 // least and most of what may be expected, of the last window judged; alike once the weekday is known
	guard        float32 // normal is from low/guard to high*guard*envelope, of the last window judged
	envelope     float32 // of this tick
	season       float32 // of the last window judged
	peak         float32 // of this tick, so far
	up, down     float32 // scores of the last window judged
	age          int32
	lasts        int32 // windows since the likeliest onset of a surge, of the last window judged
	binCount     uint16
	binSum       float64
	rise, fall   hull
	profile      *profile
	peaks        *envelope
	lately       pair     // fading sums of requests and expected requests
	open, ending *finding // ending: a finding that turned, told once
}

const (
	meanFloor   = 1e-3
	noiseLeast  = 0.01
	noiseMost   = 0.4
	steadyGain  = 0.005 // most weight of one window
	peakCertain = 3     // sigmas by which a peak must stand out to be remembered

	latelyFade     = 0.6
	remainingNoise = 0.625 // variance of remaining's ratio, times expected, over the ratio: (1-fade)/(1-fade^2) of the sums
)

// remaining is the share of the expected requests that came in the last few windows, and how many were expected.
func (r *rate) remaining() (ratio, expected float64) {
	if r.lately.m <= 0 {
		return 1, 0
	}
	return float64(r.lately.x / r.lately.m), float64(r.lately.m)
}

// turn takes in what the clock says: a bin, a day or a minute that ended.
func (r *rate) turn(k *trafficTuning, c *clock, minutesATick int32) {
	if r.envelope == 0 {
		r.envelope, r.phi = 1, 1
	}
	if c.newTick {
		r.endTick(k, c, minutesATick)
	}
	if !c.newBin {
		return
	}
	if r.binCount >= k.binLeast {
		if r.profile == nil {
			r.profile = newProfile()
		}
		r.profile.learn(c.lastBin, r.binSum/float64(r.binCount))
	}
	r.binSum, r.binCount = 0, 0
	if c.newDay && r.profile != nil {
		before := float64(r.season)
		r.profile.begin(c.weekday)
		if r.profile.ready && before > 0 {
			season, _, _ := r.profile.at(c)
			r.den *= float32(season / before)
		}
	}
}

func (r *rate) endTick(k *trafficTuning, c *clock, minutesATick int32) {
	peak := peakSteps(float64(r.peak))
	r.peak = 0
	if c.gap || (r.open != nil && r.open.age > k.freeze) {
		peak = 0
	}
	if r.peaks == nil {
		if peak == 0 {
			return
		}
		r.peaks = &envelope{}
	}
	r.peaks.commit(c.lastTick, peak, k.lag, minutesATick)
	r.envelope = float32(r.peaks.at(c.minute))
}

// forecast is what a window should bring.
type forecast struct {
	mean      float64 // level times season
	low, high float64 // both the mean, unless the season steps here, or the weekday is new and the last minutes say otherwise
	guard     float64
	season    float64
	known     bool // this weekday has been seen
}

func (r *rate) expect(k *trafficTuning, c *clock) forecast {
	f, seasonLow, seasonHigh := forecast{season: 1}, 1.0, 1.0
	least, prior, known := k.guardFirst, 0.0, false
	if r.profile != nil && r.profile.ready {
		f.season, seasonLow, seasonHigh = r.profile.at(c)
		least, prior, known = k.guard, levelStrange, r.profile.knows(c)
		if !known {
			least = k.guardUnseen
		}
	}
	f.known = known
	num, den := float64(r.num), float64(r.den)
	if den+prior > 0 {
		f.mean = f.season * (num + prior) / (den + prior)
	}
	f.mean = max(f.mean, meanFloor)
	f.low, f.high = max(meanFloor, f.mean*seasonLow/f.season), f.mean*seasonHigh/f.season
	if !known && r.plainDen > 0 {
		plain := float64(r.plainNum / r.plainDen)
		f.low, f.high = max(meanFloor, min(f.low, plain)), max(f.high, plain)
	}
	f.guard = (1 + max(least, 5*r.noise())) * (1 + 2/math.Sqrt(num+prior+4))
	return f
}

// noise is the coefficient of variation beyond counting noise.
func (r *rate) noise() float64 {
	if r.cden <= 0 {
		return noiseLeast
	}
	m := math.Sqrt(float64(r.cden))
	c2 := float64(r.cnum/r.cden) - 2*math.Sqrt((2*m*m+m)/2000)/(m*m)
	return min(noiseMost, math.Sqrt(max(noiseLeast*noiseLeast, c2)))
}

// step judges one window with y requests. disturbed says that the series is in another finding.
func (r *rate) step(k *trafficTuning, at moment, c *clock, y float64, disturbed bool) *finding {
	r.ending = nil
	if r.age < math.MaxInt32 {
		r.age++
	}
	e := r.expect(k, c)
	r.low, r.high, r.guard, r.season = float32(e.low), float32(e.high), float32(e.guard), float32(e.season)
	r.lately.x = latelyFade*r.lately.x + float32(y)
	r.lately.m = latelyFade*r.lately.m + float32(e.low)
	r.collect(k, y, e.mean, disturbed)
	if r.age <= k.warm {
		r.rise.reset(at.t)
		r.fall.reset(at.t)
		r.up, r.down = 0, 0
		r.learn(k, c, y, e, true)
		return nil
	}
	f := max(1, float64(r.phi))
	ceiling, floor := max(e.high*e.guard*float64(r.envelope), k.least), e.low/e.guard
	up, from := r.rise.add(at.t, y, ceiling, e.high, max(0, y/e.high-1), more, k.oldest)
	down, to := r.fall.add(at.t, floor, y, e.low, max(0, 1-y/e.low), fewer, k.oldest)
	r.up, r.down, r.lasts = float32(up/f), float32(down/f), at.t-from.t
	if r.open != nil {
		r.follow(k, at, y, e)
	}
	surge := up/f >= k.score && y > ceiling && at.t-from.t >= r.leastSurge(k)
	drop := down/f >= k.score && y < floor
	if (surge || drop) && (r.open == nil || r.open.up != surge) {
		if r.open != nil {
			r.open.end = turned
			r.ending = r.open
		}
		if surge {
			r.begin(at, y, e.high, from, &r.rise, up/f, true)
		} else {
			r.begin(at, y, e.low, to, &r.fall, down/f, false)
		}
		return r.open
	}
	if r.open == nil && max(up, down)/f < scoreSteady {
		r.learn(k, c, y, e, false)
	}
	return r.close(at)
}

// interrupt forgets what does not reach over a gap. An open finding goes on.
func (r *rate) interrupt(t int32, long bool) {
	r.rise.reset(t)
	r.fall.reset(t)
	if long && r.open == nil && (r.profile == nil || !r.profile.ready) {
		r.age, r.num, r.den, r.plainNum, r.plainDen = 0, 0, 0, 0, 0
	}
}

// leastSurge is how many windows a surge must have lasted: on the first day
// some, since the short peaks of cron jobs are not known yet.
func (r *rate) leastSurge(k *trafficTuning) int32 {
	if r.profile == nil || !r.profile.ready {
		return k.firstLasts
	}
	return 1
}

func (r *rate) begin(at moment, y, mean float64, c candidate, h *hull, score float64, up bool) {
	f := newFinding(at, c.t+1)
	f.up, f.score = up, score
	since := corner{u: h.sum.u - c.u, v: h.sum.v - c.v, m: h.sum.m - c.m, a: h.sum.a - float64(c.a)}
	if !up {
		since.u, since.v = since.v, since.u
	}
	f.begin(y, mean, since, at.t-c.t)
	f.learning = r.profile == nil || !r.profile.ready
	if up && f.peak >= surgeRatio*float64(r.envelope) {
		f.deep = at.t - c.t // on average so since the onset
	}
	r.open = f
}

// collect adds the window to the bin of the season and to the peak of this minute.
func (r *rate) collect(k *trafficTuning, y, mean float64, disturbed bool) {
	v := y
	if (disturbed || r.open != nil) && r.age > k.warm {
		v = min(max(y, mean/seasonClip), mean*seasonClip)
	}
	if r.binCount < math.MaxUint16 {
		r.binSum += v
		r.binCount++
	}
	if r.age > k.warm {
		r.peak = max(r.peak, float32((y-peakCertain*math.Sqrt(mean*max(1, float64(r.phi))))/mean))
	}
}

func (r *rate) learn(k *trafficTuning, c *clock, y float64, e forecast, warm bool) {
	if r.envelope > 1.01 {
		return
	}
	phi, mean := max(1, float64(r.phi)), e.mean
	clip := func(mean float64) float64 {
		if warm {
			return y
		}
		most := 4 * math.Sqrt(max(mean, 1)*phi)
		return min(max(y, mean-most), mean+most)
	}
	d := math.Exp2(-1 / r.halfLife(k, c, mean))
	r.num = float32(float64(r.num)*d + clip(mean))
	r.den = float32(float64(r.den)*d + e.season)
	if r.plainDen > 0 {
		mean = float64(r.plainNum / r.plainDen)
	}
	d = math.Exp2(-1 / min(k.unseen, max(k.plain, levelRequests/max(mean, meanFloor))))
	r.plainNum = float32(float64(r.plainNum)*d + clip(mean))
	r.plainDen = float32(float64(r.plainDen)*d + 1)
	if r.age > k.warm/4 && e.mean > meanFloor {
		r.learnNoise(k, y, e)
	}
}

// learnNoise follows how far windows lie from the expectation. Once the season is
// known its memory is of many windows, however wide: else a slow decline would pass for noise.
func (r *rate) learnNoise(k *trafficTuning, y float64, e forecast) {
	gainPhi, gainVar, mean := k.gainPhi, k.gainVar, e.mean
	if e.known {
		gainPhi, gainVar = min(gainPhi, steadyGain), min(gainVar, steadyGain)
	}
	square := (y - mean) * (y - mean)
	r.phi += float32(gainPhi * (min(square/mean, 20*max(1, float64(r.phi))) - float64(r.phi)))
	c2 := r.noise() * r.noise()
	r.cnum += float32(gainVar * (min(square-mean, 25*(mean+c2*mean*mean)) - float64(r.cnum)))
	r.cden += float32(gainVar * (mean*mean - float64(r.cden)))
}

func (r *rate) halfLife(k *trafficTuning, c *clock, mean float64) float64 {
	slow := k.slow
	if r.profile != nil && r.profile.ready && !r.profile.knows(c) {
		slow = k.unseen
	}
	return min(slow, max(k.fast, levelRequests/mean))
}

// follow judges a window while a finding is open. The level stands still for
// a while, then leaks slowly towards what is seen.
func (r *rate) follow(k *trafficTuning, at moment, y float64, e forecast) {
	f, phi, margin, mean := r.open, max(1, float64(r.phi)), 1+(e.guard-1)/2, e.low
	if f.up {
		mean = e.high
	}
	f.age++
	f.push(y, mean)
	f.total.u += y
	f.total.m += mean
	x, m, _ := f.recent(k.recent, enoughTraffic, ringWindows)
	ratio, now := x/m, y/mean
	if mean < enoughTraffic {
		now = ratio // one window says little
	}
	if f.up {
		ev := float64(r.envelope)
		f.total.v += max(mean*e.guard*ev, k.least)
		f.total.a += max(0, y/mean-1)
		f.elevated = min(ratio, now) > margin*ev
		f.score = upper(f.total.u, f.total.v) / phi
	} else {
		f.total.v += mean / e.guard
		f.total.a += max(0, 1-y/mean)
		f.elevated = max(ratio, now) < 1/margin
		f.score = lower(f.total.u, f.total.v) / phi
	}
	f.note(at, ratio)
	f.deepen(ratio, float64(r.envelope), e.known)
	switch {
	case at.t-f.opened >= k.shift:
		x, _, n := f.recent(ringWindows, 0, ringWindows)
		r.num, r.den = float32(x), float32(float64(n)*e.season)
		r.plainNum, r.plainDen = float32(x), float32(n)
		f.end, f.lastBadEnd = levelShift, at.end
	case at.t-f.lastBad >= k.quiet:
		f.end = quiet
	case f.age > k.freeze:
		d := 1 - (1-math.Exp2(-1/k.slow))/10
		r.num = float32(float64(r.num)*d + y/10)
		r.den = float32(float64(r.den)*d + e.season/10)
	}
}

// note keeps the extremes and the last abnormal window.
func (f *finding) note(at moment, ratio float64) {
	if !f.elevated {
		return
	}
	f.gap = max(f.gap, at.t-f.lastBad)
	f.lastBad, f.lastBadEnd = at.t, at.end
	if f.up {
		f.peak = max(f.peak, ratio)
		return
	}
	f.peak = min(f.peak, ratio)
}

// deepen counts the windows in a row that are bad enough for an incident. What
// returns at this minute is not held against a surge; on a weekday not seen yet only
// traffic that is gone counts as a drop, since offices empty at the weekend.
func (f *finding) deepen(ratio, envelope float64, known bool) {
	least := dropRatio
	if !known {
		least = goneRatio
	}
	if f.elevated && (f.up && ratio >= surgeRatio*envelope || !f.up && ratio <= least) {
		f.deep++
	} else {
		f.deep = 0
	}
}

// close gives the open finding and, when it has ended, forgets it.
func (r *rate) close(at moment) *finding {
	f := r.open
	if f != nil && f.end != lasting {
		r.open = nil
		r.rise.reset(at.t)
		r.fall.reset(at.t)
	}
	return f
}

func upper(x, b float64) float64 {
	if x <= b {
		return 0
	}
	return poissonRatio(x, b)
}

func lower(x, b float64) float64 {
	if x >= b {
		return 0
	}
	return poissonRatio(x, b)
}
