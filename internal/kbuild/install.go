// SPDX-License-Identifier: GPL-2.0-only

package kbuild

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"stacksweep/internal/kernels"
)

// have returns the kernel if it was built before, of the same.
func (b *builder) have(key string) (kernels.Entry, bool) {
	k, err := kernels.Info(b.name())
	return k, err == nil && k.Built != nil && k.Built.Key == key
}

// produce builds what is not there yet.
func (b *builder) produce(ctx context.Context, key string) (k kernels.Entry, err error) {
	b.say("building %s of %s %s", b.name(), b.source.Package, b.source.Version)
	if err := b.source.tree.set(b.changes); err != nil {
		return k, err
	}
	if err := b.make(ctx); err != nil {
		return k, err
	}
	return b.install(ctx, key)
}

// annotations returns the header for the assembly. The list of leaves is made from the unedited kernel.
func (b *builder) annotations(ctx context.Context) (string, error) {
	if b.Variant.Annotate != AnnotateLeaves {
		return header(b.Variant.Annotate, nil), nil
	}
	unedited := *b
	unedited.Variant, unedited.Newest = Variants()[0], false
	if unedited.Name != "" {
		unedited.Name += "-plain"
	}
	k, err := unedited.build(ctx)
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

// install puts what was built among the kernels in the cache.
//
// A variant of the C code doesn't keep its DWARF, but for the call frame information: it is most of the file, and
// needed only to tell assembly from C.
func (b *builder) install(ctx context.Context, key string) (kernels.Entry, error) {
	tree := b.tree()
	linked := filepath.Join(tree, "vmlinux")
	if len(b.Variant.Edits) > 0 {
		stripped := filepath.Join(tree, "stripped")
		defer os.Remove(stripped)
		if out, err := exec.CommandContext(ctx, filepath.Join(b.tools.binutils, "objcopy"), "--strip-debug", linked,
			stripped).CombinedOutput(); err != nil {
			return kernels.Entry{}, fmt.Errorf("objcopy: %w: %s", err, bytes.TrimSpace(out))
		}
		linked = stripped
	}
	release, err := os.ReadFile(filepath.Join(tree, "include/config/kernel.release"))
	if err != nil {
		return kernels.Entry{}, err
	}
	compiler, _, _ := strings.Cut(b.tools.versions, "\n")
	suffix, of := strings.CutPrefix(b.name(), b.source.Series)
	if !of {
		suffix = "-" + suffix
	}
	k := kernels.Entry{
		Series:  b.name(),
		Release: strings.TrimSpace(string(release)) + suffix,
		Package: b.source.Package,
		Version: b.source.Version,
		Built:   &kernels.Built{Compiler: compiler, Variant: b.Variant.Name, Key: key},
	}
	files := kernels.Files{Vmlinux: linked, Config: filepath.Join(tree, ".config"),
		Boot: filepath.Join(tree, "arch/arm64/boot/Image")}
	if files.Modules, err = builtModules(tree); err != nil {
		return kernels.Entry{}, err
	}
	k, err = kernels.Install(k, files)
	if err != nil {
		return k, err
	}
	b.say("%s is ready", k.Series)
	return k, nil
}

// tree is the build tree: the compiler's, or that of the kernel in this configuration. Variants and patches share it,
// so that they cost what make finds changed.
func (b *builder) tree() string {
	if b.isDefault() {
		return filepath.Join(b.dir, "build", b.tools.short)
	}
	unedited := *b
	unedited.Variant, unedited.Patches = Variant{}, nil
	return filepath.Join(b.dir, "build", unedited.name())
}

// TreeOf returns the tree that a kernel was built in with others of its configuration. It may be gone, or be at another
// variant now.
func TreeOf(k kernels.Entry) (string, error) {
	dir, err := Dir()
	if err != nil {
		return "", err
	}
	name := k.Series
	if k.Built != nil && k.Built.Variant != "" {
		name = strings.Replace(name, "-"+k.Built.Variant, "", 1)
	}
	return filepath.Join(dir, "build", name), nil
}

// builtModules lists the modules that make built, which are those of modules.order.
func builtModules(tree string) (paths []string, err error) {
	text, err := os.ReadFile(filepath.Join(tree, "modules.order"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for _, name := range strings.Fields(string(text)) {
		// older kernels list .ko
		path := filepath.Join(tree, strings.TrimSuffix(strings.TrimSuffix(name, ".o"), ".ko")+".ko")
		// the list outlives a configuration with modules
		if _, err := os.Stat(path); err == nil {
			paths = append(paths, path)
		}
	}
	return paths, err
}

// errMake is what make says in one line.
func errMake(log string, err error) error {
	text, _ := os.ReadFile(log)
	if line := whatFailed(string(text)); line != "" {
		return fmt.Errorf("%s (all of it is in %s)", line, log)
	}
	return fmt.Errorf("make: %w (its output is in %s)", err, log)
}

// whatFailed is the line of make's output that says what went wrong, "" if none does: a compiler's or linker's, or what
// a program said before make gave up because of it.
func whatFailed(output string) string {
	lines := strings.Split(strings.TrimRight(output, "\n"), "\n")
	for i, line := range lines {
		if strings.Contains(line, "*** ") && i > 0 && !strings.HasPrefix(lines[i-1], "  ") {
			line = lines[i-1] // not what make was doing, which is indented
		} else if !slices.ContainsFunc([]string{" error: ", "Error: ", "undefined reference", "undefined symbol",
			"No space left on device", "*** "}, func(s string) bool {
			return strings.Contains(line, s)
		}) {
			continue
		}
		return strings.TrimSpace(line)
	}
	return ""
}
