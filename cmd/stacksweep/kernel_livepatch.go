// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"stacksweep/internal/boot"
	"stacksweep/internal/debian"
	"stacksweep/internal/kernels"
	"stacksweep/internal/livepatch"
)

const kernelLivepatchNote = `
The kernel must have been built with live patching, modules and what booting takes: 'stacksweep kernel build -compiler
gcc-12 -config-fragment boot' does. Its source and its build tree are those of that command unless flags say otherwise.
`

type kernelLivepatch struct {
	tree            livepatch.Tree
	untraced, watch bool
	kretprobe       bool
}

func (k *kernelLivepatch) register(fs *flag.FlagSet) {
	fs.StringVar(&k.tree.Source, "source", "", "`folder` of the kernel's source")
	fs.StringVar(&k.tree.Build, "build", "", "`folder` in which it was built")
	fs.StringVar(&k.tree.Cross, "cross", "", "`prefix` of the compiler's and binutils' names")
	fs.BoolVar(&k.watch, "watch", false,
		"look at the stack traces that live patching takes of the task, through the GDB stub")
	fs.BoolVar(&k.kretprobe, "kretprobe", false,
		"the called function is live-patched already, and a kretprobe is on its replacement, which sleeps")
	fs.BoolVar(&k.untraced, "untraced", false, "don't graph-trace the called function, for comparison")
}

func (k *kernelLivepatch) run(ctx context.Context, c *cli, args []string) error {
	if len(args) != 1 {
		return usagef("'stacksweep kernel list' shows what is there",
			"kernel livepatch takes a kernel that was built here, or a vmlinux")
	}
	if err := boot.Available(); err != nil {
		return fmt.Errorf("SKIP kernel livepatch: %w: %w", err, errNothing)
	}
	loaded, file, err := kernelFile(args[0])
	if err != nil {
		return err
	}
	if err := k.complete(args[0]); err != nil {
		return err
	}
	bootable, remove, err := bootableOf(file)
	if err != nil {
		return err
	}
	defer remove()
	fmt.Fprintln(c.stderr, "building two modules")
	modules, err := livepatch.Modules(ctx, k.tree)
	if err != nil {
		return err
	}
	fmt.Fprintln(c.stderr, "booting; it takes about half a minute")
	report, err := livepatch.Show(ctx, loaded, bootable, modules,
		livepatch.Case{Traced: !k.untraced, Watch: k.watch, Kretprobe: k.kretprobe})
	if errors.Is(err, debian.ErrUnavailable) {
		return fmt.Errorf("SKIP kernel livepatch: %w: %w", err, errNothing)
	}
	if err != nil {
		return err
	}
	return report.Print(c.stdout)
}

// complete finds the source and the tree of a kernel that was built here.
func (k *kernelLivepatch) complete(name string) error {
	entry, err := kernels.Info(name)
	if err != nil { // a file
		entry = kernels.Entry{Series: name}
	}
	have, err := livepatch.TreeOf(entry)
	if err != nil {
		return err
	}
	k.tree.Build = cmp.Or(k.tree.Build, have.Build)
	k.tree.Source = cmp.Or(k.tree.Source, have.Source)
	k.tree.Cross = cmp.Or(k.tree.Cross, filepath.Join(k.tree.Build+"-bin", "aarch64-linux-gnu-"))
	if k.tree.Source == "" {
		return usagef("-source names it", "no kernel source is in the cache")
	}
	if _, err := os.Stat(filepath.Join(k.tree.Build, "Module.symvers")); err != nil {
		return usagef("'stacksweep kernel build -compiler gcc-12 -config-fragment boot' makes one; -build "+
			"names another", "%s is no tree in which a kernel with modules was built", k.tree.Build)
	}
	return nil
}
