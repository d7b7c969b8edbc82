//go:build wire

package docs

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

const (
	november = "20251118-112000-challenges.cloudflare.com"
	december = "20251205-084700-canva.com"
)

type check = func(*testing.T, answer)

// checks are what the log lines themselves say to each question.
func (g *truth) checks(t *testing.T) map[string]check {
	return map[string]check{
		"Which services were down longest this month?":    same(g.downLongest(t)),
		"Was it us or the origin?":                        same(g.usOrOrigin(t)),
		"What did this incident cost in requests?":        g.cost,
		"Which pop recovers last?":                        same(g.lastPops(t)),
		"How much of the quarter's error budget is left?": same(g.budget(t)),
		"How do two incidents compare?":                   g.compare,
		"What spiked first, and what did it pull down?":   g.cascade,
		"Who still suffers?":                              g.suffering,
		"Which services moved most?":                      same(g.movers(t)),
		"How did the cache do, before and during?":        same(g.cache(t)),
		"What was the latency, before and during?":        g.latency,
		"Which windows are incomplete?":                   g.complete,
		"What was rejected, and why?":                     same(g.rejects()),
		"How many records came late?":                     same(g.lateness()),
		"Does the ledger balance?":                        same(g.ledger()),
		"Which status codes were the errors?":             same(g.codes(t)),
		"What was the availability, hour by hour?":        same(g.hours(t)),
		"When were two services down together?":           same(g.overlap(t)),
		"How fast do we detect, month by month?":          g.detection,
		"Which critical signals belong to no incident?":   g.signals,
		"What was the worst moment?":                      same(g.worst(t)),
		"Who was spared?":                                 same(g.spared(t)),
	}
}

func service(r request) string { return r.service }

func minute(r request) string { return r.at.Truncate(time.Minute).Format(time.DateTime) }

func (g *truth) downLongest(t *testing.T) (rows []string) {
	type down struct {
		service, first, last string
		minutes, failed      int
	}
	found := map[string]*down{}
	all := g.by(during(t, "2025-11-01 00:00:00", "2025-12-01 00:00:00"), func(r request) string { return minute(r) + "|" + r.service })
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if all[key].failed*2 < all[key].asked {
			continue
		}
		at, name, _ := strings.Cut(key, "|")
		if found[name] == nil {
			found[name] = &down{service: name, first: at}
		}
		found[name].last = at
		found[name].minutes++
		found[name].failed += all[key].failed
	}
	order := func(a, b *down) int { return cmp.Or(b.minutes-a.minutes, strings.Compare(a.service, b.service)) }
	for _, d := range firsts(slices.Collect(maps.Values(found)), 5, order) {
		rows = append(rows, fmt.Sprint(d.service, " ", d.minutes, " ", d.first, " ", d.last, " ", d.failed))
	}
	return rows
}

// members are the services of an incident, and its time.
func (g *truth) members(t *testing.T, id string) func(request) bool {
	t.Helper()
	rows := g.ask(t, "SELECT service, i.started_at, i.ended_at FROM spikeline.incident_members INNER JOIN spikeline.incidents AS i USING (incident_id) WHERE incident_id = '"+id+"'").rows
	if len(rows) == 0 {
		t.Fatalf("no incident %s", id)
	}
	in := during(t, rows[0][1], rows[0][2])
	return func(r request) bool {
		return in(r) && slices.ContainsFunc(rows, func(row []string) bool { return row[0] == r.service })
	}
}

func (g *truth) usOrOrigin(t *testing.T) []string {
	member := g.members(t, december)
	sides := g.by(member, func(r request) string { return strconv.FormatBool(r.origin < 500) })
	edge, origin := sides["true"].failed, sides["false"].failed
	return []string{fmt.Sprint(edge, " ", origin, " ", rounded(100*float64(edge)/float64(edge+origin), 2))}
}

func (g *truth) cost(t *testing.T, a answer) {
	for i, id := range []string{november, december} {
		n := g.by(g.members(t, id), func(request) string { return "" })[""]
		want := fmt.Sprint(n.failed, " ", n.asked, " ", rounded(100*float64(n.failed)/float64(n.asked), 1))
		if got := strings.Join(a.rows[i][2:], " "); got != want {
			t.Errorf("%s: %s, want %s", id, got, want)
		}
		near(t, a.rows[i][1], n.failed, 0.02)
	}
}

// near wants a number that is at most so much below or above another.
func near(t *testing.T, got string, want int, tolerance float64) {
	t.Helper()
	n, err := strconv.ParseFloat(got, 64)
	if err != nil || n < float64(want)*(1-tolerance) || n > float64(want)*(1+tolerance) {
		t.Errorf("%s, want %d within %v %%", got, want, tolerance*100)
	}
}

func (g *truth) lastPops(t *testing.T) (rows []string) {
	type bad struct {
		pop, last string
		minutes   int
	}
	found := map[string]*bad{}
	in := during(t, "2025-11-18 11:20:00", "2025-11-18 18:00:00")
	all := g.by(in, func(r request) string { return minute(r) + "|" + r.pop })
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if all[key].failed*10 < all[key].asked {
			continue
		}
		at, pop, _ := strings.Cut(key, "|")
		if found[pop] == nil {
			found[pop] = &bad{pop: pop}
		}
		found[pop].last = when(t, at).Add(time.Minute).Format(time.DateTime)
		found[pop].minutes++
	}
	order := func(a, b *bad) int {
		return cmp.Or(strings.Compare(b.last, a.last), b.minutes-a.minutes, strings.Compare(a.pop, b.pop))
	}
	for _, b := range firsts(slices.Collect(maps.Values(found)), 5, order) {
		rows = append(rows, fmt.Sprint(b.pop, " ", b.last, " ", b.minutes))
	}
	return rows
}

func (g *truth) budget(t *testing.T) (rows []string) {
	all := g.by(during(t, "2025-10-01 00:00:00", "2026-01-01 00:00:00"), service)
	maps.DeleteFunc(all, func(_ string, c tally) bool { return c.asked < 10000 })
	left := func(s string) float64 { return 100 * (1 - float64(all[s].failed)/(float64(all[s].asked)*0.001)) }
	order := func(a, b string) int { return cmp.Or(cmp.Compare(left(b), left(a)), strings.Compare(a, b)) }
	for _, s := range firsts(slices.Collect(maps.Keys(all)), 8, order) {
		rows = append(rows, fmt.Sprint(s, " ", all[s].asked, " ", all[s].failed, " ", rounded(left(s), 1)))
	}
	return rows
}

// compare holds against the scripts of the outages: 11:20 to 14:30 and 08:47 to 09:12, and the log's failures.
func (g *truth) compare(t *testing.T, a answer) {
	for i, want := range []struct {
		id                string
		services, minutes int
	}{{november, 41, 190}, {december, 8, 25}} {
		row := a.rows[i]
		if row[0] != want.id || row[1] != "critical" || row[2] != fmt.Sprint(want.services) {
			t.Errorf("%v", row)
		}
		near(t, row[4], want.minutes, 0.05)
		near(t, row[6], g.by(g.members(t, want.id), func(request) string { return "" })[""].failed, 0.02)
		peak := 0.0
		for _, c := range g.by(g.members(t, want.id), minute) {
			peak = max(peak, 100*float64(c.failed)/float64(c.asked))
		}
		near(t, row[7], int(peak), 0.1)
	}
}

func (g *truth) cascade(t *testing.T, a answer) {
	if a.rows[0][1] != "challenges.cloudflare.com" || a.rows[0][2] != "2025-11-18 11:20:00" {
		t.Errorf("the outage begins with %v", a.rows[0])
	}
	for _, row := range a.rows {
		in := during(t, row[2], "2025-11-18 18:00:00")
		n := g.by(func(r request) bool { return r.service == row[1] && in(r) }, service)[row[1]]
		near(t, row[4], n.failed, 0.05)
	}
}

func (g *truth) suffering(t *testing.T, a answer) {
	after := during(t, "2025-11-18 16:00:00", "2025-11-18 16:50:00")
	failing := g.by(after, service)
	for _, row := range a.rows {
		if failing[row[0]].failed == 0 {
			t.Errorf("%s is said to suffer, but nothing of it fails", row[0])
		}
		delete(failing, row[0])
	}
	for name, c := range failing {
		if c.failed*50 > c.asked && c.failed > 10 {
			t.Errorf("%s fails %d of %d times, but is not said to suffer", name, c.failed, c.asked)
		}
	}
}

func (g *truth) movers(t *testing.T) (rows []string) {
	before := g.by(during(t, "2025-11-18 12:00:00", "2025-11-18 13:00:00"), service)
	after := g.by(during(t, "2025-11-18 13:00:00", "2025-11-18 14:00:00"), service)
	maps.DeleteFunc(before, func(_ string, c tally) bool { return c.asked < 1000 })
	percent := func(c tally) string { return rounded(100*float64(c.failed)/float64(c.asked), 2) }
	moved := func(s string) float64 {
		a, _ := strconv.ParseFloat(percent(after[s]), 64)
		b, _ := strconv.ParseFloat(percent(before[s]), 64)
		return a - b
	}
	order := func(a, b string) int { return cmp.Or(cmp.Compare(moved(b), moved(a)), strings.Compare(a, b)) }
	for _, s := range firsts(slices.Collect(maps.Keys(before)), 5, order) {
		factor := rounded(float64(after[s].asked)/float64(before[s].asked), 2)
		rows = append(rows, fmt.Sprint(s, " ", percent(before[s]), " ", percent(after[s]), " ", factor))
	}
	return rows
}

// phase names the time before and during November's outage.
func phase(r request) string {
	if r.at.Format(time.DateTime) < "2025-11-18 11:20:00" {
		return "before"
	}
	return "during"
}

func (g *truth) cache(t *testing.T) (rows []string) {
	in := during(t, "2025-11-18 10:20:00", "2025-11-18 14:30:00")
	all := g.by(in, phase)
	hits := g.by(func(r request) bool {
		return in(r) && slices.Contains([]string{"hit", "stale", "updating", "revalidated", "stream_hit"}, r.cache)
	}, phase)
	for _, p := range []string{"before", "during"} {
		rows = append(rows, fmt.Sprint(p, " ", all[p].asked, " ", hits[p].asked, " ", rounded(100*float64(hits[p].asked)/float64(all[p].asked), 2)))
	}
	return rows
}

// latency wants the exact quantiles of all requests, within the sketch's 3.1 % and the answer's rounding.
func (g *truth) latency(t *testing.T, a answer) {
	in := during(t, "2025-11-18 10:20:00", "2025-11-18 14:30:00")
	micros := map[string][]int64{}
	for _, r := range g.requests {
		if in(r) {
			micros[phase(r)] = append(micros[phase(r)], r.micros)
		}
	}
	for _, row := range a.rows {
		all := micros[row[0]]
		slices.Sort(all)
		for i, text := range strings.Fields(strings.Trim(row[1], "[]")) {
			exact := all[int([]float64{0.5, 0.95, 0.99}[i]*float64(len(all)))]
			got, err := strconv.ParseFloat(text, 64)
			if off := got*1000/float64(exact) - 1; err != nil || off > 0.033 || off < -0.033 {
				t.Errorf("%s: %s ms, want %v µs within 3.1 %%", row[0], text, exact)
			}
		}
	}
}

func (g *truth) complete(t *testing.T, a answer) {
	for _, row := range a.rows {
		in := func(r request) bool { return r.run == row[0] }
		cell := func(r request) string { return fmt.Sprint(r.window().Unix(), r.service, "|", r.pop) }
		cells := len(g.by(in, cell))
		late := len(g.by(func(r request) bool { return in(r) && r.late }, cell))
		if row[1] != "0" || row[2] != "0" || row[4] != fmt.Sprint(cells) || row[5] != row[4] {
			t.Errorf("%v, want %d windows, all of them final", row, cells)
		}
		if revised, err := strconv.Atoi(row[3]); err != nil || revised < late || revised > cells {
			t.Errorf("%v: %d windows have late records", row, late)
		}
	}
}

func (g *truth) rejects() (rows []string) {
	for _, reason := range slices.Sorted(maps.Keys(g.rejected["december"])) {
		rows = append(rows, fmt.Sprint(reason, " ", g.rejected["december"][reason]))
	}
	return rows
}

func (g *truth) lateness() (rows []string) {
	for _, run := range []string{"december", "november"} {
		late := g.by(func(r request) bool { return r.run == run && r.late }, func(request) string { return "" })[""]
		rows = append(rows, fmt.Sprint(run, " ", late.asked, " ", g.tooLate[run]))
	}
	return rows
}

func (g *truth) ledger() (rows []string) {
	for _, run := range []string{"december", "november"} {
		counted := g.by(func(r request) bool { return r.run == run }, func(request) string { return "" })[""].asked
		rejected := 0
		for _, n := range g.rejected[run] {
			rejected += n
		}
		rows = append(rows, fmt.Sprint(run, " ", g.read[run], " ", counted, " ", g.tooLate[run], " ", rejected, " 0 0 0"))
	}
	return rows
}

func (g *truth) codes(t *testing.T) (rows []string) {
	all := g.by(during(t, "2025-12-05 08:47:00", "2025-12-05 09:12:00"), func(r request) string { return fmt.Sprint(r.status) })
	maps.DeleteFunc(all, func(_ string, c tally) bool { return c.failed == 0 })
	order := func(a, b string) int { return cmp.Or(all[b].failed-all[a].failed, strings.Compare(a, b)) }
	for _, code := range firsts(slices.Collect(maps.Keys(all)), len(all), order) {
		rows = append(rows, fmt.Sprint(code, " ", all[code].failed))
	}
	return rows
}

func (g *truth) hours(t *testing.T) (rows []string) {
	in := during(t, "2025-11-18 00:00:00", "2025-11-19 00:00:00")
	all := g.by(func(r request) bool { return in(r) && r.service == "claude.ai" }, func(r request) string { return r.at.Truncate(time.Hour).Format(time.DateTime) })
	for _, hour := range slices.Sorted(maps.Keys(all)) {
		c := all[hour]
		rows = append(rows, fmt.Sprint(hour, " ", c.asked, " ", rounded(100*(1-float64(c.failed)/float64(c.asked)), 3)))
	}
	return rows
}

func (g *truth) overlap(t *testing.T) []string {
	in := during(t, "2025-11-18 00:00:00", "2025-11-19 00:00:00")
	of := func(name string) map[string]tally {
		down := g.by(func(r request) bool { return r.service == name && in(r) }, minute)
		maps.DeleteFunc(down, func(_ string, c tally) bool { return c.failed*2 < c.asked })
		return down
	}
	a, b, both := of("claude.ai"), of("x.com"), 0
	for at := range a {
		if _, too := b[at]; too {
			both++
		}
	}
	return []string{fmt.Sprint(len(a), " ", len(b), " ", both)}
}

// detection: one incident each month, seen within two minutes of the onset that the script has.
func (g *truth) detection(t *testing.T, a answer) {
	if len(a.rows) != 2 {
		t.Fatalf("%v", a.rows)
	}
	for i, month := range []string{"2025-11-01", "2025-12-01"} {
		row := a.rows[i]
		if seconds, err := strconv.Atoi(row[2]); err != nil || row[0] != month || row[1] != "1" || row[2] != row[3] || seconds <= 0 || seconds > 120 {
			t.Errorf("%v", row)
		}
	}
}

// signals joins by hand what the answer joins in SQL.
func (g *truth) signals(t *testing.T, a answer) {
	members := g.ask(t, "SELECT service, started_at, ended_at FROM spikeline.incident_members")
	in, none := 0, 0
	for _, s := range g.ask(t, "SELECT DISTINCT service, pop, kind, onset, window_start FROM spikeline.signals WHERE opened AND severity = 'critical' AND service != ''").rows {
		if slices.ContainsFunc(members.rows, func(m []string) bool { return m[0] == s[0] && s[3] <= m[2] && s[4] >= m[1] }) {
			in++
		} else {
			none++
		}
	}
	same([]string{fmt.Sprint(in, " ", none)})(t, a)
}

func (g *truth) worst(t *testing.T) (rows []string) {
	all := g.by(during(t, "2025-11-18 00:00:00", "2025-11-19 00:00:00"), func(r request) string { return r.window().Format(time.DateTime) })
	order := func(a, b string) int { return cmp.Or(all[b].failed-all[a].failed, strings.Compare(a, b)) }
	for _, w := range firsts(slices.Collect(maps.Keys(all)), 3, order) {
		rows = append(rows, fmt.Sprint(w, " ", all[w].asked, " ", all[w].failed, " ", rounded(100*float64(all[w].failed)/float64(all[w].asked), 1)))
	}
	return rows
}

func (g *truth) spared(t *testing.T) (rows []string) {
	all := g.by(during(t, "2025-12-05 08:47:00", "2025-12-05 09:12:00"), service)
	maps.DeleteFunc(all, func(_ string, c tally) bool { return c.asked < 1000 || c.failed*100 >= c.asked })
	order := func(a, b string) int { return cmp.Or(all[b].asked-all[a].asked, strings.Compare(a, b)) }
	for _, s := range firsts(slices.Collect(maps.Keys(all)), 5, order) {
		rows = append(rows, fmt.Sprint(s, " ", all[s].asked, " ", all[s].failed))
	}
	return rows
}
