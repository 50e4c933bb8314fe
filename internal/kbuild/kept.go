// SPDX-License-Identifier: GPL-2.0-only

package kbuild

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// A Kept is something that builds have left so that later ones are faster. It may be removed at any time that no build
// runs.
type Kept struct {
	Name string // as Remove takes it: "build/gcc12"
	What string
	Path string
	Size int64 // bytes on disk
}

// Leftovers lists what builds have left, besides the kernels themselves.
func Leftovers() (all []Kept, err error) {
	dir, err := Dir()
	if err != nil {
		return nil, err
	}
	for _, kind := range []struct{ folder, what string }{
		{"source", "Debian's source"}, {"copies", "copy of "}, {"build", "build tree"}, {"apt", "package lists"},
	} {
		entries, err := os.ReadDir(filepath.Join(dir, kind.folder))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if kind.folder == "apt" {
			all = append(all, Kept{Name: "apt", What: kind.what, Path: filepath.Join(dir, "apt")})
			continue
		}
		for _, e := range entries {
			k := Kept{Name: kind.folder + "/" + e.Name(), What: kind.what,
				Path: filepath.Join(dir, kind.folder, e.Name())}
			if kind.folder == "build" && isPartOfTree(filepath.Join(dir, "build"), e) {
				continue
			}
			if kind.folder == "copies" {
				of, _ := os.ReadFile(filepath.Join(k.Path, "of"))
				k.What += strings.TrimSpace(string(of))
			}
			all = append(all, k)
		}
	}
	for i := range all {
		for _, path := range append(parts(all[i].Path), all[i].Path) {
			all[i].Size += diskSize(path)
		}
	}
	return all, nil
}

// parts lists what lies next to a build tree and belongs to it.
func parts(tree string) []string { return []string{tree + "-bin", tree + ".log", tree + ".lines"} }

// isPartOfTree reports whether an entry of the folder of build trees is not a tree itself.
func isPartOfTree(dir string, e fs.DirEntry) bool {
	if !e.IsDir() {
		return true
	}
	tree, ok := strings.CutSuffix(e.Name(), "-bin")
	if !ok {
		return false
	}
	_, err := os.Stat(filepath.Join(dir, tree))
	return err == nil
}

// diskSize is what a file or folder takes on disk; 0 if it isn't there.
func diskSize(path string) (size int64) {
	filepath.WalkDir(path, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil
		}
		if info, err := d.Info(); err == nil {
			if s, ok := info.Sys().(*syscall.Stat_t); ok {
				size += s.Blocks * 512
			}
		}
		return nil
	})
	return size
}

// ErrNothingLeft says that there is nothing of a name to be removed.
var ErrNothingLeft = errors.New("no build has left anything of this name")

// Remove removes one of [Leftovers] by its name, or all of them: "all". It waits for a build that runs.
func Remove(name string, log func(format string, args ...any)) error {
	all, err := Leftovers()
	if err != nil {
		return err
	}
	dir, err := Dir()
	if err != nil {
		return err
	}
	found := false
	return locked(dir, log, func() error {
		for _, k := range all {
			if k.Name != name && name != "all" {
				continue
			}
			found = true
			for _, path := range append(parts(k.Path), k.Path) {
				if err := os.RemoveAll(path); err != nil {
					return err
				}
			}
		}
		if !found && name != "all" {
			return fmt.Errorf("%s: %w", name, ErrNothingLeft)
		}
		return nil
	})
}
