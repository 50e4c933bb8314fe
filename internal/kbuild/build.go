// SPDX-License-Identifier: GPL-2.0-only

package kbuild

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"stacksweep/internal/dirlock"
	"stacksweep/internal/kernels"
)

// Build returns the kernel that is asked for, from the cache if it was built before. Its error is debian.ErrUnavailable
// if something has to be fetched and can't be, ErrHostTools if the machine lacks what a kernel is built with, ErrSource
// if a folder is not a source, ErrPatch if a patch doesn't apply, ErrAnchor if an edit doesn't fit the source.
func Build(ctx context.Context, r Request) (kernels.Entry, error) {
	b := &builder{Request: r, started: time.Now()}
	if r.Name != "" && !validName.MatchString(r.Name) {
		return kernels.Entry{},
			fmt.Errorf("%q can't be a kernel's name: letters, digits, and . _ + - after the first", r.Name)
	}
	var err error
	if b.dir, err = Dir(); err != nil {
		return kernels.Entry{}, err
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

// isDefault reports whether the kernel is built of Debian's source in our own configuration: variants of it, and those
// with patches, share a tree, and cost what make finds changed.
func (b *builder) isDefault() bool {
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

func (b *builder) build(ctx context.Context) (k kernels.Entry, err error) {
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
	home := filepath.Join(b.dir, "copies",
		notInNames.ReplaceAllString(filepath.Base(dir), "-")+"-"+sumOf([]byte(dir))[:8])
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
func (b *builder) changesOf(ctx context.Context,
	pristine fs.FS) (changes map[string]content, editText string, err error) {
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
