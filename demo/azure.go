package demo

import "time"

// azureOctober is the outage of Azure Front Door on 29 October 2025: a bad
// configuration takes the edge down pop by pop; its load moves to the pops
// that still stand; the last good configuration is rolled out ring by ring.
func azureOctober() *Scenario {
	const portal = "portal"
	d := onDay(2025, time.October, 29)
	services := fleet(100, 1.1,
		group{"microsoft", []string{"outlook.office.com", "microsoft.com", "xbox.com", "minecraft.net", "teams.microsoft.com", "login.entra.example", "copilot.microsoft.com", "learn.microsoft.com"}},
		group{portal, []string{"portal.azure.com", "admin.microsoft.com"}},
		group{"customers", []string{"starbucks.com", "costco.com", "alaskaair.com", "heathrow.com", "kroger.com", "capitalone.com", "asda.com", "natwest.com", "vodafone.co.uk", "hawaiianairlines.com",
			"parliament.scot", "ns.nl", "zara.com", "walgreens.com", "dairyqueen.com", "jenkins.io", "canadapost.ca", "unimed.coop.br"}},
	)
	for i := range services {
		if services[i].ErrorRate > 1e-3 {
			services[i].ErrorRate /= 4
		}
	}
	healthy := []string{"SEA", "DEN", "MEX", "EZE", "ARN", "WAW", "JNB", "DXB", "HKG", "SYD"}
	failing := popsExcept(world(), healthy...)
	join, leave := 9*time.Minute, 4*time.Hour+30*time.Minute
	return &Scenario{
		Name:  "azure-2025-10-29",
		Story: "the edge fails pop by pop, its load moves to the pops that still stand, and recovers in rings over five hours",
		Sources: []string{
			"Azure Front Door connectivity issues, tracking id YKYN-BWZ, post incident review (Azure status history)",
			"Azure Front Door outage analysis: October 29, 2025 (ThousandEyes)",
		},
		Start: d.at("14:30"), End: d.at("+1 00:50"),
		Services: services, Pops: world(), Habits: 0.5,
		Announced: []Notice{
			{d.at("16:18"), "Investigating an issue with Azure Front Door"}, {d.at("17:20"), "Configuration changes are blocked"},
			{d.at("17:30"), "The portal has failed away from Azure Front Door"}, {d.at("18:30"), "The last known good configuration is being deployed"},
			{d.at("+1 00:05"), "Mitigated"},
		},
		Phases: []Phase{
			{Name: "baseline", Start: d.at("14:30"), End: d.at("15:41")},
			{Name: "cascade", Start: d.at("15:41"), End: d.at("15:50"), Story: "pops crash some minutes after they load the configuration", Effects: []Effect{
				{On: EdgeErrors, Kinds: []string{"microsoft", "customers"}, Pops: failing, PopsJoin: join, PopsLeave: leave, Status: 504, Curve: Curve{d.p("15:41", 0.55), d.p("15:50", 0.65), d.p("17:30", 0.6), d.p("18:30", 0.5), d.p("23:20", 0.4)}},
				{On: EdgeErrors, Kinds: []string{portal}, Pops: failing, PopsJoin: join, Status: 504, Curve: Curve{d.p("15:41", 0.55), d.p("15:50", 0.65), d.p("17:25", 0.6), d.p("17:32", 0.02), d.p("17:50", 0)}},
				{On: Slowness, Pops: failing, PopsJoin: join, PopsLeave: leave, Curve: Curve{d.p("15:41", 6), d.p("15:50", 8), d.p("18:30", 6), d.p("23:20", 3)}},
				{On: Traffic, Pops: failing, PopsJoin: join, PopsLeave: leave, Curve: Curve{d.p("15:41", 0.9), d.p("15:55", 0.72), d.p("18:30", 0.75), d.p("23:20", 0.85)}},
			}},
			{Name: "fluctuating", Start: d.at("15:50"), End: d.at("18:30"), Story: "load amplifies on the healthy pops", Effects: []Effect{
				{On: Traffic, Pops: healthy, Curve: Curve{d.p("15:43", 1), d.p("15:55", 1.5), d.p("18:30", 1.5), d.p("23:00", 1)}},
				{On: EdgeErrors, Pops: healthy, Status: 502, Curve: swing(d.at("15:50"), 7*time.Minute, time.Minute, "BGBGGBBGBGBGGBGBBGBGBG", [2]float64{0.005, 0.02}, [2]float64{0.05, 0.2})},
			}},
			{Name: "partial_recovery", Start: d.at("18:30"), End: d.at("23:20"), Story: "the last known good configuration is deployed ring by ring"},
			{Name: "residual", Start: d.at("23:20"), End: d.at("+1 00:05"), Story: "the last nodes come back", Effects: []Effect{
				{On: EdgeErrors, Kinds: []string{"microsoft", "customers"}, Status: 502, Curve: decay(d.at("23:20"), d.at("+1 00:05"), 0.02, 0.003)},
			}},
			{Name: "recovered", Start: d.at("+1 00:05")},
		},
		Truth: Truth{Incidents: []Expected{{
			StartedAt: d.at("15:41"), MainImpactEnd: d.at("22:09"), EndedAt: d.at("+1 00:05"),
			FirstService: "", Members: members(services),
			Phases: []string{"first_spike", "cascade", "peak", "partial_recovery", "residual", "recovered"},
		}}},
	}
}
