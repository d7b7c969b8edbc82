package demo

import "time"

// awsOctober is the outage of us-east-1 on 20 October 2025, as the edge in
// front of it saw it: DynamoDB's name resolved to nothing, then new servers
// could not be launched, then load balancers flapped.
func awsOctober() *Scenario {
	const (
		onDynamo  = "dynamo"    // needs DynamoDB for every request
		scaling   = "scaling"   // needs new servers in the American morning
		balanced  = "balanced"  // behind network load balancers
		elsewhere = "elsewhere" // other regions
	)
	d := onDay(2025, time.October, 20)
	services := fleet(80, 1.05,
		group{onDynamo, []string{"snapchat.com", "ring.com", "venmo.com", "signal.org", "duolingo.com", "wordle.nytimes.com", "goodreads.com", "peloton.com"}},
		group{scaling, []string{"roblox.com", "fortnite.com", "robinhood.com", "lyft.com", "perplexity.ai", "coinbase.com", "mcdonalds.com", "life360.com"}},
		group{balanced, []string{"reddit.com", "slack.com", "disneyplus.com", "primevideo.com", "canvas.instructure.com", "hmrc.gov.uk", "zoom.us", "united.com"}},
		group{elsewhere, []string{"wikipedia.org", "zalando.de", "booking.com", "allegro.pl", "rakuten.co.jp", "spiegel.de", "flipkart.com", "mercadolibre.com"}},
	)
	for i := range services {
		if services[i].ErrorRate > 1e-3 {
			services[i].ErrorRate /= 4
		}
	}
	hit := []string{onDynamo, scaling, balanced}
	return &Scenario{
		Name:  "aws-2025-10-20",
		Story: "a region's database name resolves to nothing; after the repair new servers fail to launch and load balancers flap until the evening",
		Sources: []string{
			"Summary of the Amazon DynamoDB Service Disruption in the Northern Virginia (US-EAST-1) Region (AWS)",
			"AWS outage analysis: October 20, 2025 (ThousandEyes)",
		},
		Start: d.at("05:40"), End: d.at("22:30"),
		Services: services, Pops: world(), Habits: 0.5,
		Announced: []Notice{
			{d.at("07:11"), "Investigating increased error rates and latencies in us-east-1"},
			{d.at("09:01"), "A potential root cause has been identified"}, {d.at("10:35"), "The DNS issue has been fully mitigated"},
			{d.at("15:43"), "The source is in the internal subsystem that watches network load balancers"}, {d.at("22:01"), "All services operate normally"},
		},
		Phases: []Phase{
			{Name: "baseline", Start: d.at("05:40"), End: d.at("06:48")},
			{Name: "peak", Start: d.at("06:48"), End: d.at("09:25"), Story: "no new connection to DynamoDB", Effects: []Effect{
				{On: OriginErrors, Kinds: hit, Status: 503, JoinOver: 4 * time.Minute, Curve: Curve{d.p("06:48", 0.06), d.p("06:51", 0.7), d.p("08:15", 0.7), d.p("08:20", 0.6), d.p("09:25", 0.6)}},
				{On: Traffic, Kinds: hit, Curve: Curve{d.p("06:48", 1), d.p("06:55", 1.25), d.p("09:20", 1.1), d.p("09:27", 1.8), d.p("09:50", 1.1), d.p("10:30", 1)}},
				{On: Slowness, Kinds: hit, Curve: Curve{d.p("06:48", 1.5), d.p("06:52", 4), d.p("09:25", 3), d.p("09:40", 1)}},
			}},
			{Name: "partial_recovery", Start: d.at("09:25"), End: d.at("12:30"), Story: "the name resolves again; servers cannot be launched", Effects: []Effect{
				{On: OriginErrors, Kinds: hit, Status: 503, Curve: decay(d.at("09:25"), d.at("09:40"), 0.6, 0.05)},
				{On: OriginErrors, Kinds: []string{scaling}, Status: 503, Curve: Curve{d.p("09:25", 0.05), d.p("11:00", 0.08), d.p("14:00", 0.14), d.p("16:30", 0.1), d.p("17:36", 0.02), d.p("17:40", 0)}},
				{On: Slowness, Kinds: []string{scaling}, Curve: Curve{d.p("09:40", 1.5), d.p("11:30", 3), d.p("17:00", 2.5), d.p("17:40", 1)}},
			}},
			{Name: "second_wave", Start: d.at("12:30"), End: d.at("21:09"), Story: "health checks flap, load balancers drop healthy servers", Effects: []Effect{
				{On: OriginErrors, Kinds: []string{balanced, onDynamo}, Status: 502, Curve: swing(d.at("12:30"), 4*time.Minute+6*time.Second, 40*time.Second,
					"BGBBGBGBGGBBGBGBBGBGBGBBGGBGBBGBGBBGBGBGBBGBGGBGBBGBGBBGBGBG", [2]float64{0.004, 0.015}, [2]float64{0.04, 0.12})},
				{On: OriginErrors, Kinds: []string{balanced, onDynamo}, Status: 502, Curve: decay(d.at("16:36"), d.at("20:50"), 0.04, 0.006)},
				{On: OriginErrors, Kinds: hit, Status: 503, Curve: Curve{d.p("17:37", 0.01), d.p("20:50", 0.008), d.p("21:15", 0.003), d.p("21:20", 0)}},
			}},
			{Name: "recovered", Start: d.at("21:20")},
		},
		Truth: Truth{Incidents: []Expected{{
			StartedAt: d.at("06:48"), MainImpactEnd: d.at("09:33"), EndedAt: d.at("21:20"),
			FirstService: "", Members: members(services, hit...),
			Phases: []string{"first_spike", "cascade", "peak", "partial_recovery", "residual", "recovered"},
		}}},
	}
}
