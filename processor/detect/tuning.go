package detect

import (
	"math"
	"time"
)

// The constants of the method. Those that count windows are kept as
// durations: a window of 10 s gives the counts in parentheses.
const (
	scoreToOpen  = 24.0 // 6.9 sigma against the guard: 2e-12 a test, so ten thousand services stay silent for months
	scoreHigh    = 16.0 // sensitivity high: 5.7 sigma
	scoreCalm    = 6.0  // above it a proportion is suspected, and nothing is learned
	scoreSteady  = 8.0  // the same for traffic
	priorWeight  = 200  // requests that the prior rate is worth
	wanderSigmas = 5.0  // a rate that wanders by nature is normal up to so many of its own sigmas

	errorWarm      = 5 * time.Minute  // windows without error signals after a start (30)
	wanderLeast    = 0.1              // bad requests a window: below, wander cannot be told from chance
	failureMemory  = 6 * time.Hour    // half-life of a proportion's baseline (2160)
	oldestFailure  = 2 * time.Hour    // onsets are looked for so far back (720)
	longestHold    = 30 * time.Minute // (180)
	natureShows    = time.Hour        // errors that a series began with and that stay as they are for so long are its nature (360)
	natureMost     = 0.5              // what fails more often than not is down, whoever saw it begin
	natureBlocks   = 12               // parts of that time, none of which may differ from the whole
	outgrown       = 0.25             // a share above Believed that falls to so much of itself for ...
	outgrows       = 15 * time.Minute // ... so long was trouble, not nature: it is forgotten (90)
	failureShift   = 24 * time.Hour   // a proportion abnormal for so long is the new normal ...
	brokenShift    = 7 * failureShift // ... but of errors above Believed only after so long: an outage may last for days
	recentFailures = time.Minute      // an open finding is judged on so much (6), longer until ...
	enoughRequests = 200              // ... there are so many requests

	trafficWarm   = 15 * time.Minute // (90)
	oldestTraffic = 30 * time.Minute // (180)
	levelFast     = 10 * time.Minute // shortest half-life of the level (60)
	levelSlow     = 6 * time.Hour    // longest (2160)
	levelUnseen   = time.Hour        // longest while this weekday is unknown (360)
	levelPlain    = 5 * time.Minute  // half-life of the level without a season (30)
	firstLasts    = 50 * time.Second // on the first day a surge must last so long (5): cron jobs are not known yet
	levelRequests = 200              // requests that half the level's memory should hold
	trafficQuiet  = 2 * time.Minute  // a surge or drop ends after so much normal traffic (12)
	trafficFreeze = 10 * time.Minute // the level stands still for so long in a finding (60)
	trafficShift  = 90 * time.Minute // (540)
	recentTraffic = 30 * time.Second // (3), longer until ...
	enoughTraffic = 10               // ... so many requests are expected
	surgeLasts    = 2 * time.Minute  // a surge is critical when it has for so long (12) ...
	surgeRatio    = 4.0              // ... so many times the expectation: waves of bots bring three times
	dropLasts     = time.Minute      // (6)
	dropRatio     = 0.15
	goneRatio     = 0.03 // the same on a weekday not seen yet: offices keep a tenth of their traffic
	standAlone    = 1.0  // requests a second: a busier service's surge may be an incident by itself; a visitor or a crawler is a surge to others
	leastSurge    = 0.1  // requests a second: less is never a surge

	ringWindows = 30 // an open finding remembers so many windows
)

// Believed is the largest share of errors that a series may begin with and be
// called normal: what fails more from its first minute on is in trouble, until it turns out to be its nature.
const Believed = 0.05

// proportionTuning is one column of the table in docs/detection.md.
type proportionTuning struct {
	prior   float64 // rate before anything is known
	times   float64 // guard: the worst rate still called normal is times the baseline,
	plus    float64 // ... or this much above it
	impact  float64 // windows of full outage before it counts
	exit    float64 // guard on the way back
	first   float64 // highest rate that is learned before the first signal is possible
	score   float64
	hold    int32
	warm    int32
	oldest  int32
	longest int32
	shift   int32
	broken  int32 // the same of a share above first
	nature  int32 // 0: no bad share is by nature
	forgets int32
	recent  int32
	decay   float64
	gainPhi float64
	gainVar float64
}

type trafficTuning struct {
	guard       float64 // normal is within 1+guard times the expectation
	guardFirst  float64 // on the first day, without a profile
	guardUnseen float64 // with a profile, but not of this weekday
	score       float64
	least       float64 // requests a window: less is never a surge
	warm        int32
	oldest      int32
	quiet       int32
	freeze      int32
	shift       int32
	recent      int32
	surgeLasts  int32
	firstLasts  int32
	dropLasts   int32
	fast        float64 // half-lives, in windows
	slow        float64
	unseen      float64
	plain       float64
	gainPhi     float64
	gainVar     float64
	binLeast    uint16 // windows a bin of the season needs to be believed
	lag         int32  // minutes (or windows, when they are longer) before a peak is remembered
}

// tuning is everything derived from the configuration.
type tuning struct {
	errors, slow, client [sensitivities]proportionTuning
	traffic              [sensitivities]trafficTuning
	fleet                trafficTuning
	latencyFirst         int32 // windows with latencies before a slow threshold is set
	latencyEvery         int32 // windows between samples afterwards
	latencyGain          float64
	forget               int32
	holdDrop             int32 // a drop waits so many windows while the fleet falls too
	near                 int64 // onsets within so many nanoseconds belong together
	clientLasts          int32
	standAlone           float64 // expected requests a window
}

// windows gives a duration in windows, at least the given number.
func windows(d, width time.Duration, least int32) int32 {
	return max(least, int32(min(int64(math.MaxInt32), int64((d+width/2)/width))))
}

// gain converts the weight that a window of 10 s has in a mean to one of this width.
func gain(per10s float64, width time.Duration) float64 {
	return 1 - math.Pow(1-per10s, width.Seconds()/10)
}

func newTuning(c Config) *tuning {
	w := c.Width
	proportion := func(prior, times, plus, seconds, exit float64, hold, warm time.Duration) [sensitivities]proportionTuning {
		p := proportionTuning{
			prior: prior, times: times, plus: plus, impact: seconds / w.Seconds(), exit: exit, first: 1, score: scoreToOpen,
			hold: windows(hold, w, 3), warm: windows(warm, w, 12), oldest: windows(oldestFailure, w, 12),
			longest: windows(longestHold, w, 6), shift: windows(failureShift, w, 24), broken: windows(brokenShift, w, 24), recent: min(windows(recentFailures, w, 1), ringWindows),
			decay: math.Exp2(-1 / float64(windows(failureMemory, w, 24))), gainPhi: gain(0.002, w), gainVar: gain(0.001, w),
		}
		l, h := p, p
		l.plus, l.impact = 4*p.plus, 5*p.impact
		h.score = scoreHigh
		return [sensitivities]proportionTuning{normal: p, low: l, high: h}
	}
	t := trafficTuning{
		guard: 0.6, guardFirst: 0.8, guardUnseen: 0.9, score: scoreToOpen, least: leastSurge * w.Seconds(),
		warm: windows(trafficWarm, w, 12), oldest: windows(oldestTraffic, w, 12), quiet: windows(trafficQuiet, w, 2),
		freeze: windows(trafficFreeze, w, 6), shift: windows(trafficShift, w, 18), recent: min(windows(recentTraffic, w, 1), ringWindows),
		surgeLasts: windows(surgeLasts, w, 2), firstLasts: windows(firstLasts, w, 1), dropLasts: windows(dropLasts, w, 2),
		fast: float64(windows(levelFast, w, 12)), slow: float64(windows(levelSlow, w, 72)), unseen: float64(windows(levelUnseen, w, 24)), plain: float64(windows(levelPlain, w, 12)),
		gainPhi: gain(0.003, w), gainVar: gain(0.001, w),
		binLeast: uint16(max(1, binWidth/w/2)), lag: int32(max(1, peakLag/max(w, time.Minute))),
	}
	l, h, f := t, t, t
	l.guard, l.guardFirst = 1.2, 1.5
	h.score = scoreHigh
	f.guard = 0.4
	errors := proportion(0.001, 2, 0.005, 2, 0.001, 10*time.Minute, errorWarm)
	for i := range errors {
		errors[i].first = Believed
		errors[i].nature, errors[i].forgets = windows(natureShows, w, 12), windows(outgrows, w, 3)
	}
	return &tuning{
		errors:       errors,
		slow:         proportion(0.02, 3, 0.08, 2, 0.03, 10*time.Minute, 15*time.Minute),
		client:       proportion(0.03, 3, 0.10, 5, 0.05, 5*time.Minute, 15*time.Minute),
		traffic:      [sensitivities]trafficTuning{normal: t, low: l, high: h},
		fleet:        f,
		latencyFirst: windows(5*time.Minute, w, 6),
		latencyEvery: windows(time.Minute, w, 1),
		latencyGain:  1 - math.Exp2(-float64(windows(time.Minute, w, 1))/float64(windows(failureMemory, w, 24))),
		forget:       windows(c.ForgetAfter, w, 1),
		holdDrop:     windows(30*time.Second, w, 1),
		near:         max(int64(time.Minute), int64(w)), standAlone: standAlone * w.Seconds(),
		clientLasts: windows(time.Minute, w, 2),
	}
}
