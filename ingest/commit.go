package ingest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"
)

// Commit keeps offset and metadata for whoever owns the partition next:
// reading will begin at offset. It returns once the group's coordinator has
// them. While brokers are away it waits. It goes on for request_timeout after ctx has
// ended, so that an owner that was told to stop can commit its last offset.
// ErrFenced says that the generation is over; any other error that trying again does not help.
func (p *Partition) Commit(ctx context.Context, offset int64, metadata string) error {
	ctx, cancel := lingering(ctx, p.cluster.cfg.RequestTimeout)
	defer cancel()
	for failures := 0; ; failures++ {
		err := p.commit(ctx, offset, metadata)
		switch {
		case err == nil:
			p.cluster.Counters.Commits.Add(1)
			return nil
		case fences(err):
			p.cluster.Counters.Fenced.Add(1)
			return p.refused(offset, fmt.Errorf("%w (%w)", ErrFenced, err))
		case !passing(err):
			return p.refused(offset, fmt.Errorf("with %d bytes of metadata: %w", len(metadata), err))
		}
		sleep(ctx, min(firstPause<<min(failures, 10), lastPause))
		if ctx.Err() != nil {
			p.log.Warn("the last commit did not get through; the next owner reads again from the one before", "offset", offset, "error", err)
			return p.refused(offset, fmt.Errorf("%w, and no coordinator answered (%w)", ErrFenced, err))
		}
	}
}

func (p *Partition) refused(offset int64, err error) error {
	return fmt.Errorf("%s/%d: commit of offset %d by generation %d of group %s: %w", p.Topic, p.ID, offset, p.group.generation, p.group.id, err)
}

// lingering is a context that ends some time after ctx does.
func lingering(ctx context.Context, after time.Duration) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	release := context.AfterFunc(ctx, func() { time.AfterFunc(after, cancel) })
	return longer, func() { release(); cancel() }
}

func (p *Partition) commit(ctx context.Context, offset int64, metadata string) error {
	ctx, cancel := p.cluster.bound(ctx)
	defer cancel()
	answer, err := p.cluster.client.OffsetCommit(ctx, &kafka.OffsetCommitRequest{
		GroupID:      p.group.id,
		GenerationID: int(p.group.generation),
		MemberID:     p.group.member,
		Topics:       map[string][]kafka.OffsetCommit{p.Topic: {{Partition: int(p.ID), Offset: offset, Metadata: metadata}}},
	})
	if err != nil {
		return err
	}
	for _, part := range answer.Topics[p.Topic] {
		if part.Partition == int(p.ID) {
			return part.Error
		}
	}
	return fmt.Errorf("the coordinator's answer leaves out %s/%d", p.Topic, p.ID)
}

// fences says that the coordinator knows the member, or its generation, no longer.
func fences(err error) bool {
	return errors.Is(err, kafka.IllegalGeneration) || errors.Is(err, kafka.UnknownMemberId) ||
		errors.Is(err, kafka.RebalanceInProgress) || errors.Is(err, kafka.FencedInstanceID)
}

// lasting are the refusals that trying again does not change.
var lasting = []kafka.Error{
	kafka.OffsetMetadataTooLarge, kafka.InvalidCommitOffsetSize, kafka.GroupAuthorizationFailed, kafka.TopicAuthorizationFailed,
	kafka.InvalidGroupId, kafka.InconsistentGroupProtocol, kafka.InvalidSessionTimeout, kafka.GroupMaxSizeReached,
	kafka.SASLAuthenticationFailed, kafka.UnsupportedSASLMechanism, kafka.IllegalSASLState, kafka.UnsupportedVersion,
}

// passing says that trying again may help: the network, a coordinator that moves or loads.
func passing(err error) bool {
	for _, code := range lasting {
		if errors.Is(err, code) {
			return false
		}
	}
	return true
}
