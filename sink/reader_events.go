package sink

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"github.com/spikeline/spikeline/processor/incident"
)

// Event is a step of an incident's timeline, as the logs or people tell it.
type Event struct {
	incident.Event
	Author string // who wrote it; empty for what the logs say
}

// Note is what people write about an incident.
type Note struct {
	Event   string // one of NoteKinds
	At      int64  // the time it speaks of, Unix nanoseconds
	Written int64  // when it was written, Unix nanoseconds
	Author  string
	Text    string
}

// The kinds of notes.
const (
	KindNote      = "note"
	KindAnnounced = "announced" // the public was told of the incident
)

// NoteKinds lists the events that people may write.
func NoteKinds() []string { return []string{KindNote, KindAnnounced} }

// Events gives an incident's timeline in order of time; what people wrote has a Seq of 0.
func (r *Reader) Events(ctx context.Context, id string) ([]Event, error) {
	rows, err := r.conn.Query(ctx, `SELECT incident_id, if(seq > 2147483647, 0, toInt32(seq)), version, at, event, service, pop, value, summary, author
FROM spikeline.incident_events WHERE incident_id = {id:String} ORDER BY at, seq`, clickhouse.Named("id", id))
	if err != nil {
		return nil, failedTo("read events of "+id, err)
	}
	defer rows.Close()
	var list []Event
	for rows.Next() {
		var e Event
		var versionSeconds uint64
		var when time.Time
		if err := rows.Scan(&e.IncidentID, &e.Seq, &versionSeconds, &when, &e.Event.Event, &e.Service, &e.Pop, &e.Value, &e.Summary, &e.Author); err != nil {
			return nil, failedTo("read events of "+id, err)
		}
		e.Version, e.At = int64(versionSeconds)*int64(time.Second), when.UnixNano()
		list = append(list, e)
	}
	return list, rows.Err()
}

// Annotate adds a note to an incident's timeline.
func (r *Reader) Annotate(ctx context.Context, id string, n Note) error {
	if !slices.Contains(NoteKinds(), n.Event) {
		return fmt.Errorf("kind of note %q; allowed are %s", n.Event, strings.Join(NoteKinds(), ", "))
	}
	if _, err := r.FindIncident(ctx, id); err != nil {
		return err
	}
	err := r.conn.Exec(ctx, `INSERT INTO spikeline.incident_events_rev (incident_id, seq, version, at, event, summary, author)
SELECT {id:String}, {seq:Int64}, {version:UInt64}, toDateTime({at:UInt32}, 'UTC'), {event:String}, {text:String}, {author:String}`,
		clickhouse.Named("id", id), number("seq", n.Written/int64(time.Microsecond)), number("version", at(n.Written).Unix()),
		number("at", at(n.At).Unix()), clickhouse.Named("event", n.Event), clickhouse.Named("text", n.Text), clickhouse.Named("author", n.Author))
	if err != nil {
		return failedTo("annotate "+id, err)
	}
	return nil
}
