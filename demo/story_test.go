package demo

import (
	"slices"
	"testing"
	"time"

	"github.com/spikeline/spikeline/processor/window"
)

// A chapter is a stretch of a scenario and what must be true of it.
type chapter struct {
	from, to string // of the day on which the scenario starts
	of       string // a service, "members", "blocked", "others" or "all"
	what     string // errors, blocked, traffic (against the chapter "before"), latency (as traffic), misses (as traffic)
	low      float64
	high     float64
}

var stories = map[string][]chapter{
	"cloudflare-2025-11-18": {
		{"10:50", "11:20", "all", "errors", 0.0002, 0.002},
		{"11:20", "11:21", "challenges.cloudflare.com", "traffic", 3.5, 5.2},
		{"11:20", "11:21", "challenges.cloudflare.com", "errors", 0.01, 0.08},
		{"11:20", "11:28", "x.com", "errors", 0, 0.002},
		{"11:29", "11:32", "members", "errors", 0.02, 0.5}, // services join over nine minutes
		{"11:49:30", "11:52:30", "members", "errors", 0.55, 0.9},
		{"11:39:30", "11:42:30", "members", "errors", 0.55, 0.9}, // bad, good and bad again
		{"11:44:30", "11:47:30", "members", "errors", 0.005, 0.04},
		{"11:40", "14:20", "blocked", "blocked", 0.33, 0.5},
		{"11:40", "14:20", "blocked", "errors", 0, 0.002},
		{"11:40", "14:20", "downdetector.com", "traffic", 3.5, 9},
		{"13:15", "14:20", "x.com", "errors", 0.65, 0.82},
		{"13:15", "14:20", "x.com", "latency", 2, 9},
		{"13:15", "14:20", "workers-kv.cloudflare.com", "errors", 0.06, 0.14},
		{"14:31", "14:38", "members", "errors", 0.02, 0.04},
		{"14:45", "15:20", "dash.cloudflare.com", "errors", 0.3, 0.42},
		{"15:40", "15:50", "dash.cloudflare.com", "errors", 0, 0.03},
		{"16:55", "17:05", "members", "errors", 0.002, 0.006},
		{"17:07", "18:00", "all", "errors", 0.0002, 0.002},
	},
	"cloudflare-2025-12-05": {
		{"08:10", "08:47", "all", "errors", 0, 0.002},
		{"08:48", "09:11", "all", "errors", 0.24, 0.34},
		{"08:48", "09:11", "members", "errors", 0.9, 1},
		{"08:48", "09:11", "others", "errors", 0, 0.002},
		{"09:13", "10:20", "all", "errors", 0, 0.002},
	},
	"aws-2025-10-20": {
		{"06:10", "06:48", "all", "errors", 0, 0.002},
		{"07:00", "08:10", "members", "errors", 0.62, 0.76},
		{"07:00", "21:00", "others", "errors", 0, 0.002},
		{"09:28", "09:34", "members", "traffic", 1.3, 2.2},
		{"10:00", "12:20", "roblox.com", "errors", 0.03, 0.2},
		{"13:00", "16:00", "reddit.com", "errors", 0.03, 0.11},
		{"18:00", "20:00", "members", "errors", 0.005, 0.06},
		{"21:25", "22:30", "all", "errors", 0, 0.002},
	},
	"azure-2025-10-29": {
		{"15:10", "15:41", "all", "errors", 0, 0.002},
		{"15:42", "15:44", "all", "errors", 0.02, 0.35}, // pop by pop
		{"15:55", "17:20", "all", "errors", 0.4, 0.6},
		{"16:00", "18:00", "SEA", "traffic", 1.3, 2},
		{"16:00", "18:00", "FRA", "traffic", 0.55, 0.95},
		{"16:00", "18:00", "FRA", "errors", 0.4, 0.7},
		{"16:00", "18:00", "FRA", "latency", 8, 60}, // most of them time out,
		{"17:55", "18:30", "portal.azure.com", "errors", 0, 0.1},
		{"22:30", "23:10", "all", "errors", 0.01, 0.12},
		{"00:10", "00:50", "all", "errors", 0, 0.003},
	},
	"fastly-2021-06-08": {
		{"09:10", "09:47", "all", "errors", 0, 0.002},
		{"09:49", "10:35", "all", "errors", 0.8, 0.9},
		{"10:50", "11:00", "all", "errors", 0.005, 0.06},
		{"10:50", "11:00", "all", "misses", 1.3, 6},
		{"11:10", "12:30", "all", "errors", 0.001, 0.02},
		{"12:40", "13:20", "all", "errors", 0, 0.002},
	},
	"cloudflare-logs-2024-11-14": {
		{"11:43", "15:13", "all", "errors", 0, 0.002},
		{"11:43", "12:13", "all", "traffic", 0.4, 0.52},
		{"15:13", "15:43", "all", "errors", 0, 0.002},
	},
	"quiet-day": {
		{"00:00", "03:00", "all", "errors", 0.0002, 0.004},
	},
}

// before is the stretch that factors of traffic, latency and misses are held against.
var before = map[string][2]string{
	"cloudflare-2025-11-18": {"11:00", "11:20"}, "cloudflare-2025-12-05": {"08:10", "08:40"}, "aws-2025-10-20": {"06:10", "06:45"},
	"azure-2025-10-29": {"15:00", "15:40"}, "fastly-2021-06-08": {"09:10", "09:45"}, "cloudflare-logs-2024-11-14": {"11:10", "11:43"}, "quiet-day": {"01:00", "02:00"},
}

// sum is what happened to some services, or in one pop, in a stretch of time.
type sum struct {
	from, to  int64
	of        map[string]bool
	histogram bool
	total     window.Counts
	blocked   uint64
}

func newSum(script *Scenario, from, to, of, what string) *sum {
	if from < "06" && script.Start.Hour() > 12 {
		from, to = "+1 "+from, "+1 "+to
	}
	d := day(script.Start.Truncate(24 * hour))
	return &sum{from: d.at(from).UnixNano(), to: d.at(to).UnixNano(), of: names(script, of), histogram: what == "latency"}
}

// names resolves whom a chapter is about.
func names(script *Scenario, of string) map[string]bool {
	var expected Expected
	if len(script.Truth.Incidents) > 0 {
		expected = script.Truth.Incidents[0]
	}
	names := map[string]bool{}
	for _, s := range script.Services {
		member := slices.Contains(expected.Members, s.Name)
		if of == "all" || of == "members" && member || of == "others" && !member || of == "blocked" && slices.Contains(expected.Blocked, s.Name) {
			names[s.Name] = true
		}
	}
	if len(names) == 0 {
		names[of] = true
	}
	return names
}

func (s *sum) add(w *window.Result) {
	if w.Start < s.from || w.Start >= s.to {
		return
	}
	for i := range w.Rows {
		r := &w.Rows[i]
		if !s.of[r.Service] && !s.of[r.Pop] {
			continue
		}
		s.total.Requests += r.Requests
		s.total.Errors += r.Errors
		s.total.CacheHits += r.CacheHits
		if s.histogram {
			s.total.Latency = s.total.Latency.Merge(r.Latency)
		}
		for _, c := range r.Status {
			if c.Code == 403 {
				s.blocked += c.Count
			}
		}
	}
}

func (s *sum) value(what string, base *sum) float64 {
	requests, baseRequests := float64(s.total.Requests), float64(base.total.Requests)
	switch what {
	case "errors":
		return float64(s.total.Errors) / requests
	case "blocked":
		return float64(s.blocked) / requests
	case "traffic":
		return requests / float64(s.to-s.from) / (baseRequests / float64(base.to-base.from))
	case "latency":
		return float64(s.total.Latency.Quantile(0.5)) / float64(base.total.Latency.Quantile(0.5))
	}
	return (1 - float64(s.total.CacheHits)/requests) / (1 - float64(base.total.CacheHits)/baseRequests) // misses
}

// tell runs a scenario and gives the value of each of its chapters.
func tell(t *testing.T, script *Scenario, chapters []chapter) (values []float64) {
	var now, base []*sum
	end := int64(0)
	for _, c := range chapters {
		now = append(now, newSum(script, c.from, c.to, c.of, c.what))
		base = append(base, newSum(script, before[script.Name][0], before[script.Name][1], c.of, c.what))
		end = max(end, now[len(now)-1].to)
	}
	m, err := NewMeter(script, Options{Seed: 4, End: time.Unix(0, end)})
	if err != nil {
		t.Fatal(err)
	}
	for w := m.Next(); w != nil; w = m.Next() {
		for i := range now {
			now[i].add(w)
			base[i].add(w)
		}
	}
	for i, c := range chapters {
		values = append(values, now[i].value(c.what, base[i]))
	}
	return values
}

func TestEveryScenarioTellsItsStory(t *testing.T) {
	for _, info := range Scenarios() {
		chapters := stories[info.Name]
		if chapters == nil {
			if info.Name != "quiet-week" && info.Name != "steady" { // quiet-day is the short form of one, the load test has no story
				t.Errorf("%s has no story", info.Name)
			}
			continue
		}
		t.Run(info.Name, func(t *testing.T) {
			t.Parallel()
			values := tell(t, find(t, info.Name), chapters)
			for i, c := range chapters {
				if v := values[i]; !(v >= c.low && v <= c.high) {
					t.Errorf("%s to %s: %s of %s is %.4f, expected %v to %v", c.from, c.to, c.what, c.of, v, c.low, c.high)
				}
			}
		})
	}
}

func TestAnUnknownScenarioIsAnsweredWithTheNames(t *testing.T) {
	_, err := Find("cloudflare")
	const want = `unknown scenario "cloudflare": choose one of cloudflare-2025-11-18, cloudflare-2025-12-05, aws-2025-10-20, azure-2025-10-29, fastly-2021-06-08, cloudflare-logs-2024-11-14, quiet-week, quiet-day, steady`
	if err == nil || err.Error() != want {
		t.Errorf("error is %v", err)
	}
}

func TestScriptsAreSound(t *testing.T) {
	for _, info := range Scenarios() {
		s := find(t, info.Name)
		names := map[string]bool{}
		kinds := map[string]bool{}
		weight := 0.0
		for _, service := range s.Services {
			if names[service.Name] || service.Rate <= 0 || service.Latency <= 0 || service.ErrorRate < 1e-5 || service.ErrorRate > 5e-3 {
				t.Errorf("%s: service %+v", s.Name, service)
			}
			names[service.Name], kinds[service.Kind] = true, true
		}
		for _, p := range s.Pops {
			weight += p.Weight
		}
		if len(s.Pops) != 30 || weight < 0.95 || weight > 1.05 {
			t.Errorf("%s: %d pops with a weight of %v", s.Name, len(s.Pops), weight)
		}
		for _, phase := range s.Phases {
			for _, e := range phase.Effects {
				for i := 1; i < len(e.Curve); i++ {
					if e.Curve[i].At.Before(e.Curve[i-1].At) {
						t.Errorf("%s, %s: a curve goes back at %v", s.Name, phase.Name, e.Curve[i].At)
					}
				}
				for _, k := range e.Kinds {
					if !kinds[k] {
						t.Errorf("%s, %s: no service is of kind %s", s.Name, phase.Name, k)
					}
				}
			}
		}
		for _, x := range s.Truth.Incidents {
			if !x.StartedAt.Before(x.MainImpactEnd) || x.MainImpactEnd.After(x.EndedAt) || len(x.Members) == 0 {
				t.Errorf("%s: expects %+v", s.Name, x)
			}
		}
	}
}
