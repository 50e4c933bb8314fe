// SPDX-License-Identifier: GPL-2.0-only

package walls

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// ErrDied says that children died, and that nothing is left to be tried.
var ErrDied = errors.New("engine died")

const (
	// killsOfOne is how often a target is tried with which children are killed from outside.
	killsOfOne = 5
	// deathsOfNone is how many children in a row may die with no target under way.
	deathsOfNone = 10

	stderrFile = 3 // the descriptor of Options.Stderr in a child
)

// Options say what a child is.
type Options struct {
	Command []string // the program and its arguments, before those that [Join] is for
	Name    string   // what the program is called, as its parent was
	Args    []string // and after
	Stdin   *os.File // for a child that is attached
	Stdout  io.Writer
	Stderr  *os.File // for progress and errors, as they come
	Color   bool     // Stdout is a terminal that shows colours
	Limits  Limits
	Whole   bool // a child that died can't be helped by another one, since nothing of its work is kept

	started func(*os.Process) // for tests
	stall   time.Duration     // instead of patience, for tests
}

// Run runs children until one comes to its end, and returns its exit status. Its output is then passed on. If the
// context is cancelled the child is interrupted, as if by Ctrl-C.
func Run(ctx context.Context, o Options) (status int, err error) {
	return inFolder(o, func(p *parent) (int, error) {
		for {
			done, status, err := p.child(ctx, nil)
			if err != nil || done {
				return status, err
			}
		}
	})
}

// A parent remembers how its children died.
type parent struct {
	Options
	dir    string
	config config
	kills  map[string]int // by target
	idle   int            // deaths in a row with no target under way

	patience time.Duration // how long a child may do nothing
	stalled  bool          // the last one has done nothing for so long
}

// child runs a child. It is done if no other need be tried. What it prints goes to attached, or is kept until it has
// ended.
func (p *parent) child(ctx context.Context, attached *os.File) (done bool, status int, err error) {
	for _, name := range []string{journalName, stdoutName, crashName} {
		if err := os.RemoveAll(filepath.Join(p.dir, name)); err != nil {
			return true, 0, err
		}
	}
	if err := p.config.write(p.dir); err != nil {
		return true, 0, err
	}
	stdout := attached
	if attached == nil {
		if stdout, err = os.Create(filepath.Join(p.dir, stdoutName)); err != nil {
			return true, 0, err
		}
		defer stdout.Close()
	}
	crash, err := os.Create(filepath.Join(p.dir, crashName))
	if err != nil {
		return true, 0, err
	}
	defer crash.Close()
	state, err := p.start(ctx, stdout, crash, attached != nil)
	if err != nil {
		return true, 0, err
	}
	said, err := os.ReadFile(filepath.Join(p.dir, crashName))
	if err != nil {
		return true, 0, err
	}
	j, err := readJournal(p.dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return true, 0, err
	}
	if !j.exited {
		if p.stalled {
			j.limit = fmt.Sprintf("the limit of %v without any work", p.patience)
		}
		return p.bury(ctx, &j, why(&j, string(said), state), killed(&j, state))
	}
	if _, err := p.Stderr.Write(said); err != nil {
		return true, j.status, err
	}
	if attached != nil {
		return true, j.status, nil
	}
	if _, err := stdout.Seek(0, io.SeekStart); err != nil {
		return true, j.status, err
	}
	_, err = io.Copy(p.Stdout, stdout)
	return true, j.status, err
}

// start runs a child to its end.
func (p *parent) start(ctx context.Context, stdout, crash *os.File, attached bool) (*os.ProcessState, error) {
	cmd := exec.CommandContext(ctx, p.Command[0], slices.Concat(p.Command[1:], []string{p.dir}, p.Args)...)
	cmd.Args[0] = cmp.Or(p.Name, cmd.Args[0])
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = stdout, crash, []*os.File{p.Stderr}
	cmd.Env = append(os.Environ(), "GOTRACEBACK=none")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: unix.SIGKILL}
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	if attached {
		p.attach(cmd)
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	if p.started != nil {
		p.started(cmd.Process)
	}
	stop := make(chan bool)
	var watching sync.WaitGroup
	if p.stalled = false; !attached {
		watching.Go(func() { p.stalled = p.stalls(cmd.Process, stop) })
	}
	err := cmd.Wait()
	close(stop)
	watching.Wait()
	if cmd.ProcessState == nil {
		return nil, err
	}
	return cmd.ProcessState, nil // how it ended is told by its journal
}

// bury draws the conclusions from a child's death.
func (p *parent) bury(ctx context.Context, j *journal, reason string, killed bool) (done bool, status int, err error) {
	for _, name := range j.files {
		if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			return true, 0, err
		}
	}
	if ctx.Err() != nil {
		return true, 0, fmt.Errorf("%w: %s", context.Canceled, reason)
	}
	if p.Whole {
		where := ""
		if len(j.flying) > 0 {
			where = fmt.Sprintf(", in %s", j.flying[0])
		}
		return true, 0, fmt.Errorf("%w: %s%s", ErrDied, reason, where)
	}
	p.config.Resumed, p.config.First = true, j.flying
	switch len(j.flying) {
	case 0:
		if p.idle++; p.idle >= deathsOfNone {
			return true, 0, fmt.Errorf("%w: %s, while nothing was swept", ErrDied, reason)
		}
		return false, 0, nil
	case 1:
		target := j.flying[0]
		if p.kills[target]++; !killed || p.kills[target] >= killsOfOne {
			p.config.Dead = append(p.config.Dead, Death{target, reason})
			p.config.First = nil
		}
	}
	p.idle = 0
	return false, 0, nil
}
