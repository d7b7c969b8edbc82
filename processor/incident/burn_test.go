package incident

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"testing"
	"time"

	"github.com/spikeline/spikeline/processor/window"
)

// burnt counts the burn rate of some services over whole slots, straight from the windows.
func burnt(windows []window.Result, of func(string) bool, objective func(string) float64, slot, reach time.Duration) float64 {
	last := windows[len(windows)-1].Start
	from := last - last%int64(slot) + int64(slot) - int64(reach)
	failed, allowed := 0.0, 0.0
	for i := len(windows) - 1; i >= 0 && windows[i].Start >= from; i-- {
		for _, r := range windows[i].Rows {
			if of(r.Service) {
				failed += float64(r.Errors)
				allowed += float64(r.Requests) * (1 - objective(r.Service))
			}
		}
	}
	if allowed == 0 {
		return 0
	}
	return failed / allowed
}

func TestBurnRatesAreWhatTheWindowsSay(t *testing.T) {
	compared := 0
	for seed := range uint64(3) {
		w, _ := storm(t, seed)
		cfg := Default()
		cfg.Objectives = map[string]float64{"s0*": 0.99, "s03.example": 0.9}
		objective := func(service string) float64 {
			switch {
			case service == "s03.example":
				return 0.9
			case service[1] == '0':
				return 0.99
			}
			return 0.999
		}
		tracker := New(cfg)
		var windows []window.Result
		before := map[string]Burn{}
		for at := w.at("09:00"); at < w.at("14:00"); at += step {
			r, late := w.window(at)
			windows = append(windows, *r)
			changed, _ := tracker.Step(r, w.watcher.step(w, r, late))
			for _, in := range changed {
				old := before[in.ID]
				before[in.ID] = in.Burn
				if !in.Open || at/step%7 != 0 {
					continue
				}
				members := map[string]bool{}
				for _, m := range in.Services {
					members[m.Service] = true
				}
				of := func(service string) bool { return members[service] || len(members) == 0 }
				want := Burn{
					M5:  burnt(windows, of, objective, time.Minute, 5*time.Minute),
					M30: burnt(windows, of, objective, time.Minute, 30*time.Minute),
					H1:  burnt(windows, of, objective, 5*time.Minute, time.Hour),
					H6:  burnt(windows, of, objective, 5*time.Minute, 6*time.Hour),
				}
				want.Fast, want.Slow = max(old.Fast, min(want.M5, want.H1)), max(old.Slow, min(want.M30, want.H6))
				compared++
				for i, pair := range [][2]float64{{in.Burn.M5, want.M5}, {in.Burn.M30, want.M30}, {in.Burn.H1, want.H1}, {in.Burn.H6, want.H6}, {in.Burn.Fast, want.Fast}, {in.Burn.Slow, want.Slow}} {
					if math.Abs(pair[0]-pair[1]) > 1e-9*(1+pair[1]) {
						t.Fatalf("seed %d at %s: rate %d of %s is %v, the windows say %v", seed, clock(at), i, in.ID, pair[0], pair[1])
					}
				}
			}
		}
	}
	if compared < 300 {
		t.Errorf("only %d burn rates were compared", compared)
	}
}

func TestBurnRatesAreSeenToFallOnceTheErrorsEnd(t *testing.T) {
	w := tenServices(t, "AMS", "FRA")
	w.fails("cdn.example", "11:05", "11:20", flat(0.5), 500, true)
	tracker := New(Default())
	var burn Burn
	rows := map[int64]Burn{}
	for at := w.at("09:00"); at < w.at("11:34"); at += step {
		r, slow := w.window(at)
		changed, _ := tracker.Step(r, w.watcher.step(w, r, slow))
		for _, in := range changed {
			burn = in.Burn
		}
		rows[at] = burn
	}
	if b := rows[w.at("11:19:50")]; b.M5 < 400 || b.M5 > 510 || b.H1 < 100 || b.H1 > 130 || b.M30 < 200 || b.M30 > 260 || b.H6 < 45 || b.H6 > 60 {
		t.Errorf("after a quarter of an hour with half of all requests failing, objective 99.9 %%: %+v", b)
	}
	end := rows[w.at("11:33:50")]
	if end.M5 > 5 || end.H1 < 100 {
		t.Errorf("a quarter of an hour later %+v; only the short rate should be down", end)
	}
	if end.Fast < 100 || end.Slow < 45 {
		t.Errorf("%+v has forgotten how fast the budget went", end)
	}
}

func TestWindowsOfAnHourHaveBurnRatesToo(t *testing.T) {
	hour := int64(time.Hour)
	f := newFleet(10)
	for i := range int64(7) {
		r := window.Result{Start: i * hour, End: (i + 1) * hour, Rows: []window.Row{{Service: "a", Pop: "AMS", Counts: window.Counts{Requests: 1000, Errors: uint64(i)}}}}
		f.observe(&r, i)
	}
	cfg := Default()
	m := moment{start: 6 * hour, end: 7 * hour, width: hour, fleet: &f, cfg: &cfg}
	var b budgets
	b.take(&f.byName["a"].spending, &m, 0.999)
	for i, want := range []float64{6, 6, 6, 3.5} {
		if got := b.rate(i); math.Abs(got-want) > 1e-9 {
			t.Errorf("the rate over %v is %v, want %v", reaches[i], got, want)
		}
	}
}

func TestAStateOfTheVersionBeforeIsRead(t *testing.T) {
	w := tenServices(t, "AMS", "FRA")
	w.fails("cdn.example", "11:05", "11:20", flat(0.5), 500, true)
	p := w.play(Default(), "11:00", "11:10")
	old := codec{buf: []byte{stateVersion - 1}, version: stateVersion - 1}
	p.tracker.state(&old)
	state := binary.LittleEndian.AppendUint32(old.buf, crc32.ChecksumIEEE(old.buf))
	tracker := New(Default())
	if err := tracker.LoadState(state); err != nil {
		t.Fatal(err)
	}
	open := tracker.Open()
	if len(open) != 1 || open[0].Burn != p.tracker.Open()[0].Burn || open[0].ID != p.tracker.Open()[0].ID {
		t.Fatalf("an incident of the older state came as %+v", open)
	}
	r, slow := w.window(w.at("11:10"))
	if changed, _ := tracker.Step(r, w.watcher.step(w, r, slow)); len(changed) != 1 || changed[0].Burn.M5 < 400 {
		t.Errorf("the first window after it gives %+v", changed)
	}
}
