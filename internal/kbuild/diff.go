// SPDX-License-Identifier: GPL-2.0-only

package kbuild

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// ErrNoEdits says that a variant changes no source: it is a header before the assembly.
var ErrNoEdits = errors.New("the variant changes no source")

// Diff returns a variant as a patch for the source that it would be built of, for git apply or patch -p1. What every
// kernel is built with here, the place of its tables, is left out. Errors are those of Build, and ErrNoEdits.
func Diff(ctx context.Context, r Request) ([]byte, error) {
	if len(r.Variant.Edits) == 0 {
		return nil, fmt.Errorf("%w: %s", ErrNoEdits, r.Variant.Name)
	}
	if r.Log == nil {
		r.Log = io.Discard
	}
	b := &builder{Request: r, started: time.Now()}
	var err error
	if b.dir, err = Dir(); err != nil {
		return nil, err
	}
	if b.source, err = b.findSource(ctx); err != nil {
		return nil, err
	}
	edits, _, err := b.Variant.read(nil)
	if err != nil {
		return nil, err
	}
	pristine := b.source.tree.pristine()
	edited, err := Apply(pristine, edits)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "%s: %s.\nMade by stacksweep of %s %s.\n\n", r.Variant.Name, r.Variant.Doc, b.source.Package,
		b.source.Version)
	for _, name := range slices.Sorted(maps.Keys(edited)) {
		old, err := fs.ReadFile(pristine, name)
		if err != nil {
			return nil, err
		}
		d, err := unified(ctx, name, old, edited[name])
		if err != nil {
			return nil, err
		}
		out.Write(d)
	}
	return out.Bytes(), nil
}

// unified compares two states of a file by diff.
func unified(ctx context.Context, name string, old, changed []byte) ([]byte, error) {
	dir, err := os.MkdirTemp("", "stacksweep-diff")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	for file, text := range map[string][]byte{"old": old, "new": changed} {
		if err := os.WriteFile(filepath.Join(dir, file), text, 0o644); err != nil {
			return nil, err
		}
	}
	cmd := exec.CommandContext(ctx, "diff", "-up", "--label", "a/"+name, "--label", "b/"+name, "old", "new")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	out, err := cmd.Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.ExitCode() == 1 { // they differ
		return append([]byte("diff --git a/"+name+" b/"+name+"\n"), out...), nil
	}
	if err != nil {
		return nil, fmt.Errorf("diff of %s: %w %s", name, err, strings.TrimSpace(string(out)))
	}
	return nil, nil
}
