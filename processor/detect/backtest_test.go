package detect

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

func series(n int, width time.Duration, value func(i int) (v, total float64)) []Point {
	points := make([]Point, n)
	for i := range points {
		points[i].At = at("00:00:00").Add(time.Duration(i) * width).UnixNano()
		points[i].Value, points[i].Total = value(i)
	}
	return points
}

func opened(rows []Judged, kind Kind) (at []int) {
	for i, r := range rows {
		for _, s := range r.Signals {
			if s.Opened && s.Kind == kind {
				at = append(at, i)
			}
		}
	}
	return at
}

func TestABacktestFindsASurgeAtAnyInterval(t *testing.T) {
	for _, width := range []time.Duration{time.Second, 10 * time.Second, time.Minute, 5 * time.Minute} {
		rng := rand.New(rand.NewPCG(1, 1))
		n := 1200
		rows, err := Backtest(Default(), series(n, width, func(i int) (float64, float64) {
			mean := 200.0
			if i >= 1000 {
				mean = 800
			}
			return float64(poisson(rng, mean)), 0
		}), false)
		if err != nil {
			t.Fatal(err)
		}
		got := opened(rows, TrafficSurge)
		if len(got) != 1 || got[0] < 1000 || got[0] > 1000+int(max(0, time.Minute/width)) {
			t.Errorf("width %v: surges opened in rows %v, wanted one soon after row 1000", width, got)
		}
	}
}

// A blizzard over a city: traffic falls for eight hours, until it is gone.
func TestASlowDeclineIsNotTakenForNoiseInWideWindows(t *testing.T) {
	for _, width := range []time.Duration{10 * time.Minute, 30 * time.Minute, time.Hour} {
		rng := rand.New(rand.NewPCG(8, 1))
		hour := float64(time.Hour / width)
		day, fall := int(24*hour), int((21*24+15)*hour)
		rows, err := Backtest(Default(), series(fall+day, width, func(i int) (float64, float64) {
			mean := 10_000 * (1 + 0.6*math.Sin(2*math.Pi*float64(i)/float64(day))) * math.Exp(0.1*rng.NormFloat64())
			if left := float64(fall-i)/hour + 8; i >= fall {
				mean *= max(0.005, left/8)
			}
			return float64(poisson(rng, mean)), 0
		}), false)
		if err != nil {
			t.Fatal(err)
		}
		got := opened(rows, TrafficDrop)
		if len(got) == 0 || got[0] < fall || got[0] > fall+int(12*hour) {
			t.Errorf("width %v: drops opened in rows %v, wanted one within twelve hours of row %d", width, got, fall)
		}
	}
}

func TestABacktestOfAProportionGivesBandAndScoreInEveryRow(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 1))
	rows, err := Backtest(Default(), series(500, time.Minute, func(i int) (float64, float64) {
		share := 0.01
		if i >= 400 && i < 420 {
			share = 0.3
		}
		return float64(binomial(rng, 300, share)), 300
	}), true)
	if err != nil {
		t.Fatal(err)
	}
	if got := opened(rows, ErrorSurge); len(got) != 1 || got[0] != 400 {
		t.Errorf("opened in rows %v, wanted 400", got)
	}
	calm, bad := rows[399].Reading, rows[400].Reading
	if calm.Learning || calm.Score > scoreCalm || bad.Score < scoreToOpen || math.Abs(calm.Expected-0.01) > 0.003 || calm.High <= calm.Expected {
		t.Errorf("before %+v, in the surge %+v", calm, bad)
	}
}

func TestABacktestOfValuesWithFractionsIsInTheirUnits(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 1))
	rows, err := Backtest(Default(), series(2000, 10*time.Second, func(i int) (float64, float64) {
		v := 0.4 + 0.02*rng.NormFloat64()
		if i >= 1500 && i < 1600 {
			v *= 2.5
		}
		return v, 0
	}), false)
	if err != nil {
		t.Fatal(err)
	}
	if got := opened(rows, TrafficSurge); len(got) != 1 || got[0] < 1500 || got[0] > 1510 {
		t.Fatalf("opened in rows %v, wanted soon after 1500", got)
	}
	if e := rows[1400].Expected; math.Abs(e-0.4) > 0.02 {
		t.Errorf("expected %v, wanted about 0.4", e)
	}
	if s := rows[1510].Signals[0]; math.Abs(s.Observed-1) > 0.2 || !strings.HasPrefix(s.Reason, "1.14 in the interval; 0.396 expected, up to 0.721 called normal") {
		t.Errorf("signal %+v", s)
	}
}

func TestABacktestTellsWhatIsWrongWithASeries(t *testing.T) {
	good := series(10, time.Second, func(i int) (float64, float64) { return 1, 2 })
	with := func(change func(p []Point)) []Point {
		p := append([]Point(nil), good...)
		change(p)
		return p
	}
	for want, points := range map[string][]Point{
		"two rows at least":            good[:1],
		"row 4 is not later":           with(func(p []Point) { p[3].At = p[2].At }),
		"row 6: -1 is no count":        with(func(p []Point) { p[5].Value = -1 }),
		"row 6: NaN is no count":       with(func(p []Point) { p[5].Total = math.NaN() }),
		"row 3: 3 of 2; a part cannot": with(func(p []Point) { p[2].Value = 3 }),
		"overlaps the row before":      with(func(p []Point) { p[4].At = p[3].At + 1 }),
		"allowed is 1s to 1h":          series(10, 24*time.Hour, func(i int) (float64, float64) { return 1, 2 }),
	} {
		if _, err := Backtest(Default(), points, true); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("wanted %q, got %v", want, err)
		}
	}
}

func ExampleBacktest() {
	points := series(400, 10*time.Second, func(i int) (float64, float64) {
		if i >= 350 {
			return 40, 100
		}
		return 1, 1000
	})
	rows, err := Backtest(Default(), points, true)
	if err != nil {
		fmt.Println(err)
	}
	for i, r := range rows {
		for _, s := range r.Signals {
			if s.Opened {
				fmt.Println(i, s.Kind, s.Reason)
			}
		}
	}
	// Output:
	// 350 error_surge 40 % of 100 are bad; 0.1 % expected, up to 0.6 % called normal; since 00:58:20 (learning: little history yet)
	// 350 traffic_drop 100 in the interval; 1,000 expected, down to 552 called normal; since 00:58:20 (learning: little history yet)
}
