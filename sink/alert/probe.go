package alert

import (
	"context"
	"time"
)

// Probe is what happened to the test alert of one target.
type Probe struct {
	Target string
	Took   time.Duration
	Err    error // nil: delivered
}

// probing is how long a target may take for the test alert.
const probing = 15 * time.Second

// Test sends a marked test alert to every target, each once, and gives what
// happened. The error is one of the settings: then nothing was sent.
func Test(ctx context.Context, c Config, o Options) (probes []Probe, err error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	c.RetryFor = probing
	lanes, err := open(c, o)
	if err != nil {
		return nil, err
	}
	m := testMessage(o.Now())
	for _, l := range lanes {
		ctx, cancel := context.WithTimeout(ctx, probing)
		begun := time.Now()
		if w, ok := l.target.(*webhook); ok {
			err = w.once(ctx, m)
			w.client.CloseIdleConnections()
		} else {
			err = l.target.send(ctx, []*Message{m})
		}
		cancel()
		probes = append(probes, Probe{l.name, time.Since(begun), err})
	}
	return probes, nil
}
