package alert

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spikeline/spikeline/ingest"
	"github.com/spikeline/spikeline/processor"
)

// Result is what became of a message.
type Result uint8

// The results.
const (
	Sent       Result = iota // taken by the target
	Refused                  // the target will never take it (4xx)
	Failed                   // given up after retry_for
	Dropped                  // the queue was full, or the worker stopped
	Silenced                 // kept from a webhook by a quiet rule
	Superseded               // old news, told by a newer message of the same incident
	Results                  // how many there are
)

func (r Result) String() string {
	return [...]string{"sent", "refused", "failed", "dropped", "quiet", "superseded"}[r]
}

// target is where messages go. send gets at most so many, and tries as long as that may help.
type target interface {
	most() int
	send(ctx context.Context, messages []*Message) error
}

// lane is a target with its queue; one goroutine serves it.
type lane struct {
	name    string
	filter  *filter // nil: everything, the topic
	target  target
	queue   *queue
	held    heldBack
	results [Results]atomic.Uint64
	away    atomic.Bool // a try has failed since the last message went out
	log     *slog.Logger
}

// Sender tells every target. Its methods are safe for concurrent use.
type Sender struct {
	config Config
	rules  []rule
	now    func() time.Time
	log    *slog.Logger
	lanes  []*lane
	end    context.CancelFunc // gives up what is being sent
	served sync.WaitGroup

	mu       sync.Mutex
	closedTo int64 // of the last batch
	releases *time.Timer
}

// Options are what a Sender gets besides its configuration.
type Options struct {
	Cluster           *ingest.Cluster // for the topic; nil is fine without one
	ReplicationFactor int             // of the topic, if it has to be created
	Log               *slog.Logger
	Now               func() time.Time // nil is the clock
}

// Open reads the secrets and starts a goroutine for each target. It touches no network.
func Open(c Config, o Options) (*Sender, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	life, end := context.WithCancel(context.Background())
	s := &Sender{config: c, rules: rulesOf(c.Quiet), now: o.Now, log: o.Log, end: end}
	lanes, err := open(c, o)
	if err != nil {
		end()
		return nil, err
	}
	s.lanes = lanes
	for _, l := range lanes {
		s.served.Go(func() { l.serve(life) })
	}
	return s, nil
}

func open(c Config, o Options) (lanes []*lane, err error) {
	var faults []error
	for i, w := range c.Webhooks {
		l := newLane(w.name(), c.Queue, o.Log)
		l.filter = newFilter(w, c.BaseURL)
		if l.target, err = newWebhook(w, fmt.Sprintf("alerts.webhooks[%d]", i), c.RetryFor, o.Now, l.waits); err != nil {
			faults = append(faults, err)
		}
		lanes = append(lanes, l)
	}
	if c.Topic != "" {
		l := newLane(topicName(c.Topic), c.Queue, o.Log)
		l.target = newTopic(o.Cluster, c.Topic, o.ReplicationFactor, c.RetryFor, l.waits)
		lanes = append(lanes, l)
	}
	return lanes, errors.Join(faults...)
}

func newLane(name string, limit int, log *slog.Logger) *lane {
	return &lane{name: name, queue: newQueue(limit), log: log.With("target", name)}
}

// Put tells what a batch holds. It never waits.
func (s *Sender) Put(b processor.Batch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.lanes) == 0 {
		return
	}
	again := b.ClosedTo < s.closedTo // another term of the judge, from an older snapshot
	s.closedTo = b.ClosedTo
	now := s.now()
	fresh := now.Add(-s.config.LateAfter).UnixNano()
	steps := stepsOf(&b, s.rules, s.config.BaseURL)
	for _, l := range s.lanes {
		if l.filter == nil {
			s.putAll(l, steps, &b, now)
			continue
		}
		if again {
			l.filter.forget()
		}
		s.putChosen(l, steps, fresh, now)
		if b.ClosedTo >= fresh {
			l.enqueue(l.held.release(), now)
		}
	}
}

// putAll gives the topic everything, event by event.
func (s *Sender) putAll(l *lane, steps []step, b *processor.Batch, now time.Time) {
	for i := range steps {
		l.enqueue(steps[i].messages, now)
	}
	l.enqueue(signalsOf(b, s.rules), now)
}

// putChosen gives a webhook what it wants to know; old news waits for newer.
func (s *Sender) putChosen(l *lane, steps []step, fresh int64, now time.Time) {
	for i := range steps {
		chosen, quiet := l.filter.choose(&steps[i])
		l.results[Silenced].Add(uint64(quiet))
		if steps[i].in.Version >= fresh {
			l.enqueue(l.held.release(), now) // before what is newer
			l.enqueue(chosen, now)
			continue
		}
		for _, m := range chosen {
			if l.held.hold(m) {
				l.results[Superseded].Add(1)
			}
			s.releaseLater()
		}
	}
}

// releaseLater sets the end of gathering old news, once.
func (s *Sender) releaseLater() {
	if s.releases != nil {
		return
	}
	s.log.Info("alerts of windows long past are gathered: only the newest of each incident is sent", "for", s.config.LateEvery.String())
	s.releases = time.AfterFunc(s.config.LateEvery, s.release)
}

func (s *Sender) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.releaseAll()
}

func (s *Sender) releaseAll() {
	if s.releases != nil {
		s.releases.Stop()
		s.releases = nil
	}
	for _, l := range s.lanes {
		l.enqueue(l.held.release(), s.now())
	}
}

func (l *lane) enqueue(messages []*Message, now time.Time) {
	for _, m := range messages {
		dropped := l.queue.put(m, now)
		if dropped == nil {
			continue
		}
		l.results[Dropped].Add(1)
		l.log.Error("an alert is dropped: more wait than alerts.queue allows, or the worker stops", "id", dropped.ID, "summary", dropped.Summary)
	}
}

// serve sends what is queued until the queue is closed and empty.
func (l *lane) serve(life context.Context) {
	for {
		messages := l.queue.take(l.target.most())
		if len(messages) == 0 {
			return
		}
		l.conclude(messages, l.target.send(life, messages))
		l.queue.done()
	}
}

// waits tells the first failed try, not every one.
func (l *lane) waits(err error, pause time.Duration) {
	if l.away.CompareAndSwap(false, true) {
		l.log.Warn("alerts wait: the target does not take them", "retry_in", pause.String(), "error", err)
	}
}

func (l *lane) conclude(messages []*Message, err error) {
	n := uint64(len(messages))
	var refused *RefusedError
	switch {
	case err == nil:
		l.results[Sent].Add(n)
		if l.away.CompareAndSwap(true, false) {
			l.log.Info("the target takes alerts again")
		}
		return
	case errors.Is(err, context.Canceled):
		l.results[Dropped].Add(n)
	case errors.As(err, &refused):
		l.results[Refused].Add(n)
	default:
		l.results[Failed].Add(n)
	}
	for _, m := range messages {
		l.log.Error("an alert was not delivered", "id", m.ID, "summary", m.Summary, "error", err)
	}
}

// patience is how long undelivered alerts keep the judge's states from being
// saved. A worker that dies meanwhile has its successor judge, and tell, again.
const patience = 5 * time.Minute

// Settled says that a snapshot may be saved: nothing is undelivered, or a
// target has been away for so long that the snapshot must not wait for it.
func (s *Sender) Settled() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.lanes {
		if len(l.held.order) > 0 {
			return false
		}
		if since, some := l.queue.oldest(); some && s.now().Sub(since) < patience {
			return false
		}
	}
	return true
}

// Close sends what waits until ctx ends; what is left is dropped, and counted. It tells how many.
func (s *Sender) Close(ctx context.Context) (err error) {
	s.mu.Lock()
	s.releaseAll()
	s.mu.Unlock()
	for _, l := range s.lanes {
		l.queue.close()
	}
	stop := context.AfterFunc(ctx, func() {
		for _, l := range s.lanes {
			l.results[Dropped].Add(uint64(l.queue.empty()))
		}
		s.end()
	})
	s.served.Wait()
	if !stop() {
		err = fmt.Errorf("alerts were not all delivered in time: %w", context.Cause(ctx))
	}
	s.end()
	for _, l := range s.lanes {
		if w, ok := l.target.(*webhook); ok {
			w.client.CloseIdleConnections()
		}
	}
	return err
}

// Counted emits every count of every target.
func (s *Sender) Counted(emit func(target string, result Result, n uint64)) {
	for _, l := range s.lanes {
		for r := range Results {
			emit(l.name, r, l.results[r].Load())
		}
	}
}

// Waiting emits how many messages of each target are queued or in hand.
func (s *Sender) Waiting(emit func(target string, n int)) {
	for _, l := range s.lanes {
		emit(l.name, l.queue.size())
	}
}
