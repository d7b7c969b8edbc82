package incident

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden timelines anew")

// golden compares a timeline with the one a reader has judged.
func golden(t *testing.T, p *tape) {
	t.Helper()
	p.check(t)
	file := filepath.Join("testdata", t.Name()+".txt")
	got := p.text()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got\n%s\nwant\n%s\nstep by step\n%s", got, want, strings.Join(p.log, "\n"))
	}
}

// check holds every timeline to what a story needs.
func (p *tape) check(t *testing.T) {
	t.Helper()
	for id, i := range p.incidents {
		events := p.timeline(id)
		if i.Withdrawn {
			if len(events) > 0 {
				t.Errorf("%s is withdrawn, but events stand: %v", id, events)
			}
			continue
		}
		count := map[string]int{}
		for _, e := range events {
			count[e.Event]++
		}
		if len(events) == 0 || events[0].Event != "first_spike" || count["first_spike"] != 1 {
			t.Errorf("%s does not begin with one first_spike: %v", id, events)
			continue
		}
		if !i.Open && (count["peak"] != 1 || count["recovered"] != 1 || events[len(events)-1].Event != "recovered") {
			t.Errorf("%s has ended without peak and recovered in their places: %v", id, events)
		}
		if i.Open && count["recovered"] > 0 {
			t.Errorf("%s is open and recovered", id)
		}
		if !i.Open && !(i.StartedAt <= i.PeakAt && i.PeakAt < i.MainImpactEndedAt && i.MainImpactEndedAt <= i.EndedAt) {
			t.Errorf("%s: times out of order: %+v", id, i)
		}
	}
}

// tenServices is a fleet with one service that has most of the traffic.
func tenServices(t *testing.T, pops ...string) *world {
	w := newWorld(t, pops...)
	w.service("cdn.example", 1000)
	w.service("login.example", 40)
	w.service("dash.example", 30)
	for i := range 7 {
		w.service(fmt.Sprintf("shop%d.example", i), 60)
	}
	return w
}

func TestAFiveMinuteOscillationIsOneFluctuatingIncident(t *testing.T) {
	w := tenServices(t, "AMS", "FRA", "SIN")
	for m := 28; m < 28+90; m += 5 {
		from, to := fmt.Sprintf("%02d:%02d", 11+m/60, m%60), fmt.Sprintf("%02d:%02d:30", 11+(m+2)/60, (m+2)%60)
		w.fails("cdn.example", from, to, flat(0.7), 500, true)
		w.fails("login.example", from, to, flat(0.5), 500, true)
	}
	golden(t, w.play(Default(), "11:00", "14:00"))
}

func TestSlowFlappingIsOneIncidentToo(t *testing.T) {
	w := tenServices(t, "AMS", "FRA", "SIN")
	for m := 30; m < 150; m += 20 {
		w.fails("cdn.example", fmt.Sprintf("%02d:%02d", 11+m/60, m%60), fmt.Sprintf("%02d:%02d", 11+(m+10)/60, (m+10)%60), flat(0.4), 503, false)
	}
	golden(t, w.play(Default(), "11:00", "15:00"))
}

// The outage of 18 November 2025: half of the time good, then bad for good, a
// service of its own relief, a fix that spreads, a long tail, a second dip, 403 without 5xx.
func TestTheOutageOf18November2025(t *testing.T) {
	w := tenServices(t, "AMS", "FRA", "SIN")
	w.service("kv.example", 100)
	w.service("oldproxy.example", 200)
	for m := 28; m < 120; m += 10 {
		for _, s := range []string{"cdn.example", "kv.example", "login.example"} {
			w.fails(s, fmt.Sprintf("%02d:%02d", 11+m/60, m%60), fmt.Sprintf("%02d:%02d", 11+(m+5)/60, (m+5)%60), flat(0.65), 500, true)
			w.fails(s, fmt.Sprintf("%02d:%02d", 11+(m+5)/60, (m+5)%60), fmt.Sprintf("%02d:%02d", 11+(m+10)/60, (m+10)%60), flat(0.02), 500, true)
		}
	}
	w.refuses("oldproxy.example", "11:28", "14:30", 0.3)
	w.fails("cdn.example", "13:08", "14:24", flat(0.75), 500, true)
	w.fails("login.example", "13:08", "14:24", flat(0.6), 500, true)
	w.fails("kv.example", "13:08", "14:24", flat(0.1), 500, true)
	w.fails("cdn.example", "14:24", "14:30", ramp(0.75, 0.05), 500, true)
	w.fails("cdn.example", "14:30", "17:06", ramp(0.03, 0.0005), 500, true)
	w.fails("dash.example", "11:30", "13:10", flat(0.3), 500, true)
	w.fails("dash.example", "14:40", "15:30", flat(0.35), 503, false)
	w.traffic("cdn.example", "14:30", "15:00", 1.3)
	golden(t, w.play(Default(), "11:00", "18:00"))
}

func TestRefusalsAloneAreNoIncident(t *testing.T) {
	w := tenServices(t, "AMS", "FRA")
	w.refuses("login.example", "11:30", "12:30", 0.5)
	golden(t, w.play(Default(), "11:00", "13:00"))
}

func TestRefusalsThatBeginWithErrorsElsewhereJoin(t *testing.T) {
	w := tenServices(t, "AMS", "FRA")
	w.fails("cdn.example", "11:30", "11:50", flat(0.4), 500, true)
	w.refuses("shop1.example", "11:30:20", "11:50", 0.5)
	w.refuses("shop2.example", "11:45", "11:58", 0.5)
	golden(t, w.play(Default(), "11:00", "13:00"))
}

func TestASecondDipTenMinutesAfterTheMainRecoveryStaysInTheIncident(t *testing.T) {
	w := tenServices(t, "AMS", "FRA")
	w.fails("", "11:30", "11:50", flat(0.4), 500, true)
	w.fails("dash.example", "12:00", "12:20", flat(0.35), 503, false)
	golden(t, w.play(Default(), "11:00", "13:00"))
}

func TestSlowAnswersAloneMakeAnIncident(t *testing.T) {
	w := tenServices(t, "AMS", "FRA")
	w.slow("cdn.example", "11:30", "11:50", 0.45)
	golden(t, w.play(Default(), "11:00", "13:00"))
}

func TestTrafficThatMovesToHealthyPopsIsNoIncidentOfItsOwn(t *testing.T) {
	w := newWorld(t, "AMS", "FRA", "SIN")
	w.service("cdn.example", 1000)
	w.service("video.example", 300)
	w.service("failover.example", 20)
	w.fails("cdn.example", "15:41", "16:20", flat(0.6), 502, true, "AMS")
	w.fails("video.example", "15:41:20", "16:20", flat(0.6), 502, true, "AMS")
	w.fails("cdn.example", "15:46", "16:20", flat(0.4), 502, true, "FRA")
	w.traffic("cdn.example", "15:43", "16:20", 1.5, "SIN")
	w.traffic("failover.example", "15:42", "16:30", 5)
	golden(t, w.play(Default(), "15:00", "17:30"))
}

func TestTrafficThatGoesToZeroIsNotHealth(t *testing.T) {
	w := tenServices(t, "AMS", "FRA")
	w.fails("login.example", "11:30", "11:35", flat(0.8), 503, false)
	w.traffic("login.example", "11:35", "12:35", 0)
	golden(t, w.play(Default(), "11:00", "13:30"))
}

func TestAFlatOutageIsSeenAtOnce(t *testing.T) {
	w := tenServices(t, "AMS", "FRA")
	w.fails("", "08:47", "08:48", ramp(0, 0.28), 500, true)
	w.fails("", "08:48", "09:11", flat(0.28), 500, true)
	w.fails("", "09:11", "09:12", ramp(0.28, 0), 500, true)
	golden(t, w.play(Default(), "08:30", "09:40"))
}

func TestALongTailIsFollowedToItsEnd(t *testing.T) {
	w := tenServices(t, "AMS", "FRA")
	w.fails("cdn.example", "11:30", "12:00", flat(0.6), 500, true)
	w.fails("cdn.example", "12:00", "12:06", ramp(0.6, 0.03), 500, true)
	w.fails("cdn.example", "12:06", "14:30", ramp(0.03, 0.0005), 500, true)
	golden(t, w.play(Default(), "11:00", "15:30"))
}

func TestTwoUnrelatedOutagesAtOnceStayTwo(t *testing.T) {
	w := tenServices(t, "AMS", "FRA", "SIN", "IAD")
	w.fails("login.example", "11:30", "11:50", flat(0.5), 503, false)
	w.fails("cdn.example", "11:30:30", "12:10", flat(0.6), 500, true, "SIN")
	w.fails("shop3.example", "11:30:50", "12:10", flat(0.6), 500, true, "SIN")
	golden(t, w.play(Default(), "11:00", "13:00"))
}

func TestADeploysBumpOpensNothing(t *testing.T) {
	w := tenServices(t, "AMS", "FRA")
	w.watcher.patience = 6
	w.fails("shop1.example", "11:30", "11:30:40", flat(0.03), 500, false)
	golden(t, w.play(Default(), "11:00", "12:00"))
}

func TestAGapInTheLogsIsNotARecovery(t *testing.T) {
	w := tenServices(t, "AMS", "FRA")
	w.fails("cdn.example", "11:30", "12:30", flat(0.5), 500, true)
	w.logsMissing("11:40", "12:10", 1)
	golden(t, w.play(Default(), "11:00", "13:30"))
}

func TestHalfTheLogsMissingIsNoDropOfTraffic(t *testing.T) {
	w := tenServices(t, "AMS", "FRA")
	w.logsMissing("11:40", "12:40", 0.55)
	golden(t, w.play(Default(), "11:00", "13:30"))
}

func TestASurgeBeforeTheErrorsIsTheFirstSpike(t *testing.T) {
	w := tenServices(t, "AMS", "FRA")
	w.traffic("login.example", "11:20", "11:50", 2.5)
	w.fails("login.example", "11:26", "11:50", flat(0.4), 503, false)
	w.fails("dash.example", "11:26:40", "11:50", flat(0.2), 503, false)
	golden(t, w.play(Default(), "11:00", "12:30"))
}

func TestDropsAtThreeServicesOpenTogether(t *testing.T) {
	w := tenServices(t, "AMS", "FRA")
	for i := range 4 {
		w.traffic(fmt.Sprintf("shop%d.example", i), "11:30", "11:50", 0.4)
	}
	golden(t, w.play(Default(), "11:00", "12:30"))
}

func TestAFleetOfHundredsHasOneEventForTheMany(t *testing.T) {
	w := newWorld(t, "AMS", "FRA")
	for i := range 230 {
		w.service(fmt.Sprintf("s%03d.example", i), 20)
	}
	for i := range 200 {
		w.fails(fmt.Sprintf("s%03d.example", i), fmt.Sprintf("11:30:%02d", i/40*10), "11:45", flat(0.4), 500, true)
	}
	p := w.play(Default(), "11:20", "12:10")
	for id, i := range p.incidents {
		i.Services = i.Services[:3]
		p.incidents[id] = i
	}
	golden(t, p)
}
