package cli

import (
	"iter"

	"github.com/spikeline/spikeline/dashboards/report"
	"github.com/spikeline/spikeline/processor/incident"
	"github.com/spikeline/spikeline/sink"
)

// incidentJSON is an incident as programs read it.
type incidentJSON = report.Document

// incidentDocument describes an incident that did not come from ClickHouse, so that nobody has written notes on it.
func incidentDocument(in incident.Incident, events []incident.Event) incidentJSON {
	return report.Describe(in, withoutNotes(events))
}

// inOrder gives the events that stand, by time.
func inOrder(events []incident.Event) (list []incident.Event) {
	for _, e := range report.Steps(withoutNotes(events)) {
		list = append(list, e.Event)
	}
	return list
}

func withoutNotes(events []incident.Event) []sink.Event {
	list := make([]sink.Event, len(events))
	for i, e := range events {
		list[i].Event = e
	}
	return list
}

func mapKeys[V any](m map[string]V) iter.Seq[string] {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}
