package cli

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/fatih/color"

	"github.com/spikeline/spikeline/processor"
	"github.com/spikeline/spikeline/processor/incident"
)

// timeline prints incident events as they come, and keeps the newest state of
// every incident and event for what is printed at the end.
type timeline struct {
	out       io.Writer
	colour    bool
	incidents map[string]incident.Incident
	order     []string // ids as they came
	events    map[string][]incident.Event
	day       string
}

func newTimeline(out io.Writer, colour bool) *timeline {
	return &timeline{out: out, colour: colour, incidents: map[string]incident.Incident{}, events: map[string][]incident.Event{}}
}

// learn takes a batch. live prints what is new in it.
func (t *timeline) learn(b processor.Batch, live bool) {
	for _, in := range b.Incidents {
		if _, known := t.incidents[in.ID]; !known {
			t.order = append(t.order, in.ID)
		}
		t.incidents[in.ID] = in
	}
	for _, e := range b.Events {
		if t.keep(e) && live && !e.Withdrawn {
			t.print(e)
		}
	}
}

// keep says whether the event is new.
func (t *timeline) keep(e incident.Event) bool {
	list := t.events[e.IncidentID]
	for i := range list {
		if list[i].Seq == e.Seq {
			list[i] = e
			return false
		}
	}
	t.events[e.IncidentID] = append(list, e)
	return true
}

// found gives the incidents that stand, in the order in which they came.
func (t *timeline) found() (list []incident.Incident) {
	for _, id := range t.order {
		if in := t.incidents[id]; !in.Withdrawn {
			list = append(list, in)
		}
	}
	return list
}

func (t *timeline) print(e incident.Event) {
	at := time.Unix(0, e.At).UTC()
	if day := at.Format("2006-01-02"); day != t.day {
		t.day = day
		fmt.Fprintf(t.out, "%s (UTC)\n", t.paint(color.Bold).Sprint(day))
	}
	fmt.Fprintf(t.out, "  %s  %s  %s\n", at.Format("15:04:05"), t.paint(shade(e.Event)).Sprintf("%-16s", e.Event), t.sentence(e))
}

// sentence is the summary, with the service it is about made visible.
func (t *timeline) sentence(e incident.Event) string {
	bold := t.paint(color.Bold)
	if rest, found := strings.CutPrefix(e.Summary, e.Service); found && e.Service != "" {
		return bold.Sprint(e.Service) + rest
	}
	if e.Service == "" {
		return e.Summary
	}
	return bold.Sprint(e.Service) + ": " + e.Summary
}

// story prints the events of an incident as they are known now.
func (t *timeline) story(id string) {
	t.day = ""
	for _, e := range inOrder(t.events[id]) {
		t.print(e)
	}
}

func (t *timeline) paint(a color.Attribute) *color.Color {
	c := color.New(a)
	if t.colour {
		c.EnableColor()
	} else {
		c.DisableColor()
	}
	return c
}

// shade tells phases apart; words carry the meaning, so nothing is lost without it.
func shade(phase string) color.Attribute {
	switch phase {
	case incident.FirstSpike.String(), incident.Peak.String(), incident.Relapse.String():
		return color.FgRed
	case incident.Cascade.String(), incident.Fluctuating.String():
		return color.FgYellow
	case incident.PartialRecovery.String(), incident.Residual.String():
		return color.FgCyan
	case incident.Recovered.String():
		return color.FgGreen
	}
	return color.Reset
}
