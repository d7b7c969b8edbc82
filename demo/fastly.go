package demo

import "time"

// fastlyJune is the outage of 8 June 2021: one customer's valid configuration
// change set off a bug, and 85 % of the network answered with errors.
func fastlyJune() *Scenario {
	d := onDay(2021, time.June, 8)
	services := fleet(250, 0.95,
		group{"news", []string{"nytimes.com", "theguardian.com", "cnn.com", "bbc.co.uk", "ft.com", "lemonde.fr", "elmundo.es", "independent.co.uk", "buzzfeed.com", "theverge.com", "bloomberg.com", "nzz.ch"}},
		group{"social", []string{"reddit.com", "twitch.tv", "pinterest.com", "quora.com", "vimeo.com", "imgur.com", "stackoverflow.com", "giphy.com", "tumblr.com", "deviantart.com"}},
		group{"shops", []string{"paypal.com", "etsy.com", "boots.com", "deliveroo.co.uk", "kickstarter.com", "farfetch.com", "wayfair.com", "ticketmaster.com"}},
		group{"public", []string{"gov.uk", "weforum.org", "github.com", "rubygems.org", "crates.io", "pypi.org", "python.org", "docker.com"}},
	)
	for i := range services {
		if services[i].ErrorRate > 1e-3 {
			services[i].ErrorRate /= 4
		}
	}
	return &Scenario{
		Name:    "fastly-2021-06-08",
		Story:   "85 % of the network fails within a minute, recovers in steps, and cold caches press on the origins",
		Sources: []string{"Summary of June 8 outage (Fastly blog)"},
		Start:   d.at("08:40"), End: d.at("13:20"),
		Services: services, Pops: world(), Habits: 0.5,
		Announced: []Notice{
			{d.at("09:58"), "We are investigating potential impact to performance with our CDN services"},
			{d.at("10:44"), "The issue has been identified and a fix is being implemented"},
			{d.at("10:57"), "A fix was applied; customers may see increased origin load"}, {d.at("12:35"), "Mitigated"}, {d.at("12:44"), "Closed"},
		},
		Phases: []Phase{
			{Name: "baseline", Start: d.at("08:40"), End: d.at("09:47")},
			{Name: "peak", Start: d.at("09:47"), End: d.at("10:36"), Story: "85 % of answers are 503", Effects: []Effect{
				{On: EdgeErrors, Status: 503, Curve: Curve{d.p("09:47", 0.03), d.p("09:48", 0.85), d.p("10:27", 0.85), d.p("10:36", 0.85), d.p("10:42", 0.3), d.p("10:50", 0.05), d.p("11:00", 0.01)}},
				{On: Traffic, Curve: Curve{d.p("09:47", 1), d.p("09:49", 1.35), d.p("10:36", 0.95), d.p("10:40", 1.3), d.p("11:10", 1)}},
			}},
			{Name: "partial_recovery", Start: d.at("10:36"), End: d.at("11:00"), Story: "the configuration is disabled; caches are cold", Effects: []Effect{
				{On: Misses, Curve: Curve{d.p("10:36", 0.85), d.p("10:45", 0.8), d.p("11:00", 0.4), d.p("12:35", 0)}},
				{On: Slowness, Curve: Curve{d.p("10:36", 2), d.p("10:40", 3), d.p("11:00", 1.6), d.p("12:00", 1)}},
			}},
			{Name: "residual", Start: d.at("11:00"), End: d.at("12:35"), Story: "origins struggle with the misses", Effects: []Effect{
				{On: OriginErrors, Status: 503, Curve: decay(d.at("11:00"), d.at("12:35"), 0.012, 0.0015)},
			}},
			{Name: "recovered", Start: d.at("12:35")},
		},
		Truth: Truth{Incidents: []Expected{{
			StartedAt: d.at("09:47"), MainImpactEnd: d.at("10:45"), EndedAt: d.at("12:35"),
			FirstService: "", Members: members(services),
			Phases: []string{"first_spike", "peak", "partial_recovery", "residual", "recovered"},
		}}},
	}
}
