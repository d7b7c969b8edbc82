package demo

import (
	"slices"
	"time"
)

// cloudflareDecember is the outage of 5 December 2025: a change that reached
// the whole network in seconds broke every request to customers on the old
// proxy (FL1) with the managed rule set: 28 % of all traffic, for 25 minutes.
func cloudflareDecember() *Scenario {
	const broken = "fl1"
	d := onDay(2025, time.December, 5)
	onFL1 := []string{"canva.com", "shopify.com", "coinbase.com", "zoom.us", "leagueoflegends.com", "indeed.com", "medium.com", "claude.ai"}
	services := cloudflareServices()
	for i := range services {
		services[i].Rate *= 3.5
		services[i].Kind = "other"
		if slices.Contains(onFL1, services[i].Name) {
			services[i].Kind = broken
		}
	}
	return &Scenario{
		Name:    "cloudflare-2025-12-05",
		Story:   "a change reaches the whole network in seconds; 28 % of all requests fail for 25 minutes, then none",
		Sources: []string{"Cloudflare outage on December 5, 2025 (The Cloudflare Blog)"},
		Start:   d.at("07:40"), End: d.at("10:20"),
		Services: services, Pops: world(), Habits: 0.5,
		Announced: []Notice{
			{d.at("08:50"), "Incident declared on automatic alerts"},
			{d.at("08:56"), "Investigating issues with the dashboard and APIs"}, {d.at("09:12"), "A fix has been implemented"},
			{d.at("09:20"), "Resolved"},
		},
		Phases: []Phase{
			{Name: "baseline", Start: d.at("07:40"), End: d.at("08:47")},
			{Name: "peak", Start: d.at("08:47"), End: d.at("09:11"), Story: "every request to the services concerned is answered 500", Effects: []Effect{
				{On: EdgeErrors, Kinds: []string{broken}, Status: 500, Curve: Curve{d.p("08:47", 0.05), d.p("08:48", 1), d.p("09:11", 1), d.p("09:11:55", 0.12), d.p("09:12", 0)}},
				{On: Traffic, Kinds: []string{broken}, Curve: Curve{d.p("08:47", 1), d.p("08:50", 1.12), d.p("09:11", 1.05), d.p("09:13", 1.25), d.p("09:25", 1)}},
			}},
			{Name: "fix", Start: d.at("09:11"), End: d.at("09:12"), Story: "the change is reverted"},
			{Name: "recovered", Start: d.at("09:12")},
		},
		Truth: Truth{Incidents: []Expected{{
			StartedAt: d.at("08:47"), MainImpactEnd: d.at("09:12"), EndedAt: d.at("09:12"),
			FirstService: "", Members: members(services, broken),
			Phases: []string{"first_spike", "peak", "recovered"},
		}}},
	}
}
