// SPDX-License-Identifier: GPL-2.0-only

package kbuild

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"stacksweep/internal/kernels"
)

// A Request is a kernel to be built.
type Request struct {
	Compiler Compiler
	Variant  Variant
	Jobs     int // of make
	// Newest asks the mirror for a newer source than the one in the cache.
	Newest bool
	// Leaves lists the names of the assembly functions of a vmlinux that are leaf, for variants that annotate those.
	Leaves func(vmlinux string) ([]string, error)
	// Log is told what is being done, and how long it took.
	Log io.Writer
}

// Dir is the folder of sources and build trees, which need not exist.
func Dir() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(cache, "stacksweep", "kernel-build"), nil
}

// Build returns the kernel that is asked for, from the cache if it was built before. Its error is debian.ErrUnavailable
// if something has to be fetched and can't be, ErrHostTools if the machine lacks what a kernel is built with, ErrAnchor
// if an edit doesn't fit the source.
func Build(ctx context.Context, r Request) (kernels.Kernel, error) {
	b := &builder{Request: r, started: time.Now()}
	var err error
	if b.dir, err = Dir(); err != nil {
		return kernels.Kernel{}, err
	}
	return b.build(ctx)
}

// builder makes one kernel.
type builder struct {
	Request
	dir     string
	source  source
	tools   tools
	edits   []Edit
	header  string
	options []option
	started time.Time
}

// say tells what is being done.
func (b *builder) say(format string, args ...any) {
	fmt.Fprintf(b.Log, "%7.1fs  %s\n", time.Since(b.started).Seconds(), fmt.Sprintf(format, args...))
}

// name is the kernel's: "7.3-sframe-gcc12-slot".
func (b *builder) name() string {
	name := b.source.Series + "-sframe-" + b.tools.short
	if b.Variant.Name != "" {
		name += "-" + b.Variant.Name
	}
	return name
}

// locked keeps other processes out of the folder, which it makes, while f runs. What is complete is found without.
func (b *builder) locked(f func() error) error {
	if err := os.MkdirAll(b.dir, 0o755); err != nil {
		return err
	}
	dir, err := os.Open(b.dir)
	if err != nil {
		return err
	}
	defer dir.Close()
	if syscall.Flock(int(dir.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		b.say("waiting for another build to end")
		if err := syscall.Flock(int(dir.Fd()), syscall.LOCK_EX); err != nil {
			return fmt.Errorf("lock %s: %w", b.dir, err)
		}
	}
	return f()
}

func (b *builder) build(ctx context.Context) (k kernels.Kernel, err error) {
	if b.options, err = parseOptions(optionsText); err != nil {
		return k, err
	}
	b.say("%s, the assembler and pahole: what is not in the cache is fetched", b.Compiler.Name)
	if b.tools, err = b.Compiler.fetch(ctx); err != nil {
		return k, err
	}
	var have bool
	if b.source, have = cachedSource(b.dir); !have || b.Newest {
		if err := b.locked(func() error {
			b.source, err = fetchSource(ctx, b.dir, b.say)
			return err
		}); err != nil {
			return k, err
		}
	}
	editText := ""
	if b.edits, editText, err = b.Variant.edits(); err != nil {
		return k, err
	}
	if b.header, err = b.annotations(ctx); err != nil {
		return k, err
	}
	key := b.key(editText)
	if k, ok := b.have(key); ok {
		return k, nil
	}
	if err := checkHost(ctx); err != nil {
		return k, err
	}
	err = b.locked(func() error {
		var ok bool
		if k, ok = b.have(key); !ok { // nor has another process made it meanwhile
			k, err = b.produce(ctx, key)
		}
		return err
	})
	return k, err
}

// have returns the kernel if it was built before, of the same.
func (b *builder) have(key string) (kernels.Kernel, bool) {
	k, err := kernels.Info(b.name())
	return k, err == nil && k.Built != nil && k.Built.Key == key
}

// produce builds what is not there yet.
func (b *builder) produce(ctx context.Context, key string) (k kernels.Kernel, err error) {
	b.say("building %s of %s %s", b.name(), b.source.Package, b.source.Version)
	if err := b.source.tree.set(b.edits); err != nil {
		return k, err
	}
	if err := b.make(ctx); err != nil {
		return k, err
	}
	return b.install(ctx, key)
}

// annotations returns the header for the assembly. The list of leaves is made of the kernel as it is.
func (b *builder) annotations(ctx context.Context) (string, error) {
	if b.Variant.Annotate != AnnotateLeaves {
		return header(b.Variant.Annotate, nil), nil
	}
	plain := *b
	plain.Variant, plain.Newest = Variants()[0], false
	k, err := plain.build(ctx)
	if err != nil {
		return "", err
	}
	leaves, err := b.Leaves(k.Image)
	if err != nil {
		return "", err
	}
	if len(leaves) == 0 {
		return "", fmt.Errorf("%s has no leaf function in assembly", k.Series)
	}
	return header(AnnotateLeaves, leaves), nil
}

// key tells builds apart that may differ.
func (b *builder) key(edits string) string {
	sum := sha256.New()
	for _, part := range []string{b.source.Package, b.source.Version, b.tools.versions, optionsText, edits, b.header, strings.Join(makeFlags("", ""), " ")} {
		fmt.Fprintf(sum, "%d:%s", len(part), part)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// install puts what was built among the kernels in the cache.
//
// A variant of the C code doesn't keep its DWARF, but for the call frame information: it is most of the file, and needed
// only to tell assembly from C.
func (b *builder) install(ctx context.Context, key string) (kernels.Kernel, error) {
	tree := b.tree()
	linked := filepath.Join(tree, "vmlinux")
	if len(b.Variant.Edits) > 0 {
		stripped := filepath.Join(tree, "stripped")
		defer os.Remove(stripped)
		if out, err := exec.CommandContext(ctx, filepath.Join(b.tools.binutils, "objcopy"), "--strip-debug", linked, stripped).CombinedOutput(); err != nil {
			return kernels.Kernel{}, fmt.Errorf("objcopy: %w: %s", err, bytes.TrimSpace(out))
		}
		linked = stripped
	}
	release, err := os.ReadFile(filepath.Join(tree, "include/config/kernel.release"))
	if err != nil {
		return kernels.Kernel{}, err
	}
	compiler, _, _ := strings.Cut(b.tools.versions, "\n")
	k := kernels.Kernel{
		Series:  b.name(),
		Release: strings.TrimSpace(string(release)) + strings.TrimPrefix(b.name(), b.source.Series),
		Package: b.source.Package,
		Version: b.source.Version,
		Built:   &kernels.Built{Compiler: compiler, Variant: b.Variant.Name, Key: key},
	}
	k, err = kernels.Install(k, linked, filepath.Join(tree, ".config"))
	if err != nil {
		return k, err
	}
	b.say("%s is ready", k.Series)
	return k, nil
}

// tree is the compiler's build tree.
func (b *builder) tree() string { return filepath.Join(b.dir, "build", b.tools.short) }

// errMake is what make says in one line.
func errMake(log string, err error) error {
	text, _ := os.ReadFile(log)
	if line := whatFailed(string(text)); line != "" {
		return fmt.Errorf("%s (all of it is in %s)", line, log)
	}
	return fmt.Errorf("make: %w (its output is in %s)", err, log)
}

// whatFailed is the line of make's output that says what went wrong, "" if none does: a compiler's or linker's, or what a
// program said before make gave up because of it.
func whatFailed(output string) string {
	lines := strings.Split(strings.TrimRight(output, "\n"), "\n")
	for i, line := range lines {
		if strings.Contains(line, "*** ") && i > 0 && !strings.HasPrefix(lines[i-1], "  ") {
			line = lines[i-1] // not what make was doing, which is indented
		} else if !slices.ContainsFunc([]string{" error: ", "Error: ", "undefined reference", "*** "}, func(s string) bool { return strings.Contains(line, s) }) {
			continue
		}
		return strings.TrimSpace(line)
	}
	return ""
}
