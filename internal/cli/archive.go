package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

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
func (s *archive) get(ctx context.Context, id string) (incident.Incident, []incident.Event, error) {
	in, err := s.find(ctx, id)
	if err != nil {
		return in, nil, err
	}
	events, err := s.Events(ctx, in.ID)
	return in, events, err
}

func (s *archive) find(ctx context.Context, id string) (incident.Incident, error) {
	if id != "latest" {
		return s.FindIncident(ctx, id)
	}
	newest, err := s.ListIncidents(ctx, sink.Filter{Limit: 1})
	if err != nil {
		return incident.Incident{}, err
	}
	if len(newest) == 0 {
		return incident.Incident{}, errors.New("there is no incident yet")
	}
	return newest[0], nil
}

// quality is how much the numbers of an incident can be trusted: it counts windows of its services, and rejects, from its start to its end.
type quality struct {
	Windows    uint64 `json:"windows" ch:"windows"`
	Incomplete uint64 `json:"windows_incomplete" ch:"incomplete"` // still open, and not yet seen from every live partition
	Revised    uint64 `json:"windows_revised" ch:"revised_windows"`
	Unfinished uint64 `json:"windows_not_final" ch:"unfinished"`
	Late       uint64 `json:"requests_late" ch:"late_requests"`
	Rejects    uint64 `json:"rejects_sampled" ch:"rejects"`
}

func (s *archive) quality(ctx context.Context, in incident.Incident) (q quality, err error) {
	conn, err := sink.Connect(s.config.Sink)
	if err != nil {
		return q, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	from, to := in.StartedAt/int64(time.Second), in.EndedAt/int64(time.Second)
	if to == 0 {
		to = int64(1)<<32 - 1
	}
	const sql = `SELECT count() AS windows, countIf(sources_seen < sources_live AND state = 'provisional') AS incomplete, countIf(revised) AS revised_windows,
	countIf(state != 'final') AS unfinished, sum(late) AS late_requests,
	(SELECT count() FROM spikeline.rejects WHERE at >= toDateTime(?) AND at < toDateTime(?)) AS rejects
FROM spikeline.service_windows
WHERE window_start >= toDateTime(?) AND window_start < toDateTime(?)
	AND service IN (SELECT arrayJoin(services) FROM spikeline.incidents WHERE incident_id = ?)`
	var rows []quality
	if err := conn.Select(ctx, &rows, sql, from, to, from, to, in.ID); err != nil {
		return q, fmt.Errorf("read how good the data of %s is: %w", in.ID, err)
	}
	return rows[0], nil
}
