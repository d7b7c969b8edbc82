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
// them, ErrFenced if the generation is over, or what went wrong when that
// lasted longer than request_timeout. It goes on after ctx was cancelled, so that
// an owner that was told to stop can commit its last offset.
func (p *Partition) Commit(ctx context.Context, offset int64, metadata string) error {
	ctx, cancel := p.cluster.bound(context.WithoutCancel(ctx))
	defer cancel()
	for pause := firstPause; ; pause = min(2*pause, time.Second) {
		err := p.commit(ctx, offset, metadata)
		switch {
		case err == nil:
			p.cluster.Counters.Commits.Add(1)
			return nil
		case fences(err):
			p.cluster.Counters.Fenced.Add(1)
			return fmt.Errorf("%s/%d: commit of offset %d in generation %d of group %s: %w (%w)", p.Topic, p.ID, offset, p.group.generation, p.group.id, ErrFenced, err)
		case !passing(err):
			return fmt.Errorf("%s/%d: commit of offset %d with %d bytes of metadata: %w", p.Topic, p.ID, offset, len(metadata), err)
		}
		sleep(ctx, pause)
		if ctx.Err() != nil {
			return fmt.Errorf("%s/%d: commit of offset %d: no success in %v: %w", p.Topic, p.ID, offset, p.cluster.cfg.RequestTimeout, err)
		}
	}
}

func (p *Partition) commit(ctx context.Context, offset int64, metadata string) error {
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
