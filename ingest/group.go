package ingest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
)

// GroupConfig names a consumer group and what it reads.
type GroupConfig struct {
	ID     string
	Topics []string
}

// Owner reads one partition until ctx ends: the generation is over, or the
// program stops. Then it commits what it has finished and returns at once, for the
// group waits for it. It returns nil or ctx's error after ctx has ended, and
// ErrFenced after a refused commit; any other error ends Consume.
type Owner func(ctx context.Context, p *Partition) error

// Consume joins the group, and runs own in one goroutine for each partition
// that it is given, generation after generation. Between two generations all
// owners have returned. Trouble with the brokers is retried. It returns nil once
// ctx has ended and the group is left, or an owner's error, or what a broker
// refuses for good.
func (c *Cluster) Consume(ctx context.Context, g GroupConfig, own Owner) error {
	group, err := kafka.NewConsumerGroup(kafka.ConsumerGroupConfig{
		ID:                     g.ID,
		Brokers:                c.cfg.Brokers,
		Dialer:                 c.dialer(),
		Topics:                 g.Topics,
		HeartbeatInterval:      c.cfg.Heartbeat,
		SessionTimeout:         c.cfg.SessionTimeout,
		RebalanceTimeout:       c.cfg.RebalanceTimeout,
		JoinGroupBackoff:       joinPause,
		WatchPartitionChanges:  true,
		PartitionWatchInterval: partitionWatch,
		Timeout:                min(c.cfg.RequestTimeout, c.cfg.SessionTimeout/2),
	})
	if err != nil {
		return fmt.Errorf("group %s: %w", g.ID, err)
	}
	defer c.leaveGroup(group, g.ID)
	for failures := 0; ; {
		gen, err := group.Next(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			if !passing(err) {
				return fmt.Errorf("group %s: %w", g.ID, err)
			}
			c.groupTrouble(g.ID, err, failures)
			failures++
			continue
		}
		failures = 0
		began := time.Now()
		if err := c.generation(ctx, gen, own); err != nil {
			return err
		}
		sleep(ctx, joinPause-time.Since(began)) // a topic that does not exist ends each generation at once
		if ctx.Err() != nil {
			return nil
		}
	}
}

const (
	joinPause      = 200 * time.Millisecond // after a failed attempt to join, and between the beginnings of generations
	partitionWatch = 5 * time.Second        // how soon added partitions are noticed
	leaveTime      = 2 * time.Second
)

// leaveGroup lets the others have this member's partitions at once. An
// attempt to join that is under way may hold it up; then the session's timeout does the same later.
func (c *Cluster) leaveGroup(group *kafka.ConsumerGroup, id string) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		group.Close()
	}()
	select {
	case <-done:
	case <-time.After(leaveTime):
		c.log.Warn("the group could not be left in time; its session will time out", "group", id, "after", leaveTime)
	}
}

// groupTrouble logs the first failure of a row, and then every 50th: about four a minute.
func (c *Cluster) groupTrouble(id string, err error, failures int) {
	c.Counters.GroupErrors.Add(1)
	if failures%50 == 0 {
		c.log.Warn("not in the consumer group; trying on", "group", id, "failures", failures+1, "error", err)
	}
}

// generation runs the owners of one generation until all have returned. The
// member's heartbeats go on for as long.
func (c *Cluster) generation(ctx context.Context, gen *kafka.Generation, own Owner) error {
	c.Counters.Generations.Add(1)
	result := make(chan error, 1)
	gen.Start(func(over context.Context) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		release := context.AfterFunc(over, cancel)
		defer release()
		result <- c.owners(ctx, cancel, gen, own)
	})
	return <-result
}

// owners starts an owner for each partition, and waits for them, and for the generation's end.
func (c *Cluster) owners(ctx context.Context, cancel func(), gen *kafka.Generation, own Owner) error {
	parts, err := c.assigned(ctx, gen)
	for failures := 0; err != nil; failures++ {
		if !passing(err) {
			return fmt.Errorf("group %s: %w", gen.GroupID, err)
		}
		c.groupTrouble(gen.GroupID, err, failures)
		if sleep(ctx, joinPause); ctx.Err() != nil {
			return nil
		}
		parts, err = c.assigned(ctx, gen)
	}
	c.log.Info("generation begins", "group", gen.GroupID, "generation", gen.ID, "partitions", len(parts))
	var (
		running  sync.WaitGroup
		mu       sync.Mutex
		failures []error
	)
	for _, p := range parts {
		running.Go(func() {
			err := own1(ctx, p, own)
			if err == nil {
				return
			}
			cancel()
			if !errors.Is(err, ErrFenced) {
				mu.Lock()
				defer mu.Unlock()
				failures = append(failures, err)
			}
		})
	}
	<-ctx.Done()
	running.Wait()
	c.log.Info("generation ends", "group", gen.GroupID, "generation", gen.ID)
	return errors.Join(failures...)
}

// own1 lends p to its owner. An error that only repeats that ctx has ended is none.
func own1(ctx context.Context, p *Partition, own Owner) error {
	held, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	p.open(held)
	defer p.close()
	err := own(ctx, p)
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil
	}
	return err
}

// assigned looks up where each of the generation's partitions begins.
func (c *Cluster) assigned(ctx context.Context, gen *kafka.Generation) ([]*Partition, error) {
	var parts []*Partition
	wanted := map[string][]int{}
	for topic, list := range gen.Assignments {
		if len(list) == 0 {
			continue
		}
		of, err := c.partitionsOf(ctx, topic)
		if err != nil {
			return nil, fmt.Errorf("partitions of topic %s: %w", topic, err)
		}
		for _, a := range list {
			wanted[topic] = append(wanted[topic], a.ID)
			parts = append(parts, &Partition{
				Topic: topic, ID: int32(a.ID), Of: int32(of), cluster: c,
				group: membership{id: gen.GroupID, member: gen.MemberID, generation: gen.ID},
			})
		}
	}
	if len(parts) == 0 {
		return nil, nil
	}
	return parts, c.begin(ctx, gen.GroupID, wanted, parts)
}
