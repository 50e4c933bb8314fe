// SPDX-License-Identifier: GPL-2.0-only

package gdbstub

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"stacksweep/internal/testkit"
)

// TestGDBTUIFollowsMonitor looks at gdb's own screen: instructions, registers and the line at the bottom are those of
// the point that a monitor command has gone to.
func TestGDBTUIFollowsMonitor(t *testing.T) {
	program := testkit.Tool(t, "tmux")
	g := findGDB(t)
	s := newStub(t, "fgraph/return@0")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	address, _, served := listen(t, ctx, s)
	dir, err := os.MkdirTemp("", "tmux") // the path of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	socket := filepath.Join(dir, "tmux")
	tmux := func(args ...string) string {
		out, err := exec.Command(program, append([]string{"-u", "-S", socket, "-f", "/dev/null"}, args...)...).Output()
		if err != nil {
			t.Fatalf("tmux %v: %v", args, err)
		}
		return string(out)
	}
	tmux("new-session", "-d", "-x", "120", "-y", "40", g.program, "-q", "-nx", "-iex", "set debuginfod enabled off",
		"-iex", "set confirm off", "-x", g.files.Script, "-ex", "target remote "+address, "-ex", "layout asm", "-ex",
		"layout regs", g.files.Symbols)
	defer func() { _ = exec.Command(program, "-S", socket, "kill-server").Run() }()
	shows := func(want string) {
		t.Helper()
		pattern := regexp.MustCompile(want)
		screen := ""
		for start := time.Now(); time.Since(start) < 20*time.Second; time.Sleep(50 * time.Millisecond) {
			if screen = tmux("capture-pane", "-p"); pattern.MatchString(screen) {
				return
			}
		}
		t.Fatalf("no %s in\n%s", want, screen)
	}
	shows(`> 0x\w+ <start>`)
	for _, c := range []struct{ command, instruction, function string }{
		{"monitor next-failure", `ftrace_return_to_handler>`, "ftrace_return_to_handler"},
		{"monitor goto 341", `chain_4\+76>`, "chain_4"},
		{"monitor goto @return_to_handler+0x1c", `return_to_handler\+28>`, "return_to_handler"},
	} {
		tmux("send-keys", c.command, "Enter")
		shows(`(?s)\bx0 +0x[0-9a-f]+ .*> 0x[0-9a-f]+ <` + c.instruction + `.* In: ` + c.function + ` `)
	}
	tmux("send-keys", "detach", "Enter")
	shows(`Inferior 1 .* detached`)
	cancel()
	_ = wait(t, served)
	if got := s.Point.Step; got != 590 {
		t.Errorf("the stub stands at step %d", got)
	}
}
