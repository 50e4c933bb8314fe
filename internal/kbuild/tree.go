// SPDX-License-Identifier: GPL-2.0-only

package kbuild

import (
	"bytes"
	"cmp"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"stacksweep/internal/wholefile"
)

// A tree is an unpacked source in the cache that patches and edits are made in. What a file was before the first change
// is kept in another folder, so that every state of the tree comes from the source as it was fetched or copied.
type tree struct {
	dir      string
	original string // files as they were; a name that ends in absentSuffix says that there was none
}

// absentSuffix marks, in original, a file that a patch adds.
const absentSuffix = ".stacksweep-absent"

// A content is what a file should be.
type content struct {
	text []byte
	mode fs.FileMode // permissions; 0: as they were, or those of a plain file
	gone bool        // there should be no file
}

// set brings the tree into the state in which it differs from the original by changes, whatever it was before. A file
// whose contents don't change is not touched, so that make finds what has changed and no more.
func (t *tree) set(changes map[string]content) error {
	names := slices.Sorted(maps.Keys(changes))
	for _, name := range names {
		if err := t.keep(name); err != nil {
			return err
		}
	}
	if err := t.restore(changes); err != nil {
		return err
	}
	for _, name := range names {
		c := changes[name]
		if info, err := os.Stat(filepath.Join(t.original, filepath.FromSlash(name))); err == nil && c.mode == 0 {
			c.mode = info.Mode().Perm()
		}
		if err := c.write(filepath.Join(t.dir, filepath.FromSlash(name))); err != nil {
			return err
		}
	}
	return nil
}

// restore undoes the changes of files that are not wanted otherwise.
func (t *tree) restore(wanted map[string]content) error {
	err := filepath.WalkDir(t.original, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(t.original, path)
		if err != nil {
			return err
		}
		c := content{}
		if name, ok := cutSuffix(rel, absentSuffix); ok {
			rel, c.gone = name, true
		} else if c.text, err = os.ReadFile(path); err != nil {
			return err
		} else if info, err := d.Info(); err == nil {
			c.mode = info.Mode().Perm()
		}
		if _, ok := wanted[filepath.ToSlash(rel)]; ok {
			return nil
		}
		return c.write(filepath.Join(t.dir, rel))
	})
	if errors.Is(err, fs.ErrNotExist) { // nothing was ever changed
		return nil
	}
	return err
}

func cutSuffix(path, suffix string) (string, bool) {
	if len(path) > len(suffix) && path[len(path)-len(suffix):] == suffix {
		return path[:len(path)-len(suffix)], true
	}
	return path, false
}

// keep saves a file before its first change.
func (t *tree) keep(name string) error {
	kept := filepath.Join(t.original, filepath.FromSlash(name))
	for _, path := range []string{kept, kept + absentSuffix} {
		if _, err := os.Stat(path); err == nil {
			return nil
		}
	}
	path, mode := filepath.Join(t.dir, filepath.FromSlash(name)), fs.FileMode(0o644)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		kept, text = kept+absentSuffix, nil
	} else if err != nil {
		return err
	} else if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	}
	if err := os.MkdirAll(filepath.Dir(kept), 0o755); err != nil {
		return err
	}
	return replaceFileMode(kept, text, mode)
}

// pristine is the source as it was fetched or copied.
func (t *tree) pristine() fs.FS { return &pristine{os.DirFS(t.original), os.DirFS(t.dir)} }

// pristine reads files that were ever changed from where they are kept.
type pristine struct{ kept, tree fs.FS }

func (p *pristine) Open(name string) (fs.File, error) {
	f, err := p.kept.Open(name)
	if !errors.Is(err, fs.ErrNotExist) {
		return f, err
	}
	if _, err := fs.Stat(p.kept, name+absentSuffix); err == nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return p.tree.Open(name)
}

// changed is a source with changes.
type changed struct {
	fs.FS
	changes map[string]content
}

func (c *changed) Open(name string) (fs.File, error) {
	if _, ok := c.changes[name]; ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: errors.ErrUnsupported} // ReadFile is what is used
	}
	return c.FS.Open(name)
}

func (c *changed) ReadFile(name string) ([]byte, error) {
	switch have, ok := c.changes[name]; {
	case !ok:
		return fs.ReadFile(c.FS, name)
	case have.gone:
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	default:
		return slices.Clone(have.text), nil
	}
}

// write makes a file what it should be, and doesn't touch one that is.
func (c content) write(path string) error {
	if c.gone {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	info, err := os.Stat(path)
	mode := fs.FileMode(0o644)
	if err == nil {
		mode = info.Mode().Perm()
		have, err := os.ReadFile(path)
		if err == nil && bytes.Equal(have, c.text) && (c.mode == 0 || c.mode == mode) {
			return nil
		}
	} else if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return replaceFileMode(path, c.text, cmp.Or(c.mode, mode))
}

// update makes a file what it should be, and doesn't touch one that is.
func update(path string, text []byte) error { return content{text: text}.write(path) }

// replaceFile writes a file so that a part of it is never seen, not even if a build is stopped.
func replaceFile(path string, text []byte) error { return replaceFileMode(path, text, 0o644) }

func replaceFileMode(path string, text []byte, mode fs.FileMode) error {
	return wholefile.BytesMode(path, text, mode)
}
