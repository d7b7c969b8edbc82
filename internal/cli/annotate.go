package cli

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/user"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/spikeline/spikeline/sink"
)

// The bounds of a note.
const (
	longestNote   = 4000 // characters
	longestAuthor = 200
)

func (a *app) incidentsAnnotate() *cobra.Command {
	var from settings
	var when, announced string
	note := sink.Note{Event: sink.KindNote}
	c := &cobra.Command{
		Use:   "annotate ID TEXT",
		Short: "Add a note to an incident's timeline",
		Long: `Adds a note, with its author and time, to an incident's timeline: in the tables,
in Grafana and in the report. A note of the kind announced says when the public
was told; the report shows the first of them beside started and detected.`,
		Example: `  spikeline incidents annotate latest 'rolled back the configuration' --author anna
  spikeline incidents annotate latest 'status page: investigating' --announced 2025-11-18T11:48:00Z`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 || strings.TrimSpace(args[1]) == "" {
				return fmt.Errorf("two arguments are wanted, the incident's id (or latest) and the note in quotes")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) (err error) {
			if err := noteTimes(&note, when, announced, time.Now()); err != nil {
				return err
			}
			note.Text, note.Author = oneLine(args[1]), oneLine(cmp.Or(note.Author, systemUser()))
			if len(note.Text) > longestNote || len(note.Author) > longestAuthor {
				return usage("the note has %d bytes and its author %d; allowed are %d and %d", len(note.Text), len(note.Author), longestNote, longestAuthor)
			}
			s, err := openArchive(c.Context(), &from)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, s.Close()) }()
			in, err := s.find(c.Context(), args[0])
			if err != nil {
				return err
			}
			if err := s.Annotate(c.Context(), in.ID, note); err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.stderr, "%s in %s at %s UTC by %s\n", map[string]string{sink.KindNote: "noted", sink.KindAnnounced: "announced"}[note.Event], in.ID, day(note.At), note.Author)
			return err
		},
	}
	completeIncident(c, &from)
	from.addFile(c)
	from.addClickHouse(c)
	f := c.Flags()
	f.StringVar(&when, "at", "", "`TIME` that the note speaks of, RFC 3339; now when not given")
	f.StringVar(&announced, "announced", "", "`TIME` when the public was told, RFC 3339; short for --kind announced --at TIME")
	f.StringVar(&note.Event, "kind", note.Event, "note, or announced: the public was told")
	f.StringVar(&note.Author, "author", "", "`NAME` of who writes; the user of the system when not given")
	complete(c, "kind", sink.NoteKinds())
	c.MarkFlagsMutuallyExclusive("at", "announced")
	c.MarkFlagsMutuallyExclusive("kind", "announced")
	return c
}

// noteTimes fills in when a note speaks of and when it was written.
func noteTimes(note *sink.Note, when, announced string, now time.Time) error {
	flag, text := "at", when
	if announced != "" {
		flag, text, note.Event = "announced", announced, sink.KindAnnounced
	}
	at, err := eventTime(flag, text)
	if err != nil {
		return err
	}
	if at.IsZero() {
		at = now
	}
	if at.Unix() < 0 || at.Unix() >= 1<<32 {
		return usage("--%s is %q; allowed is 1970 to 2106", flag, text)
	}
	if note.Event != sink.KindNote && note.Event != sink.KindAnnounced {
		return usage("--kind is %q; choose %s", note.Event, strings.Join(sink.NoteKinds(), " or "))
	}
	note.At, note.Written = at.UnixNano(), now.UnixNano()
	return nil
}

// systemUser is the name of whoever runs this, or "unknown".
func systemUser() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return cmp.Or(os.Getenv("USER"), "unknown")
}
