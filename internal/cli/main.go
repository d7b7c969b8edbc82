// Package cli is Spikeline's command line: one small file per command. Data
// goes to standard output, progress and logs to standard error. Exit status: 0
// done, 1 failed, 2 wrong use.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// The exit statuses.
const (
	done     = 0
	failed   = 1
	wrongUse = 2
)

// app is what every command gets. It is made once for each run of Main.
type app struct {
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	parsed bool // the command line was understood: an error from here on is a failure, not wrong use
}

// Main runs one command and gives the exit status. The first SIGINT or SIGTERM
// ends the command's context; a second one kills.
func Main(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	a := &app{stdin: os.Stdin, stdout: stdout, stderr: stderr}
	root := a.root()
	root.SetArgs(args)
	command, err := root.ExecuteContextC(ctx)
	return a.end(command.CommandPath(), err)
}

// end tells an error and gives its status.
func (a *app) end(command string, err error) int {
	if err == nil {
		return done
	}
	var exit *exitError
	if !errors.As(err, &exit) {
		exit = &exitError{status: failed, err: err}
		if !a.parsed {
			exit.status = wrongUse
		}
	}
	if exit.err != nil {
		fmt.Fprintf(a.stderr, "spikeline: %v\n", exit.err)
	}
	if exit.status == wrongUse {
		fmt.Fprintf(a.stderr, "See '%s --help'.\n", command)
	}
	return exit.status
}

// exitError is an error with an exit status of its own. Without err nothing more is told.
type exitError struct {
	status int
	err    error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit status %d", e.status)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// usage is an error of the user's: wrong use, told in one line.
func usage(format string, args ...any) error {
	return &exitError{status: wrongUse, err: fmt.Errorf(format, args...)}
}
