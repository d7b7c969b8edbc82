package plugin

import (
	"context"
	"sync"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"
)

// maxCached bounds the answers that are kept at once.
const maxCached = 256

// cache gives one answer to all who ask the same within a short time, also
// while it is still being fetched. Its frames are shared: nobody may change them.
type cache struct {
	keep time.Duration
	now  func() time.Time

	mu      sync.Mutex
	entries map[string]*entry
}

// entry is one answer, or the wait for it. The fetch ends when the last who waits has gone.
type entry struct {
	done    chan struct{}
	cancel  context.CancelFunc
	waiting int

	frame   *data.Frame // these three after done
	err     error
	expires time.Time
}

func newCache(keep time.Duration) *cache {
	return &cache{keep: keep, now: time.Now, entries: map[string]*entry{}}
}

func (c *cache) get(ctx context.Context, key string, fetch func(context.Context) (*data.Frame, error)) (*data.Frame, error) {
	e := c.join(ctx, key, fetch)
	select {
	case <-e.done:
		c.leave(key, e)
		return e.frame, e.err
	case <-ctx.Done():
		c.leave(key, e)
		return nil, ctx.Err()
	}
}

// join finds the entry or starts its fetch.
func (c *cache) join(ctx context.Context, key string, fetch func(context.Context) (*data.Frame, error)) *entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, known := c.entries[key]; known && !c.stale(e) {
		e.waiting++
		return e
	}
	c.makeRoom()
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	e := &entry{done: make(chan struct{}), cancel: cancel, waiting: 1}
	c.entries[key] = e
	go func() {
		defer cancel()
		frame, err := fetch(life)
		c.mu.Lock()
		e.frame, e.err, e.expires = frame, err, c.now().Add(c.keep)
		if (err != nil || c.keep == 0) && c.entries[key] == e {
			delete(c.entries, key)
		}
		c.mu.Unlock()
		close(e.done)
	}()
	return e
}

// leave stops a fetch that nobody waits for any more.
func (c *cache) leave(key string, e *entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e.waiting--
	if e.waiting == 0 && !e.ready() {
		e.cancel()
		if c.entries[key] == e {
			delete(c.entries, key)
		}
	}
}

func (e *entry) ready() bool {
	select {
	case <-e.done:
		return true
	default:
		return false
	}
}

func (c *cache) stale(e *entry) bool { return e.ready() && !c.now().Before(e.expires) }

// makeRoom drops what is stale, and then whatever is ready until there is room.
func (c *cache) makeRoom() {
	for key, e := range c.entries {
		if c.stale(e) {
			delete(c.entries, key)
		}
	}
	for key, e := range c.entries {
		if len(c.entries) < maxCached {
			return
		}
		if e.ready() {
			delete(c.entries, key)
		}
	}
}
