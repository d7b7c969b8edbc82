package cli

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/spikeline/spikeline/dashboards/report"
	"github.com/spikeline/spikeline/internal/config"
	"github.com/spikeline/spikeline/processor/incident"
	"github.com/spikeline/spikeline/sink"
)

// archive reads incidents from ClickHouse, after asking whether it answers.
type archive struct {
	*sink.Reader
	config config.Config
}

func openArchive(ctx context.Context, from *settings) (*archive, error) {
	config, err := from.load()
	if err != nil {
		return nil, err
	}
	conn, err := sink.Connect(config.Sink)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(reach(ctx, conn, config.Sink.DSN), conn.Close()); err != nil {
		return nil, err
	}
	reader, err := sink.OpenReader(config.Sink)
	if err != nil {
		return nil, err
	}
	return &archive{Reader: reader, config: config}, nil
}

// get finds one incident by its id, by the beginning of it, or the newest by "latest".
func (s *archive) get(ctx context.Context, id string) (incident.Incident, []sink.Event, error) {
	in, err := s.find(ctx, id)
	if err != nil {
		return in, nil, err
	}
	events, err := s.Events(ctx, in.ID)
	return in, events, err
}

// errNone is "latest" of nothing.
var errNone = errors.New("there is no incident yet")

func (s *archive) find(ctx context.Context, id string) (incident.Incident, error) {
	if id != "latest" {
		return s.FindIncident(ctx, id)
	}
	newest, err := s.ListIncidents(ctx, sink.Filter{Limit: 1})
	if err != nil {
		return incident.Incident{}, err
	}
	if len(newest) == 0 {
		return incident.Incident{}, errNone
	}
	return newest[0], nil
}

// report gathers what a report of an incident is made of. objective is a share, 0 for the configured one.
func (s *archive) report(ctx context.Context, id string, objective float64, now time.Time) (report.Data, error) {
	in, events, err := s.get(ctx, id)
	if err != nil {
		return report.Data{}, err
	}
	evidence, err := s.Evidence(ctx, in, s.config.Window.Width)
	if err != nil {
		return report.Data{}, err
	}
	measured, same := s.config.Incident.CommonObjective(in.Services)
	if !same && objective != 0 {
		return report.Data{}, usage("--objective cannot be applied: by incident.objectives the services of %s have several; leave it out", in.ID)
	}
	return report.Data{Incident: in, Events: events, Evidence: evidence, Now: now.UnixNano(), Objective: cmp.Or(objective, measured), Measured: measured}, nil
}
