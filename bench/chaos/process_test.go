//go:build wire

package chaos

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// asProgram makes the test binary the program: started with it, it is spikeline.
const asProgram = "SPIKELINE_CHAOS_PROGRAM"

// process is a spikeline that is started again whenever it ends, as a supervisor would do.
type process struct {
	name string
	args []string
	log  *os.File

	sync.Mutex // held by the fault that strikes it
	mu         sync.Mutex
	cmd        *exec.Cmd
	ended      chan struct{}
	meant      bool // that it ends
	faults     []string
}

func newProcess(dir, name string, args ...string) (*process, error) {
	log, err := os.Create(filepath.Join(dir, name+".log"))
	if err != nil {
		return nil, err
	}
	return &process{name: name, args: args, log: log}, nil
}

func (p *process) start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	cmd := exec.Command(os.Args[0], p.args...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	cmd.Stdout, cmd.Stderr = p.log, p.log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	ended := make(chan struct{})
	p.cmd, p.ended, p.meant = cmd, ended, false
	go p.watch(cmd, ended)
	return nil
}

// watch starts the process again where nobody meant it to end; that is a fault of the program.
func (p *process) watch(cmd *exec.Cmd, ended chan struct{}) {
	err := cmd.Wait()
	close(ended)
	p.mu.Lock()
	meant := p.meant
	if !meant {
		p.faults = append(p.faults, fmt.Sprintf("%s ended by itself: %v, see %s", p.name, err, p.log.Name()))
	}
	p.mu.Unlock()
	if !meant {
		time.Sleep(time.Second)
		if err := p.start(); err != nil {
			panic(err)
		}
	}
}

func (p *process) end(signal syscall.Signal) time.Duration {
	begun := time.Now()
	p.mu.Lock()
	p.meant = true
	cmd, ended := p.cmd, p.ended
	p.mu.Unlock()
	if cmd == nil {
		return 0
	}
	cmd.Process.Signal(signal)
	select {
	case <-ended:
	case <-time.After(30 * time.Second):
		p.mu.Lock()
		p.faults = append(p.faults, fmt.Sprintf("%s does not end on %v, see %s", p.name, signal, p.log.Name()))
		p.mu.Unlock()
		cmd.Process.Kill()
		<-ended
	}
	return time.Since(begun)
}

func (p *process) kill() { p.end(syscall.SIGKILL) }

// freeze stops the process, and the children it has, without ending them; thaw lets them go on.
func (p *process) freeze() { p.signalAll(syscall.SIGSTOP) }
func (p *process) thaw()   { p.signalAll(syscall.SIGCONT) }

func (p *process) signalAll(signal syscall.Signal) {
	p.mu.Lock()
	pid := p.cmd.Process.Pid
	p.mu.Unlock()
	for _, child := range childrenOf(pid) {
		syscall.Kill(child, signal)
	}
	syscall.Kill(pid, signal)
}

func childrenOf(pid int) (children []int) {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, f := range files {
		text, _ := os.ReadFile(f)
		for _, word := range strings.Fields(string(text)) {
			var child int
			fmt.Sscan(word, &child)
			children = append(children, child)
		}
	}
	return children
}

func (p *process) unexpected() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.faults
}
