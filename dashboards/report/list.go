package report

import (
	"fmt"
	"io"
	"net/url"
	"strconv"

	"github.com/spikeline/spikeline/processor/incident"
)

// Search is what a reader of the list of incidents asked for.
type Search struct {
	Words   string // in the id or the title
	Service string
	Phase   string
	Open    bool
	Page    int // from 0
}

// Phases are the names that Search.Phase may have.
func Phases() (names []string) {
	for p := incident.FirstSpike; p <= incident.Recovered; p++ {
		names = append(names, p.String())
	}
	return names
}

func (s Search) address(page int) string {
	q := url.Values{}
	for name, v := range map[string]string{"q": s.Words, "service": s.Service, "phase": s.Phase} {
		if v != "" {
			q.Set(name, v)
		}
	}
	if s.Open {
		q.Set("status", "open")
	}
	if page > 0 {
		q.Set("page", strconv.Itoa(page))
	}
	if len(q) == 0 {
		return "/incidents"
	}
	return "/incidents?" + q.Encode()
}

// WriteList writes one page of incidents. more says that there are older ones.
func WriteList(w io.Writer, s Search, list []incident.Incident, more bool) error {
	caption := fmt.Sprintf("%s, the newest first", plural(len(list), "incident"))
	if s.Page > 0 {
		caption += fmt.Sprintf("; page %d", s.Page+1)
	}
	if len(list) == 0 {
		caption = "No incident has been found."
		if s != (Search{}) {
			caption = "No incident is like that."
		}
	}
	newer, older := "", ""
	if s.Page > 0 {
		newer = s.address(s.Page - 1)
	}
	if more {
		older = s.address(s.Page + 1)
	}
	return pages.ExecuteTemplate(w, "list", map[string]any{
		"Search": s, "Phases": Phases(), "Incidents": list, "Caption": caption, "Newer": newer, "Older": older,
	})
}

func lasted(in incident.Incident) string {
	if in.EndedAt == 0 {
		return "goes on"
	}
	return span(in.StartedAt, in.EndedAt)
}
