// SPDX-License-Identifier: GPL-2.0-only

package kbuild

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// A tree is an unpacked source that edits are made in. What a file was before the first edit is kept beside it, in
// original, so that every state of the tree comes from the source as it was fetched.
type tree struct {
	dir      string
	original string
}

// set brings the tree into the state of the edits, whatever it was before. A file whose contents don't change is not
// touched, so that make finds what has changed and no more.
func (t *tree) set(edits []Edit) error {
	for _, name := range files(edits) {
		if err := t.keep(name); err != nil {
			return err
		}
	}
	wanted, err := Apply(t.pristine(), edits)
	if err != nil {
		return err
	}
	return errors.Join(t.restore(wanted), t.write(wanted))
}

// write makes files of the tree what they should be.
func (t *tree) write(wanted map[string][]byte) error {
	for name, text := range wanted {
		if err := update(filepath.Join(t.dir, filepath.FromSlash(name)), text); err != nil {
			return err
		}
	}
	return nil
}

// restore undoes the edits of files that are not wanted otherwise.
func (t *tree) restore(wanted map[string][]byte) error {
	err := filepath.WalkDir(t.original, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(t.original, path)
		if err != nil {
			return err
		}
		if _, ok := wanted[filepath.ToSlash(rel)]; ok {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return update(filepath.Join(t.dir, rel), text)
	})
	if errors.Is(err, fs.ErrNotExist) { // nothing was ever edited
		return nil
	}
	return err
}

// keep keeps a file as it is before the first edit. Whether there is one is for Apply to say.
func (t *tree) keep(name string) error {
	kept := filepath.Join(t.original, filepath.FromSlash(name))
	if _, err := os.Stat(kept); err == nil {
		return nil
	}
	text, err := os.ReadFile(filepath.Join(t.dir, filepath.FromSlash(name)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(kept), 0o755); err != nil {
		return err
	}
	return replaceFile(kept, text)
}

// pristine is the source as it was fetched.
func (t *tree) pristine() fs.FS { return &pristine{os.DirFS(t.original), os.DirFS(t.dir)} }

// pristine reads files that were ever edited from where they are kept.
type pristine struct{ kept, tree fs.FS }

func (p *pristine) Open(name string) (fs.File, error) {
	f, err := p.kept.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return p.tree.Open(name)
	}
	return f, err
}

// update makes a file what it should be, and doesn't touch one that is.
func update(path string, text []byte) error {
	if have, err := os.ReadFile(path); err == nil && bytes.Equal(have, text) {
		return nil
	}
	return replaceFile(path, text)
}

// replaceFile writes a file so that nobody sees a part of it, a build that is stopped included.
func replaceFile(path string, text []byte) error {
	tmp := path + ".new"
	if err := os.WriteFile(tmp, text, 0o644); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}
