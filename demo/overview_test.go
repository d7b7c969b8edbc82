package demo

import (
	"strings"
	"testing"
	"time"
)

func TestTheOverviewShowsRateErrorsAndPhase(t *testing.T) {
	var out strings.Builder
	d := onDay(2025, time.December, 5)
	err := Overview(&out, find(t, "cloudflare-2025-12-05"), Options{Seed: 1, Start: d.at("08:30"), End: d.at("09:20")}, 10*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	const want = `UTC                   req/s      5xx  phase
2025-12-05 08:30      384.2    0.05%  baseline
2025-12-05 08:40      383.2    7.46%  baseline
2025-12-05 08:50      389.1   29.56%  peak
2025-12-05 09:00      388.0   29.60%  peak
2025-12-05 09:10      398.7    4.29%  peak
`
	if out.String() != want {
		t.Errorf("the overview is\n%s", out.String())
	}
}

func TestAnEndlessScenarioHasNoOverview(t *testing.T) {
	err := Overview(&strings.Builder{}, find(t, "steady"), Options{}, time.Minute)
	if err == nil || err.Error() != "scenario steady has no end: give one" {
		t.Errorf("error is %v", err)
	}
}

func TestAPhaseAsideDoesNotNameTheTime(t *testing.T) {
	d := onDay(2025, time.November, 18)
	script := find(t, "cloudflare-2025-11-18")
	for clock, want := range map[string]string{"10:00": "", "11:19:59": "baseline", "11:20": "first_spike", "13:30": "stable_failing", "15:00": "residual", "19:00": "recovered"} {
		if got := script.PhaseAt(d.at(clock)); got != want {
			t.Errorf("%s is %q, expected %q", clock, got, want)
		}
	}
}
