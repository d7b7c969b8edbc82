package plugin

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
)

// Pace of the live channels.
const (
	streamEvery   = 2 * time.Second
	streamHistory = 15 * time.Minute // what a new viewer gets at once
)

// A channel is called windows/<hash> or incidents/<hash>; its query travels as
// the data of the subscription. The hash keeps different queries on different
// channels, so that viewers of the same query share one stream.
func (d *DataSource) streamQuery(path string, raw json.RawMessage) (query, error) {
	kind, _, _ := strings.Cut(path, "/")
	if kind != typeWindows && kind != typeIncidents {
		return query{}, fmt.Errorf("channel %q; allowed are windows/<name> and incidents/<name>", path)
	}
	if len(raw) == 0 {
		raw = json.RawMessage("{}")
	}
	now := time.Now()
	asked := backend.DataQuery{QueryType: kind, JSON: raw, Interval: 10 * time.Second,
		TimeRange: backend.TimeRange{From: now.Add(-streamHistory), To: now}}
	q, err := parseQuery(asked, false, d.settings.rowLimit)
	q.Step, q.Count = 10*time.Second, false
	if kind == typeIncidents && q.Status == "" {
		q.Status = "open"
	}
	return q, err
}

// SubscribeStream lets a viewer in when the channel and its query make sense.
func (d *DataSource) SubscribeStream(_ context.Context, request *backend.SubscribeStreamRequest) (*backend.SubscribeStreamResponse, error) {
	if d.fault != nil {
		return nil, d.fault
	}
	if _, err := d.streamQuery(request.Path, request.Data); err != nil {
		backend.Logger.Warn("a live channel is refused", "path", request.Path, "error", err)
		return &backend.SubscribeStreamResponse{Status: backend.SubscribeStreamStatusNotFound}, nil
	}
	return &backend.SubscribeStreamResponse{Status: backend.SubscribeStreamStatusOK}, nil
}

// PublishStream refuses: viewers only read.
func (d *DataSource) PublishStream(context.Context, *backend.PublishStreamRequest) (*backend.PublishStreamResponse, error) {
	return &backend.PublishStreamResponse{Status: backend.PublishStreamStatusPermissionDenied}, nil
}

// RunStream sends the recent past, and then each newly closed window, or the
// incidents whenever they change. It ends when the last viewer has gone.
func (d *DataSource) RunStream(ctx context.Context, request *backend.RunStreamRequest, sender *backend.StreamSender) error {
	q, err := d.streamQuery(request.Path, request.Data)
	if err != nil {
		return err
	}
	s := stream{source: d, query: q}
	tick := time.NewTicker(streamEvery)
	defer tick.Stop()
	for {
		frame, err := s.next(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			backend.Logger.Warn("a live channel waits for ClickHouse", "path", request.Path, "error", explain(err))
		case frame != nil:
			if err := sender.SendFrame(frame, data.IncludeAll); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// stream is the state of one channel.
type stream struct {
	source *DataSource
	query  query
	sent   time.Time // windows before this have been sent
	last   string    // the incidents as they were sent
}

// next gives what is new, or nil.
func (s *stream) next(ctx context.Context) (*data.Frame, error) {
	if s.query.Type == typeIncidents {
		return s.nextIncidents(ctx)
	}
	rows, err := s.source.read(ctx, []*statement{selectHorizon()})
	if err != nil {
		return nil, err
	}
	closed := moment(rows[0], 0, 0)
	if !closed.After(s.sent) {
		return nil, nil
	}
	q := s.query
	q.From, q.To = s.sent, closed.Add(-time.Second)
	if s.sent.IsZero() || closed.Sub(s.sent) > streamHistory {
		q.From = closed.Add(-streamHistory)
	}
	frame, err := s.source.frame(ctx, q)
	if err == nil {
		s.sent = closed
	}
	return frame, err
}

// nextIncidents looks around the horizon, so that a replay of old logs streams as well as today's.
func (s *stream) nextIncidents(ctx context.Context) (*data.Frame, error) {
	q := s.query
	q.From, q.To = time.Unix(0, 0), time.Unix(1<<32-1, 0)
	frame, err := s.source.frame(ctx, q)
	if err != nil {
		return nil, err
	}
	content, err := data.FrameToJSON(frame, data.IncludeDataOnly)
	if err != nil || string(content) == s.last {
		return nil, err
	}
	s.last = string(content)
	return frame, nil
}
