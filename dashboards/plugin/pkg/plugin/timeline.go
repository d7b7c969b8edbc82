package plugin

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"
)

// phase is a state of a service on the timeline, as a number so that panels map and sort it.
type phase = int8

// The first phases; phases has them all.
const (
	normal phase = iota
	firstSpike
	cascade
)

// phases are the states beside normal: number, name as stored, words and colour.
// The colours are those of the dashboards, which people with any colour vision tell apart.
var phases = []struct {
	name, words, color string
}{
	{"normal", "Normal", "#5F6B7A"},
	{"first_spike", "First spike", "#F0E442"},
	{"cascade", "Cascade", "#E69F00"},
	{"peak", "Peak", "#D55E00"},
	{"fluctuating", "Fluctuating", "#CC79A7"},
	{"partial_recovery", "Partial recovery", "#56B4E9"},
	{"relapse", "Relapse", "#882255"},
	{"residual", "Residual", "#0072B2"},
	{"recovered", "Recovered", "#009E73"},
}

var recovered = phase(len(phases) - 1)

func phaseNamed(name string) (phase, bool) {
	i := slices.IndexFunc(phases, func(p struct{ name, words, color string }) bool { return p.name == name })
	return phase(i), i > 0
}

// phaseMappings turn the numbers into words and colours.
func phaseMappings() data.ValueMappings {
	m := data.ValueMapper{}
	for i, p := range phases {
		m[strconv.Itoa(i)] = data.ValueMappingResult{Text: p.words, Color: p.color, Index: i}
	}
	return data.ValueMappings{m}
}

// member is one service in one incident. Zero times are not over yet.
type member struct {
	incident, service  string
	joined, left, over time.Time
}

// turn is a change of an incident's phase.
type turn struct {
	at      time.Time
	phase   phase
	service string // the one concerned, or empty for all
}

// timelineFrame gives one field a service, with its phase at every moment at
// which any of them changes. It ends at the horizon: what the judge has not
// seen is unknown, not a state that goes on.
func timelineFrame(members []member, turns map[string][]turn, q query, horizon time.Time) *data.Frame {
	from, until := q.From, q.To
	if horizon.Before(until) {
		until = horizon
	}
	services := rowsOf(members, q.Services)
	frame := data.NewFrame("phases", data.NewField("time", nil, []time.Time{}))
	frame.Meta = &data.FrameMeta{Type: data.FrameTypeTimeSeriesWide, TypeVersion: data.FrameTypeVersion{0, 1}, PreferredVisualization: ""}
	if len(services) == 0 || !from.Before(until) {
		return frame
	}
	moments := momentsOf(members, turns, from, until)
	times := append(slices.Clone(moments), until)
	frame.Fields[0] = data.NewField("time", nil, times)
	for _, service := range services {
		values := make([]*int8, len(times)) // the last one stays nil, which ends the bar
		for i, at := range moments {
			value := stateAt(service, at, members, turns)
			values[i] = &value
		}
		field := data.NewField("phase", data.Labels{"service": service}, values)
		field.Config = &data.FieldConfig{DisplayNameFromDS: service, Mappings: phaseMappings(), Custom: map[string]any{"lineInterpolation": "stepAfter"}} // as Explore draws it
		frame.Fields = append(frame.Fields, field)
	}
	return frame
}

// rowsOf gives the services in the order in which they were hit, then those that were chosen and are well.
func rowsOf(members []member, chosen []string) []string {
	var services []string
	for _, m := range members {
		if !slices.Contains(services, m.service) {
			services = append(services, m.service)
		}
	}
	for _, service := range slices.Sorted(slices.Values(chosen)) {
		if !slices.Contains(services, service) {
			services = append(services, service)
		}
	}
	return services
}

// momentsOf gives the start of the range and every change within, in order.
func momentsOf(members []member, turns map[string][]turn, from, until time.Time) []time.Time {
	at := map[time.Time]bool{from: true}
	add := func(t time.Time) {
		if t.After(from) && t.Before(until) {
			at[t] = true
		}
	}
	for _, m := range members {
		add(m.joined)
		add(m.left)
		add(m.over)
		for _, t := range turns[m.incident] {
			add(t.at)
		}
	}
	return slices.SortedFunc(maps.Keys(at), time.Time.Compare)
}

// stateAt is the phase of the latest incident that the service is in.
func stateAt(service string, at time.Time, members []member, turns map[string][]turn) phase {
	state := normal
	var since time.Time
	for _, m := range members {
		if m.service != service || m.joined.Before(since) {
			continue
		}
		if p := m.stateAt(at, turns[m.incident]); p != normal {
			state, since = p, m.joined
		}
	}
	return state
}

func (m member) stateAt(at time.Time, turns []turn) phase {
	switch {
	case at.Before(m.joined), reached(m.over, at):
		return normal
	case reached(m.left, at):
		return recovered
	}
	state := firstSpike
	for _, t := range turns {
		if !t.at.After(at) && t.concerns(m.service, state) {
			state = t.phase
		}
	}
	return state
}

// concerns tells whether the turn moves a service on. One that joins late is
// news for itself; the others go back to cascade no more.
func (t turn) concerns(service string, state phase) bool {
	if t.phase <= cascade {
		return t.service == service || state < t.phase
	}
	return t.service == "" || t.service == service
}

func reached(end, at time.Time) bool { return !end.IsZero() && !at.Before(end) }

// membersOf and turnsOf read the rows of selectTimeline.
func membersOf(f *data.Frame) []member {
	members := make([]member, f.Rows())
	for i := range members {
		members[i] = member{incident: text(f, 0, i), service: text(f, 1, i), joined: moment(f, 2, i), left: moment(f, 3, i), over: moment(f, 4, i)}
	}
	return members
}

func turnsOf(f *data.Frame) (map[string][]turn, error) {
	turns := map[string][]turn{}
	for i := range f.Rows() {
		p, known := phaseNamed(text(f, 2, i))
		if !known {
			return nil, fmt.Errorf("incident %s has the event %q, which this plugin does not know: install the plugin of the same release as spikeline", text(f, 0, i), text(f, 2, i))
		}
		id := text(f, 0, i)
		turns[id] = append(turns[id], turn{moment(f, 1, i), p, text(f, 3, i)})
	}
	return turns, nil
}

func text(f *data.Frame, field, row int) string {
	s, ok := f.Fields[field].ConcreteAt(row)
	if !ok {
		return ""
	}
	return s.(string)
}

// moment reads a time; NULL and 1970, as ClickHouse keeps unknown ones, are the zero time.
func moment(f *data.Frame, field, row int) time.Time {
	t, ok := f.Fields[field].ConcreteAt(row)
	if !ok || t.(time.Time).Unix() == 0 {
		return time.Time{}
	}
	return t.(time.Time).UTC()
}
