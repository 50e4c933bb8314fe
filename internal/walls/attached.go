// SPDX-License-Identifier: GPL-2.0-only

package walls

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"time"

	"github.com/charmbracelet/x/term"
	"golang.org/x/sys/unix"
)

// grace is how long a child that shares the terminal's Ctrl-C has to end before it is told to.
const grace = 250 * time.Millisecond

// Attached runs one child that talks to the user itself, through Options.Stdin and Options.Stdout, which must be a
// file. It returns the child's exit status, or an error that wraps [ErrDied] and says in what: what the child printed
// has been seen, so that another one can't start over.
//
// A child whose input is a terminal stays in the terminal's foreground, where Ctrl-C reaches it without its parent.
func Attached(ctx context.Context, o Options) (status int, err error) {
	stdout, ok := o.Stdout.(*os.File)
	if !ok {
		return 0, errors.New("a child that talks to the user needs a file for its output")
	}
	o.Whole = true
	return inFolder(o, func(p *parent) (int, error) {
		_, status, err := p.child(ctx, stdout)
		return status, err
	})
}

// attach gives the child what its parent has: the input and, if that is a terminal, the place in its foreground.
func (p *parent) attach(cmd *exec.Cmd) {
	cmd.Stdin = p.Stdin
	cmd.SysProcAttr.Pdeathsig = unix.SIGTERM // so that it can put the terminal in order
	if p.Stdin == nil || !term.IsTerminal(p.Stdin.Fd()) {
		return
	}
	cmd.SysProcAttr.Setpgid = false
	cmd.Cancel = func() error {
		time.AfterFunc(grace, func() { _ = cmd.Process.Signal(unix.SIGTERM) })
		return nil
	}
}

// inFolder makes the folder that parent and children share, for as long as do runs.
func inFolder(o Options, do func(*parent) (int, error)) (status int, err error) {
	// The kernel kills a child whose parent is gone: the thread that has started it.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	dir, err := os.MkdirTemp("", "stacksweep-*")
	if err != nil {
		return 0, err
	}
	defer func() {
		if gone := os.RemoveAll(dir); gone != nil {
			err = errors.Join(err, fmt.Errorf("%s is left: %w", dir, gone))
		}
	}()
	p := &parent{Options: o, dir: dir, kills: map[string]int{}, patience: cmp.Or(o.stall, patience)}
	p.config.Limits, p.config.Color = o.Limits, o.Color
	return do(p)
}
