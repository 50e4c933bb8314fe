// SPDX-License-Identifier: GPL-2.0-only

package kbuild

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"stacksweep/internal/dirlock"
	"stacksweep/internal/kernels"
)

// A Request is a kernel to be built.
type Request struct {
	Compiler Compiler
	Variant  Variant
	// Source is a folder with a kernel's source, which is not written to; "" is Debian's newest.
	Source string
	// Patches are files or folders of patches, applied to a copy of the source.
	Patches []string
	Config  Config
	// Name is what the kernel is called in the cache; "" makes one of all that it is built of.
	Name string
	Jobs int // of make
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

// validName matches what a kernel may be called: a folder is named so, and patterns of scenarios match it.
var validName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+-]*$`)

// Build returns the kernel that is asked for, from the cache if it was built before. Its error is debian.ErrUnavailable
// if something has to be fetched and can't be, ErrHostTools if the machine lacks what a kernel is built with, ErrSource
// if a folder is no source, ErrPatch if a patch doesn't apply, ErrAnchor if an edit doesn't fit the source.
func Build(ctx context.Context, r Request) (kernels.Kernel, error) {
	b := &builder{Request: r, started: time.Now()}
	if r.Name != "" && !validName.MatchString(r.Name) {
		return kernels.Kernel{}, fmt.Errorf("%q can't be a kernel's name: letters, digits, and . _ + - behind the first", r.Name)
	}
	var err error
	if b.dir, err = Dir(); err != nil {
		return kernels.Kernel{}, err
	}
	return b.build(ctx)
}

// builder makes one kernel.
type builder struct {
	Request
	dir      string
	source   source
	tools    tools
	patches  []Patch
	changes  map[string]content // of the source: patches, then edits
	editText string             // of the edits
	header   string
	options  []option
	started  time.Time
}

// say tells what is being done.
func (b *builder) say(format string, args ...any) {
	fmt.Fprintf(b.Log, "%7.1fs  %s\n", time.Since(b.started).Seconds(), fmt.Sprintf(format, args...))
}

// plain reports whether the kernel is of Debian's source in the program's own configuration: variants of it, and those
// with patches, share a tree, and cost what make finds changed.
func (b *builder) plain() bool {
	return b.Source == "" && len(b.Config.Fragments) == 0 && b.Config.Base == ""
}

// name is the kernel's: "7.3-sframe-gcc12-slot", "linux-next-clang19-boot".
func (b *builder) name() string {
	if b.Name != "" {
		return b.Name
	}
	parts := []string{b.source.Series}
	if b.source.local {
		parts[0] = filepath.Base(b.source.Package)
	}
	if b.tools.sframe() && !b.source.local {
		parts = append(parts, "sframe")
	}
	parts = append(parts, b.tools.short)
	if b.Variant.Name != "" {
		parts = append(parts, b.Variant.Name)
	}
	if b.Config.Base != "" {
		parts = append(parts, withoutExt(b.Config.Base))
	}
	for _, f := range b.Config.Fragments {
		parts = append(parts, f.Name)
	}
	for _, p := range b.Patches {
		parts = append(parts, withoutExt(p))
	}
	return strings.Trim(notInNames.ReplaceAllString(strings.Join(parts, "-"), "-"), "-._+")
}

var notInNames = regexp.MustCompile(`[^A-Za-z0-9._+-]+`)

func withoutExt(path string) string {
	base := filepath.Base(path)
	return strings.TrimSuffix(base, filepath.Ext(base))
}

// locked keeps other processes out of the folder while f runs. What is complete is found without.
func locked(dir string, say func(format string, args ...any), f func() error) error {
	unlock, err := dirlock.Lock(dir, func() { say("waiting for another build to end") })
	if err != nil {
		return err
	}
	defer unlock()
	return f()
}

func (b *builder) build(ctx context.Context) (k kernels.Kernel, err error) {
	if err := b.prepare(ctx); err != nil {
		return k, err
	}
	key, err := b.key(b.editText)
	if err != nil {
		return k, err
	}
	if k, ok := b.have(key); ok {
		return k, nil
	}
	if err := checkHost(ctx); err != nil {
		return k, err
	}
	err = locked(b.dir, b.say, func() error {
		var ok bool
		if k, ok = b.have(key); !ok { // nor has another process made it meanwhile
			k, err = b.produce(ctx, key)
		}
		return err
	})
	return k, err
}

// prepare gets all that is built of, and with.
func (b *builder) prepare(ctx context.Context) (err error) {
	if b.options, err = b.Config.options(); err != nil {
		return err
	}
	if b.patches, err = readAllPatches(ctx, b.Patches); err != nil {
		return err
	}
	if b.Source != "" { // before anything is fetched or copied for what isn't right
		if _, _, err := makefileVersion(b.Source); err != nil {
			return err
		}
		if _, err := applyPatches(ctx, os.DirFS(b.Source), b.patches); err != nil {
			return err
		}
	}
	if b.tools.versions == "" { // tests bring tools of their own
		b.say("%s, the assembler and pahole: what is not in the cache is fetched", b.Compiler.Name)
		if b.tools, err = b.Compiler.fetch(ctx); err != nil {
			return err
		}
	}
	if b.source, err = b.findSource(ctx); err != nil {
		return err
	}
	if b.header, err = b.annotations(ctx); err != nil {
		return err
	}
	b.changes, b.editText, err = b.changesOf(ctx, b.source.tree.pristine())
	return err
}

func readAllPatches(ctx context.Context, paths []string) (all []Patch, err error) {
	for _, path := range paths {
		more, err := ReadPatches(ctx, path)
		if err != nil {
			return nil, err
		}
		all = append(all, more...)
	}
	return all, nil
}

// findSource gets the source into the cache: Debian's, or a copy of the user's.
func (b *builder) findSource(ctx context.Context) (s source, err error) {
	if b.Source == "" {
		if s, ok := cachedSource(b.dir); ok && !b.Newest {
			return s, nil
		}
		err = locked(b.dir, b.say, func() error {
			s, err = fetchSource(ctx, b.dir, b.say)
			return err
		})
		return s, err
	}
	dir, err := filepath.Abs(b.Source)
	if err != nil {
		return s, err
	}
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return s, err
	}
	home := filepath.Join(b.dir, "copies", notInNames.ReplaceAllString(filepath.Base(dir), "-")+"-"+sumOf([]byte(dir))[:8])
	err = locked(b.dir, b.say, func() error {
		if _, err := os.Stat(home); err != nil {
			b.say("copying %s to %s, which takes about %.1f GB and a minute", dir, home, copyBytes/gb)
			if err := room(b.dir, copyBytes); err != nil {
				return err
			}
		}
		if err := os.MkdirAll(home, 0o755); err != nil {
			return err
		}
		if err := replaceFile(filepath.Join(home, "of"), []byte(dir+"\n")); err != nil {
			return err
		}
		s, err = localSource(ctx, dir, home, b.say)
		return err
	})
	return s, err
}

// changesOf returns the files of a source that the patches and the variant change, and the text of all edits.
func (b *builder) changesOf(ctx context.Context, pristine fs.FS) (changes map[string]content, editText string, err error) {
	if changes, err = applyPatches(ctx, pristine, b.patches); err != nil {
		return nil, "", err
	}
	if changes == nil {
		changes = map[string]content{}
	}
	patched := &changed{pristine, changes}
	edits, editText, err := b.Variant.edits(patched, b.tools.sframe())
	if err != nil {
		return nil, "", err
	}
	edited, err := Apply(patched, edits)
	if err != nil {
		return nil, "", err
	}
	for name, text := range edited {
		changes[name] = content{text: text, mode: changes[name].mode}
	}
	return changes, editText, nil
}

// have returns the kernel if it was built before, of the same.
func (b *builder) have(key string) (kernels.Kernel, bool) {
	k, err := kernels.Info(b.name())
	return k, err == nil && k.Built != nil && k.Built.Key == key
}

// produce builds what is not there yet.
func (b *builder) produce(ctx context.Context, key string) (k kernels.Kernel, err error) {
	b.say("building %s of %s %s", b.name(), b.source.Package, b.source.Version)
	if err := b.source.tree.set(b.changes); err != nil {
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
	if plain.Name != "" {
		plain.Name += "-plain"
	}
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
	suffix, of := strings.CutPrefix(b.name(), b.source.Series)
	if !of {
		suffix = "-" + suffix
	}
	k := kernels.Kernel{
		Series:  b.name(),
		Release: strings.TrimSpace(string(release)) + suffix,
		Package: b.source.Package,
		Version: b.source.Version,
		Built:   &kernels.Built{Compiler: compiler, Variant: b.Variant.Name, Key: key},
	}
	files := kernels.Files{Vmlinux: linked, Config: filepath.Join(tree, ".config"), Boot: filepath.Join(tree, "arch/arm64/boot/Image")}
	if files.Modules, err = builtModules(tree); err != nil {
		return kernels.Kernel{}, err
	}
	k, err = kernels.Install(k, files)
	if err != nil {
		return k, err
	}
	b.say("%s is ready", k.Series)
	return k, nil
}

// tree is the build tree: the compiler's, or that of the kernel in this configuration. Variants and patches share it, so that
// they cost what make finds changed.
func (b *builder) tree() string {
	if b.plain() {
		return filepath.Join(b.dir, "build", b.tools.short)
	}
	plain := *b
	plain.Variant, plain.Patches = Variant{}, nil
	return filepath.Join(b.dir, "build", plain.name())
}

// TreeOf returns the tree that a kernel was built in with others of its configuration. It may be gone, or be at another
// variant now.
func TreeOf(k kernels.Kernel) (string, error) {
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
		path := filepath.Join(tree, strings.TrimSuffix(strings.TrimSuffix(name, ".o"), ".ko")+".ko") // older kernels list .ko
		if _, err := os.Stat(path); err == nil {                                                     // the list outlives a configuration with modules
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

// whatFailed is the line of make's output that says what went wrong, "" if none does: a compiler's or linker's, or what a
// program said before make gave up because of it.
func whatFailed(output string) string {
	lines := strings.Split(strings.TrimRight(output, "\n"), "\n")
	for i, line := range lines {
		if strings.Contains(line, "*** ") && i > 0 && !strings.HasPrefix(lines[i-1], "  ") {
			line = lines[i-1] // not what make was doing, which is indented
		} else if !slices.ContainsFunc([]string{" error: ", "Error: ", "undefined reference", "undefined symbol", "No space left on device", "*** "}, func(s string) bool { return strings.Contains(line, s) }) {
			continue
		}
		return strings.TrimSpace(line)
	}
	return ""
}
