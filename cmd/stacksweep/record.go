// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"stacksweep/emu"
	"stacksweep/emu/remote"
	"stacksweep/internal/live"
	"stacksweep/internal/recordings"
	"stacksweep/sweep/session"
	"stacksweep/sweep/verdict"
)

const recordNote = `
A SCENARIO is executed, or booted if it is one of live/..., and its run is kept. With -gdb it is the next system call of
that number in a kernel that a GDB stub controls, such as that of 'stacksweep kernel boot'. What is kept before
something goes wrong is marked as partial. sweep, show, step and gdb take a FILE.rec wherever they take a scenario.
`

type recordCommand struct {
	runFlags
	out, gdb, kernel string
	call             uint64
	limit            int

	booted atomic.Bool // it is a kernel's run that is recorded: what there is after Ctrl-C is kept
}

func (r *recordCommand) keeps() bool { return r.booted.Load() }

func (r *recordCommand) register(fs *flag.FlagSet) {
	fs.StringVar(&r.out, "o", "", "`file` to be written (default the scenario's name, with "+recordings.Extension+")")
	fs.StringVar(&r.gdb, "gdb", "",
		"record the kernel that the GDB stub controls at this `address`, host:port or the path of a socket")
	fs.StringVar(&r.kernel, "kernel", "", "with -gdb: `series` of the cache, or an Image, that runs there")
	fs.Uint64Var(&r.call, "syscall", 63, "with -gdb: `number` of the system call to be recorded; 63 is read")
	fs.IntVar(&r.limit, "limit-steps", 400_000, "with -gdb: `steps` after which to give up")
	r.runFlags.register(fs)
}

func (r *recordCommand) run(ctx context.Context, c *cli, args []string) error {
	r.booted.Store(r.gdb != "" || len(args) == 1 && strings.HasPrefix(args[0], "live/"))
	if done, err := r.attached(ctx, c, args); done {
		return err
	}
	if r.gdb != "" {
		if len(args) > 0 || r.kernel == "" {
			return usagef("for example: stacksweep record -gdb 127.0.0.1:1234 -kernel 7.3 -o read.rec",
				"record -gdb takes a -kernel and no scenario")
		}
		return r.live(ctx, c)
	}
	if len(args) != 1 {
		return usagef("for example: stacksweep record fgraph/return", "record takes one scenario")
	}
	all, err := r.catalog(ctx, c)
	if err != nil {
		return err
	}
	targets, err := all.Targets(args)
	if err != nil {
		return err
	}
	if len(targets) != 1 {
		return usagef(fmt.Sprintf("for example: %s", targets[0]),
			"%s is %d scenarios and variants: one can be recorded", args[0], len(targets))
	}
	return r.scenario(ctx, c, targets[0])
}

// scenario records a scenario's run.
func (r *recordCommand) scenario(ctx context.Context, c *cli, t verdict.Target) error {
	opened, err := session.Open(t, nil, r.build)
	if err != nil {
		return r.image.explain(err)
	}
	defer opened.Close()
	file := r.out
	if file == "" {
		file = strings.NewReplacer("/", "-", ":", "-").Replace(t.String()) + recordings.Extension
	}
	if booted := live.Recorded(opened.Run); booted != nil {
		err = recordings.SaveLive(file, t.Scenario.Name, t.Variant, booted.Kernel, booted.Image, opened.Run.Image,
			booted.Record)
	} else {
		err = recordings.Save(file, opened.Run, opened.Recording)
	}
	if err != nil {
		return err
	}
	if err := c.recorded(file, opened.Recording); err != nil || opened.Run.Unfinished == "" {
		return err
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%s is partial: %s (%w)", file, opened.Run.Unfinished, ctx.Err())
	}
	return fmt.Errorf("%s is partial: %s", file, opened.Run.Unfinished)
}

// recorded says what was written.
func (c *cli) recorded(file string, r *emu.Recording) error {
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.stdout, "%s: %d steps, %d bytes\n", file, r.Len(), info.Size())
	return nil
}

// live records a kernel through a GDB stub.
func (r *recordCommand) live(ctx context.Context, c *cli) error {
	k, image, err := kernelFile(r.kernel)
	if err != nil {
		return err
	}
	s, err := live.Attach(ctx, k, r.gdb)
	if err != nil {
		return usagef(attachHint(err), "record -gdb %v", err)
	}
	defer s.Close()
	line := time.Now()
	rec, err := s.Run(ctx, live.Plan{SystemCall: r.call, Limit: r.limit, Progress: func(p remote.Progress) {
		if time.Since(line) > time.Second {
			line = time.Now()
			fmt.Fprintf(c.stderr, "%d steps, %.0f a second, at most %.0f s more\n", p.Steps,
				float64(p.Steps)/p.Elapsed.Seconds(), p.Most.Seconds())
		}
	}})
	if rec == nil {
		return err
	}
	file := r.out
	if file == "" {
		file = "live" + recordings.Extension
	}
	name := "live/" + k.Name + "/syscall"
	if failed := recordings.SaveLive(file, name, fmt.Sprint(r.call), k.Name, image, k.Image(), rec); failed != nil {
		return errors.Join(err, failed)
	}
	return errors.Join(err, c.recorded(file, rec.Recording))
}

// attachHint says what to do about a target that can't be recorded.
func attachHint(err error) string {
	switch {
	case errors.Is(err, live.ErrKASLR):
		return "put nokaslr on the kernel's command line"
	case errors.Is(err, live.ErrOtherImage):
		return "-kernel names the Image that runs there"
	case errors.Is(err, remote.ErrGone):
		return "'stacksweep kernel boot' makes one; qemu-system-aarch64 -gdb tcp:127.0.0.1:1234 does, too"
	}
	return ""
}
