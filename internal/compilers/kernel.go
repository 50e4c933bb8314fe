// SPDX-License-Identifier: GPL-2.0-only

package compilers

import (
	"context"
	"io"
	"slices"

	"stacksweep/internal/kbuild"
)

// KernelFiles are files of a kernel in which compilers were found to differ: the unwinder itself, the scheduler, and
// callers of perf_fetch_caller_regs, which takes the address of its frame.
var KernelFiles = []string{"arch/arm64/kernel/stacktrace.o", "kernel/sched/core.o", "kernel/events/core.o", "fs/exec.o",
	"kernel/fork.o"}

// Kernel compiles files of a kernel: with the command lines that its own makefiles have for gcc 12, by whichever gcc;
// for clang with those that they have for it. Some are compiled once more without stack protector.
func Kernel(ctx context.Context, c kbuild.Compiler, files []string, jobs int,
	log io.Writer) (of string, results []Result, err error) {
	commands := c
	if c.GCC() {
		if commands, err = kbuild.FindCompiler("gcc-12"); err != nil {
			return "", nil, err
		}
	}
	cc, err := c.Command(ctx)
	if err != nil {
		return "", nil, err
	}
	made, err := kbuild.MakeObjects(ctx, kbuild.Request{Compiler: commands, Variant: kbuild.Variants()[0], Jobs: jobs,
		Log: log}, files)
	if err != nil {
		return "", nil, err
	}
	if !c.GCC() {
		cc = cc[:1] // the makefiles' line has the target
	}
	for _, o := range made.List {
		for _, flags := range [][]string{nil, {"-fno-stack-protector"}} {
			if flags == nil || slices.Contains(unprotected, o.Name) {
				options := ""
				if flags != nil {
					options = flags[0]
				}
				results = append(results, again(o.Name, options, func(path string) error {
					return o.Again(ctx, cc, path, flags...)
				}))
			}
		}
	}
	return made.Kernel, results, nil
}

// unprotected are the files that are compiled once more, without stack protector.
var unprotected = []string{"kernel/sched/core.o"}
