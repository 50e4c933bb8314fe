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
var KernelFiles = []string{"arch/arm64/kernel/stacktrace.o", "kernel/sched/core.o", "kernel/events/core.o", "fs/exec.o", "kernel/fork.o"}

// Kernel compiles files of a kernel with the command lines of its own makefiles, and once more without stack protector.
func Kernel(ctx context.Context, c kbuild.Compiler, files []string, jobs int, log io.Writer) (of string, results []Result, err error) {
	made, err := kbuild.MakeObjects(ctx, kbuild.Request{Compiler: c, Variant: kbuild.Variants()[0], Jobs: jobs, Log: log}, files)
	if err != nil {
		return "", nil, err
	}
	for _, o := range made.List {
		r, err := measure(o.Path)
		r.File = o.Name
		if err != nil {
			r.Err = err.Error()
		}
		results = append(results, r)
		if slices.Contains(protected, o.Name) {
			const option = "-fno-stack-protector"
			results = append(results, again(o.Name, option, func(path string) error { return o.Again(ctx, path, option) }))
		}
	}
	for i := range results {
		results[i].Compiler = made.Compiler
	}
	return made.Kernel, results, nil
}

// protected are the files that are compiled once more, without stack protector.
var protected = []string{"kernel/sched/core.o"}
