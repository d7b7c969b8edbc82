//go:build linux || darwin

package engine

import (
	"fmt"
	"os/exec"
	"runtime"
	"syscall"
	"unsafe"

	"github.com/ebitengine/purego"
)

// runLibrary loads chdb and runs clickhouse local in this process, until its last query ends.
func runLibrary(path string, args []string) error {
	handle, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_GLOBAL)
	if err != nil {
		return fmt.Errorf("load %s: %w", path, err)
	}
	var query func(argc int32, argv unsafe.Pointer) unsafe.Pointer
	purego.RegisterLibFunc(&query, handle, "chdb_query_cmdline")

	var pinned runtime.Pinner
	defer pinned.Unpin()
	argv := make([]*byte, 0, len(args)+2)
	for _, arg := range append([]string{"clickhouse"}, args...) {
		text := append([]byte(arg), 0)
		pinned.Pin(&text[0])
		argv = append(argv, &text[0])
	}
	argv = append(argv, nil)
	query(int32(len(argv)-1), unsafe.Pointer(&argv[0]))
	return nil
}

// detach gives the child its own process group, so that Ctrl-C at a terminal
// reaches the parent alone, which then stops the child in order.
func detach(command *exec.Cmd) { command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
