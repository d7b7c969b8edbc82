package demo

import "time"

// logsNovember is Cloudflare's loss of logs on 14 November 2024: traffic was
// as always, but 55 % of the records never left the source. The hour of the
// day is a model; the share and the length are not.
func logsNovember() *Scenario {
	d := onDay(2024, time.November, 14)
	lost := Span{d.at("11:43"), d.at("15:13")}
	services := cloudflareServices()
	return &Scenario{
		Name:    "cloudflare-logs-2024-11-14",
		Story:   "the source loses 55 % of its log records for three and a half hours while the traffic is as always",
		Sources: []string{"Cloudflare incident on November 14, 2024, resulting in lost logs (The Cloudflare Blog)"},
		Start:   d.at("10:20"), End: d.at("17:00"),
		Services: services, Pops: world(), Habits: 0.5,
		Phases: []Phase{
			{Name: "complete", Start: d.at("10:20"), End: lost.From},
			{Name: "incomplete", Start: lost.From, End: lost.To, Story: "records are dropped by the source", Effects: []Effect{
				{On: LogLoss, Curve: flat(lost.From, lost.To, 0.55)},
			}},
			{Name: "complete", Start: lost.To},
		},
		Truth: Truth{Incomplete: []Span{lost}},
	}
}

func quietServices(total float64, n int) []Service {
	return fleet(total, 1.1,
		group{"shop", numbered("shop", n)}, group{"api", numbered("api", n)},
		group{"media", numbered("media", n)}, group{office, numbered("office", n)})
}

func quietWeek() *Scenario {
	d := onDay(2025, time.March, 3) // a Monday
	return &Scenario{
		Name:  "quiet-week",
		Story: "an ordinary week: nights, a weekend, cron jobs, deploys, bots and launches, and no incident",
		Start: d.at("00:00"), End: d.at("+7 00:00"),
		Services: quietServices(8, 6), Pops: world(), Habits: 1,
		Phases: []Phase{{Name: "quiet", Start: d.at("00:00")}},
	}
}

func quietDay() *Scenario {
	d := onDay(2025, time.March, 4)
	return &Scenario{
		Name:  "quiet-day",
		Story: "an ordinary day: cron jobs, deploys, bots, and no incident",
		Start: d.at("00:00"), End: d.at("+1 00:00"),
		Services: quietServices(45, 8), Pops: world(), Habits: 1,
		Phases: []Phase{{Name: "quiet", Start: d.at("00:00")}},
	}
}

// steady is for load tests: a constant rate without end.
func steady() *Scenario {
	d := onDay(2025, time.March, 4)
	return &Scenario{
		Name:     "steady",
		Story:    "a constant rate without end and without incident, for load tests",
		Start:    d.at("00:00"),
		Services: quietServices(1000, 10), Pops: world(), Still: true,
		Phases: []Phase{{Name: "steady", Start: d.at("00:00")}},
	}
}
