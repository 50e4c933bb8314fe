// SPDX-License-Identifier: GPL-2.0-only

package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"stacksweep/internal/kernels"
	"stacksweep/scenarios/corpus"
)

// A sourceFinder reads source files by the names that DWARF has for them: those of the corpus, and those in some
// folders. A file that is looked at can name any other; what is outside of these folders, by a link, too, is not read.
type sourceFinder struct{ folders []string }

// newSourceFinder looks in a folder of the user's, if there is one, next to the user's file, in the current folder, and
// in the source that kernels in the cache were built of, unless it was edited for them.
func newSourceFinder(folder, image, scenario string) *sourceFinder {
	f := &sourceFinder{}
	if folder != "" {
		f.folders = append(f.folders, folder)
	}
	if image != "" {
		f.folders = append(f.folders, filepath.Dir(image))
	}
	if parts := strings.SplitN(scenario, "/", 3); parts[0] == "kernel" && len(parts) > 1 {
		f.folders = append(f.folders, builtOf(parts[1])...)
	}
	f.folders = append(f.folders, ".")
	return f
}

// builtOf returns the folders with the source that a kernel in the cache was built of, if it is known: that of the
// files which were edited for another kernel, as they were before, and that of all.
func builtOf(series string) []string {
	cached, err := kernels.List()
	if err != nil {
		return nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil
	}
	for _, k := range cached {
		if k.Series == series && k.Built != nil && k.Built.Variant == "" && k.Package != "" {
			source := filepath.Join(cache, "stacksweep", "kernel-build", "source", filepath.Base(k.Package))
			return []string{filepath.Join(source, "original"), filepath.Join(source, "tree")}
		}
	}
	return nil
}

// maxSource bounds what is read of a file: what DWARF names needn't be source.
const maxSource = 8 << 20

func (f *sourceFinder) read(name string) ([]byte, error) {
	if fs.ValidPath(name) {
		if data, err := fs.ReadFile(corpus.Sources(), name); err == nil {
			return data, nil
		}
	}
	for _, folder := range f.folders {
		within := name
		if filepath.IsAbs(name) {
			whole, err := filepath.Abs(folder)
			if err != nil {
				continue
			}
			if within, err = filepath.Rel(whole, name); err != nil {
				continue
			}
		}
		for _, p := range []string{within, filepath.Base(name)} {
			if data, err := readWithin(folder, p); err == nil {
				return data, nil
			}
		}
	}
	return nil, errors.New(name + " isn't there")
}

// readWithin reads a file in a folder.
func readWithin(folder, name string) ([]byte, error) {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	info, err := root.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > maxSource {
		return nil, errors.New(name + " is no source file")
	}
	return root.ReadFile(name)
}
