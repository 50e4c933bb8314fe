// SPDX-License-Identifier: GPL-2.0-only

package kbuild

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// identity makes a build the same whoever makes it, and when.
var identity = []string{
	"KBUILD_BUILD_TIMESTAMP=Thu Jan  1 00:00:00 UTC 1970", "KBUILD_BUILD_USER=stacksweep", "KBUILD_BUILD_HOST=stacksweep",
}

// makeFlags are what make is told beside the target; source and build tree don't show in what is built. arm64 switches unwind tables off by itself; the assembler makes SFrame
// of what the compiler and the header say.
func makeFlags(source, tree string) []string {
	both := fmt.Sprintf("-Wa,--gsframe-3 -ffile-prefix-map=%s/= -ffile-prefix-map=%s=.", source, tree)
	return append([]string{
		"ARCH=arm64",
		"KCFLAGS=-fasynchronous-unwind-tables " + both,
		"KAFLAGS=" + both + " -include " + filepath.Join(tree, headerName),
	}, identity...)
}

// headerName is the header that is included in front of all assembly, in the build tree.
const headerName = "stacksweep.h"

// make configures the kernel where that is due, and builds it. What make finds done it leaves alone, so that a build that
// was stopped goes on.
func (b *builder) make(ctx context.Context) error {
	tree := b.tree()
	if err := os.MkdirAll(tree, 0o755); err != nil {
		return err
	}
	if err := update(filepath.Join(tree, headerName), []byte(b.header)); err != nil {
		return err
	}
	bin, err := b.crossTools()
	if err != nil {
		return err
	}
	if err := b.configure(ctx, bin); err != nil {
		return err
	}
	return b.run(ctx, bin, "vmlinux", "Image")
}

// crossTools writes a folder with all programs under the names that a kernel's makefiles call them by.
func (b *builder) crossTools() (dir string, err error) {
	dir = b.tree() + "-bin"
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	tools, err := filepath.Glob(filepath.Join(b.tools.binutils, cross+"*"))
	if err != nil {
		return "", err
	}
	for _, tool := range append(tools, b.tools.gcc, b.tools.pahole) {
		link := filepath.Join(dir, filepath.Base(tool))
		if to, err := os.Readlink(link); err == nil && to == tool {
			continue
		}
		os.Remove(link)
		if err := os.Symlink(tool, link); err != nil {
			return "", err
		}
	}
	return dir, nil
}

const cross = "aarch64-linux-gnu-"

// configure makes a .config of the options, unless it was made of the same.
func (b *builder) configure(ctx context.Context, bin string) error {
	config := filepath.Join(b.tree(), ".config")
	made := filepath.Join(b.tree(), "configured")
	of := b.source.Version + "\n" + b.tools.versions + optionsText
	if have, err := os.ReadFile(made); err == nil && string(have) == of {
		return nil
	}
	if err := b.run(ctx, bin, "tinyconfig"); err != nil {
		return err
	}
	if err := appendFile(config, fragment(b.options)); err != nil {
		return err
	}
	if err := b.run(ctx, bin, "olddefconfig"); err != nil {
		return err
	}
	text, err := os.ReadFile(config)
	if err != nil {
		return err
	}
	without, err := checkConfig(string(text), b.options)
	if err != nil {
		return err
	}
	if len(without) > 0 {
		b.say("this kernel has no %s", strings.Join(without, ", "))
	}
	return replaceFile(made, []byte(of))
}

// run runs make for some targets and says how it goes. Its output is kept in a file, and make is stopped in an orderly
// way with ctx.
func (b *builder) run(ctx context.Context, bin string, targets ...string) error {
	started := time.Now()
	tree := b.tree()
	log := tree + ".log"
	out, err := os.Create(log)
	if err != nil {
		return err
	}
	defer out.Close()
	args := append([]string{"-C", b.source.tree.dir, "O=" + tree, "-j", fmt.Sprint(b.Jobs), "CROSS_COMPILE=" + filepath.Join(bin, cross), "PAHOLE=" + filepath.Join(bin, "pahole")},
		makeFlags(b.source.tree.dir, tree)...)
	cmd := exec.CommandContext(ctx, "make", append(args, targets...)...)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "MAKEFLAGS=", "MFLAGS=") // of a make that has started us
	files := &lineCounter{to: out}
	cmd.Stdout, cmd.Stderr = files, files
	// make tells its children to stop, and removes what they have begun.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	done := make(chan struct{})
	go b.progress(files, done)
	err = cmd.Run()
	close(done)
	if ctx.Err() != nil {
		return fmt.Errorf("stopped; the same command goes on from here: %w", ctx.Err())
	}
	if err != nil {
		return errMake(log, err)
	}
	b.say("make %s took %.1f s", strings.Join(targets, " "), time.Since(started).Seconds())
	return nil
}

// progress says now and then how many lines make has written, about one for each file.
func (b *builder) progress(files *lineCounter, done <-chan struct{}) {
	tick := time.NewTicker(30 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return
		case <-tick.C:
			b.say("%d files", files.n.Load())
		}
	}
}

// lineCounter passes on what is written, and counts its lines.
type lineCounter struct {
	to *os.File
	n  atomic.Int64
}

func (c *lineCounter) Write(p []byte) (int, error) {
	c.n.Add(int64(bytes.Count(p, []byte("\n"))))
	return c.to.Write(p)
}
