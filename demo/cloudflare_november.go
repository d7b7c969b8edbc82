package demo

import "time"

// Kinds of services in the scripts of Cloudflare's outages.
const (
	onFL2     = "fl2"       // served by the new proxy
	onFL      = "fl"        // served by the old proxy
	turnstile = "turnstile" // bot challenges, part of many sites' login
	kv        = "kv"        // Workers KV and what is built on it
	access    = "access"
	dashboard = "dashboard"
	reporter  = "reporter" // the site where people report outages, itself behind the edge
)

const ms = time.Millisecond

func cloudflareServices() []Service {
	return []Service{
		{"x.com", onFL2, 19, 48 * ms, 2e-4}, {"chatgpt.com", onFL2, 14, 130 * ms, 8e-4},
		{"discord.com", onFL2, 10.5, 40 * ms, 3e-4}, {"spotify.com", onFL2, 9, 36 * ms, 1e-4},
		{"canva.com", onFL2, 7.6, 75 * ms, 4e-4}, {"shopify.com", onFL2, 6.8, 62 * ms, 2e-4},
		{"api.openai.com", onFL2, 6.5, 420 * ms, 1.5e-3}, {"challenges.cloudflare.com", turnstile, 6, 14 * ms, 1e-4},
		{"claude.ai", onFL2, 5.2, 150 * ms, 7e-4}, {"uber.com", onFL2, 4.6, 90 * ms, 3e-4},
		{"leagueoflegends.com", onFL2, 3.9, 38 * ms, 2e-4}, {"medium.com", onFL, 3.6, 70 * ms, 4e-4},
		{"zoom.us", onFL2, 3.3, 55 * ms, 1e-4}, {"indeed.com", onFL2, 3.0, 120 * ms, 5e-4},
		{"coinbase.com", onFL2, 2.8, 85 * ms, 3e-4}, {"patreon.com", onFL2, 2.5, 110 * ms, 8e-4},
		{"grindr.com", onFL2, 2.3, 60 * ms, 4e-4}, {"workers-kv.cloudflare.com", kv, 2.2, 9 * ms, 5e-5},
		{"udemy.com", onFL, 2.0, 140 * ms, 9e-4}, {"downdetector.com", reporter, 1.9, 95 * ms, 6e-4},
		{"letterboxd.com", onFL2, 1.7, 105 * ms, 1e-3}, {"character.ai", onFL2, 1.6, 180 * ms, 1.2e-3},
		{"perplexity.ai", onFL2, 1.5, 210 * ms, 9e-4}, {"feedly.com", onFL, 1.4, 65 * ms, 2e-4},
		{"access.cloudflare.com", access, 1.3, 28 * ms, 1e-4}, {"dayforce.com", onFL2, 1.2, 130 * ms, 5e-4},
		{"bet365.com", onFL2, 1.1, 58 * ms, 2e-4}, {"quizlet.com", onFL2, 1.05, 80 * ms, 3e-4},
		{"trello.com", onFL2, 0.95, 72 * ms, 4e-4}, {"npmjs.com", onFL2, 0.9, 45 * ms, 1e-4},
		{"dash.cloudflare.com", dashboard, 0.85, 90 * ms, 4e-4}, {"moodle.org", onFL, 0.75, 160 * ms, 2e-3},
		{"njtransit.com", onFL2, 0.7, 145 * ms, 2.5e-3}, {"archiveofourown.org", onFL2, 0.65, 220 * ms, 1.8e-3},
		{"vinted.com", onFL2, 0.6, 78 * ms, 3e-4}, {"axios.com", onFL, 0.55, 60 * ms, 2e-4},
		{"truthsocial.com", onFL2, 0.5, 115 * ms, 1.5e-3}, {"pagerduty.com", onFL2, 0.45, 70 * ms, 1e-4},
		{"jobvite.com", onFL2, 0.4, 170 * ms, 3e-3}, {"itch.io", onFL2, 0.35, 125 * ms, 4e-3},
		{"sentry.io", onFL2, 0.32, 50 * ms, 1e-4}, {"tinyletter.com", onFL2, 0.3, 190 * ms, 5e-3},
	}
}

// cloudflareNovember is the outage of 18 November 2025: a doubled feature file
// makes the new proxy (FL2) panic. A query that makes the file anew every five
// minutes hits good and bad database nodes, so the network recovers and fails in turn.
func cloudflareNovember() *Scenario {
	d := onDay(2025, time.November, 18)
	services := cloudflareServices()
	failing := []string{onFL2, turnstile, kv, access, dashboard, reporter}
	swings := swing(d.at("11:28"), 5*time.Minute, time.Minute, "BGBGBBGBGBBGBBGBBB", [2]float64{0.01, 0.03}, [2]float64{0.60, 0.85})
	return &Scenario{
		Name:  "cloudflare-2025-11-18",
		Story: "one service surges, then the edge fails in five-minute swings for an hour and a half, stays down until a fix, and drags a long tail",
		Sources: []string{
			"Cloudflare outage on November 18, 2025 (The Cloudflare Blog)",
			"Cloudflare status history, November 2025",
			"Cloudflare outage analysis: November 18, 2025 (ThousandEyes)",
		},
		Start: d.at("10:20"), End: d.at("18:00"),
		Services: services, Pops: world(), Habits: 0.5,
		Announced: []Notice{
			{d.at("11:48"), "Cloudflare is experiencing an internal service degradation"},
			{d.at("12:03"), "Investigating"}, {d.at("12:21"), "Services are recovering, error rates remain higher than normal"},
			{d.at("13:09"), "The issue has been identified and a fix is being implemented"},
			{d.at("13:13"), "Access and WARP have recovered"}, {d.at("14:34"), "The dashboard is back"},
			{d.at("14:42"), "A fix has been implemented"}, {d.at("17:14"), "Services operate normally"}, {d.at("19:28"), "Resolved"},
		},
		Phases: []Phase{
			{Name: "baseline", Start: d.at("10:20"), End: d.at("11:20"), Story: "a permission change at 11:05 lies dormant"},
			{Name: "first_spike", Start: d.at("11:20"), End: d.at("11:28"), Story: "unusual traffic to the challenge service, its first errors", Effects: []Effect{
				{On: Traffic, Kinds: []string{turnstile}, Curve: Curve{d.p("11:20", 4.2), d.p("11:24", 4.8), d.p("11:32", 4.4), d.p("11:50", 1.8), d.p("12:20", 1.3), d.p("13:00", 1)}},
				{On: EdgeErrors, Kinds: []string{turnstile}, Curve: Curve{d.p("11:20", 0.02), d.p("11:21", 0.05), d.p("11:28", 0.12), d.p("11:38", 0.12)}},
			}},
			{Name: "oscillating", Start: d.at("11:28"), End: d.at("12:58"), Story: "good and bad feature files in turn, every five minutes; services join one after another", Effects: []Effect{
				{On: EdgeErrors, Kinds: failing, Curve: swings, JoinOver: 9 * time.Minute},
				{On: Traffic, Kinds: failing, Curve: Curve{d.p("11:28", 1), d.p("11:32", 1.1), d.p("12:10", 1.35), d.p("13:00", 1.25), d.p("14:24", 0.92), d.p("14:30", 1.3), d.p("16:00", 1.12), d.p("17:06", 1)}},
				{On: Slowness, Kinds: failing, Curve: Curve{d.p("11:28", 1.3), d.p("11:40", 2.5), d.p("13:00", 3), d.p("14:24", 3), d.p("14:30", 2), d.p("15:00", 1.2), d.p("17:06", 1)}},
				{On: Blocked, Kinds: []string{onFL}, Curve: Curve{d.p("11:29", 0), d.p("11:32", 0.38), d.p("14:25", 0.42), d.p("14:31", 0.03), d.p("14:50", 0)}},
				{On: Traffic, Kinds: []string{reporter}, Curve: Curve{d.p("11:29", 1), d.p("11:36", 7), d.p("12:30", 6), d.p("14:20", 4), d.p("15:30", 1.6), d.p("17:00", 1)}},
			}},
			{Name: "stable_failing", Start: d.at("12:58"), End: d.at("14:24"), Story: "every database node makes bad files", Effects: []Effect{
				{On: EdgeErrors, Kinds: []string{onFL2, turnstile, reporter}, Curve: Curve{d.p("12:58", 0.75), d.p("14:24", 0.75), d.p("14:29:30", 0.32), d.p("14:30", 0.03)}},
			}},
			{Name: "bypass", Start: d.at("13:05"), End: d.at("14:24"), Story: "Workers KV and Access bypass the new proxy", Effects: []Effect{
				{On: EdgeErrors, Kinds: []string{kv, access, dashboard}, Curve: Curve{d.p("12:58", 0.6), d.p("13:05", 0.6), d.p("13:10", 0.1), d.p("14:24", 0.1), d.p("14:30", 0.02)}},
			}},
			{Name: "fix", Start: d.at("14:24"), End: d.at("14:30"), Story: "the old feature file is deployed everywhere"},
			{Name: "residual", Start: d.at("14:30"), End: d.at("17:06"), Story: "services restart one by one while the load rushes back", Effects: []Effect{
				{On: EdgeErrors, Kinds: failing, Curve: decay(d.at("14:30"), d.at("17:06"), 0.03, 0.0025)},
			}},
			{Name: "second_dip", Start: d.at("14:40"), End: d.at("15:30"), Story: "a backlog of logins overwhelms the dashboard", Effects: []Effect{
				{On: EdgeErrors, Kinds: []string{dashboard}, Status: 503, Curve: Curve{d.p("14:40", 0), d.p("14:42", 0.35), d.p("15:24", 0.35), d.p("15:30", 0)}},
				{On: Slowness, Kinds: []string{dashboard}, Curve: Curve{d.p("14:40", 1), d.p("14:43", 5), d.p("15:24", 4), d.p("15:30", 1)}},
				{On: Traffic, Kinds: []string{dashboard}, Curve: Curve{d.p("14:38", 1), d.p("14:42", 4), d.p("15:20", 2), d.p("15:30", 1)}},
			}},
			{Name: "recovered", Start: d.at("17:06"), Story: "all back to normal"},
		},
		Truth: Truth{Incidents: []Expected{{
			StartedAt: d.at("11:20"), MainImpactEnd: d.at("14:30"), EndedAt: d.at("17:06"),
			FirstService: "challenges.cloudflare.com",
			Members:      members(services, failing...), Blocked: members(services, onFL),
			Phases: []string{"first_spike", "cascade", "fluctuating", "peak", "residual", "recovered"},
		}}},
	}
}
