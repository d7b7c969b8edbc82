package cli

import (
	"errors"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/spf13/cobra"

	"github.com/spikeline/spikeline/sink/engine"
)

func TestMain(m *testing.M) {
	if engine.IsChild() {
		engine.Main()
	}
	testscript.Main(m, map[string]func(){
		"spikeline": func() { os.Exit(Main(os.Args[1:], os.Stdout, os.Stderr)) },
	})
}

func TestCommandLine(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           "testdata",
		UpdateScripts: os.Getenv("UPDATE") != "",
		Cmds:          map[string]func(*testscript.TestScript, bool, []string){"status": status},
	})
}

// status N COMMAND... runs a command and wants its exit status to be N.
func status(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if want := args[0]; strconv.Itoa(got) != want {
		ts.Fatalf("exit status %d, wanted %s", got, want)
	}
}

func TestEveryCommandExplainsItselfWithAnExample(t *testing.T) {
	a := &app{}
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Short == "" || c.Example == "" || c.Args == nil || c.RunE == nil {
			t.Errorf("%s: short %q, example %q, args given %t, runs with an error %t", c.CommandPath(), c.Short, c.Example, c.Args != nil, c.RunE != nil)
		}
		for _, child := range c.Commands() {
			walk(child)
		}
	}
	walk(a.root())
}
