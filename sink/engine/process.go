package engine

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// child is one process of the engine. Its standard input, held open, is its life.
type child struct {
	command *exec.Cmd
	life    io.Closer
	ended   chan struct{}
	exit    error // valid once ended is closed

	mu    sync.Mutex
	fault string // last line on standard error that names an error code
	last  string // last line of any kind
}

// errLocked is the start of an engine whose folder another one uses.
var errLocked = errors.New("another engine uses this folder")

// startUnlocked starts a child, waiting a while for an earlier engine, whose
// parent was killed, to let go of the folder.
func (e *Engine) startUnlocked(ctx context.Context) (*child, error) {
	for deadline := time.Now().Add(lockPatience); ; {
		c, err := e.startChild(ctx)
		if !errors.Is(err, errLocked) || time.Now().After(deadline) || !sleep(ctx, 250*time.Millisecond) {
			return c, err
		}
	}
}

// startChild starts one child and waits until it answers.
func (e *Engine) startChild(ctx context.Context) (*child, error) {
	c, err := spawn(e.mode, append([]string{e.program}, e.arguments()...))
	if err != nil {
		return nil, err
	}
	if err := e.awaitReady(ctx, c); err != nil {
		c.end()
		return nil, err
	}
	e.pid.Store(int64(c.command.Process.Pid))
	return c, nil
}

func spawn(mode string, args []string) (*child, error) {
	path, err := self()
	if err != nil {
		return nil, err
	}
	command := exec.Command(path, args...)
	command.Env = append(os.Environ(), childEnv+"="+mode)
	detach(command)
	life, err := command.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("engine child: %w", err)
	}
	stderr, err := command.StderrPipe()
	if err != nil {
		return nil, fmt.Errorf("engine child: %w", err)
	}
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("engine child: %w", err)
	}
	c := &child{command: command, life: life, ended: make(chan struct{})}
	go c.watch(stderr)
	return c, nil
}

// watch reads the child's standard error to its end, then waits for the child.
func (c *child) watch(stderr io.Reader) {
	lines := bufio.NewReaderSize(stderr, 64<<10)
	for {
		line, err := lines.ReadSlice('\n')
		c.keep(strings.TrimSpace(string(line)))
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			break
		}
	}
	c.exit = c.command.Wait()
	close(c.ended)
}

// keep remembers the newest line and the newest error. An engine that cannot
// open its folder or its port exits with status 0: the line is the only sign.
func (c *child) keep(line string) {
	if line == "" {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if i := strings.Index(line, "Code: "); i >= 0 {
		c.fault = line[i:]
	}
	c.last = line
}

// why says in one line how an ended child ended.
func (c *child) why() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.fault != "":
		return c.fault
	case c.exit != nil && c.last != "":
		return c.exit.Error() + ": " + c.last
	case c.exit != nil:
		return c.exit.Error()
	default:
		return "it exited with status 0 and no error"
	}
}

// end closes the child's input, which stops it in order, and kills it when it does not.
func (c *child) end() {
	c.life.Close()
	select {
	case <-c.ended:
	case <-time.After(stopPatience):
		// The error means that it has just ended by itself.
		_ = c.command.Process.Kill()
		<-c.ended
	}
}

// awaitReady waits until the child answers, or says why it ended.
func (e *Engine) awaitReady(ctx context.Context, c *child) error {
	timeout := time.NewTimer(readyPatience)
	defer timeout.Stop()
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for {
		select {
		case <-ctx.Done():
			return fmt.Errorf("engine start: %w", ctx.Err())
		case <-timeout.C:
			return fmt.Errorf("engine did not answer on http://%s within %s", e.Addr(), readyPatience)
		case <-c.ended:
			return e.startFault(c.why())
		case <-poll.C:
			if e.answers(ctx) {
				return nil
			}
		}
	}
}

// startFault words the two faults that a user can mend.
func (e *Engine) startFault(why string) error {
	switch {
	case strings.HasPrefix(why, "Code: 76."):
		return fmt.Errorf("engine cannot use %s: %w (%s)", e.config.Path, errLocked, why)
	case strings.HasPrefix(why, "Code: 210."):
		return fmt.Errorf("engine cannot listen on %s: %s; choose another port, or 0 for a free one", e.Addr(), why)
	default:
		return fmt.Errorf("engine ended at its start: %s", why)
	}
}

// answers asks for the sign and not for /ping: while a child loses its port to
// another engine, that one answers /ping.
func (e *Engine) answers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+e.Addr()+e.sign, nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	response.Body.Close()
	return response.StatusCode == http.StatusOK
}
