// SPDX-License-Identifier: GPL-2.0-only

package kbuild

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// identity makes a build the same whoever makes it, and when.
var identity = []string{
	"KBUILD_BUILD_TIMESTAMP=Thu Jan  1 00:00:00 UTC 1970", "KBUILD_BUILD_USER=stacksweep",
	"KBUILD_BUILD_HOST=stacksweep",
}

// makeFlags are given to make together with the target; source and build tree don't show in what is built. arm64
// switches unwind tables off by itself; GNU as makes SFrame of what the compiler and the header say, LLVM's makes DWARF
// only.
func (t *tools) makeFlags(source, tree string) []string {
	both := fmt.Sprintf("-ffile-prefix-map=%s/= -ffile-prefix-map=%s=.", source, tree)
	if t.sframe() {
		both = "-Wa,--gsframe-3 " + both
	}
	flags := []string{
		"ARCH=arm64",
		"KCFLAGS=-fasynchronous-unwind-tables " + both,
		"KAFLAGS=" + both + " -include " + filepath.Join(tree, headerName),
	}
	if t.llvm != "" { // programs for the machine itself are its own compiler's
		flags = append(flags, "LLVM_IAS=1", "HOSTCC=cc", "HOSTCXX=c++", "HOSTLD=ld", "HOSTAR=ar",
			"HOSTLDFLAGS=-fuse-ld=bfd")
	}
	return append(flags, identity...)
}

// headerName is the header that is included before all assembly, in the build tree.
const headerName = "stacksweep.h"

// make configures the kernel where that is due, and builds it. What make finds done it leaves alone, so that a build
// that was stopped goes on.
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
	if err := b.announce(); err != nil {
		return err
	}
	if err := b.configure(ctx, bin); err != nil {
		return err
	}
	config, err := os.ReadFile(filepath.Join(tree, ".config"))
	if err != nil {
		return err
	}
	targets := []string{"vmlinux", "Image"}
	for _, value := range settings(string(config)) {
		if value == "m" {
			targets = append(targets, "modules")
			break
		}
	}
	if err := b.run(ctx, bin, b.expected(), targets...); err != nil {
		return err
	}
	b.remember()
	return b.checkConfig(false) // a source whose rules have changed was configured again by its own makefiles
}

// crossTools writes a folder with all programs under the names that a kernel's makefiles call them by.
func (b *builder) crossTools() (dir string, err error) {
	dir = b.tree() + "-bin"
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	tools := []string{b.tools.pahole}
	if b.tools.llvm != "" {
		more, err := filepath.Glob(filepath.Join(b.tools.llvm, "*"))
		if err != nil {
			return "", err
		}
		tools = append(tools, more...)
	} else {
		more, err := filepath.Glob(filepath.Join(b.tools.binutils, cross+"*"))
		if err != nil {
			return "", err
		}
		tools = append(append(tools, more...), b.tools.compiler)
	}
	for _, tool := range tools {
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
	base, isFile, err := b.baseConfig()
	if err != nil {
		return err
	}
	of := b.source.Series + "\n" + b.tools.versions + b.Config.Base + "\n" + string(base) + fragment(b.options)
	if !b.source.local {
		of = b.source.Version + "\n" + of
	}
	if have, err := os.ReadFile(made); err == nil && string(have) == of {
		return b.checkConfig(true)
	}
	if isFile {
		err = replaceFile(config, append(base, '\n'))
	} else {
		err = b.run(ctx, bin, 0, string(base))
	}
	if err != nil {
		return err
	}
	if err := appendFile(config, fragment(b.options)); err != nil {
		return err
	}
	if err := b.run(ctx, bin, 0, "olddefconfig"); err != nil {
		return err
	}
	if err := b.checkConfig(true); err != nil {
		return err
	}
	return replaceFile(made, []byte(of))
}

// baseConfig returns what the options are put on: the text of a file, or a target of make.
func (b *builder) baseConfig() (base []byte, isFile bool, err error) {
	if b.Config.Base == "" {
		return []byte("tinyconfig"), false, nil
	}
	if strings.HasSuffix(b.Config.Base, "config") && !strings.ContainsAny(b.Config.Base, "/.") {
		return []byte(b.Config.Base), false, nil
	}
	base, err = os.ReadFile(b.Config.Base)
	return base, true, err
}

// checkConfig holds the .config against the options. say is whether what it goes without is said.
func (b *builder) checkConfig(say bool) error {
	text, err := os.ReadFile(filepath.Join(b.tree(), ".config"))
	if err != nil {
		return err
	}
	without, err := checkConfig(string(text), b.options, len(b.Config.Fragments) > 0 || b.Config.Base != "" ||
		b.source.local, func(option string) bool { return declares(b.source.tree.dir, option) })
	if say && len(without) > 0 {
		b.say("this kernel goes without %s", strings.Join(without, ", "))
	}
	return err
}

// run runs make for some targets and says how it goes. Its output is kept in a file, and make is stopped in an orderly
// way with ctx. total is how many files it is expected to make.
func (b *builder) run(ctx context.Context, bin string, total int, targets ...string) error {
	started := time.Now()
	tree := b.tree()
	log := tree + ".log"
	out, err := os.Create(log)
	if err != nil {
		return err
	}
	defer out.Close()
	args := []string{"-C", b.source.tree.dir, "O=" + tree, "-j", fmt.Sprint(b.Jobs),
		"PAHOLE=" + filepath.Join(bin, "pahole")}
	if b.tools.llvm != "" {
		args = append(args, "LLVM="+bin+"/")
	} else {
		args = append(args, "CROSS_COMPILE="+filepath.Join(bin, cross))
	}
	args = append(args, b.tools.makeFlags(b.source.tree.dir, tree)...)
	cmd := exec.CommandContext(ctx, "make", append(args, targets...)...)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "MAKEFLAGS=", "MFLAGS=") // of a make that has started us
	files := &fileCounter{to: out}
	cmd.Stdout, cmd.Stderr = files, files
	// make tells its children to stop, and removes what they have begun.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	done := make(chan struct{})
	go b.progress(files, total, done)
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

// key tells builds apart that may differ.
func (b *builder) key(edits string) (string, error) {
	base, _, err := b.baseConfig()
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	part := func(text string) { fmt.Fprintf(sum, "%d:%s", len(text), text) }
	if b.source.local {
		part(b.source.content)
	} else {
		part(b.source.Package)
		part(b.source.Version)
	}
	for _, p := range b.patches {
		part(string(p.Diff))
	}
	for _, text := range []string{b.tools.versions, string(base), fragment(b.options), edits, b.header,
		strings.Join(b.tools.makeFlags("", ""), " ")} {
		part(text)
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}
