//go:build wire

package chaos

import (
	"io"
	"net"
	"sync"
)

// wire is a TCP proxy between a worker and the broker.
type wire struct {
	listener net.Listener

	mu     sync.Mutex
	target string
	state  wireState
	healed *sync.Cond
	open   map[net.Conn]struct{}
}

type wireState uint8

const (
	whole  wireState = iota
	cut              // connections are reset, new ones too
	silent           // nothing travels, and nobody is told
)

func newWire() (*wire, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	w := &wire{listener: listener, open: map[net.Conn]struct{}{}}
	w.healed = sync.NewCond(&w.mu)
	return w, nil
}

func (w *wire) addr() string { return w.listener.Addr().String() }

// serve begins to pass connections on to target.
func (w *wire) serve(target string) {
	w.target = target
	go func() {
		for {
			client, err := w.listener.Accept()
			if err != nil {
				return
			}
			go w.pass(client)
		}
	}()
}

func (w *wire) pass(client net.Conn) {
	defer client.Close()
	if !w.enter(client) {
		return
	}
	defer w.leave(client)
	broker, err := net.Dial("tcp", w.target)
	if err != nil || !w.enter(broker) {
		return
	}
	defer w.leave(broker)
	defer broker.Close()
	done := make(chan struct{}, 2)
	for _, way := range [][2]net.Conn{{client, broker}, {broker, client}} {
		go func() {
			w.copy(way[1], way[0])
			done <- struct{}{}
		}()
	}
	<-done
}

func (w *wire) copy(to io.Writer, from io.Reader) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		w.mu.Lock()
		for w.state == silent {
			w.healed.Wait()
		}
		w.mu.Unlock()
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func (w *wire) enter(c net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.state == cut {
		c.Close()
		return false
	}
	w.open[c] = struct{}{}
	return true
}

func (w *wire) leave(c net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.open, c)
}

// set changes the state. Connections that were cut or silent do not live on.
func (w *wire) set(s wireState) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s == cut || w.state == silent {
		for c := range w.open {
			c.Close()
		}
	}
	w.state = s
	w.healed.Broadcast()
}
