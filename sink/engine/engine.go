package engine

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Engine is a running ClickHouse that is started again when it dies.
type Engine struct {
	config   Config
	file     string // its config.xml
	mode     string
	program  string // library or executable
	sign     string // path of HTTP that only this engine answers
	log      *slog.Logger
	restarts atomic.Int64
	pid      atomic.Int64

	stop    context.CancelFunc
	stopped chan struct{}
	once    sync.Once
}

// How long the parts of a start and a stop may take.
const (
	readyPatience = 60 * time.Second // from the start of a child to its first answer
	lockPatience  = 20 * time.Second // for an engine whose parent was killed to let go of its folder
	stopPatience  = 30 * time.Second // from the end of its input to the end of a child
)

// Start starts an engine and returns once it answers. The engine then lives
// until Stop, or until this process ends in any way. ctx bounds the start alone.
func Start(ctx context.Context, c Config) (*Engine, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	e := &Engine{config: c, log: c.Log, stopped: make(chan struct{})}
	if e.log == nil {
		e.log = slog.Default()
	}
	if err := e.prepare(ctx); err != nil {
		return nil, err
	}
	first, err := e.startUnlocked(ctx)
	if err != nil {
		return nil, err
	}
	life, cancel := context.WithCancel(context.Background())
	e.stop = cancel
	go e.supervise(life, first)
	return e, nil
}

// prepare settles the program, the ports and the files.
func (e *Engine) prepare(ctx context.Context) (err error) {
	c := &e.config
	switch {
	case c.Binary != "":
		e.mode, e.program = modeServer, c.Binary
	case c.Library != "":
		e.mode, e.program = modeLibrary, c.Library
	default:
		e.mode = modeLibrary
		if e.program, err = Fetch(ctx, func(line string) { e.log.Info(line) }); err != nil {
			return err
		}
	}
	if c.HTTPPort, err = claimPort(c.Host, c.HTTPPort); err != nil {
		return err
	}
	if c.NativePort != 0 {
		if c.NativePort, err = claimPort(c.Host, c.NativePort); err != nil {
			return err
		}
		e.log.Warn("native port open: a failed login or malformed bytes there end the embedded ClickHouse", "port", c.NativePort)
	}
	e.sign = "/" + rand.Text()
	e.file, err = writeFiles(*c, e.sign)
	return err
}

// claimPort finds a free port for 0, and says early when a named one is taken.
func claimPort(host string, port int) (int, error) {
	listener, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return 0, fmt.Errorf("engine cannot listen: %w; choose another port, or 0 for a free one", err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// Addr is host:port of HTTP.
func (e *Engine) Addr() string {
	return net.JoinHostPort(e.config.Host, strconv.Itoa(e.config.HTTPPort))
}

// NativeAddr is host:port of the native protocol, empty when it is not open.
func (e *Engine) NativeAddr() string {
	if e.config.NativePort == 0 {
		return ""
	}
	return net.JoinHostPort(e.config.Host, strconv.Itoa(e.config.NativePort))
}

// DSN is how user default, who may do everything, reaches the engine over HTTP: for sink.Config.
func (e *Engine) DSN() string { return e.dsn("default", "") }

// ReaderDSN is how user reader does; Config.Reader must be set.
func (e *Engine) ReaderDSN() string { return e.dsn("reader", e.config.ReaderPassword) }

func (e *Engine) dsn(user, password string) string {
	dsn := url.URL{Scheme: "http", Host: e.Addr(), Path: "/spikeline", User: url.User(user)}
	if password != "" {
		dsn.User = url.UserPassword(user, password)
	}
	return dsn.String()
}

// PID is the process that now is the engine, 0 between two.
func (e *Engine) PID() int { return int(e.pid.Load()) }

// Restarts counts how often the engine has died and was started again.
func (e *Engine) Restarts() int64 { return e.restarts.Load() }

// Stop ends the engine and waits for it. Rows it has acknowledged are on disk.
func (e *Engine) Stop() {
	e.once.Do(e.stop)
	<-e.stopped
}

// supervise owns the child: it starts another when one dies, and ends the last one.
func (e *Engine) supervise(life context.Context, c *child) {
	defer close(e.stopped)
	backoff := minBackoff
	for {
		began := time.Now()
		select {
		case <-life.Done():
			c.end()
			return
		case <-c.ended:
		}
		e.pid.Store(0)
		if time.Since(began) > time.Minute {
			backoff = minBackoff
		}
		e.log.Error("embedded ClickHouse died and is started again; acknowledged rows are kept", "why", c.why())
		for c = nil; c == nil; backoff = min(2*backoff, maxBackoff) {
			if !sleep(life, backoff) {
				return
			}
			c = e.restart(life)
		}
	}
}

func (e *Engine) restart(life context.Context) *child {
	c, err := e.startUnlocked(life)
	if err != nil {
		if life.Err() == nil {
			e.log.Error("embedded ClickHouse does not start again, next try follows", "err", err)
		}
		return nil
	}
	e.restarts.Add(1)
	e.log.Info("embedded ClickHouse is back", "addr", e.Addr(), "restarts", e.restarts.Load())
	return c
}

const (
	minBackoff = 100 * time.Millisecond
	maxBackoff = 10 * time.Second
)

func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// arguments are the child's, after its program.
func (e *Engine) arguments() []string {
	if e.mode == modeServer {
		return []string{"server", "--config-file=" + e.file}
	}
	query := "SYSTEM START LISTEN HTTP; "
	if e.config.NativePort != 0 {
		query += "SYSTEM START LISTEN TCP; "
	}
	query += "SELECT count() FROM file('/dev/stdin', 'LineAsString', 'line String')"
	return []string{"--config-file=" + e.file, "--query=" + query}
}

func self() (string, error) {
	path, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("engine child: find our own executable: %w", err)
	}
	return path, nil
}
