package cli

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

func (a *app) incidentsAnnotate() *cobra.Command {
	var from settings
	var when string
	c := &cobra.Command{
		Use:   "annotate ID TEXT",
		Short: "Add a note to an incident's timeline",
		Example: `  spikeline incidents annotate latest 'rolled back the configuration'
  spikeline incidents annotate latest 'status page updated' --at 2025-11-18T11:48:00Z`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 || strings.TrimSpace(args[1]) == "" {
				return fmt.Errorf("two arguments are wanted, the incident's id (or latest) and the note in quotes")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) (err error) {
			now := time.Now()
			at, err := eventTime("at", when)
			if err != nil {
				return err
			}
			if at.IsZero() {
				at = now
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
			if err := s.Annotate(c.Context(), in.ID, at.UnixNano(), now.UnixNano(), oneLine(args[1])); err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.stderr, "noted in %s at %s UTC\n", in.ID, at.UTC().Format(time.DateTime))
			return err
		},
	}
	from.addFile(c)
	from.addClickHouse(c)
	c.Flags().StringVar(&when, "at", "", "`TIME` that the note speaks of, RFC 3339; now when not given")
	return c
}
