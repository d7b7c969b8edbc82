package engine

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// childEnv marks a process as the engine's child: the mode that it runs in.
const childEnv = "SPIKELINE_ENGINE_CHILD"

// The modes of a child.
const (
	modeLibrary = "library" // argv: library path, then the arguments of clickhouse local
	modeServer  = "server"  // argv: a clickhouse executable, then its arguments
)

// IsChild says whether this process was started by Start to be the engine.
// main, and TestMain of packages that start an engine, ask it before anything else.
func IsChild() bool { return os.Getenv(childEnv) != "" }

// Main is the engine's child. It never returns.
func Main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "engine child without arguments: it is started by spikeline alone")
		os.Exit(2)
	}
	var err error
	switch mode := os.Getenv(childEnv); mode {
	case modeLibrary:
		err = runLibrary(os.Args[1], os.Args[2:])
	case modeServer:
		err = runServer(os.Args[1], os.Args[2:])
	default:
		err = fmt.Errorf("engine child of unknown mode %q", mode)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

// runServer runs an external clickhouse until standard input ends, which it
// does when the parent goes away, however that happens.
func runServer(binary string, args []string) error {
	server := exec.Command(binary, args...)
	server.Stdout, server.Stderr = os.Stderr, os.Stderr
	if err := server.Start(); err != nil {
		return fmt.Errorf("start %s: %w", binary, err)
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Wait() }()
	select {
	case err := <-ended:
		return fmt.Errorf("%s ended by itself: %v", binary, err)
	case <-inputEnds():
	}
	if err := server.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("stop %s: %w", binary, err)
	}
	select {
	case <-ended:
	case <-time.After(stopPatience / 2):
		return server.Process.Kill()
	}
	return nil
}

func inputEnds() <-chan struct{} {
	ends := make(chan struct{})
	go func() {
		defer close(ends)
		for buffer := make([]byte, 1); ; {
			if _, err := os.Stdin.Read(buffer); err != nil {
				return
			}
		}
	}()
	return ends
}
